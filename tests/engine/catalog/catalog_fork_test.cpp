#include <iterator>
#include <optional>
#include <span>

#include "engine/search/search.hpp"
#include "tests/engine/catalog/fork_support.hpp"
#include "tests/engine/search/check_page.hpp"
#include "tests/engine/search/random_shop.hpp"

namespace souk::engine {
namespace {

using namespace testing;

const ShardId kParent{Service::catalog, 0};
const ShardId kChild{Service::catalog, 7};
constexpr Slot kAt = 2048;
constexpr SlotRange kLower{0, kAt - 1};
constexpr SlotRange kUpper{kAt, kSlotCount - 1};
constexpr int kHolds = 80;

std::string key_in(SlotRange range, const std::string& prefix) {
  for (int i = 0;; ++i) {
    std::string key = prefix + std::to_string(i);
    if (range.contains(slot_of(key))) return key;
  }
}

ReplicaUnderTest whole_shard() {
  ReplicaUnderTest shard{kParent};
  shard.state().set_slots({});
  return shard;
}

std::unique_ptr<CatalogReplica> fork(ReplicaUnderTest& parent, Slot at = kAt) {
  CatalogRecord record = parent.next();
  REQUIRE(parent.state().decide(ForkSlots{at, kChild}, record).reply);
  parent.commit(record);
  auto children = parent.replica->take_forked();
  REQUIRE(children.size() == 1);
  return std::move(children.front());
}

/// A shard that is split at some time beside one that never is; both get the same commands.
class Twins {
public:
  explicit Twins(std::uint32_t seed) : random_{seed} {}

  void step() {
    now_ = now_ + std::chrono::seconds{random_.below(20)};
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2:
        return put();
      case 3:
        return remove();
      case 4:
      case 5:
        return adjust();
      case 6:
      case 7:
        return place();
      case 8:
      case 9:
        return settle();
      case 10:
        return random_.chance(50) ? claim() : record();
      default:
        return expire();
    }
  }

  void split() {
    const std::uint64_t before = lower_.state().product_count();
    child_.emplace(fork(lower_));
    CHECK(child_->state().position() == 0);
    CHECK(lower_.state().product_count() + child_->state().product_count() == before);
    CHECK(lower_.state().product_count() > 0);
    CHECK(child_->state().product_count() > 0);
  }

  /// Another replica of the parent, from the journal in pieces: equal forks.
  void check_replay() {
    CatalogReplica other{kParent};
    other.state().set_slots({});
    std::unique_ptr<CatalogReplica> child;
    std::span<const CatalogRecord> rest{lower_.journal};
    while (!rest.empty()) {
      const std::size_t count = std::min<std::size_t>(rest.size(), 1 + random_.below(9));
      other.apply(rest.first(count));
      rest = rest.subspan(count);
      for (auto& forked : other.take_forked()) child = std::move(forked);
    }
    CHECK(other.state().hash() == lower_.state().hash());
    CHECK(other.state().slots() == lower_.state().slots());
    if (!child_) return;
    REQUIRE(child != nullptr);
    child->apply(child_->journal);
    CHECK(child->state().hash() == child_->state().hash());
    CHECK(child->state().slots() == child_->state().slots());
    CHECK(child->state().position() == child_->state().position());
  }

  void check_same() {
    for (int number = 0; number < 300; ++number) check_product("p-" + std::to_string(number));
    for (int number = 0; number < kHolds; ++number)
      check_hold(HoldId{"h" + std::to_string(number)});
  }

  void check_searches(int count) {
    for (int i = 0; i < count; ++i) {
      const Query query = random_.query();
      const SearchPage wanted = search({&twin_.snapshot, 1}, query, now_, {});
      std::vector<SnapshotPtr> parts{lower_.snapshot};
      if (child_) parts.push_back(child_->snapshot);
      check_equal(search(parts, query, now_, {}), wanted);
    }
  }

  void merge() {
    for (ReplicaUnderTest* shard : shards()) {
      while (const auto merge = shard->replica->index().next_merge())
        shard->replica->index().install(run_merge(*merge));
      shard->snapshot = shard->replica->index().publish(shard->state().position());
    }
  }

private:
  std::vector<ReplicaUnderTest*> shards() {
    std::vector<ReplicaUnderTest*> all{&lower_};
    if (child_) all.push_back(&*child_);
    return all;
  }
  ReplicaUnderTest& owner(const std::string& key) {
    return child_ && kUpper.contains(slot_of(key)) ? *child_ : lower_;
  }
  SlotRange range_of(const ReplicaUnderTest& shard) const {
    if (!child_) return {};
    return &shard == &*child_ ? kUpper : kLower;
  }
  CatalogState::Decision ask(ReplicaUnderTest& shard, const CatalogCommand& command) {
    return shard.run(command, range_of(shard));
  }

