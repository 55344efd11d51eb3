#include "net/json/live_events.hpp"

#include <utility>

#include "net/consistency_token.hpp"
#include "net/json/json_writer.hpp"
#include "net/json/search_hit.hpp"
#include "net/json/search_page.hpp"

namespace souk::net {
namespace {

using engine::HitChange;

constexpr std::pair<HitChange, std::string_view> kChanges[] = {
    {HitChange::entered, "entered"},   {HitChange::moved, "moved"},
    {HitChange::price, "price"},       {HitChange::availability, "availability"},
    {HitChange::sold_out, "sold_out"}, {HitChange::back_in_stock, "back_in_stock"},
    {HitChange::content, "content"},
};

std::string token_of(const engine::SearchPage& page) {
  engine::ConsistencyToken token;
  for (const engine::ShardPosition& position : page.positions) token.raise(position);
  return encode_token(token, {});
}

/// Data is one line: JSON has no line breaks but those it is given.
void add(LiveEvents& events, std::string_view name, std::string_view data) {
  if (events.count > 0) events.text += '\n';
  events.text.append("event: ").append(name).append("\ndata: ").append(data).append("\n");
  ++events.count;
}

LiveEvents finish(LiveEvents events, const engine::SearchPage& page) {
  events.text.append("id: ").append(token_of(page)).append("\n\n");
  return events;
}

engine::Result<std::string> render_upsert(const engine::PageDiff::Changed& changed,
                                          const engine::SearchPage& page,
                                          const SearchRequest& request) {
  std::string data;
  JsonWriter json{data};
  json.begin_object().field("place", static_cast<std::uint64_t>(changed.place));
  if (changed.place == 0) {
    json.null_field("after");
  } else {
    json.field("after", page.hits[changed.place - 1].id.str());
  }
  json.key("changes").begin_array();
  for (const auto& [change, name] : kChanges) {
    if (engine::has(changed.changes, change)) json.string(name);
  }
  json.end_array().key("hit");
  const auto rendered = render_search_hit(json, page.hits[changed.place], request);
  if (!rendered) return rendered.error();
  json.end_object();
  return data;
}

std::string render_counts(const engine::PageDiff& diff, const engine::SearchPage& page) {
  std::string data;
  JsonWriter json{data};
  json.begin_object().field("found", page.found).field("found_exact", page.found_exact);
  json.field("out_of", page.out_of);
  json.key("facet_counts").begin_array();
  for (const std::size_t facet : diff.facets) render_search_facet(json, page, facet);
  json.end_array().end_object();
  return data;
}

}  // namespace

engine::Result<LiveEvents> render_whole_page(std::string_view name, const engine::SearchPage& page,
                                             const SearchRequest& request) {
  std::string data;
  JsonWriter json{data};
  const auto rendered = render_search_page(json, page, request, token_of(page), 0);
  if (!rendered) return rendered.error();
  LiveEvents events;
  add(events, name, data);
  return finish(std::move(events), page);
}

engine::Result<LiveEvents> render_page_diff(const engine::PageDiff& diff,
                                            const engine::SearchPage& after,
                                            const SearchRequest& request) {
  LiveEvents events;
  for (const engine::ProductId& id : diff.removed) {
    std::string data;
    JsonWriter{data}.begin_object().field("id", id.str()).end_object();
    add(events, "remove", data);
  }
  for (const engine::PageDiff::Changed& changed : diff.changed) {
    const auto data = render_upsert(changed, after, request);
    if (!data) return data.error();
    add(events, "upsert", *data);
  }
  if (diff.found || !diff.facets.empty()) add(events, "facet", render_counts(diff, after));
  return finish(std::move(events), after);
}

}  // namespace souk::net
