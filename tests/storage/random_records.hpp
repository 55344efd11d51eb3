#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/catalog/catalog_state.hpp"
#include "engine/order/order_event.hpp"
#include "engine/order/order_state.hpp"

namespace souk::test {

/// Records with random content in every field, the same for the same seed.
class RandomRecords {
public:
  explicit RandomRecords(std::uint64_t seed) : random_{seed} {}

  std::uint64_t number(std::uint64_t below) {
    return std::uniform_int_distribution<std::uint64_t>{0, below - 1}(random_);
  }
  bool flip() { return number(2) == 1; }

  /// Any bytes at all, sometimes none: what was journaled must come back whatever it holds.
  std::string bytes(std::size_t max = 24) {
    std::string text(number(max + 1), '\0');
    for (char& c : text) c = static_cast<char>(number(256));
    return text;
  }
  template <class Id>
  Id id() {
    std::string text = "id";
    for (std::size_t i = number(20); i > 0; --i) text += "abcXYZ019_.:-"[number(13)];
    return Id{text};
  }
  std::int64_t integer() {
    const std::uint64_t any = random_() >> number(64);
    return static_cast<std::int64_t>(flip() ? any : ~any);
  }
  engine::Quantity quantity() { return engine::Quantity{integer()}; }
  engine::Timestamp time() { return engine::Timestamp{integer()}; }
  engine::Money money() {
    static constexpr const char* kCodes[] = {"EUR", "USD", "JPY", "KWD"};
    return {integer(), *engine::Currency::parse(kCodes[number(4)])};
  }
  template <class Make>
  auto list(Make make, std::size_t max = 3) {
    std::vector<decltype(make())> values;
    for (std::size_t i = number(max + 1); i > 0; --i) values.push_back(make());
    return values;
  }
  template <class Make>
  auto maybe(Make make) {
    return flip() ? std::optional<decltype(make())>{make()} : std::nullopt;
  }

  engine::ErrorItem error_item() {
    return {bytes(), static_cast<engine::Errc>(number(81)), bytes(), integer(), integer()};
  }
  engine::Error error() {
    return {static_cast<engine::Errc>(number(81)), bytes(), bytes(),
            list([&] { return error_item(); })};
  }
  engine::IdempotencyKey key() { return {bytes(), random_(), bytes()}; }
  engine::SkuTerms terms() { return {id<engine::Sku>(), money(), integer()}; }
  engine::SkuEntry sku() {
    return {terms(),
            id<engine::ProductId>(),
            {quantity(), quantity(), quantity(), quantity()},
            random_(),
            random_()};
  }
  engine::Document document() { return std::make_shared<const std::string>(bytes(400)); }
  engine::ProductEntry product() {
    engine::ProductEntry entry;
    entry.id = id<engine::ProductId>();
    entry.document = document();
    entry.version = random_();
    entry.content_version = random_();
    entry.source_version = maybe([&] { return integer(); });
    entry.status = static_cast<engine::ProductStatus>(number(3));
    entry.available_at = maybe([&] { return time(); });
    entry.created_at = time();
    entry.updated_at = time();
    entry.skus = list([&] { return id<engine::Sku>(); });
    return entry;
  }
  engine::HoldLine hold_line() { return {id<engine::Sku>(), quantity()}; }
  engine::Hold hold() {
    return {id<engine::HoldId>(),
            static_cast<engine::HoldOwner>(number(2)),
            static_cast<engine::HoldState>(number(4)),
            list([&] { return hold_line(); }),
            list([&] { return money(); }),
            time(),
            time()};
  }
  engine::HeldLine held_line() {
    return {id<engine::Sku>(), id<engine::ProductId>(), quantity(), money(), bytes()};
  }
  engine::Reservation reservation() {
    return {id<engine::HoldId>(),
            static_cast<engine::HoldState>(number(4)),
            list([&] { return held_line(); }),
            list([&] { return error_item(); }),
            time(),
            time()};
  }
  engine::AnswerRecorded answer() {
    return {key(), maybe([&] { return error(); }), maybe([&] { return reservation(); }),
            maybe([&] { return sku(); }), time()};
  }
  engine::LedgerEntry ledger_entry(engine::Position position) {
    return {id<engine::Sku>(), quantity(), quantity(), bytes(),
            bytes(),           time(),     position,   random_()};
  }