  void check_refusal(const CatalogState::Decision& got, const CatalogState::Decision& wanted) {
    REQUIRE(got.reply.has_value() == wanted.reply.has_value());
    if (!got.reply) CHECK(got.reply.error() == wanted.reply.error());
    CHECK(got.replay.replayed == wanted.replay.replayed);
  }

  void put() {
    PutProduct command = put_of(random_.product(), PutMode::upsert);
    command.now = now_;
    if (random_.chance(20)) command.source_version = static_cast<std::int64_t>(random_.below(9));
    for (const Variant& variant : command.product.variants)
      products_[variant.sku] = command.product.id;
    check_refusal(ask(owner(command.product.id.str()), command), twin_.run(command));
  }

  void remove() {
    DeleteProduct command;
    command.product = ProductId{random_.id()};
    command.now = now_;
    if (random_.chance(50)) command.source_version = static_cast<std::int64_t>(random_.below(9));
    check_refusal(ask(owner(command.product.str()), command), twin_.run(command));
  }

  Sku some_sku() {
    auto place = products_.begin();
    std::advance(place, static_cast<std::ptrdiff_t>(random_.below(products_.size())));
    return place->first;
  }

  void adjust() {
    if (products_.empty()) return;
    const Sku sku = some_sku();
    AdjustStock command = delta_of(sku.str(), static_cast<std::int64_t>(random_.below(30)) - 5);
    command.now = now_;
    if (random_.chance(50)) {
      command.idempotency = {"key-" + sku.str() + std::to_string(random_.below(3)), 1, "r"};
    }
    check_refusal(ask(owner(products_.at(sku).str()), command), twin_.run(command));
  }

  void claim() {
    if (products_.empty()) return;
    const Sku sku = some_sku();
    const std::vector<ClaimSkus::Claim> claims{{sku, products_.at(sku)}};
    const CatalogCommand command = random_.chance(60) ? CatalogCommand{ClaimSkus{claims}}
                                                      : CatalogCommand{ReleaseSkus{claims}};
    check_refusal(ask(owner(sku.str()), command), twin_.run(command));
    CHECK(owner(sku.str()).state().claim_of(sku) == twin_.state().claim_of(sku));
  }

  void record() {
    RecordReservation command;
    Reservation reservation;
    reservation.id = some_hold();
    reservation.state = static_cast<HoldState>(random_.below(4));
    reservation.expires_at = now_ + std::chrono::seconds{random_.below(300)};
    command.reservation = reservation;
    command.idempotency = {"rkey-" + reservation.id.str(), 1, "r"};
    command.now = now_;
    ReplicaUnderTest& home = owner(reservation.id.str());
    check_refusal(ask(home, command), twin_.run(command));
    REQUIRE(home.state().reservation(reservation.id) != nullptr);
    CHECK(*home.state().reservation(reservation.id) == *twin_.state().reservation(reservation.id));
  }

  void expire() {
    if (random_.chance(20)) now_ = now_ + std::chrono::hours{5};
    for (ReplicaUnderTest* shard : shards()) shard->run(ExpireDue{now_});
    twin_.run(ExpireDue{now_});
  }

  HoldId some_hold() { return HoldId{"h" + std::to_string(random_.below(kHolds))}; }
  static HoldOwner owner_of(const HoldId& id) {
    return id.hash() % 2 == 0 ? HoldOwner::client : HoldOwner::checkout;
  }

  std::map<ReplicaUnderTest*, std::vector<HoldLine>> divide(const std::vector<HoldLine>& lines) {
    std::map<ReplicaUnderTest*, std::vector<HoldLine>> parts;
    for (const HoldLine& line : lines) parts[&owner(products_.at(line.sku).str())].push_back(line);
    return parts;
  }

