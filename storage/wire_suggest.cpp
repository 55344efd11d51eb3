#include "storage/wire_suggest.hpp"

#include <limits>
#include <utility>

#include "storage/wire_proto.hpp"

namespace souk::storage {

using engine::Result;

namespace {

/// More cannot be asked, popular or sold.
constexpr std::int64_t kPopularityMax = std::int64_t{1} << 60;

bool read_wire_suggest(pb::WireSuggest& in, WireSuggest& out, WireFault& fault) {
  out.request.q = std::move(*in.mutable_q());
  out.request.limit = in.limit();
  if (in.types() > 255) return fault.newer("suggest.types");
  out.request.types = static_cast<std::uint8_t>(in.types());
  if (!read_known(in.language(), engine::kLastLanguage, out.request.language, "suggest.language",
                  fault)) {
    return false;
  }
  if (const auto valid = engine::validate_suggest(out.request); !valid)
    return fault.note(valid.error());
  out.now = engine::Timestamp{in.now()};
  for (const pb::WirePosition& shard : in.shards()) {
    if (!read_position(shard, out.shards.emplace_back(), fault)) return false;
  }
  for (const pb::WireSlots& slots : in.slots()) {
    if (!read_slots(slots, out.slots.emplace_back())) return fault.corrupt("suggest.slots");
  }
  if (!out.slots.empty() && out.slots.size() != out.shards.size())
    return fault.corrupt("suggest.slots");
  if (static_cast<std::size_t>(in.count_size()) > 2 * engine::kSuggestLimitMax)
    return fault.corrupt("suggest.count");
  for (std::string& text : *in.mutable_count()) out.count.push_back({std::move(text), 0});
  return true;
}

bool read_values(pb::WireSuggested& in, engine::SuggestPart& out, WireFault& fault) {
  for (pb::WireSuggestedValue& value : *in.mutable_values()) {
    engine::SuggestedValue& to = out.values.emplace_back();
    const bool known = value.type() == static_cast<std::uint32_t>(engine::SuggestionType::brand) ||
                       value.type() == static_cast<std::uint32_t>(engine::SuggestionType::category);
    if (!known) return fault.newer("suggested.values.type");
    if (value.popularity() > kPopularityMax || value.popularity() < -kPopularityMax)
      return fault.corrupt("suggested.values.popularity");
    to = {static_cast<engine::SuggestionType>(value.type()), std::move(*value.mutable_text()),
          value.products(), value.popularity()};
  }
  for (pb::WireSuggestedProduct& product : *in.mutable_products()) {
    out.products.push_back({engine::ProductId{std::move(*product.mutable_id())},
                            std::move(*product.mutable_title()), product.popularity()});
  }
  for (pb::WireSuggestedQuery& query : *in.mutable_queries())
    out.queries.push_back({std::move(*query.mutable_text()), query.count()});
  if (out.values.size() > 2 * engine::kSuggestedValuesMax ||
      out.products.size() > 4 * engine::kSuggestLimitMax ||
      out.queries.size() > engine::kSuggestedQueriesMax)
    return fault.corrupt("suggested");
  return true;
}

}  // namespace

std::string encode(const WireSuggest& suggest) {
  pb::WireSuggest out;
  out.set_q(suggest.request.q);
  out.set_limit(suggest.request.limit);
  out.set_types(suggest.request.types);
  out.set_language(static_cast<std::uint32_t>(suggest.request.language));
  out.set_now(suggest.now.microseconds());
  for (const engine::ShardPosition& at : suggest.shards) write_position(at, *out.add_shards());
  for (const engine::SlotRange& slots : suggest.slots) {
    pb::WireSlots& to = *out.add_slots();
    to.set_first(slots.first);
    to.set_last(slots.last);
  }
  for (const engine::SuggestedQuery& query : suggest.count) out.add_count(query.text);
  return out.SerializeAsString();
}

Result<WireSuggest> decode_suggest(std::string_view bytes) {
  return decode_as<pb::WireSuggest, WireSuggest>(bytes, read_wire_suggest);
}

std::string encode(const WireSuggested& suggested) {
  pb::WireSuggested out;
  for (const engine::SuggestedValue& value : suggested.part.values) {
    pb::WireSuggestedValue& to = *out.add_values();
    to.set_type(static_cast<std::uint32_t>(value.type));
    to.set_text(value.text);
    to.set_products(value.products);
    to.set_popularity(value.popularity);
  }
  for (const engine::SuggestedProduct& product : suggested.part.products) {
    pb::WireSuggestedProduct& to = *out.add_products();
    to.set_id(product.id.str());
    to.set_title(product.title);
    to.set_popularity(product.popularity);
  }
  for (const engine::SuggestedQuery& query : suggested.part.queries) {
    pb::WireSuggestedQuery& to = *out.add_queries();
    to.set_text(query.text);
    to.set_count(query.count);
  }
  for (const engine::ShardPosition& at : suggested.part.positions)
    write_position(at, *out.add_positions());
  for (const engine::ShardId& shard : suggested.part.unfinished) {
    pb::WireShard& to = *out.add_unfinished();
    to.set_service(static_cast<std::uint32_t>(shard.service));
    to.set_shard(shard.number);
  }
  out.set_cutoff(suggested.part.cutoff);
  out.set_truncated(suggested.part.truncated);
  for (const std::uint64_t count : suggested.counts) out.add_counts(count);
  return out.SerializeAsString();
}

Result<WireSuggested> decode_suggested(std::string_view bytes, const WireSuggest& asked) {
  return decode_as<pb::WireSuggested, WireSuggested>(
      bytes, [&](pb::WireSuggested& in, WireSuggested& out, WireFault& fault) {
        if (!read_values(in, out.part, fault)) return false;
        for (const pb::WirePosition& at : in.positions()) {
          if (!read_position(at, out.part.positions.emplace_back(), fault)) return false;
        }
        for (const pb::WireShard& shard : in.unfinished()) {
          if (!read_shard(shard.service(), shard.shard(), out.part.unfinished.emplace_back(),
                          fault))
            return false;
        }
        out.part.cutoff = in.cutoff();
        out.part.truncated = in.truncated();
        if (static_cast<std::size_t>(in.counts_size()) != asked.count.size())
          return fault.corrupt("suggested.counts");
        out.counts.assign(in.counts().begin(), in.counts().end());
        return true;
      });
}

}  // namespace souk::storage
