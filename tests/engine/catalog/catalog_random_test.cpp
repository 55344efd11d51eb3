#include <deque>
#include <map>
#include <random>
#include <set>

#include "tests/engine/catalog/catalog_support.hpp"

namespace souk::engine {
namespace {

using namespace testing;

constexpr int kProducts = 6;

std::string sku_name(int product, int variant) {
  return "S" + std::to_string(product) + "-" + std::to_string(variant);
}

/// Random commands over few names, so that they meet each other all the time.
class Commands {
public:
  explicit Commands(std::uint32_t seed) : random_{seed} {}

  CatalogCommand next() {
    now_ = now_ + std::chrono::seconds{below(30)};
    switch (below(16)) {
      case 0:
      case 1:
        return put();
      case 2:
        return import();
      case 3:
        return remove();
      case 4:
      case 5:
        return adjust();
      case 6:
        return adjust_many();
      case 7:
      case 8:
      case 9:
        return place();
      case 10:
      case 11:
        return commit();
      case 12:
        return ReleaseHold{hold_id(), owner_, now_};
      case 13:
        return extend();
      case 14:
        return record();
      default:
        return below(6) == 0 ? claims() : CatalogCommand{ExpireDue{now_}};
    }
  }

  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint32_t>(limit)); }

private:
  std::string some_sku() { return sku_name(below(kProducts), below(3)); }

  PutProduct put() {
    const int id = below(kProducts);
    std::vector<Variant> variants;
    for (int variant = 0; variant < 3; ++variant) {
      if (below(5) == 0) continue;
      const std::optional<std::int64_t> stock =
          below(3) == 0 ? std::optional<std::int64_t>{below(12)} : std::nullopt;
      variants.push_back(variant_of(sku_name(id, variant), 100 * (1 + below(3)), stock));
      if (below(8) == 0) variants.back().max_per_order = 2;
    }
    if (below(10) == 0) variants.push_back(variant_of(some_sku(), 100));
    Product product = product_of("p" + std::to_string(id), std::move(variants));
    if (below(4) == 0) product.title += std::to_string(below(3));
    if (below(10) == 0) product.status = ProductStatus::draft;
    PutProduct put = put_of(std::move(product), static_cast<PutMode>(below(3)));
    if (below(6) == 0) put.if_version = static_cast<std::uint64_t>(below(5));
    if (below(4) == 0) put.source_version = below(6);
    put.now = now_;
    return put;
  }

  PutProducts import() {
    PutProducts command;
    command.import_id = "import-" + std::to_string(below(70));
    command.now = now_;
    for (int i = below(5); i >= 0; --i) {
      command.lines.push_back({static_cast<std::uint64_t>(below(40)), put(), below(10) == 0});
    }
    return command;
  }

  DeleteProduct remove() {
    DeleteProduct command;
    command.product = ProductId{"p" + std::to_string(below(kProducts))};
    command.now = now_;
    return command;
  }

  AdjustStock adjust() {
    AdjustStock command =
        below(2) == 0 ? delta_of(some_sku(), below(30) - 8) : set_of(some_sku(), below(20));
    if (below(6) == 0) command.change_from = Quantity{below(10)};
    if (below(2) == 0) command.idempotency = key();
    command.now = now_;
    return command;
  }

  AdjustStocks adjust_many() {
    AdjustStocks command;
    for (int i = below(4); i >= 0; --i) command.items.push_back(adjust());
    return command;
  }

  IdempotencyKey key() {
    return {"key-" + std::to_string(below(200)), static_cast<std::uint64_t>(below(2)),
            "req-" + std::to_string(below(99))};
  }

  HoldId hold_id() {
    const int number = below(60);
    owner_ = number % 2 == 0 ? HoldOwner::client : HoldOwner::checkout;
    return HoldId{"h" + std::to_string(number)};
  }

  std::vector<HoldLine> lines() {
    std::vector<HoldLine> some;
    for (int i = below(4); i >= 0; --i) some.push_back(line_of(some_sku(), 1 + below(3)));
    return some;
  }

