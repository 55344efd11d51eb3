#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "storage/wire_proto.hpp"
#include "storage/wire_search.hpp"

// The steps of a search over several nodes.
namespace souk::storage {

using engine::FacetTally;
using engine::Hit;
using engine::PartHit;
using engine::Result;
using engine::SearchPart;
using engine::SearchStatistics;
using engine::Spelling;
using engine::SpellingStatistics;

namespace {

constexpr std::size_t kNumbersPerPlace = 3;

void write_open(const WireSearchOpen& open, pb::WireSearchOpen& out) {
  out.set_search(open.search);
  write_query(open.query, *out.mutable_query());
  out.set_now(open.now.microseconds());
  for (const engine::ShardPosition& at : open.shards) write_position(at, *out.add_shards());
  for (const engine::SlotRange& slots : open.slots) {
    pb::WireSlots& to = *out.add_slots();
    to.set_first(slots.first);
    to.set_last(slots.last);
  }
  out.set_instant(open.instant);
  out.set_again(open.again);
  const std::int64_t keep = open.keep.count();
  out.set_keep(static_cast<std::uint32_t>(std::clamp<std::int64_t>(keep, 0, UINT32_MAX)));
}

bool read_open(pb::WireSearchOpen& in, WireSearchOpen& out, WireFault& fault) {
  out.search = in.search();
  out.now = read_time(in.now());
  for (const pb::WirePosition& shard : in.shards()) {
    if (!read_position(shard, out.shards.emplace_back(), fault)) return false;
  }
  for (const pb::WireSlots& slots : in.slots()) {
    if (!read_slots(slots, out.slots.emplace_back())) return fault.corrupt("open.slots");
  }
  if (!out.slots.empty() && out.slots.size() != out.shards.size())
    return fault.corrupt("open.slots");
  out.instant = in.instant();
  out.again = in.again();
  out.keep = std::chrono::milliseconds{in.keep()};
  return read_query(*in.mutable_query(), out.query, fault);
}

constexpr std::uint32_t kSpellingLast = static_cast<std::uint32_t>(Spelling::typos_in_any);
constexpr std::uint32_t kTyposMax = engine::kTypoClasses - 1;

void write_spellings(const SpellingStatistics& spelling, pb::WireSpellings& out) {
  out.set_collected(static_cast<std::uint32_t>(spelling.collected));
  out.set_spaced_collected(spelling.spaced_collected);
  out.set_cutoff(spelling.cutoff);
  for (const std::vector<engine::SimilarTerm>& terms : spelling.similar) {
    pb::WireSimilarTerms& to = *out.add_similar();
    for (const engine::SimilarTerm& term : terms) {
      pb::WireSimilarTerm& one = *to.add_terms();
      one.set_word(term.word);
      one.set_form(term.form);
      one.set_typos(term.typos);
      one.mutable_doc_freqs()->Add(term.doc_freqs.begin(), term.doc_freqs.end());
      one.set_shown(term.shown);
    }
  }
  out.mutable_spaced()->Add(spelling.spaced.begin(), spelling.spaced.end());
}

/// The order that merging keeps.
bool rises(const std::vector<engine::SimilarTerm>& terms) {
  return std::is_sorted(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
    return std::tie(a.word, a.form) < std::tie(b.word, b.form);
  });
}

bool read_spellings(const pb::WireSpellings& in, SpellingStatistics& out, WireFault& fault) {
  if (in.collected() > kSpellingLast) return fault.corrupt("spellings.collected");
  out.collected = static_cast<Spelling>(in.collected());
  out.spaced_collected = in.spaced_collected();
  out.cutoff = in.cutoff();
  for (const pb::WireSimilarTerms& terms : in.similar()) {
    std::vector<engine::SimilarTerm>& to = out.similar.emplace_back();
    for (const pb::WireSimilarTerm& term : terms.terms()) {
      if (term.typos() == 0 || term.typos() > kTyposMax) return fault.corrupt("spellings.typos");
      to.push_back({term.word(),
                    term.form(),
                    term.typos(),
                    {term.doc_freqs().begin(), term.doc_freqs().end()},
                    term.shown()});
    }
    if (!rises(to)) return fault.corrupt("spellings.similar");
  }
  out.spaced.assign(in.spaced().begin(), in.spaced().end());
  return true;
}

void write_statistics(const SearchStatistics& statistics, pb::WireStatistics& out) {
  out.set_docs(statistics.docs);
  for (const engine::FieldStatistics& field : statistics.fields) {
    out.add_lengths(field.length_sum);
    out.add_lengths(field.docs);
  }
  out.mutable_doc_freqs()->Add(statistics.doc_freqs.begin(), statistics.doc_freqs.end());
  if (statistics.spelling != SpellingStatistics{})
    write_spellings(statistics.spelling, *out.mutable_spelling());
}

bool read_statistics(const pb::WireStatistics& in, SearchStatistics& out, WireFault& fault) {
  if (in.lengths_size() % 2 != 0) return fault.corrupt("statistics.lengths");
  out.docs = in.docs();
  for (int i = 0; i < in.lengths_size(); i += 2)
    out.fields.push_back({in.lengths(i), in.lengths(i + 1)});
  out.doc_freqs.assign(in.doc_freqs().begin(), in.doc_freqs().end());
  return !in.has_spelling() || read_spellings(in.spelling(), out.spelling, fault);
}

void write_tally(const FacetTally& tally, pb::WireTally& out) {
  for (const FacetTally::Text& text : tally.texts) {
    out.add_texts(text.value);
    out.add_text_counts(text.count);
  }
  for (const FacetTally::Number& number : tally.numbers) {
    out.add_numbers(number.value);
    out.add_number_counts(number.count);
  }
  out.mutable_ranges()->Add(tally.ranges.begin(), tally.ranges.end());
}

bool read_tally(pb::WireTally& in, const engine::FacetRequest& request, FacetTally& out,
                WireFault& fault) {
  if (in.texts_size() != in.text_counts_size()) return fault.corrupt("part.facets.texts");
  if (in.numbers_size() != in.number_counts_size()) return fault.corrupt("part.facets.numbers");
  if (static_cast<std::size_t>(in.ranges_size()) != request.ranges.size())
    return fault.corrupt("part.facets.ranges");
  out.texts.reserve(static_cast<std::size_t>(in.texts_size()));
  for (int i = 0; i < in.texts_size(); ++i)
    out.texts.push_back({std::move(*in.mutable_texts(i)), in.text_counts(i)});
  double last = -std::numeric_limits<double>::infinity();
  for (int i = 0; i < in.numbers_size(); ++i) {
    const double number = in.numbers(i);
    const bool rises = i == 0 ? number >= last : number > last;  // never, for what is no number
    const bool minus_zero = number == 0 && std::signbit(number);
    if (!rises || minus_zero || in.number_counts(i) == 0)
      return fault.corrupt("part.facets.numbers");
    out.numbers.push_back({number, in.number_counts(i)});
    last = number;
  }
  out.ranges.assign(in.ranges().begin(), in.ranges().end());
  return true;
}

bool read_part_hit(pb::WirePartHit& in, std::size_t sort_keys, PartHit& out, WireFault& fault) {
  out.id = engine::ProductId{std::move(*in.mutable_id())};
  out.text_match = in.text_match();
  out.place = {in.snapshot(), in.segment(), in.doc()};
  if (static_cast<std::size_t>(in.sort_values_size()) != sort_keys)
    return fault.corrupt("part.hits.sort_values");
  out.sort_values.reserve(sort_keys);
  for (pb::WireSortValue& value : *in.mutable_sort_values()) {
    engine::SortValue& to = out.sort_values.emplace_back();
    if (!read_sort_value(value, to, fault)) return false;
    const double* real = std::get_if<double>(&to.value);
    if (real != nullptr && std::isnan(*real)) return fault.corrupt("part.hits.sort_values");
  }
  return true;
}

void write_part_hit(const PartHit& hit, pb::WirePartHit& to) {
  to.set_id(hit.id.str());
  to.set_text_match(hit.text_match);
  for (const engine::SortValue& value : hit.sort_values)
    write_sort_value(value, *to.add_sort_values());
  to.set_snapshot(hit.place.snapshot);
  to.set_segment(hit.place.segment);
  to.set_doc(hit.place.doc);
}

void write_part(const SearchPart& part, pb::WirePart& out) {
  out.set_required(part.round.required);
  out.set_spelling(static_cast<std::uint32_t>(part.round.spelling));
  out.set_found(part.found);
  out.set_out_of(part.out_of);
  out.mutable_hits()->Reserve(static_cast<int>(part.hits.size()));
  for (const PartHit& hit : part.hits) write_part_hit(hit, *out.add_hits());
  for (const engine::PinnedPartHit& pinned : part.pinned) {
    pb::WirePinnedHit& to = *out.add_pinned();
    to.set_pin(pinned.pin);
    write_part_hit(pinned.hit, *to.mutable_hit());
  }
  for (const engine::HitGroup& group : part.groups) write_group(group, *out.add_groups());
  out.set_skipped(part.skipped);
  for (const FacetTally& tally : part.facets) write_tally(tally, *out.add_facets());
  for (const engine::ShardPosition& at : part.positions) write_position(at, *out.add_positions());
  for (const engine::ShardId& shard : part.unfinished) {
    pb::WireShard& to = *out.add_unfinished();
    to.set_service(static_cast<std::uint32_t>(shard.service));
    to.set_shard(shard.number);
  }
  out.set_cutoff(part.cutoff);
  out.set_found_at_least(!part.found_exact);
}

/// The groups are of this query, and the hits are theirs.
bool read_part_groups(pb::WirePart& in, const engine::Query& query, SearchPart& out,
                      WireFault& fault) {
  std::uint64_t listed = 0;
  for (pb::WireGroup& group : *in.mutable_groups()) {
    engine::HitGroup& to = out.groups.emplace_back();
    if (!read_group(group, to, fault)) return false;
    if (to.key.size() != query.group_by.size() || to.hits > query.group_limit || to.hits > to.found)
      return fault.corrupt("part.groups");
    for (const engine::SortValue& value : to.key) {
      const double* real = std::get_if<double>(&value.value);
      if (real != nullptr && std::isnan(*real)) return fault.corrupt("part.groups.key");
    }
    listed += to.hits;
  }
  if (query.group_by.empty()) return out.groups.empty() || fault.corrupt("part.groups");
  return listed == static_cast<std::uint64_t>(in.hits_size()) || fault.corrupt("part.hits");
}

bool read_part(pb::WirePart& in, const engine::Query& query, const WireSearchRun& asked,
               SearchPart& out, WireFault& fault) {
  const std::uint64_t limit = std::uint64_t{query.page} * query.per_page;
  if (in.required() != asked.round.required ||
      in.spelling() != static_cast<std::uint32_t>(asked.round.spelling))
    return fault.corrupt("part.required");
  if (in.skipped() > (asked.alone ? limit : 0)) return fault.corrupt("part.skipped");
  const auto hits = static_cast<std::size_t>(in.hits_size());
  if (hits > limit && query.group_by.empty()) return fault.corrupt("part.hits");
  if (static_cast<std::size_t>(in.facets_size()) != query.facet_by.size())
    return fault.corrupt("part.facets");
  out.round = asked.round;
  out.found = in.found();
  out.out_of = in.out_of();
  out.skipped = static_cast<std::size_t>(in.skipped());
  out.cutoff = in.cutoff();
  out.found_exact = !in.found_at_least();
  const std::size_t sort_keys = engine::sort_keys_of(query).size();
  out.hits.reserve(hits);
  for (pb::WirePartHit& hit : *in.mutable_hits()) {
    if (!read_part_hit(hit, sort_keys, out.hits.emplace_back(), fault)) return false;
  }
  for (pb::WirePinnedHit& pinned : *in.mutable_pinned()) {
    engine::PinnedPartHit& to = out.pinned.emplace_back();
    to.pin = pinned.pin();
    if (to.pin >= query.pinned_hits.size()) return fault.corrupt("part.pinned");
    if (!read_part_hit(*pinned.mutable_hit(), sort_keys, to.hit, fault)) return false;
  }
  if (!read_part_groups(in, query, out, fault)) return false;
  for (int i = 0; i < in.facets_size(); ++i) {
    const engine::FacetRequest& request = query.facet_by[static_cast<std::size_t>(i)];
    if (!read_tally(*in.mutable_facets(i), request, out.facets.emplace_back(), fault)) return false;
  }
  for (const pb::WirePosition& at : in.positions()) {
    if (!read_position(at, out.positions.emplace_back(), fault)) return false;
  }
  for (const pb::WireShard& shard : in.unfinished()) {
    if (!read_shard(shard.service(), shard.shard(), out.unfinished.emplace_back(), fault))
      return false;
  }
  return true;
}

/// Whether they are of the words of this plan, which knows what is known.
bool fits(const SpellingStatistics& spelling, const engine::QueryPlan& plan) {
  const std::size_t fields = plan.fields.size();
  const std::size_t spaced = spelling.spaced_collected ? engine::spaced_words(plan).size() : 0;
  return (spelling.similar.empty() || spelling.similar.size() == plan.written()) &&
         spelling.spaced.size() == spaced * fields &&
         std::all_of(spelling.similar.begin(), spelling.similar.end(), [&](const auto& terms) {
           return std::all_of(terms.begin(), terms.end(), [&](const engine::SimilarTerm& term) {
             return term.doc_freqs.size() == fields;
           });
         });
}
/// Whether they are of these words.
bool fits(const SearchStatistics& statistics, const engine::QueryPlan& words) {
  if (words.matches_all()) return statistics == SearchStatistics{};
  const bool counted = statistics.fields.size() == words.fields.size() &&
                       statistics.doc_freqs.size() == words.tokens.size() * words.fields.size();
  if (!counted || statistics.spelling == SpellingStatistics{}) return counted;
  SearchStatistics without = statistics;
  without.spelling = {};
  return fits(statistics.spelling, engine::plan_query(words, without));
}

/// An answer that is a value or an error.
template <class Message, class Value, class Write>
std::string encode_answer(const Result<Value>& answer, Write write_value) {
  Message out;
  if (answer) {
    write_value(*answer, out);
  } else {
    write(answer.error(), *out.mutable_error());
  }
  return out.SerializeAsString();
}
template <class Message, class Value, class Has, class Read>
Result<Result<Value>> decode_answer(std::string_view bytes, const char* field, Has has_value,
                                    Read read_value) {
  return decode_as<Message, Result<Value>>(
      bytes,
      [&](Message& in, Result<Value>& out, WireFault& fault) {
        if (has_value(in)) return read_value(in, *out, fault);
        if (!in.has_error()) return fault.nothing(in, field);
        engine::Error error;
        if (!read_known_error(in.error(), error, fault)) return false;
        out = std::move(error);
        return true;
      },
      Value{});
}

}  // namespace

