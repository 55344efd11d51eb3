#include "storage/search_rules.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::CurationMatch;
using engine::Result;
using engine::RuleKind;
using engine::SearchRule;

constexpr std::string_view kKeptHead = "souk rules 1\n";
// What coordinators take in one transaction.
constexpr std::size_t kWritesAtOnce = 64;
constexpr std::size_t kBytesAtOnce = 512U << 10U;
constexpr std::string_view kKinds[] = {"synonyms/", "stopwords/", "curations/"};

void write(const engine::Synonym& synonym, pb::SearchRule& to) {
  pb::SearchSynonym& out = *to.mutable_synonym();
  out.set_id(synonym.id);
  out.set_root(synonym.root);
  for (const std::string& text : synonym.synonyms) out.add_synonyms(text);
  out.set_locale(synonym.locale);
}

void write(const engine::StopWords& stops, pb::SearchRule& to) {
  pb::SearchStopWords& out = *to.mutable_stop_words();
  out.set_id(stops.id);
  for (const std::string& word : stops.words) out.add_words(word);
  out.set_always(stops.always);
  out.set_locale(stops.locale);
}

void write(const engine::Curation& curation, pb::SearchRule& to) {
  pb::SearchCuration& out = *to.mutable_curation();
  out.set_id(curation.id);
  out.set_query(curation.query);
  out.set_match(static_cast<std::uint32_t>(curation.match));
  out.set_rule_filter_by(curation.rule_filter_by);
  for (const std::string& tag : curation.tags) out.add_tags(tag);
  for (const engine::PinnedHit& pin : curation.includes) {
    pb::SearchPin& one = *out.add_includes();
    one.set_product(pin.product);
    one.set_position(pin.position);
  }
  for (const std::string& id : curation.excludes) out.add_excludes(id);
  for (const engine::CurationBoost& boost : curation.boosts) {
    pb::SearchBoost& one = *out.add_boosts();
    one.set_filter_by(boost.filter_by);
    one.set_percent(boost.percent);
  }
  out.set_filter_by(curation.filter_by);
  out.set_sort_by(curation.sort_by);
  out.set_replace_query(curation.replace_query);
  out.set_remove_matched_tokens(curation.remove_matched_tokens);
  if (curation.filter_curated_hits) out.set_filter_curated_hits(*curation.filter_curated_hits);
  out.set_disabled(!curation.enabled);
  out.set_stop_processing(curation.stop_processing);
  if (curation.effective_from) out.set_effective_from(curation.effective_from->microseconds());
  if (curation.effective_to) out.set_effective_to(curation.effective_to->microseconds());
  out.set_redirect(curation.redirect);
  out.set_metadata(curation.metadata);
}

engine::Synonym read(const pb::SearchSynonym& in) {
  return {in.id(), in.root(), {in.synonyms().begin(), in.synonyms().end()}, in.locale()};
}

engine::StopWords read(const pb::SearchStopWords& in) {
  return {in.id(), {in.words().begin(), in.words().end()}, in.always(), in.locale()};
}

Result<engine::Curation> read(const pb::SearchCuration& in) {
  engine::Curation out;
  out.id = in.id();
  out.query = in.query();
  if (!read_enum(in.match(), CurationMatch::contains, out.match))
    return corrupt_record("a curation's match");
  out.rule_filter_by = in.rule_filter_by();
  out.tags.assign(in.tags().begin(), in.tags().end());
  for (const pb::SearchPin& pin : in.includes())
    out.includes.push_back({pin.product(), pin.position()});
  out.excludes.assign(in.excludes().begin(), in.excludes().end());
  for (const pb::SearchBoost& boost : in.boosts())
    out.boosts.push_back({boost.filter_by(), boost.percent()});
  out.filter_by = in.filter_by();
  out.sort_by = in.sort_by();
  out.replace_query = in.replace_query();
  out.remove_matched_tokens = in.remove_matched_tokens();
  if (in.has_filter_curated_hits()) out.filter_curated_hits = in.filter_curated_hits();
  out.enabled = !in.disabled();
  out.stop_processing = in.stop_processing();
  if (in.has_effective_from()) out.effective_from = read_time(in.effective_from());
  if (in.has_effective_to()) out.effective_to = read_time(in.effective_to());
  out.redirect = in.redirect();
  out.metadata = in.metadata();
  return out;
}

