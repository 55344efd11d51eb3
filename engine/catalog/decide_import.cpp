#include <algorithm>

#include "engine/catalog/catalog_decider.hpp"

namespace souk::engine {

CatalogDecider::Decision CatalogDecider::operator()(const PutProducts& command) {
  const ImportProgress* progress =
      command.import_id.empty() ? nullptr : state_.imports.find(command.import_id, seen_);
  ProductsPutDone reply;
  reply.lines.reserve(command.lines.size());
  std::vector<std::uint64_t> done;
  for (const PutProducts::Line& line : command.lines) {
    ProductsPutDone::Line& result = reply.lines.emplace_back();
    result.line = line.line;
    if (progress != nullptr && progress->lines.contains(line.line)) {
      result.replayed = true;
      continue;
    }
    if (!slots().owns_key(line.put.product.id)) {
      result.error = not_owned();
      continue;
    }
    Result<ProductPutDone> put = line.remove
                                     ? delete_product({line.put.product.id, line.put.if_version,
                                                       command.now, line.put.source_version})
                                     : put_product(line.put);
    // A refused line is not remembered: repeated, it is tried again and says again what is wrong
    // with it.
    if (!put) {
      result.error = std::move(put).error();
      continue;
    }
    result.dropped = std::move(put->dropped);
    if (line.line <= LineSet::kLineMax) done.push_back(line.line);
  }
  if (!command.import_id.empty() && !done.empty()) {
    if (progress == nullptr) forget_imports();
    emit(ImportProgressed{command.import_id, std::move(done)});
  }
  return answer(std::move(reply));
}

void CatalogDecider::forget_imports() {
  std::vector<std::pair<Position, std::string>> known;
  committed_.imports.for_each([&](const std::string& id, const ImportProgress&) {
    if (const ImportProgress* now = state_.imports.find(id))
      known.emplace_back(now->first_position, id);
  });
  state_.imports.for_each([&](const std::string& id, const ImportProgress* now) {
    if (now != nullptr && committed_.imports.find(id) == nullptr)
      known.emplace_back(now->first_position, id);
  });
  if (known.size() < kImportsMax) return;
  std::sort(known.begin(), known.end());
  known.resize(known.size() - (kImportsMax - 1));
  ImportsForgotten event;
  for (auto& [position, id] : known) event.ids.push_back(std::move(id));
  emit(std::move(event));
}

}  // namespace souk::engine