std::string encode(const WireSearchOpen& open) {
  pb::WireSearchOpen out;
  write_open(open, out);
  return out.SerializeAsString();
}

std::string encode(const WireSearchRun& run) {
  pb::WireSearchRun out;
  out.set_search(run.search);
  if (run.open) write_open(*run.open, *out.mutable_open());
  write_statistics(run.statistics, *out.mutable_statistics());
  out.set_required(run.round.required);
  out.set_spelling(static_cast<std::uint32_t>(run.round.spelling));
  out.set_alone(run.alone);
  out.set_walk(run.walk);
  return out.SerializeAsString();
}

std::string encode(const WireSearchSpell& spell) {
  pb::WireSearchSpell out;
  out.set_search(spell.search);
  write_statistics(spell.statistics, *out.mutable_statistics());
  out.set_spelling(static_cast<std::uint32_t>(spell.spelling));
  return out.SerializeAsString();
}

std::string encode(const WireSearchRead& read) {
  pb::WireSearchRead out;
  out.set_search(read.search);
  out.set_walk(read.walk);
  out.set_instant(read.instant);
  for (const engine::HitPlace& place : read.places) {
    out.add_places(place.snapshot);
    out.add_places(place.segment);
    out.add_places(place.doc);
  }
  return out.SerializeAsString();
}