  /// As a coordinator: a part at every shard, given back where another part was refused.
  void place() {
    if (products_.empty()) return;
    const HoldId id = some_hold();
    if (requested_.contains(id) && random_.chance(60)) return settle();
    std::set<Sku> chosen;
    for (std::size_t i = 1 + random_.below(4); i > 0; --i) chosen.insert(some_sku());
    std::vector<HoldLine> lines;
    for (const Sku& sku : chosen)
      lines.push_back(line_of(sku.str(), static_cast<std::int64_t>(1 + random_.below(2))));
    if (const auto known = requested_.find(id); known != requested_.end()) lines = known->second;
    PlaceHold command = hold_of(id.str(), lines, owner_of(id));
    command.now = now_;
    command.expires_at = now_ + std::chrono::seconds{60 + random_.below(600)};
    const auto wanted = twin_.run(command);
    const auto parts = divide(lines);
    if (!wanted.reply) {
      bool refused = false;
      for (const auto& [shard, part] : parts) {
        command.lines = part;
        refused = refused || !shard->try_out(command, range_of(*shard)).reply;
      }
      CHECK(refused);
      return;
    }
    std::set<std::string> held;
    for (const auto& [shard, part] : parts) {
      command.lines = part;
      const auto got = ask(*shard, command);
      REQUIRE(got.reply);
      for (const HeldLine& line : std::get<HoldPlacedReply>(*got.reply).held)
        held.insert(line.sku.str() + std::to_string(line.quantity.units()) + line.title +
                    std::to_string(line.price.minor_units));
    }
    for (const HeldLine& line : std::get<HoldPlacedReply>(*wanted.reply).held)
      CHECK(held.contains(line.sku.str() + std::to_string(line.quantity.units()) + line.title +
                          std::to_string(line.price.minor_units)));
    requested_[id] = lines;
  }

  /// Commits, releases or extends wherever a part of the hold may be.
  void settle() {
    const HoldId id = some_hold();
    const auto known = requested_.find(id);
    if (known == requested_.end()) return;
    CatalogCommand command = ExtendHold{id, now_, now_ + std::chrono::seconds{random_.below(600)}};
    if (random_.chance(40)) {
      command = CommitHold{id, owner_of(id), std::nullopt, "order-" + id.str(), now_};
    } else if (random_.chance(50)) {
      command = ReleaseHold{id, owner_of(id), now_};
    }
    const auto wanted = twin_.run(command);
    for (const auto& [shard, part] : divide(known->second))
      check_refusal(ask(*shard, command), wanted);
  }

  void check_product(const std::string& name) {
    const ProductId id{name};
    const auto wanted = twin_.state().view(id);
    const auto got = owner(name).state().view(id);
    for (ReplicaUnderTest* shard : shards()) {
      CHECK(shard->state().owns(id) == (shard == &owner(name)));
      if (shard != &owner(name)) CHECK(shard->state().product(id) == nullptr);
    }
    REQUIRE(got.has_value() == wanted.has_value());
    if (!got) return;
    CHECK(got->entry.version == wanted->entry.version);
    CHECK(*got->entry.document == *wanted->entry.document);
    CHECK(got->entry.updated_at == wanted->entry.updated_at);
    CHECK(all_facts(got->skus) == all_facts(wanted->skus));
    for (const SkuEntry& entry : got->skus) {
      CHECK(all_facts(owner(name).state().recent_ledger(entry.terms.sku)) ==
            all_facts(twin_.state().recent_ledger(entry.terms.sku)));
    }
  }

  void check_hold(const HoldId& id) {
    const Hold* wanted = twin_.state().hold(id);
    std::map<Sku, Quantity> lines;
    std::size_t found = 0;
    for (ReplicaUnderTest* shard : shards()) {
      const Hold* part = shard->state().hold(id);
      if (part == nullptr) continue;
      ++found;
      REQUIRE(wanted != nullptr);
      CHECK(part->state == wanted->state);
      CHECK(part->owner == wanted->owner);
      CHECK(part->expires_at == wanted->expires_at);
      for (const HoldLine& line : part->lines) lines[line.sku] += line.quantity;
    }
    CHECK((found > 0) == (wanted != nullptr));
    if (wanted == nullptr) return;
    std::map<Sku, Quantity> wanted_lines;
    for (const HoldLine& line : wanted->lines) wanted_lines[line.sku] += line.quantity;
    CHECK(lines == wanted_lines);
  }