  PlaceHold place() {
    PlaceHold command;
    command.id = hold_id();
    command.owner = owner_;
    command.lines = lines();
    command.all_or_nothing = below(3) != 0;
    command.now = now_;
    command.expires_at = now_ + std::chrono::seconds{60 + below(300)};
    return command;
  }

  CommitHold commit() {
    CommitHold command;
    command.id = hold_id();
    command.owner = owner_;
    if (below(3) == 0) command.lines = lines();
    command.reference = "ord_" + command.id.str();
    command.now = now_;
    return command;
  }

  ExtendHold extend() { return {hold_id(), now_, now_ + std::chrono::seconds{below(600)}}; }

  RecordReservation record() {
    RecordReservation command;
    command.idempotency = key();
    command.now = now_;
    if (below(4) == 0) command.refusal = Error{Errc::insufficient_stock, "too few"};
    if (!command.refusal || below(2) == 0) {
      Reservation reservation;
      reservation.id = hold_id();
      reservation.state = static_cast<HoldState>(below(4));
      reservation.created_at = now_;
      reservation.expires_at = now_ + std::chrono::seconds{below(300)};
      command.reservation = reservation;
    }
    return command;
  }

  CatalogCommand claims() {
    std::vector<ClaimSkus::Claim> some;
    for (int i = below(3); i >= 0; --i) {
      some.push_back({Sku{some_sku()}, ProductId{"p" + std::to_string(below(2))}});
    }
    if (below(3) == 0) now_ = now_ + std::chrono::hours{3};
    return below(2) == 0 ? CatalogCommand{ClaimSkus{some}} : CatalogCommand{ReleaseSkus{some}};
  }

  std::mt19937 random_;
  Timestamp now_ = kNoon;
  HoldOwner owner_ = HoldOwner::client;
};

void check_same(const CatalogState::Decision& a, const CatalogState::Decision& b) {
  REQUIRE(a.reply.has_value() == b.reply.has_value());
  CHECK(a.replay.replayed == b.replay.replayed);
  CHECK(a.replay.request_id == b.replay.request_id);
  if (!a.reply) {
    CHECK(a.reply.error() == b.reply.error());
    return;
  }
  REQUIRE(a.reply->index() == b.reply->index());
  if (const auto* placed = std::get_if<HoldPlacedReply>(&*a.reply)) {
    CHECK(placed->held == std::get<HoldPlacedReply>(*b.reply).held);
    CHECK(placed->refused == std::get<HoldPlacedReply>(*b.reply).refused);
  } else if (const auto* done = std::get_if<HoldDone>(&*a.reply)) {
    CHECK(done->hold == std::get<HoldDone>(*b.reply).hold);
  } else if (const auto* level = std::get_if<StockLevel>(&*a.reply)) {
    CHECK(level->entry.stock == std::get<StockLevel>(*b.reply).entry.stock);
    CHECK(level->entry.version == std::get<StockLevel>(*b.reply).entry.version);
  } else if (const auto* put = std::get_if<ProductPutDone>(&*a.reply)) {
    CHECK(put->version == std::get<ProductPutDone>(*b.reply).version);
    CHECK(put->dropped == std::get<ProductPutDone>(*b.reply).dropped);
  }
}

/// I1 and the identities of stock, recomputed from nothing but holds and the ledger.
void check_stock(const CatalogState& state, const std::set<std::string>& holds) {
  std::map<Sku, Quantity> held;
  for (const std::string& id : holds) {
    const Hold* hold = state.hold(HoldId{id});
    if (hold == nullptr || hold->state != HoldState::held) continue;
    for (const HoldLine& line : hold->lines) held[line.sku] += line.quantity;
  }
  for (int product = 0; product < kProducts; ++product) {
    for (int variant = 0; variant < 3; ++variant) {
      const Sku sku{sku_name(product, variant)};
      const SkuEntry* entry = state.sku(sku);
      if (entry == nullptr) continue;
      const Stock& stock = entry->stock;
      CHECK(stock.held == held[sku]);
      CHECK(stock.held <= stock.on_hand);
      CHECK(stock.on_hand == stock.received - stock.sold);
      CHECK(stock.sold >= Quantity{0});
      // Ledger and level agree: the changes sum up to what is on hand.
      Quantity sum;
      std::uint64_t below = UINT64_MAX;
      for (const LedgerEntry& line : state.recent_ledger(sku)) {
        if (below == UINT64_MAX) CHECK(line.on_hand == stock.on_hand);
        CHECK(line.position <= below);
        below = line.position;
        sum += line.delta;
      }
      CHECK(sum == stock.on_hand);
    }
  }
}