Result<WireSearchOpen> decode_search_open(std::string_view bytes) {
  return decode_as<pb::WireSearchOpen, WireSearchOpen>(bytes, read_open);
}

Result<WireSearchRun> decode_search_run(std::string_view bytes) {
  return decode_as<pb::WireSearchRun, WireSearchRun>(
      bytes, [](pb::WireSearchRun& in, WireSearchRun& out, WireFault& fault) {
        out.search = in.search();
        if (in.spelling() > kSpellingLast) return fault.corrupt("search_run.spelling");
        out.round = {static_cast<std::size_t>(in.required()), static_cast<Spelling>(in.spelling())};
        out.alone = in.alone();
        out.walk = in.walk();
        if (in.has_open() && !read_open(*in.mutable_open(), out.open.emplace(), fault))
          return false;
        return read_statistics(in.statistics(), out.statistics, fault);
      });
}

Result<WireSearchSpell> decode_search_spell(std::string_view bytes) {
  return decode_as<pb::WireSearchSpell, WireSearchSpell>(
      bytes, [](const pb::WireSearchSpell& in, WireSearchSpell& out, WireFault& fault) {
        if (in.spelling() > kSpellingLast) return fault.corrupt("search_spell.spelling");
        out.search = in.search();
        out.spelling = static_cast<Spelling>(in.spelling());
        return read_statistics(in.statistics(), out.statistics, fault);
      });
}

