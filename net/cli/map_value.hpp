#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"
#include "net/cli/mapping.hpp"

namespace souk::net {

/// The text a rule gives for a row, trimmed; nothing if there is none.
std::optional<std::string> text_of(const ValueRule& rule, const SourceValue& row);

/// The texts a rule gives for a row: trimmed, without empty ones and repetitions.
std::vector<std::string> list_of(const ValueRule& rule, const SourceValue& row);

/// An attribute's value as JSON; nothing if the row has none. Errors: invalid_value when it is not
/// of the type.
engine::Result<std::optional<std::string>> attribute_of(const ValueRule& rule, AttributeType type,
                                                        const SourceValue& row);
/// The same for one value of a row.
engine::Result<std::optional<std::string>> attribute_json(const SourceValue& value,
                                                          AttributeType type);

/// yes, true, 1, y and their opposites in any case; nothing for another text.
std::optional<bool> parse_boolean(std::string_view text);

/// `text` without white space around it.
std::string_view trimmed(std::string_view text);
/// At most `bytes` of `text`, ended at a character's boundary.
std::string_view cut(std::string_view text, std::size_t bytes);

}  // namespace souk::net
