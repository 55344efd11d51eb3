#include "net/json/typesense_input.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "net/json/merge_patch.hpp"
#include "net/json/timestamp.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

constexpr std::string_view kAttributePrefix = "attributes.";
constexpr double kExactMax = 9'007'199'254'740'992;    // 2^53
constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999
constexpr std::int64_t kMicroseconds = 1'000'000;

/// Members that mean the same in a product.
constexpr auto kSame = std::to_array<std::string_view>({"id", "title", "description", "brand",
                                                        "rating", "rating_count", "popularity",
                                                        "status", "language", "source_version"});
constexpr auto kLists = std::to_array<std::string_view>({"categories", "tags", "images"});
constexpr auto kReadOnly = std::to_array<std::string_view>(
    {"version", "created_at", "updated_at", "available", "in_stock", "matched_skus", "held"});
/// What one variant has: in the product itself if there are no `variants`.
constexpr auto kTerms =
    std::to_array<std::string_view>({"sku", "price", "currency", "stock", "max_per_order"});

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Error fault(Errc code, const JsonValue& at, std::string_view what) {
  const std::string path = at.path();
  return Error{code, "Field `" + path + "` " + std::string{what}, path, {}};
}

class Rewriter {
public:
  Rewriter(JsonValue document, TypesenseInput mode, std::string_view currency)
      : document_{document}, patch_{mode == TypesenseInput::patch}, currency_{currency} {}

  engine::Result<std::string> run();

private:
  void members();
  void attributes();
  void list(JsonValue value);
  void terms();
  void variants(JsonValue list);
  void price(JsonValue value, std::optional<JsonValue> currency);
  void available_at(JsonValue value);
  void refuse(Error error) {
    if (!error_) error_ = std::move(error);
  }

  JsonValue document_;
  bool patch_;
  std::string_view currency_;
  std::string text_;
  JsonWriter json_{text_};
  std::optional<Error> error_;
};

engine::Result<std::string> Rewriter::run() {
  if (!document_.is_object())
    return Error{Errc::malformed_request, "Bad JSON: not a proper document.", {}, {}};
  json_.begin_object();
  members();
  attributes();
  const auto list = document_.find("variants");
  if (list && list->is_array()) {
    variants(*list);
  } else {
    terms();
  }
  json_.end_object();
  if (error_) return *error_;
  return std::move(text_);
}

void Rewriter::members() {
  for (const JsonValue member : document_) {
    const std::string_view name = member.key();
    if (member.is_null() && !patch_) continue;
    if (among(kSame, name)) {
      if (name == "id" && !member.is_string())
        return refuse(fault(Errc::invalid_value, member, "should be a string."));
      render_value(json_.key(name), member);
    } else if (among(kLists, name)) {
      list(member);
    } else if (name == "available_at") {
      available_at(member);
    }
  }
}

void Rewriter::list(JsonValue value) {
  json_.key(value.key());
  if (!value.is_string()) return render_value(json_, value);
  json_.begin_array().string(value.as_string()).end_array();
}

void Rewriter::available_at(JsonValue value) {
  json_.key("available_at");
  if (value.kind() != JsonKind::integer) return render_value(json_, value);
  const std::int64_t seconds = value.as_integer();
  if (seconds < -kSecondsMax || seconds > kSecondsMax)
    return refuse(fault(Errc::invalid_value, value, "must be a time in seconds."));
  json_.string(render_timestamp(engine::Timestamp{seconds * kMicroseconds}));
}

/// Those given as such, and every member that products do not have.
void Rewriter::attributes() {
  const auto given = document_.find("attributes");
  if (given && !given->is_object()) {
    if (patch_ || !given->is_null()) render_value(json_.key("attributes"), *given);
    return;
  }
  bool open = false;
  const auto begin = [&] {
    if (!std::exchange(open, true)) json_.key("attributes").begin_object();
  };
  const auto write = [&](std::string_view name, JsonValue value) {
    if (value.is_null() && !patch_) return;
    begin();
    render_value(json_.key(name), value);
  };
  if (given) {
    begin();
    for (const JsonValue attribute : *given) write(attribute.key(), attribute);
  }
  for (const JsonValue member : document_) {
    std::string_view name = member.key();
    if (among(kSame, name) || among(kLists, name) || among(kReadOnly, name) ||
        among(kTerms, name) || name == "available_at" || name == "attributes" || name == "variants")
      continue;
    if (name.starts_with(kAttributePrefix)) name.remove_prefix(kAttributePrefix.size());
    if (given && given->find(name)) continue;
    write(name, member);
  }
  if (open) json_.end_object();
}

void Rewriter::terms() {
  for (const std::string_view name : {"stock", "max_per_order"}) {
    const auto value = document_.find(name);
    if (value && !value->is_null()) render_value(json_.key(name), *value);
  }
  if (const auto sku = document_.find("sku"); sku && !sku->is_null()) {
    if (!sku->is_array()) {
      render_value(json_.key("sku"), *sku);
    } else if (sku->size() == 1) {
      render_value(json_.key("sku"), *sku->begin());
    } else if (!patch_) {
      return refuse(fault(Errc::invalid_value, *sku, "lists several SKUs: give `variants`."));
    }
  }
  const auto amount = document_.find("price");
  if (amount && !amount->is_null()) price(*amount, document_.find("currency"));
}

void Rewriter::variants(JsonValue list) {
  json_.key("variants").begin_array();
  for (const JsonValue variant : list) {
    if (!variant.is_object()) {
      render_value(json_, variant);
      continue;
    }
    auto currency = variant.find("currency");
    if (!currency) currency = document_.find("currency");
    json_.begin_object();
    for (const JsonValue member : variant) {
      const std::string_view name = member.key();
      if (among(kReadOnly, name) || name == "currency" || member.is_null()) continue;
      if (name == "price") {
        price(member, currency);
      } else {
        render_value(json_.key(name), member);
      }
    }
    json_.end_object();
  }
  json_.end_array();
}

void Rewriter::price(JsonValue value, std::optional<JsonValue> currency) {
  json_.key("price");
  if (value.is_object()) return render_value(json_, value);
  const bool whole = value.is_number() && std::abs(value.as_number()) < kExactMax &&
                     std::trunc(value.as_number()) == value.as_number();
  if (!whole)
    return refuse(
        fault(Errc::invalid_value, value, "must be a whole number of the currency's minor units."));
  json_.begin_object().field("amount", static_cast<std::int64_t>(value.as_number()));
  if (currency && !currency->is_null()) {
    render_value(json_.key("currency"), *currency);
  } else if (!currency_.empty()) {
    json_.field("currency", currency_);
  } else {
    return refuse(Error{Errc::missing_field,
                        "Field `currency` has been declared in the schema, but is not found in the "
                        "document.",
                        "currency",
                        {}});
  }
  json_.end_object();
}

}  // namespace

engine::Result<std::string> from_typesense(JsonValue document, TypesenseInput mode,
                                           std::string_view currency) {
  return Rewriter{document, mode, currency}.run();
}

}  // namespace souk::net
