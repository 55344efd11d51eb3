#include "actors/scattered_search.hpp"

#include <algorithm>
#include <unordered_map>

#include "actors/failpoint.hpp"
#include "actors/search_cover.hpp"
#include "actors/search_instant.hpp"
#include "actors/search_walk.hpp"
#include "engine/index/catalog_index.hpp"
#include "engine/search/corrected_query.hpp"
#include "engine/search/hit_walk.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;
using engine::Result;
using engine::cluster::NodeId;
using std::chrono::milliseconds;
using storage::WireKind;

namespace {

// Each failed attempt costs half of the time that is left.
constexpr std::uint64_t kAttemptsMax = 4;
/// Of the time for answers: what is kept for reading and sending the page.
constexpr milliseconds kMarginMax{60};
/// How much later than its cutoff a search may end because nodes are asked one step after another.
constexpr milliseconds kStepMax{30};
constexpr milliseconds kAgainMin{2};

std::string wrap(WireKind kind, Deadline::duration left, std::string_view payload) {
  storage::Envelope envelope;
  envelope.kind = kind;
  envelope.shard = {engine::Service::catalog, 0};
  envelope.deadline = std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(left));
  envelope.payload = payload;
  return storage::encode(envelope);
}

Result<std::string_view> unwrap(std::string_view bytes, WireKind kind) {
  const auto envelope = storage::decode_envelope(bytes);
  if (!envelope) return envelope.error();
  if (envelope->kind != kind) return Error{Errc::corrupt_record, "an answer of another kind"};
  return envelope->payload;
}

WireKind answer_to(WireKind kind) {
  switch (kind) {
    case WireKind::search_open:
      return WireKind::search_statistics;
    case WireKind::search_spell:
      return WireKind::search_spellings;
    case WireKind::search_run:
      return WireKind::search_part;
    default:
      return WireKind::search_hits;
  }
}

}  // namespace

ScatteredSearch::ScatteredSearch(SearchProducts request, Parts parts)
    : request_{std::make_shared<const SearchProducts>(std::move(request))},
      host_{std::move(parts)},
      words_{std::make_shared<const engine::QueryPlan>(engine::plan_words(request_->query))},
      shared_{failpoint("search.no_instant") ? nullptr
                                             : shared_instant(request_->patience.instant)} {
  // A search that shares its instant with none before and none behind leaves nothing on others.
  if (shared_ && (!shared_->last || !shared_->nodes().empty()))
    instant_ = shared_->number(host_.next_number());
  const Deadline now = host_.now();
  const Deadline deadline = request_->context.deadline;
  const auto margin = std::min<Deadline::duration>((deadline - now) / 10, kMarginMax);
  const Deadline cutoff = std::clamp(request_->patience.cutoff, now, deadline);
  scan_until_ = std::min(request_->patience.cutoff, deadline - margin);
  run_until_ = std::min(cutoff + kStepMax, deadline - margin * 2 / 3);
  read_until_ = std::min(cutoff + 2 * kStepMax, deadline - margin / 3);
}

void ScatteredSearch::start() {
  copies_ = host_.peers->copies();
  begin_attempt();
}

void ScatteredSearch::begin_attempt() {
  release();
  ++attempt_;
  const RoutesPtr newer = host_.newer_routes ? host_.newer_routes() : nullptr;
  if (newer && newer != host_.routes) {
    // A shard was split or moved: what nodes refused by older routes they may have by these.
    host_.routes = newer;
    copies_ = host_.peers->copies();
    failed_.clear();
  }
  if (const auto& instant = request_->patience.instant) instant->looks_by(host_.routes);
  number_ = host_.next_number();
  merged_.reset();
  groups_.clear();
  plan_ = words_;
  round_ = engine::first_round(*words_);
  statistics_ = std::make_shared<const engine::SearchStatistics>();
  plan();
  if (groups_.empty()) return refuse(Errc::unavailable, "no shard is ready");
  begin(words_->matches_all() ? Step::run : Step::open);
}

