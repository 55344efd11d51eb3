#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/order/order.hpp"
#include "engine/types/id.hpp"
#include "engine/types/money.hpp"

namespace souk::actors {

/// What may be asked of a payment. `make_void` also forbids an authorization that has not arrived
/// yet.
enum class PaymentVerb : std::uint8_t { authorize, capture, make_void };

/// One thing asked of a provider. The payment id is the idempotency key: asking twice acts once.
struct PaymentRequest {
  PaymentVerb verb = PaymentVerb::authorize;
  engine::PaymentId payment;
  engine::Money amount;
  std::string token;  // as the client gave it, understood by the provider only
};

/// unknown: the provider cannot say whether it happened (lost connection, its own failure).
enum class PaymentOutcome : std::uint8_t { approved, declined, insufficient_funds, unknown };

struct PaymentAnswer {
  PaymentVerb verb = PaymentVerb::authorize;
  engine::PaymentId payment;
  PaymentOutcome outcome = PaymentOutcome::unknown;
  std::string reference;     // the provider's name for the authorization
  std::string decline_code;  // when refused: "card_declined"
};

/// Everything one checkout coordinator asks of one provider in one round.
struct PaymentRequests {
  std::vector<PaymentRequest> items;
};
/// What a provider sends to whoever asked. An answer may come late, more than once or never: the
/// asker matches it by payment and verb, keeps the deadline, and takes silence for `unknown`.
struct PaymentAnswers {
  std::vector<PaymentAnswer> items;
};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PaymentRequests)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PaymentAnswers)

namespace souk::actors {

/// Sends PaymentAnswers to the sender, which is a PaymentAsker.
using PaymentProvider = caf::typed_actor<caf::reacts_to<PaymentRequests>>;
using PaymentAsker = caf::typed_actor<caf::reacts_to<PaymentAnswers>>;

/// The payment providers of a node by name. Filled before the coordinators that use it are spawned,
/// then only read.
class PaymentProviders {
public:
  void add(std::string name, PaymentProvider provider) {
    providers_.insert_or_assign(std::move(name), std::move(provider));
  }
  /// Null if there is no provider of that name.
  const PaymentProvider* find(const std::string& name) const {
    const auto found = providers_.find(name);
    return found == providers_.end() ? nullptr : &found->second;
  }
  const auto& all() const { return providers_; }

private:
  std::map<std::string, PaymentProvider, std::less<>> providers_;
};

}  // namespace souk::actors
