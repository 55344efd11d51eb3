#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "storage/wire_search.hpp"

// What another node says: the first byte is the kind. What decodes must encode to something that
// decodes to the same bytes.
namespace {

template <class Decode>
void check(std::string_view bytes, Decode decode) {
  const auto value = decode(bytes);
  if (!value) return;
  const std::string once = souk::storage::encode(*value);
  const auto again = decode(once);
  if (!again || souk::storage::encode(*again) != once) std::abort();
}

void check_error(std::string_view bytes) {
  souk::engine::Error once;
  if (!souk::storage::decode_error(bytes, once)) return;
  souk::engine::Error again;
  if (!souk::storage::decode_error(souk::storage::encode(once), again) || again != once) {
    std::abort();
  }
}

/// A filter's canonical text may be longer than what it was read from, and then too long.
void check_query(std::string_view bytes) {
  const auto value = souk::storage::decode_query(bytes);
  if (!value) return;
  const std::string once = souk::storage::encode(*value);
  const auto again = souk::storage::decode_query(once);
  if (again ? souk::storage::encode(*again) != once : bytes.size() < (32U << 10U)) std::abort();
}

/// Answers are decoded against what was asked.
void check_search_answer(int which, std::string_view bytes) {
  using namespace souk::storage;
  souk::engine::Query query;
  query.q = "red";
  query.facet_by = {{"brand", {}}, {"price", {{"low", 0, 9}}}};
  const auto words = souk::engine::plan_words(query);
  if (which == 21) {
    check(bytes, [&](std::string_view all) { return decode_search_statistics(all, words); });
  } else if (which == 24) {
    check(bytes, [&](std::string_view all) {
      return decode_search_spellings(all, words, souk::engine::Spelling::typos_in_any);
    });
  } else if (which == 22) {
    WireSearchRun run;
    run.round.required = 1;
    check(bytes, [&](std::string_view all) { return decode_search_part(all, query, run); });
  } else {
    const std::array<souk::engine::ProductId, 1> ids{souk::engine::ProductId{"a"}};
    check(bytes, [&](std::string_view all) { return decode_search_hits(all, ids); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace souk::storage;
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 26) {
    case 0:
      check(bytes, decode_envelope);
      break;
    case 1:
      check(bytes, decode_catalog_command);
      break;
    case 2:
      check(bytes, decode_catalog_answer);
      break;
    case 3:
      check(bytes, decode_catalog_question);
      break;
    case 4:
      check(bytes, decode_catalog_reading);
      break;
    case 5:
      check(bytes, decode_order_command);
      break;
    case 6:
      check(bytes, decode_order_answer);
      break;
    case 7:
      check(bytes, decode_order_question);
      break;
    case 8:
      check(bytes, decode_order_reading);
      break;
    case 9:
      check(bytes, decode_unfinished_checkouts);
      break;
    case 10:
      check(bytes, decode_judge_holds);
      break;
    case 11:
      check(bytes, decode_holds_judged);
      break;
    case 12:
      check_query(bytes);
      break;
    case 13:
      check(bytes, decode_search_reply);
      break;
    case 14:
      check(bytes, decode_token);
      break;
    case 15:
      check(bytes, decode_shard_status);
      break;
    case 16:
      check_error(bytes);
      break;
    case 17:
      check(bytes, decode_cluster_message);
      break;
    case 18:
      check(bytes, decode_search_open);
      break;
    case 19:
      check(bytes, decode_search_run);
      break;
    case 20:
      check(bytes, decode_search_read);
      break;
    case 25:
      check(bytes, decode_search_spell);
      break;
    default:
      check_search_answer(data[0] % 26, bytes);
      break;
  }
  return 0;
}