  engine::Address address() {
    return {bytes(), bytes(), bytes(), bytes(), bytes(), bytes(), bytes()};
  }
  engine::Customer customer() { return {id<engine::CustomerId>(), bytes()}; }
  engine::CheckoutRequest request() {
    return {list([&] {
              return engine::CheckoutLine{id<engine::Sku>(), quantity(),
                                          maybe([&] { return money(); })};
            }),
            customer(),
            maybe([&] { return address(); }),
            {bytes(), bytes()}};
  }
  engine::Order order() {
    engine::Order order;
    order.id = id<engine::OrderId>();
    order.status = static_cast<engine::OrderStatus>(number(2));
    order.customer = customer();
    order.shipping_address = maybe([&] { return address(); });
    order.lines = list([&] {
      return engine::OrderLine{
          id<engine::Sku>(), id<engine::ProductId>(), bytes(), quantity(), money(), money()};
    });
    order.totals = {money(), money(), money(), money(), money()};
    order.payment = {id<engine::PaymentId>(), bytes(), bytes(),
                     static_cast<engine::PaymentStatus>(number(3)), money()};
    order.created_at = time();
    order.updated_at = time();
    order.version = random_();
    return order;
  }
  engine::CheckoutEntry checkout() {
    engine::CheckoutEntry entry;
    entry.id = id<engine::OrderId>();
    entry.phase = static_cast<engine::CheckoutPhase>(number(4));
    entry.hold = id<engine::HoldId>();
    entry.idempotency = key();
    if (flip()) entry.request = request();
    if (flip()) entry.order = order();
    if (flip()) entry.refusal = error();
    entry.begun_at = time();
    return entry;
  }

  /// One event of each kind, in a random order of content, `kind` counting through the variant.
  engine::CatalogEvent catalog_event(std::size_t kind) {
    const auto claims = [&] {
      return list([&] {
        return engine::ClaimSkus::Claim{id<engine::Sku>(), id<engine::ProductId>()};
      });
    };
    const auto holds = [&] { return list([&] { return id<engine::HoldId>(); }); };
    const auto texts = [&] { return list([&] { return bytes(); }); };
    switch (kind) {
      case 0:
        return engine::SkusClaimed{claims()};
      case 1:
        return engine::SkusReleased{claims()};
      case 2:
        return engine::ProductPut{id<engine::ProductId>(),
                                  flip() ? document() : nullptr,
                                  random_(),
                                  maybe([&] { return integer(); }),
                                  static_cast<engine::ProductStatus>(number(3)),
                                  maybe([&] { return time(); }),
                                  time(),
                                  list([&] { return terms(); })};
      case 3:
        return engine::ProductDeleted{id<engine::ProductId>(), time()};
      case 4:
        return engine::StockChanged{id<engine::Sku>(), quantity(), bytes(), bytes(), time()};
      case 5:
        return engine::HoldPlaced{hold()};
      case 6:
        return engine::HoldCommitted{id<engine::HoldId>(), list([&] { return hold_line(); }),
                                     bytes(), time(), time()};
      case 7:
        return engine::HoldReleased{id<engine::HoldId>(), flip(), time(), time()};
      case 8:
        return engine::HoldExtended{id<engine::HoldId>(), time()};
      case 9:
        return engine::HoldsForgotten{holds()};
      case 10:
        return answer();
      case 11:
        return engine::AnswersForgotten{texts()};
      case 12:
        return engine::ReservationRecorded{reservation()};
      case 13:
        return engine::ReservationsForgotten{holds()};
      case 14:
        return engine::ImportProgressed{bytes(), list([&] { return random_() >> 1U; })};
      case 15:
        return engine::ImportsForgotten{texts()};
      default:
        return forked(engine::Service::catalog);
    }
  }
  engine::OrderEvent order_event(std::size_t kind) {
    switch (kind) {
      case 0:
        return engine::CheckoutBegun{id<engine::OrderId>(), id<engine::HoldId>(), key(), request(),
                                     time()};
      case 1:
        return engine::OrderPlaced{order()};
      case 2:
        return engine::OrderCompleted{id<engine::OrderId>(), time()};
      case 3:
        return engine::CheckoutRefused{id<engine::OrderId>(), error(), time()};
      case 4:
        return engine::CheckoutAbandoned{id<engine::OrderId>()};
      case 5:
        return engine::RefusalsForgotten{list([&] { return id<engine::OrderId>(); })};
      default:
        return forked(engine::Service::orders);
    }
  }
  engine::SlotsForked forked(engine::Service service) {
    const auto first = static_cast<engine::Slot>(1 + number(engine::kSlotCount - 2));
    const auto last = static_cast<engine::Slot>(first + number(engine::kSlotCount - first));
    return {first, last, {service, static_cast<std::uint16_t>(number(1'000))}};
  }
  /// A record with events of every kind, `rounds` times.
  engine::CatalogRecord catalog_record(std::size_t rounds = 1) {
    engine::CatalogRecord record{random_(), random_(), time(), {}};
    for (std::size_t i = 0; i < rounds * std::variant_size_v<engine::CatalogEvent>; ++i) {
      record.events.push_back(catalog_event(i % std::variant_size_v<engine::CatalogEvent>));
    }
    return record;
  }
  engine::OrderRecord order_record(std::size_t rounds = 1) {
    engine::OrderRecord record{random_(), random_(), time(), {}};
    for (std::size_t i = 0; i < rounds * std::variant_size_v<engine::OrderEvent>; ++i) {
      record.events.push_back(order_event(i % std::variant_size_v<engine::OrderEvent>));
    }
    return record;
  }

private:
  std::mt19937_64 random_;
};

/// The seed of this run: SOUK_SEED, or a new one. Print it with INFO.
inline std::uint64_t seed() {
  const char* given = std::getenv("SOUK_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

}  // namespace souk::test
