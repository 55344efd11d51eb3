#include "net/live_board.hpp"

#include <algorithm>
#include <utility>

namespace souk::net {

using engine::Errc;
using engine::Error;

engine::Result<std::shared_ptr<LiveListener>> LiveBoard::listen(const std::string& credential,
                                                                std::function<void()> wake) {
  const auto refuse = [&](std::string why) {
    refused.fetch_add(1, std::memory_order_relaxed);
    return Error{Errc::overloaded, std::move(why), {}, {}};
  };
  {
    const std::lock_guard lock{mutex_};
    if (listening_ >= limits_.listeners_max)
      return refuse("this node has as many live queries as it takes");
    std::size_t& of_key = per_key_[credential];
    if (of_key >= limits_.listeners_per_key_max)
      return refuse("this key has as many live queries on this node as one may have");
    ++of_key;
    ++listening_;
  }
  auto listener = std::make_shared<LiveListener>(shared_from_this(), credential, std::move(wake));
  const std::lock_guard lock{mutex_};
  listeners_.insert(listener.get());
  return listener;
}

bool LiveBoard::watches(const LiveListener& listener) {
  const LiveListener* watcher = nullptr;
  return watcher_.compare_exchange_strong(watcher, &listener) || watcher == &listener;
}

void LiveBoard::let_go(const LiveListener& listener) {
  const LiveListener* watcher = &listener;
  if (!watcher_.compare_exchange_strong(watcher, nullptr)) return;
  const std::lock_guard lock{mutex_};
  for (LiveListener* const other : listeners_) {
    if (other == &listener) continue;
    other->wake_();  // to take over
    break;
  }
}

void LiveBoard::saw(const engine::ConsistencyToken& positions) {
  const std::lock_guard lock{mutex_};
  bool newer = false;
  for (const engine::ShardPosition& position : positions.positions)
    newer = raise(position) || newer;
  if (!newer) return;
  for (LiveListener* const listener : listeners_) listener->tell();
}

void LiveBoard::saw(engine::ShardPosition position) {
  const std::lock_guard lock{mutex_};
  if (!raise(position)) return;
  for (LiveListener* const listener : listeners_) listener->tell();
}

/// Pre: the mutex is held. True: it was not seen before.
bool LiveBoard::raise(engine::ShardPosition position) {
  if (position.shard.service != engine::Service::catalog) return false;
  if (position.position <= seen_.position_of(position.shard)) return false;
  seen_.raise(position);
  return true;
}

engine::ConsistencyToken LiveBoard::seen() const {
  const std::lock_guard lock{mutex_};
  return seen_;
}

void LiveBoard::leave(LiveListener& listener) {
  let_go(listener);
  const std::lock_guard lock{mutex_};
  listeners_.erase(&listener);
  --listening_;
  const auto of_key = per_key_.find(listener.credential_);
  if (--of_key->second == 0) per_key_.erase(of_key);
}

std::chrono::steady_clock::duration LiveBoard::rest_after(
    std::chrono::steady_clock::duration search) const {
  constexpr std::chrono::steady_clock::duration kLeast = std::chrono::milliseconds{20};
  constexpr std::chrono::steady_clock::duration kMost = std::chrono::seconds{5};
  constexpr int kShare = 5;
  const auto listeners = static_cast<std::int64_t>(listening());
  return std::clamp(search * kShare * listeners, kLeast, kMost);
}

std::string LiveBoard::metrics() const {
  std::string text;
  const auto add = [&](const char* name, const char* type, const char* help, std::uint64_t value) {
    text.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text.append(name).append(" ").append(type).append("\n").append(name).append(" ");
    text.append(std::to_string(value)).append("\n");
  };
  add("souk_live_queries", "gauge", "Live queries that are open.", listening());
  add("souk_live_queries_refused_total", "counter", "Live queries refused: too many.", refused);
  add("souk_live_events_total", "counter", "Events sent to live queries.", events);
  add("souk_live_searches_total", "counter", "Searches run for live queries.", searches);
  add("souk_live_looks_total", "counter",
      "Questions to all shards how far they are, for live queries.", looks);
  return text;
}

LiveListener::LiveListener(LiveBoardPtr board, std::string credential, std::function<void()> wake)
    : board_{std::move(board)}, credential_{std::move(credential)}, wake_{std::move(wake)} {
}

LiveListener::~LiveListener() {
  board_->leave(*this);
}

}  // namespace souk::net