  RandomShop random_;
  Timestamp now_ = kNoon;
  ReplicaUnderTest twin_{kParent};
  ReplicaUnderTest lower_ = whole_shard();
  std::optional<ReplicaUnderTest> child_;
  std::map<Sku, ProductId> products_;  // every SKU there ever was
  std::map<HoldId, std::vector<HoldLine>> requested_;
};

TEST_CASE("catalog fork: two halves answer every command and search as the whole would") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    Twins twins{seed};
    for (int i = 0; i < 1'200; ++i) twins.step();
    twins.check_same();
    if (seed % 2 == 0) twins.merge();
    twins.split();
    twins.check_same();
    twins.check_searches(60);
    for (int i = 0; i < 800; ++i) twins.step();
    twins.check_same();
    twins.check_searches(60);
    twins.merge();
    twins.check_searches(60);
    twins.check_replay();
  }
}

TEST_CASE("catalog fork: decided twice it is done once") {
  ReplicaUnderTest shard = whole_shard();
  CatalogRecord record = shard.next();
  CHECK(shard.state().decide(ForkSlots{kAt, kChild}, record).answer_at == 1);
  const auto again = shard.state().decide(ForkSlots{kAt, kChild}, record);
  CHECK(again.reply.has_value());
  CHECK(again.answer_at == 1);  // nothing of it is true before the record is committed
  REQUIRE(record.events.size() == 1);
  shard.commit(record);
  REQUIRE(shard.replica->take_forked().size() == 1);

  record = shard.next();
  CHECK(shard.state().decide(ForkSlots{kAt, kChild}, record).reply.has_value());
  CHECK(record.events.empty());
  CHECK(shard.replica->take_forked().empty());
  const auto refusal = [&](Slot slot, ShardId child) {
    return shard.state().decide(ForkSlots{slot, child}, record).reply.error().code;
  };
  CHECK(refusal(kAt + 1, kChild) == Errc::invalid_value);
  CHECK(refusal(kAt, ShardId{Service::catalog, 9}) == Errc::wrong_shard);
  CHECK(refusal(0, ShardId{Service::catalog, 9}) == Errc::invalid_value);
  CHECK(refusal(7, kParent) == Errc::invalid_value);
  CHECK(refusal(7, ShardId{Service::orders, 9}) == Errc::invalid_value);
  CHECK(shard.state().slots().range == kLower);
}

TEST_CASE("catalog fork: what was given away is refused from the decision on") {
  ReplicaUnderTest shard = whole_shard();
  const std::string low = key_in(kLower, "p");
  const std::string high = key_in(kUpper, "p");
  const std::string low_sku = key_in(kLower, "S");
  const std::string high_sku = key_in(kUpper, "S");
  // Claims lie where the SKU's slot is, products where their id's is.
  shard.run(put_of(product_of(low, {variant_of(high_sku, 100, 5)})));
  shard.run(put_of(product_of(high, {variant_of(low_sku, 100, 5)})));
  shard.run(hold_of("h", {line_of(low_sku, 2), line_of(high_sku, 3)}));
  CatalogRecord record = shard.next();
  REQUIRE(shard.state().decide(ForkSlots{kAt, kChild}, record).reply);
  const std::size_t forked = record.events.size();

  const auto check_refused = [&] {
    const auto code = [&](const CatalogCommand& command, std::optional<SlotRange> believed) {
      const auto decision = shard.state().decide(command, record, believed);
      return decision.reply ? Errc::none : decision.reply.error().code;
    };
    for (const std::optional<SlotRange> believed : {std::optional{kLower}, {std::nullopt}}) {
      CHECK(code(put_of(product_of(high, {variant_of(low_sku, 100)})), believed) ==
            Errc::wrong_shard);
      CHECK(code(DeleteProduct{ProductId{high}, {}, kNoon}, believed) == Errc::wrong_shard);
      CHECK(code(ClaimSkus{{{Sku{high_sku}, ProductId{low}}}}, believed) == Errc::wrong_shard);
      CHECK(code(ReleaseSkus{{{Sku{high_sku}, ProductId{low}}}}, believed) == Errc::wrong_shard);
      CHECK(code(put_of(product_of(low, {variant_of(high_sku, 100)})), believed) == Errc::none);
      CHECK(code(delta_of(low_sku, 1), believed) ==
            (believed ? Errc::unknown_sku : Errc::wrong_shard));
    }
    // Without a word about what the sender believes it may be stale; with a stale belief it is.
    for (const std::optional<SlotRange> believed : {std::optional{SlotRange{}}, {std::nullopt}}) {
      CHECK(code(CommitHold{HoldId{"h"}, HoldOwner::client, {}, "o", kNoon}, believed) ==
            Errc::wrong_shard);
      CHECK(code(ReleaseHold{HoldId{"h"}, HoldOwner::client, kNoon}, believed) ==
            Errc::wrong_shard);
      CHECK(code(ExtendHold{HoldId{"h"}, kNoon, at_second(900)}, believed) == Errc::wrong_shard);
      CHECK(code(hold_of("i", {line_of(high_sku, 1)}), believed) == Errc::wrong_shard);
    }
    const auto extended =
        shard.state().decide(ExtendHold{HoldId{"h"}, kNoon, at_second(600)}, record, kLower);
    REQUIRE(extended.reply);
    CHECK(std::get<HoldDone>(*extended.reply).hold.lines == std::vector{line_of(high_sku, 3)});
  };
  check_refused();
  CHECK(record.events.size() == forked);
  shard.commit(record);
  record = shard.next();
  check_refused();
  CHECK(record.events.empty());

  auto child = std::move(shard.replica->take_forked().front());
  REQUIRE(child->state().hold(HoldId{"h"}) != nullptr);
  CHECK(child->state().hold(HoldId{"h"})->lines == std::vector{line_of(low_sku, 2)});
  CHECK(child->state().sku(Sku{low_sku})->stock.held == Quantity{2});
  CHECK(shard.state().sku(Sku{high_sku})->stock.held == Quantity{3});
}

