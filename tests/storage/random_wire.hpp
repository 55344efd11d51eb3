#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/catalog/product_codec.hpp"
#include "engine/search/filter.hpp"
#include "storage/wire.hpp"
#include "tests/storage/random_records.hpp"

namespace souk::test {

/// What nodes say to each other, with random content in every field.
class RandomWire : public RandomRecords {
public:
  using RandomRecords::RandomRecords;

  std::uint64_t any() { return static_cast<std::uint64_t>(integer()); }
  double real() { return static_cast<double>(integer()) / 64; }
  engine::Errc code() {
    for (;;) {
      const auto code = static_cast<engine::Errc>(number(90));
      if (code == engine::Errc::internal || to_string(code) != "internal") return code;
    }
  }
  // Those of the records have codes that no version knows.
  engine::ErrorItem item() { return {bytes(), code(), bytes(), integer(), integer()}; }
  engine::Error refusal() {
    return {code(), bytes(), bytes(), list([&] { return item(); })};
  }
  engine::Reservation reserved() {
    engine::Reservation value = reservation();
    for (engine::ErrorItem& refused : value.refused) refused = item();
    return value;
  }
  engine::CheckoutEntry entry() {
    engine::CheckoutEntry value = checkout();
    value.refusal = flip() ? refusal() : engine::Error{};
    return value;
  }
  engine::Replay replay() { return {flip(), bytes()}; }
  engine::ShardId shard() {
    return {flip() ? engine::Service::catalog : engine::Service::orders,
            static_cast<std::uint16_t>(number(65536))};
  }

  engine::PutProduct put() {
    engine::PutProduct put;
    put.mode = static_cast<engine::PutMode>(number(3));
    engine::Product& product = put.product;
    product.id = id<engine::ProductId>();
    product.title = bytes();
    product.description = bytes(200);
    product.brand = bytes();
    product.categories = list([&] { return bytes(); });
    product.tags = list([&] { return bytes(); });
    for (std::size_t i = 0, count = number(5); i < count; ++i) {
      const std::string name = "a" + std::to_string(i);
      const std::size_t kind = number(4);
      if (kind == 0) product.attributes.push_back({name, bytes()});
      if (kind == 1) product.attributes.push_back({name, list([&] { return bytes(); })});
      if (kind == 2) product.attributes.push_back({name, real()});
      if (kind == 3) product.attributes.push_back({name, flip()});
    }
    product.images = list([&] { return bytes(); });
    product.rating = real();
    product.rating_count = integer();
    product.popularity = integer();
    product.status = static_cast<engine::ProductStatus>(number(3));
    product.available_at = maybe([&] { return time(); });
    product.variants = list([&] {
      return engine::Variant{id<engine::Sku>(), list([&] {
                               return engine::Option{bytes(), bytes()};
                             }),
                             money(), integer(), maybe([&] { return quantity(); })};
    });
    put.if_version = maybe([&] { return any(); });
    put.source_version = maybe([&] { return integer(); });
    put.now = time();
    return put;
  }
  engine::AdjustStock adjust() {
    return {id<engine::Sku>(),
            maybe([&] { return quantity(); }),
            maybe([&] { return quantity(); }),
            maybe([&] { return quantity(); }),
            bytes(),
            bytes(),
            flip() ? key() : engine::IdempotencyKey{},
            time(),
            maybe([&] { return any(); })};
  }
  engine::HoldOwner owner() { return static_cast<engine::HoldOwner>(number(2)); }
  auto lines() {
    return list([&] { return hold_line(); });
  }
  auto skus() {
    return list([&] { return id<engine::Sku>(); });
  }
  auto claims() {
    return list([&] {
      return engine::ClaimSkus::Claim{id<engine::Sku>(), id<engine::ProductId>()};
    });
  }

