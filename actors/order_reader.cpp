#include "actors/order_reader.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace souk::actors {
namespace {

bool newer(const engine::Order& a, const engine::Order& b) {
  return std::tie(a.created_at, a.id) > std::tie(b.created_at, b.id);
}

}  // namespace

bool fits(const engine::Order& order, const storage::OrderFilter& filter) {
  if (filter.status && order.status != *filter.status) return false;
  if (!filter.customer.empty() && order.customer.id.str() != filter.customer &&
      order.customer.email != filter.customer) {
    return false;
  }
  if (filter.created_from && order.created_at < *filter.created_from) return false;
  if (filter.created_to && order.created_at >= *filter.created_to) return false;
  if (!filter.before_time) return true;
  return std::tie(order.created_at, order.id) < std::tie(*filter.before_time, filter.before_id);
}

engine::Result<std::vector<engine::Order>> list_orders(std::vector<engine::Order> recent,
                                                       const storage::OrderStore& store,
                                                       const storage::OrderFilter& filter) {
  std::unordered_set<engine::OrderId> hidden;
  for (const engine::Order& order : recent) hidden.insert(order.id);
  std::erase_if(recent, [&](const engine::Order& order) { return !fits(order, filter); });

  // Hidden copies leave gaps in a page of the store, so it is read until enough is found or nothing
  // is left.
  std::vector<engine::Order> stored;
  storage::OrderFilter page = filter;
  while (stored.size() < filter.limit) {
    auto read = store.list(page);
    if (!read) return read.error();
    const bool last = read->size() < page.limit;
    if (!read->empty()) {
      page.before_time = read->back().created_at;
      page.before_id = read->back().id;
    }
    for (engine::Order& order : *read) {
      if (!hidden.contains(order.id)) stored.push_back(std::move(order));
    }
    if (last) break;
  }

  recent.insert(recent.end(), std::make_move_iterator(stored.begin()),
                std::make_move_iterator(stored.end()));
  std::sort(recent.begin(), recent.end(), newer);
  if (recent.size() > filter.limit) recent.resize(filter.limit);
  return recent;
}

}  // namespace souk::actors