TEST_CASE("catalog fork: the result of a merge that a fork overtook is dropped") {
  ReplicaUnderTest shard = whole_shard();
  for (int i = 0; i < 40; ++i) {
    const std::string id = "p" + std::to_string(i);
    shard.run(put_of(product_of(id, {variant_of("S" + id, 100, 5)})));
  }
  const auto merge = shard.replica->index().next_merge();
  REQUIRE(merge);
  auto child = fork(shard);
  shard.replica->index().install(run_merge(*merge));

  const SnapshotPtr lower = shard.replica->index().publish(shard.state().position());
  const SnapshotPtr upper = child->index().publish(0);
  CHECK(snapshot_size(*lower) == shard.state().product_count());
  CHECK(snapshot_size(*upper) == child->state().product_count());
  CHECK(snapshot_size(*lower) + snapshot_size(*upper) == 40);
  while (const auto next = shard.replica->index().next_merge())
    shard.replica->index().install(run_merge(*next));
  CHECK(snapshot_size(*shard.replica->index().publish(99)) == shard.state().product_count());
}

TEST_CASE("catalog fork: a child is split like any other shard") {
  ReplicaUnderTest shard = whole_shard();
  for (int i = 0; i < 60; ++i) {
    const std::string id = "p" + std::to_string(i);
    shard.run(put_of(product_of(id, {variant_of("S" + id, 100, 5)})));
  }
  ReplicaUnderTest child{fork(shard)};
  for (int i = 0; i < 60; ++i) {
    const std::string id = "p" + std::to_string(i);
    if (!kUpper.contains(slot_of(id))) continue;
    REQUIRE(child.run(delta_of("S" + id, 2), kUpper).reply);
  }
  CatalogRecord record = child.next();
  REQUIRE(child.state().decide(ForkSlots{3000, ShardId{Service::catalog, 8}}, record).reply);
  child.commit(record);
  auto grandchildren = child.replica->take_forked();
  REQUIRE(grandchildren.size() == 1);
  ReplicaUnderTest grandchild{std::move(grandchildren.front())};
  CHECK(grandchild.state().slots().range == SlotRange{3000, kSlotCount - 1});
  CHECK(grandchild.state().slots().history ==
        child.state().slots().history + child.state().position());
  CHECK(shard.state().product_count() + child.state().product_count() +
            grandchild.state().product_count() ==
        60);
  for (const ProductId& id : grandchild.state().products_after(ProductId{}, 100)) {
    const Sku sku{"S" + id.str()};
    REQUIRE(grandchild.run(delta_of(sku.str(), -1), grandchild.state().slots().range).reply);
    const auto ledger = grandchild.state().recent_ledger(sku);
    REQUIRE(ledger.size() == 3);
    CHECK(ledger[0].on_hand == Quantity{6});
    CHECK(ledger[1].on_hand == Quantity{7});
    CHECK(ledger[2].on_hand == Quantity{5});
    CHECK(ledger[0].previous == ledger[1].position);
    CHECK(ledger[1].previous == ledger[2].position);
  }
}

}  // namespace
}  // namespace souk::engine
