#include <utility>

#include "net/endpoints/product_import.hpp"
#include "net/ids.hpp"
#include "net/json/product.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

engine::PutMode mode_of(ImportAction action) {
  switch (action) {
    case ImportAction::create:
      return engine::PutMode::create;
    case ImportAction::update:
      return engine::PutMode::update;
    case ImportAction::upsert:
    case ImportAction::remove:
      break;
  }
  return engine::PutMode::upsert;
}

engine::ProductId fresh_id(const ImportOptions& options, std::uint64_t number,
                           engine::Timestamp now) {
  if (options.import_id.empty()) return engine::ProductId{new_id("prod_", now)};
  return engine::ProductId{
      derived_id("prod_", scoped_key(options.import_id, "import", std::to_string(number), ""))};
}

}  // namespace

engine::Result<engine::PutProducts::Line> parse_import_line(const ImportOptions& options,
                                                            std::uint64_t number,
                                                            std::string_view text,
                                                            engine::Timestamp now,
                                                            JsonDocument& document) {
  if (const auto parsed = document.parse(text); !parsed) return parsed.error();
  const bool remove = options.action == ImportAction::remove;
  auto input = remove ? parse_product_removal(document.root()) : parse_product(document.root(), {});
  if (!input) return std::move(input).error();

  engine::PutProducts::Line line;
  line.line = number;
  line.remove = remove;
  line.put.mode = mode_of(options.action);
  line.put.product = std::move(input->product);
  line.put.source_version = input->source_version;
  line.put.now = now;
  if (remove) return line;
  engine::ProductId id;
  if (line.put.product.id.empty()) {
    if (options.action == ImportAction::update)
      return Error{Errc::missing_field, "id is required to update", "id", {}};
    id = fresh_id(options, number, now);
  }
  if (const auto complete = complete_product(line.put.product, std::move(id)); !complete)
    return complete.error();
  return line;
}

}  // namespace souk::net