Result<WireSearchRead> decode_search_read(std::string_view bytes) {
  return decode_as<pb::WireSearchRead, WireSearchRead>(
      bytes, [](const pb::WireSearchRead& in, WireSearchRead& out, WireFault& fault) {
        const auto numbers = static_cast<std::size_t>(in.places_size());
        if (numbers % kNumbersPerPlace != 0) return fault.corrupt("search_read.places");
        out.search = in.search();
        out.walk = in.walk();
        out.instant = in.instant();
        out.places.reserve(numbers / kNumbersPerPlace);
        for (int i = 0; i < in.places_size(); i += 3)
          out.places.push_back({in.places(i), in.places(i + 1), in.places(i + 2)});
        return true;
      });
}

std::string encode(const WireWalk& walk) {
  pb::WireWalk out;
  out.set_walk(walk.walk);
  out.set_taken(walk.taken);
  out.set_count(walk.count);
  return out.SerializeAsString();
}

Result<WireWalk> decode_walk(std::string_view bytes) {
  return decode_as<pb::WireWalk, WireWalk>(
      bytes, [](const pb::WireWalk& in, WireWalk& out, WireFault& fault) {
        out = {in.walk(), in.taken(), in.count()};
        return (out.count > 0 && out.count <= 250) || fault.corrupt("walk.count");
      });
}