TEST_CASE(
    "catalog state: pipelined decisions equal decisions on applied state, and every replay is "
    "exact") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Commands commands{seed};
    std::set<std::string> holds;
    for (int i = 0; i < 60; ++i) holds.insert("h" + std::to_string(i));
    CatalogState leader{kShard};    // decides ahead of what is committed
    CatalogState applied{kShard};   // applies each record before the next decision
    CatalogState follower{kShard};  // only applies
    CatalogEffects effects;
    std::deque<CatalogRecord> in_flight;
    std::map<Position, std::uint64_t> hash_at;
    Position last = 0;

    const auto commit_one = [&] {
      leader.apply(in_flight.front(), effects);
      follower.apply(in_flight.front(), effects);
      in_flight.pop_front();
      REQUIRE(leader.hash() == hash_at.at(leader.position()));
      REQUIRE(follower.hash() == leader.hash());
    };
    for (int round = 0; round < 3'000; ++round) {
      const CatalogCommand command = commands.next();
      // Expiry looks for what is due among committed entries only.
      while (std::holds_alternative<ExpireDue>(command) && !in_flight.empty()) commit_one();
      CatalogRecord ahead;
      CatalogRecord direct;
      ahead.position = direct.position = last + 1;
      const auto tentative = leader.decide(command, ahead);
      const auto settled = applied.decide(command, direct);
      check_same(tentative, settled);
      CHECK(tentative.answer_at <= ahead.position);
      CHECK((tentative.answer_at == 0 || tentative.answer_at > leader.position()));
      CHECK((ahead.events.empty() || tentative.answer_at == ahead.position));
      REQUIRE(ahead.events.size() == direct.events.size());
      if (!ahead.events.empty()) {
        applied.apply(direct, effects);
        hash_at[++last] = applied.hash();
        in_flight.push_back(std::move(ahead));
      }
      while (in_flight.size() > static_cast<std::size_t>(commands.below(6))) commit_one();
      if (round % 50 == 0) check_stock(applied, holds);
    }
    while (!in_flight.empty()) commit_one();
    CHECK(leader.hash() == applied.hash());
    check_stock(leader, holds);
  }
}

TEST_CASE("catalog state: thrown away tentative state leaves no trace") {
  Commands commands{77};
  Shard shard;
  for (int round = 0; round < 500; ++round) {
    CatalogRecord lost;
    lost.position = shard.state.position() + 1;
    for (int i = commands.below(5); i > 0; --i) (void)shard.state.decide(commands.next(), lost);
    shard.state.forget_tentative();
    shard.run(commands.next());
  }
  CatalogState fresh{kShard};
  CatalogEffects effects;
  for (const CatalogRecord& record : shard.journal) fresh.apply(record, effects);
  CHECK(fresh.hash() == shard.state.hash());
}

/// What a store keeps: the newest value of every key.
struct Image {
  std::map<ProductId, ProductEntry> products;
  std::map<ProductId, std::vector<SkuEntry>> product_skus;  // as they were when it was written
  std::map<Sku, SkuEntry> skus;
  std::map<Sku, ClaimSkus::Claim> claims;
  std::map<HoldId, Hold> holds;
  std::map<HoldId, Reservation> reservations;
  std::map<std::string, AnswerEntry> answers;
  std::map<std::string, ImportEntry> imports;
  std::vector<LedgerEntry> ledger;
  Position position = 0;
  std::uint64_t hash = 0;

