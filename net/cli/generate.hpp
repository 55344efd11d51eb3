#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

namespace souk::net {

struct GeneratorVocabulary;

/// Makes up a shop's catalog: the product at an index depends on the seed and the index alone, so
/// parts can be made anywhere and in any order. Integers only and an own random generator: same
/// seed, same bytes on every machine. About forty categories with attributes that fit them; brands,
/// product lines, words and popularity follow Zipf's law, and every product has a model number of
/// its own, so that the vocabulary grows with the catalog as a real one does.
class CatalogGenerator {
public:
  explicit CatalogGenerator(std::uint64_t seed);
  ~CatalogGenerator();
  CatalogGenerator(const CatalogGenerator&) = delete;
  CatalogGenerator& operator=(const CatalogGenerator&) = delete;

  /// Appends the product `p-<index, at least 6 digits>` as one line of JSON in the API's format,
  /// newline included. Thread-safe.
  void append_product(std::uint64_t index, std::string& out) const;

private:
  std::uint64_t seed_;
  std::unique_ptr<const GeneratorVocabulary> vocabulary_;
};

/// Called now and then with the number of products written.
using GenerateProgress = std::function<void(std::uint64_t)>;

/// Writes products 1 to `products` as JSON Lines. Stops early when the stream fails; memory does
/// not grow with the catalog.
void generate(std::ostream& out, std::uint64_t products, std::uint64_t seed,
              const GenerateProgress& progress = {});

}  // namespace souk::net