  engine::CatalogCommand catalog_command(std::size_t kind) {
    switch (kind) {
      case 0:
        return engine::ClaimSkus{claims()};
      case 1:
        return engine::ReleaseSkus{claims()};
      case 2:
        return put();
      case 3:
        return engine::PutProducts{bytes(), list([&] {
                                     return engine::PutProducts::Line{any(), put(), flip()};
                                   }),
                                   time()};
      case 4:
        return engine::DeleteProduct{id<engine::ProductId>(), maybe([&] { return any(); }), time(),
                                     maybe([&] { return integer(); })};
      case 5:
        return adjust();
      case 6:
        return engine::AdjustStocks{list([&] { return adjust(); })};
      case 7:
        return engine::PlaceHold{id<engine::HoldId>(), owner(), lines(), flip(), time(), time()};
      case 8:
        return engine::CommitHold{id<engine::HoldId>(), owner(), maybe([&] { return lines(); }),
                                  bytes(), time()};
      case 9:
        return engine::ReleaseHold{id<engine::HoldId>(), owner(), time()};
      case 10:
        return engine::ExtendHold{id<engine::HoldId>(), time(), time()};
      case 11:
        return engine::RecordReservation{key(), maybe([&] { return reserved(); }),
                                         maybe([&] { return refusal(); }), time()};
      default:
        return engine::ExpireDue{time()};
    }
  }
  engine::CatalogReply catalog_reply(std::size_t kind) {
    switch (kind) {
      case 0:
        return engine::Acknowledged{};
      case 1:
        return engine::Claimed{list([&] { return maybe([&] { return id<engine::ProductId>(); }); }),
                               skus()};
      case 2:
        return engine::ProductPutDone{id<engine::ProductId>(), any(), flip(), flip(), skus()};
      case 3:
        return engine::ProductsPutDone{list([&] {
          return engine::ProductsPutDone::Line{any(), maybe([&] { return refusal(); }), skus(),
                                               flip()};
        })};
      case 4:
        return engine::StockLevel{sku()};
      case 5:
        return engine::StockLevels{list([&] {
          return flip() ? engine::Result<engine::SkuEntry>{sku()}
                        : engine::Result<engine::SkuEntry>{refusal()};
        })};
      case 6:
        return engine::HoldPlacedReply{list([&] { return held_line(); }),
                                       list([&] { return item(); }), time()};
      case 7:
        return engine::HoldDone{hold()};
      default:
        return engine::ReservationReply{reserved(), replay()};
    }
  }
  engine::CatalogQuestion catalog_question(std::size_t kind) {
    switch (kind) {
      case 0:
        return engine::ReadProduct{id<engine::ProductId>()};
      case 1:
        return engine::ReadStock{id<engine::Sku>()};
      case 2:
        return engine::ReadLedger{id<engine::Sku>(), any(), number(1000)};
      case 3:
        return engine::ReadHold{id<engine::HoldId>()};
      case 4:
        return engine::ReadReservation{id<engine::HoldId>()};
      case 5:
        return engine::ReadClaim{id<engine::Sku>()};
      default:
        return engine::ListProducts{id<engine::ProductId>(), number(1000)};
    }
  }
  engine::ProductView view() {
    return {product(), list([&] { return sku(); })};
  }
  engine::CatalogFinding catalog_finding(std::size_t kind) {
    switch (kind) {
      case 0:
        return view();
      case 1:
        return sku();
      case 2:
        return engine::LedgerPage{sku(), list([&] { return ledger_entry(any()); }), flip(), any()};
      case 3:
        return hold();
      case 4:
        return reserved();
      case 5:
        return id<engine::ProductId>();
      default:
        return engine::ProductPage{list([&] { return view(); }), flip()};
    }
  }
  engine::OrderCommand order_command(std::size_t kind) {
    switch (kind) {
      case 0:
        return engine::BeginCheckout{id<engine::OrderId>(), id<engine::HoldId>(), key(), request(),
                                     time()};
      case 1:
        return engine::PlaceOrder{order(), id<engine::HoldId>()};
      case 2:
        return engine::CompleteOrder{id<engine::OrderId>(), time()};
      case 3:
        return engine::RefuseCheckout{id<engine::OrderId>(), refusal(), time(),
                                      id<engine::HoldId>(), maybe([&] { return key(); })};
      case 4:
        return engine::AbandonCheckout{id<engine::OrderId>(), id<engine::HoldId>()};
      default:
        return engine::ForgetRefusals{time()};
    }
  }
  engine::CheckoutOpened opened() {
    return {static_cast<engine::CheckoutOpened::Kind>(number(4)), maybe([&] { return order(); }),
            maybe([&] { return refusal(); }), bytes()};
  }
  engine::OrderQuestion order_question(std::size_t kind) {
    if (kind == 0) return engine::ReadOrder{id<engine::OrderId>()};
    if (kind == 1) return engine::ReadCheckout{id<engine::OrderId>()};
    return engine::ListOrders{{maybe([&] { return static_cast<engine::OrderStatus>(number(2)); }),
                               bytes(), maybe([&] { return time(); }),
                               maybe([&] { return time(); }), maybe([&] { return time(); }),
                               id<engine::OrderId>(), number(1000)}};
  }
  engine::OrderFinding order_finding(std::size_t kind) {
    if (kind == 0) return order();
    if (kind == 1) return entry();
    return list([&] { return order(); });
  }

