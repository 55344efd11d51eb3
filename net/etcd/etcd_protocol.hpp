#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"
#include "storage/coordinator.hpp"

// Requests and answers of etcd's gateway: JSON with 64-bit numbers as strings and bytes in base64.
namespace souk::net::etcd {

using storage::Coordinator;

std::string to_base64(std::string_view bytes);
/// Nothing if it is not base64.
std::optional<std::string> from_base64(std::string_view text);

/// The name after all that start with `prefix`.
std::string after_prefix(std::string_view prefix);

struct RangeRequest {
  std::string key;
  std::string end;  // empty: that key only
  std::size_t limit = 0;
  Coordinator::Revision revision = 0;  // 0: now, linearizable
};
std::string render(const RangeRequest& request);
/// Names get `prefix` in front.
std::string render(const Coordinator::Transaction& transaction, std::string_view prefix);
std::string render_grant(std::int64_t seconds);
std::string render_lease(Coordinator::LeaseId lease);
std::string render_watch(std::string_view prefix, Coordinator::Revision first);
std::string render_login(std::string_view user, std::string_view password);

struct RangeAnswer {
  std::vector<Coordinator::NamedFact> facts;  // full names
  Coordinator::Revision revision = 0;
  bool more = false;
};
struct CommitAnswer {
  bool succeeded = false;
  Coordinator::Revision revision = 0;
};
struct LeaseAnswer {
  Coordinator::LeaseId id = 0;
  std::int64_t seconds = 0;  // 0: there is no such lease
};
/// One line of a watch.
struct WatchLine {
  bool created = false;
  bool canceled = false;
  Coordinator::Revision compacted = 0;  // not 0: what came before it is gone
  Coordinator::Revision revision = 0;
  std::vector<Coordinator::Change> changes;  // full names, in order
};
/// All errors: unavailable (it does not speak as etcd does).
engine::Result<RangeAnswer> parse_range(std::string_view body);
engine::Result<CommitAnswer> parse_commit(std::string_view body);
engine::Result<LeaseAnswer> parse_lease(std::string_view body);
engine::Result<WatchLine> parse_watch(std::string_view line);
engine::Result<std::string> parse_token(std::string_view body);

/// What a refusal means.
enum class Refusal {
  token,      // log in again
  elsewhere,  // this member did nothing and cannot now; another one may
  doubtful,   // it may have happened
  final       // `error` says why
};
struct RefusalAnswer {
  Refusal kind = Refusal::doubtful;
  engine::Error error;
};
RefusalAnswer parse_refusal(int status, std::string_view body);

}  // namespace souk::net::etcd
