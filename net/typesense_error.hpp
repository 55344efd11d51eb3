#pragma once

#include <string>

#include "engine/types/error.hpp"
#include "net/http/response.hpp"

namespace souk::net {

// How the Typesense-compatible routes speak of errors: the statuses that Typesense's clients turn
// into exceptions, and a body of one sentence.

/// Beside http_error.cpp the only place that knows status codes. Nothing that repeating cannot mend
/// is a 5xx: the clients repeat those on every node.
int typesense_status(const engine::Error& error);

/// The sentence for people.
std::string typesense_message(const engine::Error& error);

/// {"message": "..."} with its status.
Response typesense_problem(const engine::Error& error);

}  // namespace souk::net
