#include <memory>
#include <utility>

#include "engine/search/filter.hpp"
#include "storage/wire_proto.hpp"

// Searches and their pages.
namespace souk::storage {

using engine::Result;

static_assert(std::variant_size_v<decltype(engine::SortValue::value)> == 4);

namespace {

bool read_filter(const std::string& text, const char* param, engine::FilterPtr& out,
                 WireFault& fault) {
  Result<engine::FilterPtr> filter = engine::parse_filter(text);
  if (!filter) {
    engine::Error error = filter.error();
    error.param = param;
    return fault.note(std::move(error));
  }
  out = std::move(*filter);
  return true;
}

bool read_curation(pb::WireQuery& in, engine::Query& out, WireFault& fault) {
  for (pb::WirePin& pin : *in.mutable_pinned_hits())
    out.pinned_hits.push_back({std::move(*pin.mutable_product()), pin.position()});
  out.filter_pinned_hits = !in.pinned_unfiltered();
  for (const pb::WireBoost& boost : in.boosts()) {
    engine::HitBoost& to = out.boosts.emplace_back();
    to.percent = boost.percent();
    if (!read_filter(boost.filter(), "query.boosts.filter", to.filter, fault)) return false;
  }
  out.explain = in.explain();
  return true;
}

void write_curation(const engine::Query& query, pb::WireQuery& out) {
  for (const engine::PinnedHit& pin : query.pinned_hits) {
    pb::WirePin& to = *out.add_pinned_hits();
    to.set_product(pin.product);
    to.set_position(pin.position);
  }
  out.set_pinned_unfiltered(!query.filter_pinned_hits);
  for (const engine::HitBoost& boost : query.boosts) {
    pb::WireBoost& to = *out.add_boosts();
    if (boost.filter) to.set_filter(engine::render_filter(boost.filter));
    to.set_percent(boost.percent);
  }
  out.set_explain(query.explain);
}

}  // namespace

bool read_query(pb::WireQuery& in, engine::Query& out, WireFault& fault) {
  out.q = std::move(*in.mutable_q());
  for (pb::WireQueryField& field : *in.mutable_query_by()) {
    out.query_by.push_back({std::move(*field.mutable_name()), field.weight(), field.prefix()});
  }
  if (!read_filter(in.filter(), "query.filter", out.filter, fault)) return false;
  if (!read_curation(in, out, fault)) return false;
  for (pb::WireFacetRequest& request : *in.mutable_facet_by()) {
    engine::FacetRequest& to = out.facet_by.emplace_back();
    to.field = std::move(*request.mutable_field());
    for (pb::WireFacetRange& range : *request.mutable_ranges()) {
      to.ranges.push_back({std::move(*range.mutable_label()), range.from(), range.to()});
    }
  }
  out.facet_query_field = in.facet_query_field();
  out.facet_query_prefix = in.facet_query_prefix();
  out.max_facet_values = in.max_facet_values();
  for (const pb::WireSortKey& key : in.sort_by()) {
    engine::SortKey& to = out.sort_by.emplace_back();
    to.field = key.field();
    if (!read_known(key.order(), engine::SortOrder::descending, to.order, "query.sort_by.order",
                    fault)) {
      return false;
    }
  }
  out.page = in.page();
  out.per_page = in.per_page();
  read_texts(*in.mutable_highlight_fields(), out.highlight_fields);
  out.highlight = in.highlight();
  out.snippet_threshold = in.snippet_threshold();
  out.highlight_start = in.highlight_start();
  out.highlight_end = in.highlight_end();
  out.drop_tokens_threshold = in.drop_tokens_threshold();
  read_texts(*in.mutable_hidden_hits(), out.hidden_hits);
  read_texts(*in.mutable_group_by(), out.group_by);
  if (in.group_limit() != 0) out.group_limit = in.group_limit();
  out.group_missing_values = !in.group_missing_separate();
  read_texts(*in.mutable_rewrites(), out.rewrites);
  const pb::WireSpelling& spelling = in.spelling();
  out.count_limit = in.count_limit();
  out.proximity = in.proximity();
  if (!read_known(in.match(), engine::WordMatch::any, out.match, "query.match", fault) ||
      !read_known(in.language(), engine::kLastLanguage, out.language, "query.language", fault) ||
      !read_known(in.token_dropping(), engine::TokenDropping::any_word, out.token_dropping,
                  "query.token_dropping", fault)) {
    return false;
  }
  out.num_typos = spelling.num_typos();
  out.min_len_1typo = spelling.min_len_1typo();
  out.min_len_2typo = spelling.min_len_2typo();
  out.typo_tokens_threshold = spelling.typo_tokens_threshold();
  return read_known(spelling.split_join_tokens(), engine::SplitJoin::always, out.split_join_tokens,
                    "query.split_join_tokens", fault);
}

void write_query(const engine::Query& query, pb::WireQuery& out) {
  out.set_q(query.q);
  for (const engine::QueryField& field : query.query_by) {
    pb::WireQueryField& to = *out.add_query_by();
    to.set_name(field.name);
    to.set_weight(field.weight);
    to.set_prefix(field.prefix);
  }
  if (query.filter) out.set_filter(engine::render_filter(query.filter));
  for (const engine::FacetRequest& request : query.facet_by) {
    pb::WireFacetRequest& to = *out.add_facet_by();
    to.set_field(request.field);
    for (const engine::FacetRange& range : request.ranges) {
      pb::WireFacetRange& at = *to.add_ranges();
      at.set_label(range.label);
      at.set_from(range.from);
      at.set_to(range.to);
    }
  }
  out.set_facet_query_field(query.facet_query_field);
  out.set_facet_query_prefix(query.facet_query_prefix);
  out.set_max_facet_values(query.max_facet_values);
  for (const engine::SortKey& key : query.sort_by) {
    pb::WireSortKey& to = *out.add_sort_by();
    to.set_field(key.field);
    to.set_order(static_cast<std::uint32_t>(key.order));
  }
  out.set_page(query.page);
  out.set_per_page(query.per_page);
  for (const std::string& field : query.highlight_fields) out.add_highlight_fields(field);
  out.set_highlight(query.highlight);
  out.set_snippet_threshold(query.snippet_threshold);
  out.set_highlight_start(query.highlight_start);
  out.set_highlight_end(query.highlight_end);
  out.set_drop_tokens_threshold(query.drop_tokens_threshold);
  for (const std::string& hit : query.hidden_hits) out.add_hidden_hits(hit);
  for (const std::string& field : query.group_by) out.add_group_by(field);
  out.set_group_limit(query.group_limit);
  out.set_group_missing_separate(!query.group_missing_values);
  for (const std::string& rewrite : query.rewrites) out.add_rewrites(rewrite);
  out.set_match(static_cast<std::uint32_t>(query.match));
  out.set_token_dropping(static_cast<std::uint32_t>(query.token_dropping));
  out.set_count_limit(query.count_limit);
  out.set_proximity(query.proximity);
  out.set_language(static_cast<std::uint32_t>(query.language));
  write_curation(query, out);
  pb::WireSpelling& spelling = *out.mutable_spelling();
  spelling.set_num_typos(query.num_typos);
  spelling.set_min_len_1typo(query.min_len_1typo);
  spelling.set_min_len_2typo(query.min_len_2typo);
  spelling.set_typo_tokens_threshold(query.typo_tokens_threshold);
  spelling.set_split_join_tokens(static_cast<std::uint32_t>(query.split_join_tokens));
}

void write_sort_value(const engine::SortValue& value, pb::WireSortValue& out) {
  struct Writer {
    pb::WireSortValue& out;
    void operator()(std::monostate) const { out.mutable_missing(); }
    void operator()(double real) const { out.set_real(real); }
    void operator()(std::int64_t integer) const { out.set_integer(integer); }
    void operator()(const std::string& text) const { out.set_text(text); }
  };
  std::visit(Writer{out}, value.value);
}

bool read_sort_value(pb::WireSortValue& in, engine::SortValue& out, WireFault& fault) {
  switch (in.value_case()) {
    case pb::WireSortValue::kReal:
      out.value = in.real();
      return true;
    case pb::WireSortValue::kInteger:
      out.value = std::int64_t{in.integer()};
      return true;
    case pb::WireSortValue::kText:
      out.value = std::move(*in.mutable_text());
      return true;
    case pb::WireSortValue::kMissing:
      return true;
    case pb::WireSortValue::VALUE_NOT_SET:
      break;
  }
  return fault.nothing(in, "hit.sort_values");
}

void write_group(const engine::HitGroup& group, pb::WireGroup& out) {
  for (const engine::SortValue& value : group.key) write_sort_value(value, *out.add_key());
  out.set_found(group.found);
  out.set_hits(group.hits);
}

bool read_group(pb::WireGroup& in, engine::HitGroup& out, WireFault& fault) {
  out.found = in.found();
  out.hits = in.hits();
  for (pb::WireSortValue& value : *in.mutable_key()) {
    if (!read_sort_value(value, out.key.emplace_back(), fault)) return false;
  }
  return true;
}

namespace {

void write_explanation(const engine::Explanation& made, pb::WireExplanation& out) {
  out.set_reading(made.reading);
  out.set_found(made.found);
  out.set_missed(made.missed);
  out.set_typo_count(made.typo_count);
  out.set_tokens(made.tokens);
  out.set_typos(made.typos);
  out.set_words(made.words);
  out.set_proximity(made.proximity);
  out.set_boost(made.boost);
  out.set_best_field(made.best_field);
  for (const engine::ExplainedTerm& term : made.terms) {
    pb::WireExplainedTerm& to = *out.add_terms();
    to.set_field(term.field);
    to.set_token(term.token);
    to.set_word(term.word);
    to.set_weight(term.weight);
    to.set_typos(term.typos);
    to.set_count(term.count);
    to.set_score(term.score);
    to.set_counted(term.counted);
  }
}

engine::Explanation read_explanation(const pb::WireExplanation& in) {
  engine::Explanation made;
  made.reading = in.reading();
  made.found = in.found();
  made.missed = in.missed();
  made.typo_count = in.typo_count();
  made.tokens = in.tokens();
  made.typos = in.typos();
  made.words = in.words();
  made.proximity = in.proximity();
  made.boost = in.boost();
  made.best_field = in.best_field();
  for (const pb::WireExplainedTerm& term : in.terms()) {
    made.terms.push_back({term.field(), term.token(), term.word(), term.weight(), term.typos(),
                          term.count(), term.score(), term.counted()});
  }
  return made;
}

}  // namespace

void write_hit(const engine::Hit& hit, pb::WireHit& out) {
  out.set_id(hit.id.str());
  if (hit.document) out.set_document(*hit.document);
  for (const engine::HitVariant& variant : hit.variants) {
    pb::WireHitVariant& to = *out.add_variants();
    to.set_sku(variant.sku.str());
    for (const engine::Option& option : variant.options) {
      to.add_options(option.name);
      to.add_options(option.value);
    }
    write(variant.price, *to.mutable_price());
    to.set_available(variant.available.units());
    to.set_max_per_order(variant.max_per_order);
    to.set_matched(variant.matched);
  }
  write(hit.price, *out.mutable_price());
  out.set_available(hit.available.units());
  out.set_in_stock(hit.in_stock);
  out.set_version(hit.version);
  out.set_created_at(hit.created_at.microseconds());
  out.set_updated_at(hit.updated_at.microseconds());
  out.set_text_match(hit.text_match);
  for (const engine::SortValue& value : hit.sort_values) {
    write_sort_value(value, *out.add_sort_values());
  }
  for (const engine::Highlight& highlight : hit.highlights) {
    pb::WireHighlight& to = *out.add_highlights();
    to.set_field(highlight.field);
    to.set_snippet(highlight.snippet);
    for (const std::string& token : highlight.matched_tokens) to.add_matched_tokens(token);
    to.set_value(highlight.value);
  }
  out.set_pinned(hit.pinned);
  if (hit.explanation) write_explanation(*hit.explanation, *out.mutable_explanation());
}

namespace {

bool read_variant(pb::WireHitVariant& in, engine::HitVariant& out, WireFault& fault) {
  if (in.options_size() % 2 != 0) return fault.corrupt("hit.variants.options");
  out.sku = engine::Sku{std::move(*in.mutable_sku())};
  for (int i = 0; i < in.options_size(); i += 2) {
    out.options.push_back(
        {std::move(*in.mutable_options(i)), std::move(*in.mutable_options(i + 1))});
  }
  out.price = read_money(in.price());
  out.available = read_quantity(in.available());
  out.max_per_order = in.max_per_order();
  out.matched = in.matched();
  return true;
}

}  // namespace

bool read_hit(pb::WireHit& in, engine::Hit& out, WireFault& fault) {
  out.id = engine::ProductId{std::move(*in.mutable_id())};
  if (in.has_document()) {
    out.document = std::make_shared<const std::string>(std::move(*in.mutable_document()));
  }
  out.variants.reserve(static_cast<std::size_t>(in.variants_size()));
  for (pb::WireHitVariant& variant : *in.mutable_variants()) {
    if (!read_variant(variant, out.variants.emplace_back(), fault)) return false;
  }
  out.price = read_money(in.price());
  out.available = read_quantity(in.available());
  out.in_stock = in.in_stock();
  out.version = in.version();
  out.created_at = read_time(in.created_at());
  out.updated_at = read_time(in.updated_at());
  out.text_match = in.text_match();
  for (pb::WireSortValue& value : *in.mutable_sort_values()) {
    if (!read_sort_value(value, out.sort_values.emplace_back(), fault)) return false;
  }
  for (pb::WireHighlight& highlight : *in.mutable_highlights()) {
    engine::Highlight& to = out.highlights.emplace_back();
    to.field = std::move(*highlight.mutable_field());
    to.snippet = std::move(*highlight.mutable_snippet());
    read_texts(*highlight.mutable_matched_tokens(), to.matched_tokens);
    to.value = highlight.value();
  }
  out.pinned = in.pinned();
  if (in.has_explanation()) out.explanation = read_explanation(in.explanation());
  return true;
}

namespace {

void write_facet(const engine::Facet& facet, pb::WireFacet& out) {
  out.set_field(facet.field);
  for (const engine::FacetCount& count : facet.counts) {
    pb::WireFacetCount& to = *out.add_counts();
    to.set_value(count.value);
    to.set_highlighted(count.highlighted);
    to.set_count(count.count);
  }
  out.set_total_values(facet.total_values);
  if (facet.stats) {
    pb::WireFacetStats& to = *out.mutable_stats();
    to.set_min(facet.stats->min);
    to.set_max(facet.stats->max);
    to.set_sum(facet.stats->sum);
    to.set_average(facet.stats->average);
  }
}

void read_facet(pb::WireFacet& in, engine::Facet& out) {
  out.field = in.field();
  for (pb::WireFacetCount& count : *in.mutable_counts()) {
    out.counts.push_back({std::move(*count.mutable_value()),
                          std::move(*count.mutable_highlighted()), count.count()});
  }
  out.total_values = in.total_values();
  if (in.has_stats()) {
    out.stats = {in.stats().min(), in.stats().max(), in.stats().sum(), in.stats().average()};
  }
}

void write_page(const engine::SearchPage& page, pb::WireSearchPage& out) {
  out.set_found(page.found);
  out.set_out_of(page.out_of);
  for (const engine::Hit& hit : page.hits) write_hit(hit, *out.add_hits());
  for (const engine::HitGroup& group : page.groups) write_group(group, *out.add_groups());
  out.set_groups_found(page.groups_found);
  for (const engine::Facet& facet : page.facets) write_facet(facet, *out.add_facets());
  for (const engine::ShardPosition& at : page.positions) write_position(at, *out.add_positions());
  out.set_shards(page.shards);
  for (const engine::ShardId& shard : page.missing) {
    pb::WireShard& to = *out.add_missing();
    to.set_service(static_cast<std::uint32_t>(shard.service));
    to.set_shard(shard.number);
  }
  out.set_cutoff(page.cutoff);
  out.set_found_at_least(!page.found_exact);
}

bool read_page(pb::WireSearchPage& in, engine::SearchPage& out, WireFault& fault) {
  out.found = in.found();
  out.out_of = in.out_of();
  out.hits.reserve(static_cast<std::size_t>(in.hits_size()));
  for (pb::WireHit& hit : *in.mutable_hits()) {
    if (!read_hit(hit, out.hits.emplace_back(), fault)) return false;
  }
  for (pb::WireGroup& group : *in.mutable_groups()) {
    if (!read_group(group, out.groups.emplace_back(), fault)) return false;
  }
  out.groups_found = in.groups_found();
  for (pb::WireFacet& facet : *in.mutable_facets()) read_facet(facet, out.facets.emplace_back());
  for (const pb::WirePosition& position : in.positions()) {
    if (!read_position(position, out.positions.emplace_back(), fault)) return false;
  }
  out.shards = in.shards();
  for (const pb::WireShard& shard : in.missing()) {
    if (!read_shard(shard.service(), shard.shard(), out.missing.emplace_back(), fault)) {
      return false;
    }
  }
  out.cutoff = in.cutoff();
  out.found_exact = !in.found_at_least();
  return true;
}

}  // namespace

std::string encode(const engine::Query& query) {
  pb::WireQuery out;
  write_query(query, out);
  return out.SerializeAsString();
}

Result<engine::Query> decode_query(std::string_view bytes) {
  return decode_as<pb::WireQuery, engine::Query>(bytes, read_query);
}

std::string encode(const Result<engine::SearchPage>& page) {
  pb::WireSearchReply out;
  if (page) {
    write_page(*page, *out.mutable_page());
  } else {
    write(page.error(), *out.mutable_error());
  }
  return out.SerializeAsString();
}

Result<Result<engine::SearchPage>> decode_search_reply(std::string_view bytes) {
  return decode_as<pb::WireSearchReply, Result<engine::SearchPage>>(
      bytes,
      [](pb::WireSearchReply& in, Result<engine::SearchPage>& out, WireFault& fault) {
        if (in.has_page()) return read_page(*in.mutable_page(), *out, fault);
        if (!in.has_error()) return fault.nothing(in, "search_reply");
        engine::Error error;
        if (!read_known_error(in.error(), error, fault)) return false;
        out = std::move(error);
        return true;
      },
      engine::SearchPage{});
}

}  // namespace souk::storage