void ScatteredSearch::plan() {
  Group here;
  std::vector<ShardChoice> elsewhere;
  for (const auto& link : host_.routes->catalog) {
    const engine::ShardPosition wanted{link.shard, request_->context.token.position_of(link.shard)};
    auto found = look_here(link.shard, link.publication, link.slots);
    if (found) {
      here.shards.push_back(wanted);
      std::move(found->begin(), found->end(), std::back_inserter(here.snapshots));
    } else {
      elsewhere.push_back({wanted, candidates(wanted)});
    }
  }
  for (SearchGroup& group : group_by_node(std::move(elsewhere), *host_.load)) {
    Group& to = groups_.emplace_back();
    to.node = group.node;
    to.shards = std::move(group.shards);
    ++(*host_.load)[to.node];
  }
  if (!here.shards.empty()) groups_.push_back(std::move(here));
}

std::optional<SearchCover> ScatteredSearch::look_here(engine::ShardId shard,
                                                      const PublicationPtr& publication,
                                                      const Believed& slots) const {
  const auto& instant = request_->patience.instant;
  if (instant) {
    if (auto held = instant->held(shard, slots)) return held;
    if (place_of(shard)) return {};
  }
  auto found = cover(publication, slots, request_->context.token);
  if (found && instant) found = instant->hold(shard, slots, std::move(*found));
  return found;
}

NodeId ScatteredSearch::place_of(engine::ShardId shard) const {
  return shared_ ? shared_->place_of(shard) : NodeId{};
}

std::vector<NodeId> ScatteredSearch::candidates(engine::ShardPosition wanted) const {
  if (const NodeId place = place_of(wanted.shard)) {
    if (!host_.peers->connected(place)) {
      shared_->lose();
      return {};
    }
    if (failed_.contains({place, wanted.shard})) return {};
    return {place};
  }
  const auto copy = std::find_if(copies_.begin(), copies_.end(),
                                 [&](const auto& each) { return each.shard == wanted.shard; });
  if (copy == copies_.end()) return {};
  const auto usable = [&](NodeId node) {
    return node && !failed_.contains({node, wanted.shard}) && host_.peers->connected(node);
  };
  std::vector<NodeId> nodes;
  if (usable(copy->primary)) nodes.push_back(copy->primary);
  // A position that was given to a client has been reached by the primary for certain.
  if (wanted.position != 0 && !nodes.empty()) return nodes;
  std::copy_if(copy->others.begin(), copy->others.end(), std::back_inserter(nodes), usable);
  return nodes;
}

bool ScatteredSearch::other_copy_of(const Group& group) const {
  return std::any_of(group.shards.begin(), group.shards.end(), [&](const auto& wanted) {
    if (place_of(wanted.shard)) return false;
    const auto copy = std::find_if(copies_.begin(), copies_.end(),
                                   [&](const auto& each) { return each.shard == wanted.shard; });
    if (copy == copies_.end()) return false;
    const auto usable = [&](NodeId node) {
      return node && node != group.node && !failed_.contains({node, wanted.shard}) &&
             host_.peers->connected(node);
    };
    return usable(copy->primary) || std::any_of(copy->others.begin(), copy->others.end(), usable);
  });
}

bool ScatteredSearch::may_try_again() const {
  return attempt_ < kAttemptsMax && run_until_ - host_.now() > kAgainMin;
}

void ScatteredSearch::begin(Step step) {
  step_ = step;
  const Deadline now = host_.now();
  const bool spare =
      may_try_again() && std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
        return !group.here() && !group.lost && other_copy_of(group);
      });
  step_until_ = step == Step::read ? read_until_ : run_until_;
  if (spare) step_until_ = now + (step_until_ - now) / 2;
  if (step == Step::read) return read();
  // Counted first: an answer may be there before the next question is asked.
  for (Group& group : groups_) open_answers_ += group.waited_for = !group.lost;
  const std::uint64_t attempt = attempt_;
  for (std::size_t i = 0; i < groups_.size() && attempt == attempt_; ++i) {
    if (!groups_[i].waited_for) continue;
    if (step == Step::open) {
      ask_open(i);
    } else if (step == Step::spell) {
      ask_spell(i);
    } else {
      ask_run(i);
    }
  }
}

