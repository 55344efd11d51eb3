#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "actors/client.hpp"
#include "engine/types/timestamp.hpp"
#include "net/server_context.hpp"

namespace souk::net {

class Session;

/// One I/O thread: its context, its door to the actors, its connections, and the one timer that
/// watches over all of them. Everything but start(), post() and join() happens on the thread
/// itself.
class IoThread {
public:
  IoThread(ServerContext& server, actors::Node* node);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void start();
  /// Ends idle connections, and others after their request. Any thread.
  void drain();
  /// Cuts what is left and ends the thread. Any thread but this one.
  void stop();

  boost::asio::io_context& io() { return io_; }
  ServerContext& server() { return server_; }
  actors::Client& client() { return *client_; }

  using Time = std::chrono::steady_clock::time_point;
  /// Coarse time, good for timeouts: at most a tick (10 ms) old.
  Time coarse_now() const { return coarse_now_; }
  /// "Date: ...\r\n" of this second.
  const std::string& date_line();

  void add(Session& session) { sessions_.insert(&session); }
  void remove(Session& session) { sessions_.erase(&session); }

private:
  void arm();
  void tick();

  ServerContext& server_;
  boost::asio::io_context io_{1};
  boost::asio::steady_timer timer_{io_};
  std::unordered_set<Session*> sessions_;
  std::unique_ptr<actors::Client> client_;
  Time coarse_now_ = std::chrono::steady_clock::now();
  std::uint32_t ticks_ = 0;
  std::int64_t date_second_ = -1;
  std::string date_line_;
  std::thread thread_;
};

}  // namespace souk::net
