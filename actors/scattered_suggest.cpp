#include "actors/scattered_suggest.hpp"

#include <algorithm>

#include "actors/search_cover.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;
using engine::Result;
using engine::cluster::NodeId;
using std::chrono::milliseconds;

namespace {

constexpr int kAttemptsMax = 2;
/// Nobody waits longer for the next letter's suggestions.
constexpr milliseconds kPatienceMax{500};

engine::SearchBudget budget_until(const std::function<Deadline()>& now, Deadline until) {
  return {[&now, until] { return now() >= until; }};
}

}  // namespace

ScatteredSuggest::ScatteredSuggest(SuggestProducts request, Parts parts)
    : request_{std::make_shared<const SuggestProducts>(std::move(request))},
      host_{std::move(parts)},
      until_{std::min(request_->context.deadline, host_.now() + kPatienceMax)} {
}

void ScatteredSuggest::start() {
  if (request_->context.abandoned()) return end(Error{Errc::canceled, "the client has left"});
  if (host_.peers) copies_ = host_.peers->copies();
  begin_attempt();
}

void ScatteredSuggest::begin_attempt() {
  ++attempts_;
  failure_ = false;
  counting_ = false;
  groups_.clear();
  plan();
  const bool searchable = std::any_of(groups_.begin(), groups_.end(),
                                      [](const Group& group) { return !group.shards.empty(); });
  if (!searchable) return end(Error{Errc::unavailable, "no shard is ready"});
  if (groups_.size() == 1 && groups_[0].here()) return alone(groups_[0]);
  ask({});
}

void ScatteredSuggest::plan() {
  Group here;
  std::vector<ShardChoice> elsewhere;
  for (const auto& link : host_.routes->catalog) {
    const engine::ShardPosition wanted{link.shard, request_->context.token.position_of(link.shard)};
    auto found = cover(link.publication, link.slots, request_->context.token);
    if (found) {
      here.shards.push_back(wanted);
      std::move(found->begin(), found->end(), std::back_inserter(here.snapshots));
      continue;
    }
    ShardChoice choice{wanted, {}};
    const auto copy = std::find_if(copies_.begin(), copies_.end(),
                                   [&](const auto& each) { return each.shard == wanted.shard; });
    if (copy != copies_.end()) {
      std::vector<NodeId> nodes = copy->others;
      nodes.insert(nodes.begin(), copy->primary);
      if (wanted.position != 0) nodes.resize(1);
      std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(choice.nodes), [&](NodeId node) {
        return node && !failed_.contains({node, wanted.shard}) && host_.peers->connected(node);
      });
    }
    elsewhere.push_back(std::move(choice));
  }
  for (SearchGroup& group : group_by_node(std::move(elsewhere), *host_.load)) {
    Group& to = groups_.emplace_back();
    to.node = group.node;
    to.shards = std::move(group.shards);
  }
  if (request_->request.wants(engine::SuggestionType::query)) {
    std::set<NodeId> others;
    for (const SearchCopies& copy : copies_) {
      others.insert(copy.primary);
      others.insert(copy.others.begin(), copy.others.end());
    }
    for (const Group& group : groups_) others.erase(group.node);
    for (const NodeId node : others) {
      if (node && host_.peers->connected(node)) groups_.emplace_back().node = node;
    }
  }
  groups_.push_back(std::move(here));
}

/// Everything is here: one turn of a worker.
void ScatteredSuggest::alone(const Group& group) {
  host_.run([self = shared_from_this(), snapshots = group.snapshots](bool granted) {
    Result<engine::SuggestPage> page{Error{Errc::overloaded, "too many searches are waiting"}};
    if (granted) {
      const auto& request = self->request_->request;
      page = engine::suggest(snapshots, self->host_.memory->past(request), request,
                             self->host_.time_of_day, self->host_.memory->indexes,
                             budget_until(self->host_.now, self->until_));
      page->shards = 0;
    }
    self->host_.post([self, page = std::move(page)]() mutable {
      if (page) {
        const auto shards = self->all_shards();
        page->shards = static_cast<std::uint32_t>(shards.size());
        for (const engine::ShardId shard : shards) {
          const auto& seen = self->groups_.back().shards;
          if (std::none_of(seen.begin(), seen.end(),
                           [&](const auto& each) { return each.shard == shard; })) {
            page->missing.push_back(shard);
            page->exact = false;
          }
        }
      }
      self->end(std::move(page));
    });
  });
}

void ScatteredSuggest::ask(std::vector<engine::SuggestedQuery> count) {
  ++round_;
  for (Group& group : groups_) {
    group.waited_for = !group.lost && (count.empty() || !group.shards.empty());
    if (group.here() && group.shards.empty() && !count.empty()) group.waited_for = false;
    open_answers_ += group.waited_for ? 1U : 0U;
  }
  const std::uint64_t round = round_;
  for (std::size_t i = 0; i < groups_.size() && round == round_; ++i) {
    if (!groups_[i].waited_for) continue;
    if (groups_[i].here()) {
      ask_here(i, count);
    } else {
      ask_node(i, count);
    }
  }
}