storage::WireSearchOpen ScatteredSearch::open_for(const Group& group) const {
  storage::WireSearchOpen open{number_, request_->query, host_.time_of_day, group.shards, {}};
  for (const engine::ShardPosition& wanted : group.shards) {
    const Believed slots = host_.routes->catalog_of(wanted.shard).slots;
    if (slots) open.slots.push_back(*slots);
  }
  if (open.slots.size() != open.shards.size()) open.slots.clear();
  if (instant_ != 0) {
    const auto nodes = shared_->nodes();
    open.instant = instant_;
    open.again = std::find(nodes.begin(), nodes.end(), group.node) != nodes.end();
    open.keep = std::max(milliseconds{0},
                         std::chrono::ceil<milliseconds>(request_->context.deadline - host_.now()));
  }
  return open;
}

void ScatteredSearch::ask_open(std::size_t group) {
  Group& to = groups_[group];
  if (to.here()) {
    return ask_here(group, [words = words_, snapshots = to.snapshots]() -> Content {
      return [found = engine::collect_statistics(snapshots, *words)](Group& out) {
        out.statistics = found;
      };
    });
  }
  to.opened = true;
  ask_node(group, WireKind::search_open, storage::encode(open_for(to)), step_until_,
           [words = words_](std::string_view bytes) -> Result<Content> {
             auto read = storage::decode_search_statistics(bytes, *words);
             if (!read) return read.error();
             if (!*read) return read->error();
             return Content{[found = std::move(**read)](Group& out) { out.statistics = found; }};
           });
}

void ScatteredSearch::ask_spell(std::size_t group) {
  Group& to = groups_[group];
  if (to.here()) {
    return ask_here(
        group, [plan = plan_, snapshots = to.snapshots, spelling = round_.spelling]() -> Content {
          return [found = engine::collect_spellings(snapshots, *plan, spelling)](Group& out) {
            out.spellings = found;
          };
        });
  }
  const storage::WireSearchSpell asked{number_, *statistics_, round_.spelling};
  ask_node(group, WireKind::search_spell, storage::encode(asked), step_until_,
           [plan = plan_, spelling = asked.spelling](std::string_view bytes) -> Result<Content> {
             auto read = storage::decode_search_spellings(bytes, *plan, spelling);
             if (!read) return read.error();
             if (!*read) return read->error();
             return Content{[found = std::move(**read)](Group& out) { out.spellings = found; }};
           });
}

void ScatteredSearch::ask_run(std::size_t group) {
  Group& to = groups_[group];
  const bool alone = groups_.size() == 1;
  if (to.here()) {
    return ask_here(group,
                    [request = request_, plan = plan_, snapshots = to.snapshots, round = round_,
                     now = host_.now, until = scan_until_, time = host_.time_of_day,
                     walk = host_.walk, memory = host_.memory]() -> Content {
                      const engine::SearchBudget budget{[&] { return now() >= until; }};
                      auto part = engine::search_part(snapshots, request->query, *plan, round, time,
                                                      budget);
                      if (walk != 0) {
                        memory->walks.keep(
                            walk,
                            std::make_shared<engine::HitWalk>(snapshots, request->query, *plan,
                                                              round, time, part.found, part.out_of),
                            now());
                      }
                      return [found = std::move(part)](Group& out) { out.part = found; };
                    });
  }
  auto asked = std::make_shared<storage::WireSearchRun>();
  asked->search = number_;
  if (!to.opened) asked->open = open_for(to);
  asked->statistics = *statistics_;
  asked->round = round_;
  asked->alone = alone;
  asked->walk = host_.walk;
  to.opened = true;
  ask_node(group, WireKind::search_run, storage::encode(*asked), scan_until_,
           [request = request_, asked](std::string_view bytes) -> Result<Content> {
             auto read = storage::decode_search_part(bytes, request->query, *asked);
             if (!read) return read.error();
             if (!*read) return read->error();
             return Content{[found = std::move(**read)](Group& out) { out.part = found; }};
           });
}

