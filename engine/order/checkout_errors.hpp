#pragma once

#include <vector>

#include "engine/order/order.hpp"

namespace souk::engine {

/// The request itself was refused, for good: the error is the answer to its key. False for
/// everything that says more about the moment or the node than about the request.
bool is_refusal(Errc code);

/// After this error nobody knows whether the command was carried out.
bool leaves_doubt(Errc code);

/// One error out of those of several shards: refusals go before failures, items name the lines of
/// the request. Pre: `errors` is not empty.
Error merge_errors(const std::vector<CheckoutLine>& lines, std::vector<Error> errors);

}  // namespace souk::engine
