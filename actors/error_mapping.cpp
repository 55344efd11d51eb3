#include "actors/error_mapping.hpp"

#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

namespace souk::actors {

engine::Error from_caf(const caf::error& error) {
  if (error == caf::sec::request_timeout) {
    return {engine::Errc::timed_out, "no answer before the deadline"};
  }
  if (error == caf::sec::request_receiver_down || error.category() == caf::atom("exit")) {
    return {engine::Errc::unavailable, "the node is stopping"};
  }
  return {engine::Errc::internal, caf::to_string(error)};
}

}  // namespace souk::actors
