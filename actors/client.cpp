#include "actors/client.hpp"

#include <algorithm>
#include <utility>

#include "actors/client_content.hpp"

namespace souk::actors {

using engine::Errc;
using engine::Error;

Client::Client(Node& node, Post post)
    : content_{std::make_unique<Content>(*node.content_, std::move(post))} {
}
Client::~Client() = default;

void Client::sweep(std::chrono::steady_clock::time_point now) {
  content_->bridge.sweep(now);
}
std::size_t Client::in_flight() const {
  return content_->bridge.in_flight();
}

void Client::put_product(const RequestContext& context, engine::PutProduct put,
                         Callback<ProductPutReply> done) {
  if (auto refusal = content_->write_refusal()) return done({std::move(*refusal), {}, {}});
  content_->bridge.call<ProductAnswer>(
      content_->node.products, WriteProduct{context, std::move(put)}, context.deadline,
      [done = std::move(done)](ProductAnswer& answer) {
        done({std::move(answer.reply), std::move(answer.token), {}});
      });
}

void Client::delete_product(const RequestContext& context, engine::DeleteProduct remove,
                            Callback<engine::Acknowledged> done) {
  if (auto refusal = content_->write_refusal()) return done({std::move(*refusal), {}, {}});
  content_->bridge.call<RemoveAnswer>(
      content_->node.products, RemoveProduct{context, std::move(remove)}, context.deadline,
      [done = std::move(done)](RemoveAnswer& answer) {
        done({std::move(answer.reply), std::move(answer.token), {}});
      });
}

void Client::import_products(const RequestContext& context, ImportChunk chunk,
                             Callback<ImportReply> done) {
  if (auto refusal = content_->write_refusal()) return done({std::move(*refusal), {}, {}});
  content_->bridge.call<ImportAnswer>(
      content_->node.products, ImportProducts{context, std::move(chunk)}, context.deadline,
      [done = std::move(done)](ImportAnswer& answer) {
        done({std::move(answer.reply), std::move(answer.token), {}});
      });
}

void Client::get_product(const RequestContext& context, engine::ProductId product,
                         Callback<engine::ProductView> done) {
  content_->at_key<CatalogReading>(
      context, product.str(), ReadProduct{product},
      [done = std::move(done)](CatalogReading& reading, engine::ShardId shard) {
        auto token = Content::token_of(shard, reading.position);
        if (!reading.finding) return done({reading.finding.error(), token, {}});
        done({std::get<engine::ProductView>(std::move(*reading.finding)), token, {}});
      });
}

namespace {

/// Collects the answers of all shards of a service; the first error wins.
template <class Page>
struct Gather {
  std::vector<Page> pages;
  std::size_t left = 0;
  engine::ConsistencyToken token;
  std::optional<Error> failure;
};

}  // namespace

void Client::list_products(const RequestContext& context, engine::ProductId after,
                           std::size_t limit, Callback<ProductPage> done) {
  auto gather = std::make_shared<Gather<ProductPage>>();
  const RoutesPtr routes = content_->routes->current();
  gather->left = routes->catalog.size();
  const auto finish = [this, context, after, gather, limit, done = std::move(done)] {
    if (gather->failure && gather->failure->code == Errc::wrong_shard) {
      return content_->pause(context.deadline, [=, this](bool paused) {
        if (paused) return list_products(context, after, limit, done);
        done({*gather->failure, gather->token, {}});
      });
    }
    if (gather->failure) return done({*gather->failure, gather->token, {}});
    ProductPage all;
    for (ProductPage& page : gather->pages) {
      all.has_more = all.has_more || page.has_more;
      std::move(page.products.begin(), page.products.end(), std::back_inserter(all.products));
    }
    std::sort(all.products.begin(), all.products.end(),
              [](const auto& a, const auto& b) { return a.entry.id < b.entry.id; });
    if (all.products.size() > limit) {
      all.products.resize(limit);
      all.has_more = true;
    }
    done({std::move(all), gather->token, {}});
  };
  for (const auto& link : routes->catalog) {
    content_->read(context, link, ListProducts{after, limit},
                   [gather, finish, shard = link.shard](CatalogReading& reading) {
                     if (reading.finding) {
                       gather->pages.push_back(std::get<ProductPage>(std::move(*reading.finding)));
                       gather->token.raise({shard, reading.position});
                     } else if (!gather->failure) {
                       gather->failure = reading.finding.error();
                     }
                     if (--gather->left == 0) finish();
                   });
  }
}

void Client::search(const RequestContext& context, engine::Query query, SearchPatience patience,
                    Callback<engine::SearchPage> done) {
  content_->bridge.call<SearchAnswer>(
      content_->node.searches, SearchProducts{context, std::move(query), patience},
      context.deadline + kCoordinatorGrace, [done = std::move(done)](SearchAnswer& answer) {
        done({std::move(answer.reply), std::move(answer.token), {}});
      });
}

void Client::suggest(const RequestContext& context, engine::SuggestRequest request,
                     Callback<engine::SuggestPage> done) {
  content_->bridge.call<SuggestAnswer>(
      content_->node.searches, SuggestProducts{context, std::move(request)},
      context.deadline + kCoordinatorGrace, [done = std::move(done)](SuggestAnswer& answer) {
        done({std::move(answer.reply), std::move(answer.token), {}});
      });
}

void Client::checkout(const RequestContext& context, engine::BeginCheckout begin,
                      Callback<CheckoutReply> done) {
  if (auto refusal = content_->write_refusal()) return done({std::move(*refusal), {}, {}});
  content_->bridge.call<CheckoutAnswer>(
      content_->node.checkouts, BeginCheckoutSaga{context, std::move(begin)},
      context.deadline + kCoordinatorGrace, [done = std::move(done)](CheckoutAnswer& answer) {
        done({std::move(answer.reply), std::move(answer.token), std::move(answer.replay)});
      });
}

void Client::get_order(const RequestContext& context, engine::OrderId order,
                       Callback<engine::Order> done) {
  content_->at_key<OrderReading>(
      context, order.str(), ReadOrder{order},
      [done = std::move(done)](OrderReading& reading, engine::ShardId shard) {
        auto token = Content::token_of(shard, reading.position);
        if (!reading.finding) return done({reading.finding.error(), token, {}});
        done({std::get<engine::Order>(std::move(*reading.finding)), token, {}});
      });
}

void Client::list_orders(const RequestContext& context, OrderListRequest request,
                         Callback<OrderPage> done) {
  using Orders = std::vector<engine::Order>;
  auto gather = std::make_shared<Gather<Orders>>();
  const RoutesPtr routes = content_->routes->current();
  gather->left = routes->orders.size();
  const auto finish = [this, context, request, gather, limit = request.limit,
                       done = std::move(done)] {
    if (gather->failure && gather->failure->code == Errc::wrong_shard) {
      return content_->pause(context.deadline, [=, this](bool paused) {
        if (paused) return list_orders(context, request, done);
        done({*gather->failure, gather->token, {}});
      });
    }
    if (gather->failure) return done({*gather->failure, gather->token, {}});
    OrderPage all;
    for (Orders& page : gather->pages) {
      std::move(page.begin(), page.end(), std::back_inserter(all.orders));
    }
    std::sort(all.orders.begin(), all.orders.end(), [](const auto& a, const auto& b) {
      return std::tie(a.created_at, a.id) > std::tie(b.created_at, b.id);
    });
    if (all.orders.size() > limit) {
      all.orders.resize(limit);
      all.has_more = true;
    }
    done({std::move(all), gather->token, {}});
  };
  storage::OrderFilter filter;
  filter.status = request.status;
  filter.customer = request.customer;
  filter.created_from = request.created_from;
  filter.created_to = request.created_to;
  filter.before_time = request.before_time;
  filter.before_id = request.before_id;
  filter.limit = request.limit + 1;  // one more tells whether there is more
  for (const auto& link : routes->orders) {
    content_->read(context, link, ListOrders{filter},
                   [gather, finish, shard = link.shard](OrderReading& reading) {
                     if (reading.finding) {
                       gather->pages.push_back(std::get<Orders>(std::move(*reading.finding)));
                       gather->token.raise({shard, reading.position});
                     } else if (!gather->failure) {
                       gather->failure = reading.finding.error();
                     }
                     if (--gather->left == 0) finish();
                   });
  }
}

void Client::shards(const RequestContext& context, Callback<std::vector<ShardStatus>> done) {
  auto gather = std::make_shared<Gather<ShardStatus>>();
  const RoutesPtr routes = content_->routes->current();
  gather->left = routes->catalog.size() + routes->orders.size();
  const auto collect = [gather, routes, done = std::move(done)](ShardStatusReading& reading) {
    if (reading.status) {
      for (const engine::ShardRange& range : routes->map.ranges) {
        if (range.shard == reading.status->range.shard) reading.status->range = range;
      }
      gather->token.raise({reading.status->range.shard, reading.status->applied});
      gather->pages.push_back(*reading.status);
    } else if (!gather->failure) {
      gather->failure = reading.status.error();
    }
    if (--gather->left > 0) return;
    if (gather->failure) return done({*gather->failure, gather->token, {}});
    std::sort(gather->pages.begin(), gather->pages.end(),
              [](const auto& a, const auto& b) { return a.range.shard < b.range.shard; });
    done({std::move(gather->pages), gather->token, {}});
  };
  for (const auto& link : routes->catalog) {
    content_->bridge.call<ShardStatusReading>(link.actor, ReadStatus{}, context.deadline, collect);
  }
  for (const auto& link : routes->orders) {
    content_->bridge.call<ShardStatusReading>(link.actor, ReadStatus{}, context.deadline, collect);
  }
}

}  // namespace souk::actors