  engine::Query query() {
    static constexpr const char* kFilters[] = {
        "", "price:<100", "brand:=[`Acme, Inc`,Zed] && (tags:red* || rating:>=4.5)",
        "!(in_stock:false) && attributes.size:!=[S,M]", "price:[1..5] && title:two words"};
    engine::Query query;
    query.q = bytes();
    query.query_by = list([&] {
      return engine::QueryField{bytes(), static_cast<std::uint32_t>(any()), flip()};
    });
    query.filter = *engine::parse_filter(kFilters[number(5)]);
    query.facet_by = list([&] {
      return engine::FacetRequest{bytes(), list([&] {
                                    return engine::FacetRange{bytes(), real(), real()};
                                  })};
    });
    query.facet_query_field = bytes();
    query.facet_query_prefix = bytes();
    query.max_facet_values = static_cast<std::uint32_t>(any());
    query.sort_by = list([&] {
      return engine::SortKey{bytes(), static_cast<engine::SortOrder>(number(2))};
    });
    query.page = static_cast<std::uint32_t>(any());
    query.per_page = static_cast<std::uint32_t>(any());
    query.highlight_fields = list([&] { return bytes(); });
    query.highlight = flip();
    query.snippet_threshold = static_cast<std::uint32_t>(any());
    query.highlight_start = bytes();
    query.highlight_end = bytes();
    query.drop_tokens_threshold = static_cast<std::uint32_t>(any());
    query.hidden_hits = list([&] { return bytes(); });
    query.group_by = list([&] { return bytes(); });
    query.group_limit = static_cast<std::uint32_t>(number(99) + 1);
    query.group_missing_values = flip();
    query.rewrites = list([&] { return bytes(); });
    query.num_typos = static_cast<std::uint32_t>(any());
    query.min_len_1typo = static_cast<std::uint32_t>(any());
    query.min_len_2typo = static_cast<std::uint32_t>(any());
    query.typo_tokens_threshold = static_cast<std::uint32_t>(any());
    query.split_join_tokens = static_cast<engine::SplitJoin>(number(3));
    query.match = static_cast<engine::WordMatch>(number(2));
    query.token_dropping = static_cast<engine::TokenDropping>(number(2));
    query.count_limit = any();
    query.pinned_hits = list([&] {
      return engine::PinnedHit{bytes(), static_cast<std::uint32_t>(any())};
    });
    query.filter_pinned_hits = flip();
    query.boosts = list([&] {
      return engine::HitBoost{*engine::parse_filter(kFilters[number(5)]),
                              static_cast<std::uint32_t>(any())};
    });
    query.language = static_cast<engine::Language>(number(20));
    query.proximity = flip();
    query.explain = flip();
    return query;
  }
  engine::Explanation explanation() {
    const auto small = [&] { return static_cast<std::uint32_t>(any()); };
    return {bytes(),
            small(),
            small(),
            small(),
            integer(),
            integer(),
            integer(),
            integer(),
            integer(),
            bytes(),
            list([&] {
              return engine::ExplainedTerm{bytes(), bytes(), bytes(),   small(),
                                           small(), small(), integer(), flip()};
            })};
  }
  engine::SortValue sort_value(std::size_t kind) {
    if (kind == 0) return {};
    if (kind == 1) return {real()};
    if (kind == 2) return {integer()};
    return {bytes()};
  }
  engine::HitGroup group(std::size_t keys, std::uint32_t hits) {
    engine::HitGroup group;
    for (std::size_t i = 0; i < keys; ++i) group.key.push_back(sort_value(number(4)));
    group.hits = hits;
    group.found = hits + number(1000);
    return group;
  }
  engine::Hit hit() {
    engine::Hit hit;
    hit.id = id<engine::ProductId>();
    if (flip()) hit.document = document();
    hit.variants = list([&] {
      return engine::HitVariant{
          id<engine::Sku>(), list([&] { return engine::Option{bytes(), bytes()}; }),
          money(),           quantity(),
          integer(),         flip()};
    });
    hit.price = money();
    hit.available = quantity();
    hit.in_stock = flip();
    hit.version = any();
    hit.created_at = time();
    hit.updated_at = time();
    hit.text_match = integer();
    for (std::size_t kind = 0; kind < 4; ++kind) hit.sort_values.push_back(sort_value(kind));
    hit.highlights = list([&] {
      return engine::Highlight{bytes(), bytes(), list([&] { return bytes(); }),
                               static_cast<std::uint32_t>(any())};
    });
    hit.pinned = static_cast<std::uint32_t>(any());
    if (flip()) hit.explanation = explanation();
    return hit;
  }
  engine::SearchPage page() {
    engine::SearchPage page;
    page.found = any();
    page.out_of = any();
    page.hits = list([&] { return hit(); });
    page.groups = list([&] { return group(number(3), static_cast<std::uint32_t>(number(5))); });
    page.groups_found = any();
    page.facets = list([&] {
      return engine::Facet{bytes(), list([&] {
                             return engine::FacetCount{bytes(), bytes(), any()};
                           }),
                           any(), maybe([&] {
                             return engine::FacetStats{real(), real(), real(), real()};
                           })};
    });
    page.positions = list([&] { return engine::ShardPosition{shard(), any()}; });
    page.shards = static_cast<std::uint32_t>(any());
    page.missing = list([&] { return shard(); });
    page.cutoff = flip();
    page.found_exact = flip();
    return page;
  }
};

}  // namespace souk::test
