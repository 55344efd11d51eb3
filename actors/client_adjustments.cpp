#include <algorithm>
#include <map>
#include <utility>

#include "actors/client_content.hpp"
#include "actors/reservation_parts.hpp"

// A batch of adjustments under one idempotency key. Its items live on many shards, each recorded
// there under a key of its own; the batch is recorded twice at its home shard (slot of its key):
//
//   begun  under the key itself, before any item is sent. Another body meets it, wherever its items
//          live.
//   ended  under a key derived from it, once every item has its final answer; with the SKUs that
//          nobody knew, which no shard could record. A repeat gives those the same answer even if
//          such a SKU exists by then.
//
// A batch that was begun and not ended (deadline, crash, a shard too busy) gave no final answer: a
// repeat goes on with it.

namespace souk::actors {

using engine::Errc;
using engine::Error;

namespace {

using Level = engine::Result<engine::SkuEntry>;
using Levels = std::vector<Level>;

Error unknown_sku(const engine::Sku& sku) {
  return {Errc::unknown_sku, "there is no SKU " + sku.str(), "sku", {}};
}

bool is_unknown(const Level& level) {
  return !level && level.error().code == Errc::unknown_sku;
}

}  // namespace

class Client::Content::AdjustmentBatch : public std::enable_shared_from_this<AdjustmentBatch> {
public:
  AdjustmentBatch(Content& owner, RequestContext context, std::vector<engine::AdjustStock> items,
                  engine::IdempotencyKey whole, Callback<Levels> done)
      : owner_{owner},
        context_{std::move(context)},
        items_{std::move(items)},
        whole_{std::move(whole)},
        levels_(items_.size(), Level{Error{Errc::timed_out, "no answer before the deadline"}}),
        done_{std::move(done)} {}

  void run() {
    if (!whole_.present() || items_.empty()) return run_items();
    // What the record says does not matter, only that it is there.
    record(whole_, Error{Errc::idempotency_in_progress, "the batch was begun"},
           [self = shared_from_this()](CatalogAnswer& said) { self->on_begun(said); });
  }

private:
  using Places = std::vector<std::size_t>;
  struct Group {
    CatalogLink link;
    Places places;
  };
  using Groups = std::map<engine::ShardId, Group>;

  void on_begun(CatalogAnswer& said) {
    const Errc code = said.reply ? Errc::none : said.reply.error().code;
    if (code != Errc::idempotency_in_progress) {
      return done_({said.reply ? Error{Errc::internal, "unexpected reply"} : said.reply.error(),
                    std::move(token_),
                    {}});
    }
    if (!said.replay.replayed) return run_items();
    // Recording nothing tells what is recorded.
    record(ended_key(), std::nullopt,
           [self = shared_from_this()](CatalogAnswer& ended) { self->on_looked(ended); });
  }

  void on_looked(CatalogAnswer& ended) {
    const bool known = ended.replay.replayed;
    if (!known && !ended.reply) return done_({ended.reply.error(), std::move(token_), {}});
    if (known) {
      ended_ = true;
      replay_ = std::move(ended.replay);
      if (!ended.reply) unknown_ = std::move(ended.reply.error().items);
    }
    run_items();
  }

  engine::IdempotencyKey ended_key() const {
    engine::IdempotencyKey key = whole_;
    key.key += ".ended";
    return key;
  }

  void record(engine::IdempotencyKey key, std::optional<Error> answer,
              std::function<void(CatalogAnswer&)> then) {
    const engine::RecordReservation command{std::move(key), std::nullopt, std::move(answer),
                                            items_.front().now};
    const auto asked = std::make_shared<engine::ShardId>();
    owner_.routed<CatalogAnswer>(
        context_,
        [self = shared_from_this(), command, asked](const RoutesPtr& routes,
                                                    std::function<void(CatalogAnswer&)> answered) {
          const auto& home = routes->catalog_at(self->whole_.key);
          *asked = home.shard;
          self->owner_.write(self->context_, home, command, std::move(answered));
        },
        [self = shared_from_this(), asked, then = std::move(then)](CatalogAnswer& said) {
          self->token_.merge(token_of(*asked, said.position));
          then(said);
        });
  }

  void run_items() {
    Places places;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const bool was_unknown = std::any_of(unknown_.begin(), unknown_.end(), [&](const auto& item) {
        return item.sku == items_[i].sku.str();
      });
      if (was_unknown) {
        levels_[i] = unknown_sku(items_[i].sku);
      } else {
        places.push_back(i);
      }
    }
    round(std::move(places), false);
  }