std::string encode(const Result<SearchStatistics>& statistics) {
  return encode_answer<pb::WireStatisticsReply>(
      statistics, [](const SearchStatistics& value, pb::WireStatisticsReply& out) {
        write_statistics(value, *out.mutable_statistics());
      });
}

std::string encode(const Result<SpellingStatistics>& spellings) {
  return encode_answer<pb::WireSpellingsReply>(
      spellings, [](const SpellingStatistics& value, pb::WireSpellingsReply& out) {
        write_spellings(value, *out.mutable_spellings());
      });
}

std::string encode(const Result<SearchPart>& part) {
  return encode_answer<pb::WirePartReply>(part,
                                          [](const SearchPart& value, pb::WirePartReply& out) {
                                            write_part(value, *out.mutable_part());
                                          });
}

std::string encode(const Result<std::vector<Hit>>& hits) {
  return encode_answer<pb::WireHitsReply>(
      hits, [](const std::vector<Hit>& value, pb::WireHitsReply& out) {
        pb::WireHits& to = *out.mutable_hits();
        for (const Hit& hit : value) write_hit(hit, *to.add_hits());
      });
}

bool fits(const WireSearchRun& run, const engine::QueryPlan& words) {
  return fits(run.statistics, words) && run.round.required <= engine::first_round(words).required;
}

bool fits(const WireSearchSpell& spell, const engine::QueryPlan& words) {
  return !words.matches_all() && fits(spell.statistics, words);
}

Result<Result<SearchStatistics>> decode_search_statistics(std::string_view bytes,
                                                          const engine::QueryPlan& words) {
  return decode_answer<pb::WireStatisticsReply, SearchStatistics>(
      bytes, "search_statistics", [](const auto& in) { return in.has_statistics(); },
      [&](const pb::WireStatisticsReply& in, SearchStatistics& out, WireFault& fault) {
        if (!read_statistics(in.statistics(), out, fault)) return false;
        return fits(out, words) || fault.corrupt("statistics");
      });
}

Result<Result<SpellingStatistics>> decode_search_spellings(std::string_view bytes,
                                                           const engine::QueryPlan& plan,
                                                           Spelling asked) {
  return decode_answer<pb::WireSpellingsReply, SpellingStatistics>(
      bytes, "search_spellings", [](const auto& in) { return in.has_spellings(); },
      [&](const pb::WireSpellingsReply& in, SpellingStatistics& out, WireFault& fault) {
        if (!read_spellings(in.spellings(), out, fault)) return false;
        // Else it would be asked for the same again, and again.
        return (out.collected == asked && fits(out, plan)) || fault.corrupt("spellings");
      });
}

Result<Result<SearchPart>> decode_search_part(std::string_view bytes, const engine::Query& query,
                                              const WireSearchRun& asked) {
  return decode_answer<pb::WirePartReply, SearchPart>(
      bytes, "search_part", [](const auto& in) { return in.has_part(); },
      [&](pb::WirePartReply& in, SearchPart& out, WireFault& fault) {
        return read_part(*in.mutable_part(), query, asked, out, fault);
      });
}

Result<Result<std::vector<Hit>>> decode_search_hits(std::string_view bytes,
                                                    std::span<const engine::ProductId> ids) {
  return decode_answer<pb::WireHitsReply, std::vector<Hit>>(
      bytes, "search_hits", [](const auto& in) { return in.has_hits(); },
      [&](pb::WireHitsReply& in, std::vector<Hit>& out, WireFault& fault) {
        if (static_cast<std::size_t>(in.hits().hits_size()) != ids.size())
          return fault.corrupt("hits");
        out.reserve(ids.size());
        for (pb::WireHit& hit : *in.mutable_hits()->mutable_hits()) {
          if (!read_hit(hit, out.emplace_back(), fault)) return false;
          if (out.back().id != ids[out.size() - 1]) return fault.corrupt("hits.id");
        }
        return true;
      });
}

}  // namespace souk::storage
