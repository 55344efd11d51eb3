#include "net/io_thread.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <ctime>

#include "net/session.hpp"

namespace souk::net {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds kTick{10};
constexpr std::uint32_t kTicksPerSweep = 10;

}  // namespace

IoThread::IoThread(ServerContext& server, actors::Node* node) : server_{server} {
  if (node == nullptr) return;
  client_ = std::make_unique<actors::Client>(
      *node, [this](actors::Client::Task task) { asio::post(io_, std::move(task)); });
}

IoThread::~IoThread() = default;

void IoThread::start() {
  arm();
  thread_ = std::thread{[this] { io_.run(); }};
}

void IoThread::arm() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) tick();
  });
}

void IoThread::tick() {
  coarse_now_ = std::chrono::steady_clock::now();
  if (client_ && client_->in_flight() > 0) client_->sweep(coarse_now_);
  if (++ticks_ % kTicksPerSweep == 0)
    for (auto* session : sessions_) session->sweep(coarse_now_);
  arm();
}

void IoThread::drain() {
  asio::post(io_, [this] {
    for (auto* session : sessions_) session->drain();
  });
}

void IoThread::stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    for (auto* session : sessions_) session->cut();
    // Lets the coroutines see their closed sockets before the loop ends.
    asio::post(io_, [this] { io_.stop(); });
  });
  thread_.join();
}

const std::string& IoThread::date_line() {
  const auto now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[64];
    const auto size = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    date_line_.assign(text, size);
  }
  return date_line_;
}

}  // namespace souk::net