void ScatteredSuggest::ask_here(std::size_t group,
                                const std::vector<engine::SuggestedQuery>& count) {
  host_.run([self = shared_from_this(), round = round_, group, count,
             snapshots = groups_[group].snapshots](bool granted) {
    Result<storage::WireSuggested> found{Error{Errc::overloaded, "too many searches are waiting"}};
    if (granted) {
      const auto budget = budget_until(self->host_.now, self->until_);
      SearchMemory& memory = *self->host_.memory;
      found = answer_suggest({self->request_->request, self->host_.time_of_day, {}, {}, count},
                             snapshots, memory, budget);
    }
    self->host_.post([self, round, group, found = std::move(found)]() mutable {
      self->on_answer(round, group, std::move(found));
    });
  });
}

void ScatteredSuggest::ask_node(std::size_t group,
                                const std::vector<engine::SuggestedQuery>& count) {
  Group& to = groups_[group];
  auto asked = std::make_shared<storage::WireSuggest>(
      storage::WireSuggest{request_->request, host_.time_of_day, to.shards, {}, count});
  for (const engine::ShardPosition& wanted : to.shards) {
    if (const Believed slots = host_.routes->catalog_of(wanted.shard).slots)
      asked->slots.push_back(*slots);
  }
  if (asked->slots.size() != asked->shards.size()) asked->slots.clear();
  storage::Envelope envelope;
  envelope.kind = storage::WireKind::suggest;
  envelope.shard = {engine::Service::catalog, 0};
  const std::string payload = storage::encode(*asked);
  const Deadline now = host_.now();
  envelope.deadline =
      std::max(milliseconds{1}, std::chrono::duration_cast<milliseconds>((until_ - now) * 3 / 4));
  envelope.payload = payload;
  // Who is only asked what it remembers is not waited for long.
  const Deadline patience =
      to.shards.empty() ? now + (until_ - now) / 4 : now + (until_ - now) * 7 / 8;
  host_.peers->ask(
      to.node, storage::encode(envelope), patience,
      [self = shared_from_this(), round = round_, group, asked](Result<std::string> answer) {
        auto found = [&]() -> Result<storage::WireSuggested> {
          if (!answer) return answer.error();
          const auto body = storage::decode_envelope(*answer);
          if (!body) return body.error();
          if (body->kind != storage::WireKind::suggested)
            return Error{Errc::corrupt_record, "an answer of another kind"};
          return storage::decode_suggested(body->payload, *asked);
        }();
        self->host_.post([self, round, group, found = std::move(found)]() mutable {
          self->on_answer(round, group, std::move(found));
        });
      });
}

void ScatteredSuggest::on_answer(std::uint64_t round, std::size_t group,
                                 Result<storage::WireSuggested> answer) {
  if (ended_ || round != round_ || !groups_[group].waited_for) return;
  Group& from = groups_[group];
  from.waited_for = false;
  --open_answers_;
  if (answer) {
    from.found = std::move(*answer);
  } else if (from.here()) {
    return end(answer.error());
  } else {
    from.lost = true;
    for (const auto& wanted : from.shards) failed_.insert({from.node, wanted.shard});
    failure_ = failure_ || !from.shards.empty();
  }
  if (open_answers_ == 0) advance();
}

void ScatteredSuggest::advance() {
  if (request_->context.abandoned()) return end(Error{Errc::canceled, "the client has left"});
  if (counting_) return finish();
  if (failure_ && attempts_ < kAttemptsMax && host_.now() < until_) return begin_attempt();
  parts_.clear();
  for (Group& group : groups_) {
    if (!group.lost) parts_.push_back(std::move(group.found.part));
  }
  queries_ = engine::choose_queries(parts_, request_->request);
  if (queries_.empty() || host_.now() >= until_) return finish();
  counting_ = true;
  ask(queries_);
  if (open_answers_ == 0) finish();
}

void ScatteredSuggest::finish() {
  if (ended_) return;
  std::vector<std::uint64_t> counts(queries_.size(), 0);
  for (const Group& group : groups_) {
    if (group.lost || group.found.counts.size() != counts.size()) continue;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += group.found.counts[i];
  }
  end(engine::merge_suggestions(parts_, queries_, counts, request_->request, all_shards()));
}

void ScatteredSuggest::end(Result<engine::SuggestPage> page) {
  if (std::exchange(ended_, true)) return;
  SuggestAnswer answer{std::move(page), {}};
  if (answer.reply) {
    for (const engine::ShardPosition& position : answer.reply->positions)
      answer.token.raise(position);
  }
  host_.done(std::move(answer));
}

std::vector<engine::ShardId> ScatteredSuggest::all_shards() const {
  std::vector<engine::ShardId> shards;
  for (const auto& link : host_.routes->catalog) shards.push_back(link.shard);
  return shards;
}

storage::WireSuggested answer_suggest(const storage::WireSuggest& asked,
                                      const std::vector<engine::SnapshotPtr>& snapshots,
                                      SearchMemory& memory, const engine::SearchBudget& budget) {
  storage::WireSuggested found;
  if (!asked.count.empty()) {
    found.counts = engine::count_queries(snapshots, asked.count, asked.request.language, asked.now,
                                         memory.indexes, budget);
    return found;
  }
  if (!snapshots.empty()) {
    found.part = engine::suggest_part(snapshots, asked.request, asked.now, memory.indexes, budget);
  }
  found.part.queries = memory.past(asked.request);
  return found;
}

}  // namespace souk::actors
