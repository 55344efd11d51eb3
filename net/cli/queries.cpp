#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "net/cli/command.hpp"
#include "net/cli/http_client.hpp"
#include "net/cli/output.hpp"
#include "net/http/request.hpp"

// The commands that ask a running node one question: search, order.

namespace souk::net {

namespace {

/// What all of them share.
struct Flags {
  std::string url;
  bool json = false;
};

void add_common(CLI::App& command, Flags& flags) {
  command.add_option("--url", flags.url,
                     "the node (SOUK_URL, http://127.0.0.1:8080); key: SOUK_SERVER_KEY");
  command.add_flag("--json", flags.json, "print the reply as it is");
}

int get(const Flags& flags, const std::string& target, void (*table)(const JsonValue&)) {
  auto client = client_of(flags.url);
  if (!client) return fail(kExitUsage, client.error().detail);
  return print_reply(client->request("GET", target), flags.json, table);
}

void add_query(std::string& target, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  target += target.find('?') == std::string::npos ? '?' : '&';
  target.append(name).append("=").append(percent_encode(value));
}

void print_hits(const JsonValue& page) {
  Table table{{"ID", "TITLE", "BRAND", "PRICE", "AVAILABLE"}};
  if (const auto hits = page.find("hits"); hits && hits->is_array()) {
    for (const JsonValue hit : *hits)
      table.add({cell(hit, "document.id"), cell(hit, "document.title"), cell(hit, "document.brand"),
                 money_cell(hit, "document.price"), cell(hit, "document.availability.available")});
  }
  table.print();
  std::printf("\n%s found of %s in %s ms\n", cell(page, "found").c_str(),
              cell(page, "out_of").c_str(), cell(page, "search_time_ms").c_str());
  if (const auto facets = page.find("facet_counts"); facets && facets->is_array()) {
    for (const JsonValue facet : *facets) {
      std::printf("%s:", cell(facet, "field_name").c_str());
      if (const auto counts = facet.find("counts"); counts && counts->is_array())
        for (const JsonValue count : *counts)
          std::printf(" %s (%s)", cell(count, "value").c_str(), cell(count, "count").c_str());
      std::printf("\n");
    }
  }
}

void print_order(const JsonValue& order) {
  std::printf("%s  %s  %s  %s\n", cell(order, "id").c_str(), cell(order, "status").c_str(),
              cell(order, "created_at").c_str(), cell(order, "customer.email").c_str());
  Table table{{"SKU", "TITLE", "QUANTITY", "PRICE", "TOTAL"}};
  if (const auto lines = order.find("lines"); lines && lines->is_array())
    for (const JsonValue line : *lines)
      table.add({cell(line, "sku"), cell(line, "title"), cell(line, "quantity"),
                 money_cell(line, "unit_price"), money_cell(line, "total")});
  table.print();
  std::printf("total %s\n", money_cell(order, "totals.total").c_str());
}

void print_orders(const JsonValue& page) {
  Table table{{"ID", "STATUS", "CREATED", "CUSTOMER", "TOTAL"}};
  if (const auto orders = page.find("data"); orders && orders->is_array())
    for (const JsonValue order : *orders)
      table.add({cell(order, "id"), cell(order, "status"), cell(order, "created_at"),
                 cell(order, "customer.email"), money_cell(order, "totals.total")});
  table.print();
  if (cell(page, "has_more") == "yes")
    std::printf("more: --after %s\n", cell(page, "next_cursor").c_str());
}

}  // namespace

void add_search_command(CLI::App& app, Run& run) {
  struct SearchFlags : Flags {
    std::string query = "*", query_by, filter_by, facet_by, sort_by;
    std::uint32_t page = 1, per_page = 10;
  };
  auto flags = std::make_shared<SearchFlags>();
  auto* command = app.add_subcommand("search", "Search the catalog");
  add_common(*command, *flags);
  command->add_option("query", flags->query, "what to look for; * is everything");
  command->add_option("--query-by", flags->query_by, "fields to look in");
  command->add_option("--filter-by", flags->filter_by, "such as 'brand:=Acme && in_stock:true'");
  command->add_option("--facet-by", flags->facet_by, "fields to count by");
  command->add_option("--sort-by", flags->sort_by, "such as price:asc");
  command->add_option("--page", flags->page, "from 1");
  command->add_option("--per-page", flags->per_page, "1 to 250");
  command->callback([flags, &run] {
    run = [flags] {
      std::string target = "/v1/search";
      add_query(target, "q", flags->query);
      add_query(target, "query_by", flags->query_by);
      add_query(target, "filter_by", flags->filter_by);
      add_query(target, "facet_by", flags->facet_by);
      add_query(target, "sort_by", flags->sort_by);
      add_query(target, "page", std::to_string(flags->page));
      add_query(target, "per_page", std::to_string(flags->per_page));
      return get(*flags, target, print_hits);
    };
  });
}

void add_order_command(CLI::App& app, Run& run) {
  struct OrderFlags : Flags {
    std::string id, status, customer, after;
    std::uint32_t limit = 20;
  };
  auto flags = std::make_shared<OrderFlags>();
  auto* command = app.add_subcommand("order", "Look at orders");
  command->require_subcommand(1);
  auto* one = command->add_subcommand("get", "One order");
  add_common(*one, *flags);
  one->add_option("id", flags->id, "ord_...")->required();
  one->callback([flags, &run] {
    run = [flags] { return get(*flags, "/v1/orders/" + percent_encode(flags->id), print_order); };
  });
  auto* list = command->add_subcommand("list", "Newest first");
  add_common(*list, *flags);
  list->add_option("--status", flags->status, "only this status");
  list->add_option("--customer", flags->customer, "only this customer's");
  list->add_option("--after", flags->after, "cursor of the page before");
  list->add_option("--limit", flags->limit, "1 to 250");
  list->callback([flags, &run] {
    run = [flags] {
      std::string target = "/v1/orders";
      add_query(target, "status", flags->status);
      add_query(target, "customer", flags->customer);
      add_query(target, "after", flags->after);
      add_query(target, "limit", std::to_string(flags->limit));
      return get(*flags, target, print_orders);
    };
  });
}

}  // namespace souk::net