void ScatteredSearch::ask_read(std::size_t group, std::vector<engine::HitPlace> places) {
  Group& to = groups_[group];
  if (to.here()) {
    return ask_here(group,
                    [request = request_, plan = plan_, round = round_, snapshots = to.snapshots,
                     places = std::move(places)]() -> Content {
                      auto hits =
                          engine::read_hits(snapshots, request->query, *plan, round, places);
                      return [hits = std::move(hits)](Group& out) {
                        if (hits) out.hits = *hits;
                      };
                    });
  }
  to.opened = false;
  ask_node(group, WireKind::search_read,
           storage::encode(storage::WireSearchRead{number_, std::move(places)}), step_until_,
           [ids = to.ids](std::string_view bytes) -> Result<Content> {
             auto read = storage::decode_search_hits(bytes, ids);
             if (!read) return read.error();
             if (!*read) return read->error();
             return Content{[hits = std::move(**read)](Group& out) { out.hits = hits; }};
           });
}

void ScatteredSearch::ask_node(std::size_t group, WireKind kind, const std::string& payload,
                               Deadline told,
                               std::function<Result<Content>(std::string_view)> decode) {
  auto back = [self = shared_from_this(), post = host_.post, attempt = attempt_, group, kind,
               decode = std::move(decode)](Result<std::string> answer) {
    // Read here, on the transport's thread, so that the actor need not.
    auto content = [&]() -> Result<Content> {
      if (!answer) return answer.error();
      const auto body = unwrap(*answer, answer_to(kind));
      if (!body) return body.error();
      return decode(*body);
    }();
    post([self, attempt, group, content = std::move(content)] {
      self->on_answer(attempt, group, content);
    });
  };
  host_.peers->ask(groups_[group].node, wrap(kind, told - host_.now(), payload), step_until_,
                   std::move(back));
}

void ScatteredSearch::ask_here(std::size_t group, std::function<Content()> work) {
  host_.run([self = shared_from_this(), post = host_.post, attempt = attempt_, group,
             work = std::move(work)](bool granted) {
    Result<Content> content = granted ? Result<Content>{work()}
                                      : Error{Errc::overloaded, "too many searches are waiting"};
    post([self, attempt, group, content = std::move(content)] {
      self->on_answer(attempt, group, content);
    });
  });
}

void ScatteredSearch::on_answer(std::uint64_t attempt, std::size_t group, Result<Content> answer) {
  if (ended_ || attempt != attempt_ || !groups_[group].waited_for) return;
  Group& from = groups_[group];
  from.waited_for = false;
  --open_answers_;
  if (answer) {
    (*answer)(from);
  } else if (from.here()) {
    return end({answer.error(), {}});
  } else {
    from.lost = true;
    note_failure(from, answer.error());
    if (shared_ &&
        (answer.error().code == Errc::unknown_lease || answer.error().code == Errc::wrong_shard ||
         !host_.peers->connected(from.node))) {
      shared_->lose();
    }
    if (request_->context.abandoned()) return refuse(Errc::canceled, "the client has left");
    // Without a spare copy the others can go on, except that a page once merged has hits of it.
    const bool other_routes = host_.newer_routes && host_.newer_routes() != host_.routes;
    if (may_try_again() && (step_ == Step::read || other_routes || other_copy_of(from)))
      return begin_attempt();
  }
  if (open_answers_ == 0) advance();
}

void ScatteredSearch::note_failure(const Group& group, const Error& error) {
  behind_ = behind_ || error.code == Errc::consistency_unreachable;
  const bool one = error.code == Errc::wrong_shard && !error.param.empty();
  for (const engine::ShardPosition& wanted : group.shards) {
    if (!one || wanted.shard.name() == error.param) failed_.insert({group.node, wanted.shard});
  }
}

