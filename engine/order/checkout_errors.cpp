#include "engine/order/checkout_errors.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace souk::engine {
namespace {

std::size_t line_of(const std::vector<CheckoutLine>& lines, const std::string& sku) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const CheckoutLine& line) { return line.sku.str() == sku; });
  return static_cast<std::size_t>(found - lines.begin());
}

// "lines[0].quantity" of a shard's part becomes "lines[3].quantity" of the request.
std::string param_of(std::size_t line, const std::string& param) {
  const std::size_t dot = param.rfind('.');
  return "lines[" + std::to_string(line) + "]" +
         (dot == std::string::npos ? ".sku" : param.substr(dot));
}

void rename(const std::vector<CheckoutLine>& lines, Error& error) {
  for (ErrorItem& item : error.items) {
    const std::size_t line = line_of(lines, item.sku);
    if (line < lines.size()) item.param = param_of(line, item.param);
  }
  if (!error.items.empty()) error.param = error.items.front().param;
}

}  // namespace

bool leaves_doubt(Errc code) {
  switch (code) {
    case Errc::timed_out:
    case Errc::unavailable:
    case Errc::storage_failure:
    case Errc::internal:
    case Errc::canceled:
    case Errc::unknown_outcome:
      return true;
    default:
      return false;
  }
}

bool is_refusal(Errc code) {
  switch (code) {
    case Errc::overloaded:
    case Errc::disk_full:
    case Errc::wrong_shard:
    case Errc::payment_unavailable:
    case Errc::consistency_unreachable:
    case Errc::unknown_lease:
    case Errc::not_leader:
    case Errc::corrupt_record:
    case Errc::newer_format:
    case Errc::not_implemented:
    case Errc::unauthorized:
    case Errc::already_released:  // a tombstone of this attempt: the attempt was given up, not the
                                  // request
    case Errc::idempotency_in_progress:
      return false;
    default:
      return !leaves_doubt(code);
  }
}

Error merge_errors(const std::vector<CheckoutLine>& lines, std::vector<Error> errors) {
  assert(!errors.empty());
  const bool refused = std::any_of(errors.begin(), errors.end(),
                                   [](const Error& error) { return is_refusal(error.code); });
  if (refused) std::erase_if(errors, [](const Error& error) { return !is_refusal(error.code); });
  for (Error& error : errors) rename(lines, error);

  // The refusal of the first line in the request speaks for all.
  const auto first_line = [&](const Error& error) {
    std::size_t first = lines.size();
    for (const ErrorItem& item : error.items) first = std::min(first, line_of(lines, item.sku));
    return first;
  };
  std::stable_sort(errors.begin(), errors.end(),
                   [&](const Error& a, const Error& b) { return first_line(a) < first_line(b); });
  Error merged = std::move(errors.front());
  for (std::size_t i = 1; i < errors.size(); ++i) {
    merged.items.insert(merged.items.end(), errors[i].items.begin(), errors[i].items.end());
  }
  std::stable_sort(merged.items.begin(), merged.items.end(),
                   [&](const ErrorItem& a, const ErrorItem& b) {
                     return line_of(lines, a.sku) < line_of(lines, b.sku);
                   });
  return merged;
}

}  // namespace souk::engine
