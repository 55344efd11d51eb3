#pragma once

#include <caf/fwd.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "actors/payment_provider.hpp"
#include "engine/types/id.hpp"
#include "engine/types/money.hpp"
#include "engine/types/result.hpp"

namespace souk::actors {

enum class TestPaymentState : std::uint8_t { authorized, captured, voided };

/// A payment in the books of the `test` provider.
struct TestPayment {
  engine::PaymentId id;
  TestPaymentState state = TestPaymentState::authorized;
  engine::Money amount;
};

/// The books of the `test` provider in `file`, oldest payment first; an absent file has none, a
/// torn last line is ignored. Errors: storage_failure. For tests that ask "the company outside"
/// what it believes after a crash.
engine::Result<std::vector<TestPayment>> list_test_payments(const std::filesystem::path& file);

struct TestPaymentsConfig {
  std::filesystem::path file;             // DATA/test_payments.log
  std::chrono::milliseconds slow{1'000};  // after that long tok_slow is approved
  std::chrono::milliseconds late{8'000};  // after that long tok_late_decline is declined
  std::size_t finished_max =
      65'536;  // captured and voided payments kept in memory; the file has all
};

/// The built-in provider `test`: it stands for a company outside, so it keeps books of its own, in
/// a file that is written before it answers and survives the death of the process. Takes
/// PaymentRequests, sends PaymentAnswers. Tokens: tok_ok, tok_declined, tok_insufficient_funds,
/// tok_timeout (authorizes and never says so), tok_slow, tok_late_decline, tok_duplicate_callback
/// (answers twice); any other is declined with `unknown_token`.
PaymentProvider spawn_test_payments(caf::actor_system& system, TestPaymentsConfig config);

}  // namespace souk::actors
