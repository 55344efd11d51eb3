#include "net/cli/generate.hpp"

#include "net/cli/generate_product.hpp"
#include "net/cli/generate_vocabulary.hpp"

namespace souk::net {

CatalogGenerator::CatalogGenerator(std::uint64_t seed)
    : seed_{seed}, vocabulary_{std::make_unique<const GeneratorVocabulary>()} {
}
CatalogGenerator::~CatalogGenerator() = default;

void CatalogGenerator::append_product(std::uint64_t index, std::string& out) const {
  append_generated_product(*vocabulary_, seed_, index, out);
}

void generate(std::ostream& out, std::uint64_t products, std::uint64_t seed,
              const GenerateProgress& progress) {
  constexpr std::size_t kFlushBytes = 256 * 1024;
  const CatalogGenerator generator{seed};
  std::string buffer;
  buffer.reserve(kFlushBytes + 16 * 1024);
  for (std::uint64_t index = 1; index <= products; ++index) {
    generator.append_product(index, buffer);
    if (buffer.size() < kFlushBytes && index != products) continue;
    out.write(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    buffer.clear();
    if (!out) return;
    if (progress) progress(index);
  }
  out.flush();
}

}  // namespace souk::net
