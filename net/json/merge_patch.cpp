#include "net/json/merge_patch.hpp"

#include <optional>

namespace souk::net {
namespace {

void merge(JsonWriter& json, std::optional<JsonValue> target, JsonValue patch) {
  if (!patch.is_object()) return render_value(json, patch);
  json.begin_object();
  if (target && target->is_object()) {
    for (const JsonValue member : *target) {
      const auto change = patch.find(member.key());
      if (change && change->is_null()) continue;
      json.key(member.key());
      if (change) {
        merge(json, member, *change);
      } else {
        render_value(json, member);
      }
    }
  }
  for (const JsonValue member : patch) {
    if (member.is_null()) continue;
    if (target && target->is_object() && target->find(member.key())) continue;
    json.key(member.key());
    merge(json, std::nullopt, member);
  }
  json.end_object();
}

}  // namespace

void render_value(JsonWriter& json, JsonValue value) {
  switch (value.kind()) {
    case JsonKind::null:
      json.null();
      return;
    case JsonKind::boolean:
      json.boolean(value.as_bool());
      return;
    case JsonKind::integer:
      json.integer(value.as_integer());
      return;
    case JsonKind::unsigned_integer:
    case JsonKind::number:
      json.number(value.as_number());
      return;
    case JsonKind::string:
      json.string(value.as_string());
      return;
    case JsonKind::array:
      json.begin_array();
      for (const JsonValue item : value) render_value(json, item);
      json.end_array();
      return;
    case JsonKind::object:
      json.begin_object();
      for (const JsonValue member : value) {
        json.key(member.key());
        render_value(json, member);
      }
      json.end_object();
      return;
  }
}

std::string merge_patch(JsonValue target, JsonValue patch) {
  std::string text;
  JsonWriter json{text};
  merge(json, target, patch);
  return text;
}

}  // namespace souk::net
