#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/catalog/catalog_command.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

/// What Typesense's `action` asks for.
enum class TypesenseAction : std::uint8_t {
  create,   // refused if there is another one
  upsert,   // creates or replaces
  update,   // changes the members that are given; refused if there is none
  emplace,  // creates, or changes the members that are given
};
/// Errors: invalid_value for a name that is none.
engine::Result<TypesenseAction> parse_typesense_action(std::string_view name);

/// A whole document as a command. Without an id it is given one.
engine::Result<engine::PutProduct> put_of_document(JsonValue document, TypesenseAction action,
                                                   engine::Timestamp now);

/// Writes one document. `id` is the one in the path, or empty. The document must outlive the task.
/// Errors have Typesense's sentences.
Task<engine::Result<engine::ProductView>> write_document(RequestScope& scope,
                                                         TypesenseAction action, JsonValue document,
                                                         std::string id);

/// The error in Typesense's words.
engine::Error document_error(engine::Error error, std::string_view id);

}  // namespace souk::net