  /// Sends these items to their shards. `fresh`: the directory was wrong about them.
  void round(Places places, bool fresh) {
    if (places.empty()) return end();
    auto groups = std::make_shared<Groups>();
    auto left = std::make_shared<std::size_t>(places.size());
    for (const std::size_t place : places) {
      owner_.resolve(context_, items_[place].sku, fresh,
                     [=, self = shared_from_this()](const CatalogLink* link, const Error& error) {
                       if (link) {
                         auto& group = (*groups)[link->shard];
                         group.link = *link;
                         group.places.push_back(place);
                       } else {
                         const bool nobody = error.code == Errc::unknown_sku;
                         self->levels_[place] =
                             nobody ? unknown_sku(self->items_[place].sku) : error;
                       }
                       if (--*left == 0) self->send(*groups, fresh);
                     });
    }
  }

  void send(const Groups& groups, bool fresh) {
    if (groups.empty()) return end();
    auto left = std::make_shared<std::size_t>(groups.size());
    auto again = std::make_shared<Places>();
    auto moved = std::make_shared<Places>();  // the shard was not what this node took it for
    for (const auto& [shard, group] : groups) {
      engine::AdjustStocks command;
      for (const std::size_t place : group.places) command.items.push_back(items_[place]);
      owner_.write(
          context_, group.link, std::move(command),
          [=, self = shared_from_this(), id = shard, mine = group.places](CatalogAnswer& answer) {
            if (is_wrong_shard(answer)) moved->insert(moved->end(), mine.begin(), mine.end());
            self->take(id, mine, answer, fresh ? nullptr : again.get());
            if (--*left == 0) self->go_on(std::move(*again), std::move(*moved));
          });
    }
  }

  void go_on(Places again, Places moved) {
    if (moved.empty()) return round(std::move(again), true);
    owner_.pause(context_.deadline, [self = shared_from_this(), again = std::move(again),
                                     moved = std::move(moved)](bool paused) mutable {
      if (paused) again.insert(again.end(), moved.begin(), moved.end());
      self->round(std::move(again), true);
    });
  }

  void take(engine::ShardId shard, const Places& places, CatalogAnswer& answer, Places* again) {
    if (!answer.reply) {
      for (const std::size_t place : places) levels_[place] = answer.reply.error();
      return;
    }
    token_.raise({shard, answer.position});
    auto& items = std::get<engine::StockLevels>(*answer.reply).items;
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (again && !items[i] && is_misrouted(items[i].error().code)) again->push_back(places[i]);
      levels_[places[i]] =
          is_unknown(items[i]) ? Level{unknown_sku(items_[places[i]].sku)} : std::move(items[i]);
    }
  }

  void end() {
    const bool final = std::none_of(levels_.begin(), levels_.end(), [](const Level& level) {
      return !level && is_passing(level.error().code);
    });
    if (!whole_.present() || ended_ || !final || items_.empty()) return finish();
    Error answer{Errc::unknown_sku, "the batch has ended", "items", {}};
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (is_unknown(levels_[i]))
        answer.items.push_back(
            {"items[" + std::to_string(i) + "].sku", Errc::unknown_sku, items_[i].sku.str(), 0, 0});
    }
    record(ended_key(), std::move(answer), [self = shared_from_this()](CatalogAnswer& said) {
      // A batch whose end is not recorded has no final answer yet.
      const bool recorded = !said.reply && said.reply.error().code == Errc::unknown_sku;
      if (recorded) {
        self->replay_ = std::move(said.replay);  // replayed if a twin came first
        return self->finish();
      }
      self->done_({said.reply ? Error{Errc::internal, "unexpected reply"} : said.reply.error(),
                   std::move(self->token_),
                   {}});
    });
  }

  void finish() { done_({std::move(levels_), std::move(token_), std::move(replay_)}); }

  Content& owner_;
  const RequestContext context_;
  const std::vector<engine::AdjustStock> items_;
  const engine::IdempotencyKey whole_;
  Levels levels_;
  engine::ConsistencyToken token_;
  engine::Replay replay_;
  bool ended_ = false;
  std::vector<engine::ErrorItem> unknown_;  // of the batch when it ended
  Callback<Levels> done_;
};

void Client::adjust_stocks(const RequestContext& context, engine::AdjustStocks batch,
                           engine::IdempotencyKey whole, Callback<Levels> done) {
  std::make_shared<Content::AdjustmentBatch>(*content_, context, std::move(batch.items),
                                             std::move(whole), std::move(done))
      ->run();
}

}  // namespace souk::actors
