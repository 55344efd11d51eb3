#pragma once

#include <cstdint>
#include <string>

namespace souk::net {

struct GeneratorVocabulary;

/// Appends the product at that index of the seed's catalog, as CatalogGenerator::append_product
/// promises.
void append_generated_product(const GeneratorVocabulary& vocabulary, std::uint64_t seed,
                              std::uint64_t index, std::string& out);

}  // namespace souk::net