  void save(CatalogChanges changes) {
    for (auto& v : changes.products) {
      products[v.id] = v;
      product_skus[v.id].clear();
    }
    for (auto& v : changes.product_skus) product_skus.at(v.product).push_back(v);
    for (auto& v : changes.skus) skus[v.terms.sku] = v;
    for (auto& v : changes.claims) claims[v.sku] = v;
    for (auto& v : changes.holds) holds[v.id] = v;
    for (auto& v : changes.reservations) reservations[v.id] = v;
    for (auto& v : changes.answers) answers[v.answer.key.key] = v;
    for (auto& v : changes.imports) imports[v.import_id] = v;
    for (auto& k : changes.products_erased) {
      products.erase(k);
      product_skus.erase(k);
    }
    for (auto& k : changes.skus_erased) skus.erase(k);
    for (auto& k : changes.claims_erased) claims.erase(k);
    for (auto& k : changes.holds_erased) holds.erase(k);
    for (auto& k : changes.reservations_erased) reservations.erase(k);
    for (auto& k : changes.answers_erased) answers.erase(k);
    for (auto& k : changes.imports_erased) imports.erase(k);
    ledger.insert(ledger.end(), changes.ledger.begin(), changes.ledger.end());
    position = changes.position;
    hash = changes.state_hash;
  }

  template <class Values, class Map>
  static void copy(Values& values, const Map& map) {
    for (const auto& [key, value] : map) values.push_back(value);
  }

  void load_into(CatalogState& state) const {
    CatalogChanges image;
    copy(image.products, products);
    for (const auto& [product, written] : product_skus)
      image.product_skus.insert(image.product_skus.end(), written.begin(), written.end());
    copy(image.skus, skus);
    copy(image.claims, claims);
    copy(image.holds, holds);
    copy(image.reservations, reservations);
    copy(image.answers, answers);
    copy(image.imports, imports);
    state.load(std::move(image));
    state.set_loaded(position, hash);
  }
};

TEST_CASE("catalog state: what was materialised, plus the tail of the journal, is the state") {
  for (std::uint32_t seed = 100; seed < 108; ++seed) {
    CAPTURE(seed);
    Commands commands{seed};
    Shard shard;
    Image image;
    for (int round = 0; round < 2'500; ++round) {
      // Several commands share a record, as they do under load.
      CatalogRecord record;
      record.position = shard.state.position() + 1;
      for (int i = commands.below(5); i >= 0; --i)
        (void)shard.state.decide(commands.next(), record);
      if (!record.events.empty()) {
        shard.journal.push_back(record);
        shard.state.apply(record, shard.effects);
      }
      if (commands.below(100) == 0) image.save(shard.state.take_changes());
      if (commands.below(400) == 0) {
        CatalogState restarted{kShard};
        image.load_into(restarted);
        CatalogEffects effects;
        for (const CatalogRecord& tail : shard.journal) {
          if (tail.position > image.position) restarted.apply(tail, effects);
        }
        REQUIRE(restarted.position() == shard.state.position());
        REQUIRE(restarted.hash() == shard.state.hash());
        CHECK(restarted.products_after(ProductId{}, 100) ==
              shard.state.products_after(ProductId{}, 100));
      }
    }
    // Links lead from each ledger entry to the record before it, through memory and store alike.
    image.save(shard.state.take_changes());
    for (const auto& [sku, entry] : image.skus) {
      Quantity sum;
      std::uint64_t next = entry.ledger_head;
      while (next != 0) {
        std::uint64_t previous = 0;
        bool found = false;
        for (const LedgerEntry& line : image.ledger) {
          if (line.sku != sku || line.position != next) continue;
          sum += line.delta;
          previous = line.previous;
          found = true;
        }
        REQUIRE(found);
        next = previous;
      }
      CHECK(sum == entry.stock.on_hand);
    }
  }
}

}  // namespace
}  // namespace souk::engine