Result<SearchRule> read(const pb::SearchRule& in) {
  switch (in.rule_case()) {
    case pb::SearchRule::kSynonym:
      return SearchRule{read(in.synonym())};
    case pb::SearchRule::kStopWords:
      return SearchRule{read(in.stop_words())};
    case pb::SearchRule::kCuration: {
      auto curation = read(in.curation());
      if (!curation) return curation.error();
      return SearchRule{std::move(*curation)};
    }
    case pb::SearchRule::RULE_NOT_SET:
      break;
  }
  return engine::Error{engine::Errc::newer_format, "a search rule of a kind not known", {}, {}};
}

std::string name_of(const SearchRule& rule) {
  return rule_name(engine::kind_of(rule), engine::id_of(rule));
}

std::string to_hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, failed] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (failed != std::errc{} || end != text.data() + i + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

Coordinator::Transaction expecting(const std::string& name,
                                   std::optional<Coordinator::Revision> expected) {
  Coordinator::Transaction change;
  if (expected) change.expected.push_back({name, *expected});
  return change;
}

}  // namespace

std::string rule_name(RuleKind kind, std::string_view id) {
  return std::string{kRulesPrefix}.append(kKinds[static_cast<std::size_t>(kind)]).append(id);
}

std::string encode_rule(const SearchRule& rule) {
  pb::SearchRule out;
  std::visit([&](const auto& each) { write(each, out); }, rule);
  return seal_message(name_of(rule), out);
}

Result<SearchRule> decode_rule(std::string_view name, std::string_view value) {
  pb::SearchRule in;
  const Result<void> parsed = unseal_message(name, value, in);
  if (!parsed) return parsed.error();
  auto rule = read(in);
  if (!rule) return rule.error();
  if (name_of(*rule) != name) return corrupt_record("a search rule of another name");
  // What this version refuses, a newer one may have allowed.
  if (!engine::validate_rule(*rule))
    return engine::Error{
        engine::Errc::newer_format, "a search rule that cannot be applied", {}, {}};
  return rule;
}

Result<Coordinator::Revision> put_rule(Coordinator& coordinator, const SearchRule& rule,
                                       std::optional<Coordinator::Revision> expected,
                                       Coordinator::Deadline deadline) {
  const std::string name = name_of(rule);
  Coordinator::Transaction change = expecting(name, expected);
  change.writes.push_back({name, encode_rule(rule), 0});
  return coordinator.commit(change, deadline);
}

Result<Coordinator::Revision> erase_rule(Coordinator& coordinator, RuleKind kind,
                                         std::string_view id,
                                         std::optional<Coordinator::Revision> expected,
                                         Coordinator::Deadline deadline) {
  const std::string name = rule_name(kind, id);
  Coordinator::Transaction change = expecting(name, expected);
  change.erased.push_back(name);
  return coordinator.commit(change, deadline);
}

Result<std::string> keep_rules(const Coordinator& coordinator, Coordinator::Deadline deadline) {
  const auto listing = coordinator.read(kRulesPrefix, deadline);
  if (!listing) return listing.error();
  if (listing->facts.empty()) return std::string{};
  std::string text{kKeptHead};
  for (const Coordinator::NamedFact& each : listing->facts)
    text.append(each.name).append(" ").append(to_hex(each.fact.value)).append("\n");
  return text;
}

Result<void> restore_rules(Coordinator& coordinator, std::string_view kept) {
  if (kept.empty()) return {};
  if (!kept.starts_with(kKeptHead)) return corrupt_record("rules of searches in a backup");
  kept.remove_prefix(kKeptHead.size());
  Coordinator::Transaction some;
  std::size_t bytes = 0;
  const auto write = [&]() -> Result<void> {
    if (some.writes.empty()) return {};
    const auto done = coordinator.commit(some, Coordinator::patience());
    if (!done) return done.error();
    some.writes.clear();
    bytes = 0;
    return {};
  };
  while (!kept.empty()) {
    const auto end = kept.find('\n');
    const auto space = kept.find(' ');
    if (end == std::string_view::npos || space > end || !kept.starts_with(kRulesPrefix))
      return corrupt_record("a rule of searches in a backup");
    auto value = from_hex(kept.substr(space + 1, end - space - 1));
    if (!value) return corrupt_record("a rule of searches in a backup");
    if (some.writes.size() == kWritesAtOnce || bytes + value->size() > kBytesAtOnce) {
      if (const auto written = write(); !written) return written;
    }
    bytes += value->size();
    some.writes.push_back({std::string{kept.substr(0, space)}, std::move(*value), 0});
    kept.remove_prefix(end + 1);
  }
  return write();
}

}  // namespace souk::storage
