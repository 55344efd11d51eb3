#include "actors/scattered_walk.hpp"

#include <algorithm>

#include "actors/search_instant.hpp"
#include "engine/search/hit_walk.hpp"
#include "storage/wire_search.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;
using engine::Result;
using std::chrono::milliseconds;
using storage::WireKind;

namespace {

constexpr milliseconds kMarginMax{40};

class NoPeers final : public SearchPeers {
public:
  void ask(engine::cluster::NodeId, std::string, Deadline, OnAnswer on_answer) override {
    on_answer(Error{Errc::unavailable, "this node is alone", {}, {}});
  }
  void send(engine::cluster::NodeId, std::string) override {}
  bool connected(engine::cluster::NodeId) const override { return false; }
  std::vector<SearchCopies> copies() const override { return {}; }
};

Error gone() {
  return {Errc::unknown_lease, "the hits are not kept any more: begin again with cursor=*", {}, {}};
}

}  // namespace

std::shared_ptr<SearchPeers> no_peers() {
  return std::make_shared<NoPeers>();
}

ScatteredWalk::ScatteredWalk(SearchProducts request, Parts parts)
    : request_{std::make_shared<const SearchProducts>(std::move(request))},
      host_{std::move(parts)},
      place_{walk_of(request_->patience.instant)},
      query_{request_->query},
      until_{[&] {
        const Deadline now = host_.now();
        const auto left = request_->context.deadline - now;
        return request_->context.deadline - std::min<Deadline::duration>(left / 10, kMarginMax);
      }()} {
  query_.page = 1;
  query_.facet_by.clear();
  query_.facet_query_field.clear();
}

bool ScatteredWalk::here(std::size_t part) const {
  const auto node = place_->parts[part].node;
  return !node || node == host_.memory->self;
}

void ScatteredWalk::start() {
  if (request_->context.abandoned())
    return end({Error{Errc::canceled, "the client has left", {}, {}}, {}});
  parts_.resize(place_->parts.size());
  open_answers_ = parts_.size();
  if (parts_.empty()) return end({gone(), {}});
  for (std::size_t i = 0; i < parts_.size() && !ended_; ++i) list(i);
}

void ScatteredWalk::ask(std::size_t part, WireKind kind, const std::string& payload,
                        std::function<void(Result<std::string>)> back) {
  storage::Envelope envelope;
  envelope.kind = kind;
  envelope.shard = {engine::Service::catalog, 0};
  envelope.deadline =
      std::max(milliseconds{0}, std::chrono::duration_cast<milliseconds>(until_ - host_.now()));
  envelope.payload = payload;
  host_.peers->ask(place_->parts[part].node, storage::encode(envelope), until_, std::move(back));
}

void ScatteredWalk::list(std::size_t part) {
  const std::uint64_t from = place_->parts[part].taken;
  const auto self = shared_from_this();
  if (here(part)) {
    return host_.run([self, part, from](bool granted) {
      auto found = [&]() -> Result<engine::SearchPart> {
        if (!granted) return Error{Errc::overloaded, "too many searches are waiting", {}, {}};
        const auto walk = self->host_.memory->walks.find(self->place_->walk, self->host_.now());
        if (!walk) return gone();
        return walk->list(from, self->query_.per_page,
                          {[&] { return self->host_.now() >= self->until_; }});
      }();
      self->host_.post([self, part, found = std::move(found)]() mutable {
        self->on_part(part, std::move(found));
      });
    });
  }
  const storage::WireWalk walk{place_->walk, from, query_.per_page};
  ask(part, WireKind::walk, storage::encode(walk), [self, part](Result<std::string> answer) {
    auto found = [&]() -> Result<engine::SearchPart> {
      if (!answer) return answer.error();
      const auto envelope = storage::decode_envelope(*answer);
      if (!envelope) return envelope.error();
      if (envelope->kind != WireKind::search_part)
        return Error{Errc::corrupt_record, "an answer of another kind", {}, {}};
      auto read = storage::decode_search_part(envelope->payload, self->query_, {});
      if (!read) return read.error();
      return std::move(*read);
    }();
    self->host_.post([self, part, found = std::move(found)]() mutable {
      self->on_part(part, std::move(found));
    });
  });
}