std::vector<engine::SearchPart> ScatteredSearch::parts_of(std::vector<std::size_t>& groups) const {
  std::vector<engine::SearchPart> parts;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (groups_[i].lost) continue;
    parts.push_back(groups_[i].part);
    groups.push_back(i);
  }
  return parts;
}

void ScatteredSearch::plan_again(engine::SearchStatistics statistics) {
  statistics_ = std::make_shared<const engine::SearchStatistics>(std::move(statistics));
  plan_ = std::make_shared<const engine::QueryPlan>(engine::plan_query(*words_, *statistics_));
  round_ = engine::first_hopeful(request_->query, *plan_, round_);
}

void ScatteredSearch::begin_round() {
  begin(engine::needs_spellings(*plan_, round_) ? Step::spell : Step::run);
}

void ScatteredSearch::advance() {
  if (request_->context.abandoned()) return refuse(Errc::canceled, "the client has left");
  if (std::all_of(groups_.begin(), groups_.end(), [](const Group& each) { return each.lost; })) {
    return refuse(behind_ ? Errc::consistency_unreachable : Errc::unavailable,
                  behind_ ? "the state named by the token was not reached in time"
                          : "no shard answered in time");
  }
  if (step_ == Step::open) {
    engine::SearchStatistics sum;
    for (const Group& group : groups_) {
      if (!group.lost) sum = engine::merge(std::move(sum), group.statistics);
    }
    plan_again(std::move(sum));
    return begin_round();
  }
  if (step_ == Step::spell) {
    engine::SearchStatistics sum = *statistics_;
    sum.spelling = {};
    for (const Group& group : groups_) {
      if (!group.lost) sum.spelling = engine::merge(std::move(sum.spelling), group.spellings);
    }
    plan_again(std::move(sum));
    return begin_round();
  }
  if (step_ == Step::read) return finish();

  merged_groups_.clear();
  const auto parts = parts_of(merged_groups_);
  if (const auto next = engine::next_round(parts, request_->query, *plan_)) {
    round_ = *next;
    return begin_round();
  }
  merged_ = engine::merge_parts(parts, request_->query, all_shards());
  begin(Step::read);
}

void ScatteredSearch::read() {
  std::vector<std::pair<std::size_t, std::vector<engine::HitPlace>>> asks;
  for (std::size_t part = 0; part < merged_groups_.size(); ++part) {
    Group& group = groups_[merged_groups_[part]];
    auto places = merged_->places(part);
    group.ids.clear();
    for (const engine::ChosenHit& chosen : merged_->chosen) {
      if (chosen.part == part) group.ids.push_back(chosen.hit.id);
    }
    if (places.empty()) {
      group.hits.emplace();
      continue;
    }
    group.hits.reset();
    group.waited_for = true;
    ++open_answers_;
    asks.emplace_back(merged_groups_[part], std::move(places));
  }
  if (asks.empty()) return finish();
  const std::uint64_t attempt = attempt_;
  for (auto& [group, places] : asks) {
    if (attempt == attempt_) ask_read(group, std::move(places));
  }
}

void ScatteredSearch::finish() {
  for (const std::size_t group : merged_groups_) {
    if (groups_[group].lost || !groups_[group].hits) return finish_without_lost();
  }
  for (std::size_t part = 0; part < merged_groups_.size(); ++part) {
    engine::put_hits(*merged_, part, std::move(*groups_[merged_groups_[part]].hits));
  }
  tell_walk();
  answer(std::move(merged_->page));
}

void ScatteredSearch::tell_walk() const {
  WalkPlace* const place = walk_of(request_->patience.instant);
  if (place == nullptr) return;
  place->walk = host_.walk;
  place->passed = merged_->chosen.size();
  place->at_end = merged_->chosen.size() < request_->query.per_page;
  place->parts.clear();
  for (std::size_t part = 0; part < merged_groups_.size(); ++part) {
    const Group& group = groups_[merged_groups_[part]];
    const auto taken = std::count_if(merged_->chosen.begin(), merged_->chosen.end(),
                                     [&](const auto& chosen) { return chosen.part == part; });
    place->parts.push_back(
        {group.here() ? host_.memory->self : group.node, static_cast<std::uint64_t>(taken)});
  }
}

/// A node was lost with its hits, and there is no time to search again: the page of the others, as
/// far as their hits are here.
void ScatteredSearch::finish_without_lost() {
  std::unordered_map<std::string, engine::Hit> read;
  for (Group& group : groups_) {
    if (!group.hits) group.lost = true;
    if (group.lost || !group.hits) continue;
    for (engine::Hit& hit : *group.hits) read.emplace(hit.id.str(), std::move(hit));
  }
  merged_groups_.clear();
  const auto parts = parts_of(merged_groups_);
  auto merged = engine::merge_parts(parts, request_->query, all_shards());
  std::vector<engine::Hit> hits;
  for (engine::Hit& hit : merged.page.hits) {
    const auto found = read.find(hit.id.str());
    if (found == read.end()) continue;
    engine::Hit& content = hits.emplace_back(std::move(found->second));
    content.text_match = hit.text_match;
    content.sort_values = std::move(hit.sort_values);
  }
  merged.page.hits = std::move(hits);
  answer(std::move(merged.page));
}

std::vector<engine::ShardId> ScatteredSearch::all_shards() const {
  std::vector<engine::ShardId> shards;
  for (const auto& link : host_.routes->catalog) shards.push_back(link.shard);
  return shards;
}

void ScatteredSearch::answer(engine::SearchPage page) {
  if (page.found > 0)
    page.corrected_query = engine::corrected_query(request_->query, *plan_, round_);
  const bool behind = std::any_of(page.missing.begin(), page.missing.end(), [&](auto shard) {
    const bool looked_at =
        std::any_of(page.positions.begin(), page.positions.end(),
                    [&](const auto& position) { return position.shard == shard; });
    return !looked_at && request_->context.token.position_of(shard) != 0;
  });
  if (behind) {
    return refuse(Errc::consistency_unreachable,
                  "the state named by the token was not reached in time");
  }
  const bool whole =
      request_->patience.require_full_coverage || walk_of(request_->patience.instant) != nullptr;
  if (whole && (page.cutoff || !page.missing.empty())) {
    return refuse(Errc::timed_out, "not every shard could answer in time");
  }
  page.shards = static_cast<std::uint32_t>(host_.routes->catalog.size());
  SearchAnswer out{std::move(page), {}};
  for (const engine::ShardPosition& position : out.reply->positions) out.token.raise(position);
  end(std::move(out));
}

void ScatteredSearch::refuse(Errc code, const char* detail) {
  end({Error{code, detail, {}, {}}, {}});
}

void ScatteredSearch::end(SearchAnswer answer) {
  if (instant_ != 0 && answer.reply) {
    for (const Group& group : groups_) {
      if (group.here() || group.lost) continue;
      for (const engine::ShardPosition& each : group.shards)
        shared_->keep_at(each.shard, group.node);
    }
  }
  release();
  if (instant_ != 0 && shared_->last) {
    for (const NodeId node : shared_->nodes()) {
      host_.peers->send(node,
                        wrap(WireKind::search_read, std::chrono::seconds{0},
                             storage::encode(storage::WireSearchRead{number_, {}, 0, instant_})));
    }
  }
  groups_.clear();
  ended_ = true;
  host_.done(std::move(answer));
}

/// Lets nodes forget what they keep for this attempt.
void ScatteredSearch::release() {
  for (Group& group : groups_) {
    if (group.here()) continue;
    if (group.opened) {
      host_.peers->send(group.node, wrap(WireKind::search_read, std::chrono::seconds{0},
                                         storage::encode(storage::WireSearchRead{number_, {}})));
    }
    const auto load = host_.load->find(group.node);
    if (load != host_.load->end() && --load->second == 0) host_.load->erase(load);
  }
  open_answers_ = 0;
}

}  // namespace souk::actors