void ScatteredWalk::on_part(std::size_t part, Result<engine::SearchPart> found) {
  if (ended_) return;
  if (!found) return fail(part, found.error());
  parts_[part] = std::move(*found);
  parts_[part].round = {};
  if (--open_answers_ == 0) merge();
}

void ScatteredWalk::merge() {
  std::vector<engine::ShardId> shards;
  for (const engine::SearchPart& part : parts_) {
    for (const engine::ShardPosition& position : part.positions) shards.push_back(position.shard);
  }
  merged_ = engine::merge_parts(parts_, query_, shards);
  merged_->page.shards = static_cast<std::uint32_t>(shards.size());
  std::vector<std::vector<engine::HitPlace>> places;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    places.push_back(merged_->places(i));
    open_answers_ += places.back().empty() ? 0U : 1U;
  }
  if (open_answers_ == 0) return finish();
  for (std::size_t i = 0; i < places.size() && !ended_; ++i) {
    if (!places[i].empty()) read(i, std::move(places[i]));
  }
}

void ScatteredWalk::read(std::size_t part, std::vector<engine::HitPlace> places) {
  const auto self = shared_from_this();
  if (here(part)) {
    return host_.run([self, part, places = std::move(places)](bool granted) {
      auto hits = [&]() -> Result<std::vector<engine::Hit>> {
        if (!granted) return Error{Errc::overloaded, "too many searches are waiting", {}, {}};
        const auto walk = self->host_.memory->walks.find(self->place_->walk, self->host_.now());
        if (!walk) return gone();
        return engine::read_hits(walk->snapshots(), walk->query(), walk->plan(), walk->round(),
                                 places);
      }();
      self->host_.post(
          [self, part, hits = std::move(hits)]() mutable { self->on_hits(part, std::move(hits)); });
    });
  }
  std::vector<engine::ProductId> ids;
  for (const engine::ChosenHit& chosen : merged_->chosen) {
    if (chosen.part == part) ids.push_back(chosen.hit.id);
  }
  const storage::WireSearchRead wanted{0, std::move(places), place_->walk};
  ask(part, WireKind::search_read, storage::encode(wanted),
      [self, part, ids = std::move(ids)](Result<std::string> answer) {
        auto hits = [&]() -> Result<std::vector<engine::Hit>> {
          if (!answer) return answer.error();
          const auto envelope = storage::decode_envelope(*answer);
          if (!envelope) return envelope.error();
          if (envelope->kind != WireKind::search_hits)
            return Error{Errc::corrupt_record, "an answer of another kind", {}, {}};
          auto read = storage::decode_search_hits(envelope->payload, ids);
          if (!read) return read.error();
          return std::move(*read);
        }();
        self->host_.post([self, part, hits = std::move(hits)]() mutable {
          self->on_hits(part, std::move(hits));
        });
      });
}

void ScatteredWalk::on_hits(std::size_t part, Result<std::vector<engine::Hit>> hits) {
  if (ended_) return;
  if (!hits) return fail(part, hits.error());
  engine::put_hits(*merged_, part, std::move(*hits));
  if (--open_answers_ == 0) finish();
}

void ScatteredWalk::finish() {
  for (const engine::ChosenHit& chosen : merged_->chosen) ++place_->parts[chosen.part].taken;
  place_->passed += merged_->chosen.size();
  place_->at_end = merged_->chosen.size() < query_.per_page;
  SearchAnswer answer{std::move(merged_->page), {}};
  for (const engine::ShardPosition& position : answer.reply->positions)
    answer.token.raise(position);
  end(std::move(answer));
}

void ScatteredWalk::fail(std::size_t part, Error error) {
  const bool lost = !here(part) && !host_.peers->connected(place_->parts[part].node);
  if (lost || error.code == Errc::unknown_lease) error = gone();
  if (error.code == Errc::unknown_outcome) error.code = Errc::unavailable;
  end({std::move(error), {}});
}

void ScatteredWalk::end(SearchAnswer answer) {
  if (std::exchange(ended_, true)) return;
  host_.done(std::move(answer));
}

}  // namespace souk::actors
