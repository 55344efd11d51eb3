#pragma once

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace souk::test {

/// A TCP proxy on 127.0.0.1 that can keep answers to itself, hold them back, or cut connections.
class AnswerProxy {
public:
  using Tcp = boost::asio::ip::tcp;

  explicit AnswerProxy(std::uint16_t to)
      : to_{to}, acceptor_{io_, {boost::asio::ip::make_address("127.0.0.1"), 0}} {
    port_ = acceptor_.local_endpoint().port();
    threads_.emplace_back([this] { accept(); });
  }
  ~AnswerProxy() {
    stopping_ = true;
    boost::system::error_code ignored;
    // Wakes the blocking accept.
    Tcp::socket{io_}.connect({boost::asio::ip::make_address("127.0.0.1"), port_}, ignored);
    cut();
    threads_.front().join();
    for (std::size_t i = 1; i < threads_.size(); ++i) threads_[i].join();
  }

  std::uint16_t port() const { return port_; }
  /// Answers are read and thrown away.
  std::atomic<bool> swallow{false};
  std::atomic<std::size_t> swallowed{0};
  /// Ends every connection now.
  void cut() {
    const std::lock_guard lock{mutex_};
    for (const auto& socket : sockets_) {
      boost::system::error_code ignored;
      socket->shutdown(Tcp::socket::shutdown_both, ignored);
    }
    sockets_.clear();
  }

private:
  using Socket = std::shared_ptr<Tcp::socket>;

  void accept() {
    for (;;) {
      boost::system::error_code error;
      const auto from = std::make_shared<Tcp::socket>(io_);
      const auto to = std::make_shared<Tcp::socket>(io_);
      acceptor_.accept(*from, error);
      if (stopping_) return;
      to->connect({boost::asio::ip::make_address("127.0.0.1"), to_}, error);
      if (error) continue;
      const std::lock_guard lock{mutex_};
      sockets_.push_back(from);
      sockets_.push_back(to);
      threads_.emplace_back([this, from, to] { pump(*from, *to, false); });
      threads_.emplace_back([this, from, to] { pump(*to, *from, true); });
    }
  }
  void pump(Tcp::socket& from, Tcp::socket& to, bool answers) {
    std::vector<char> piece(64U << 10U);
    boost::system::error_code error;
    for (;;) {
      const auto got = from.read_some(boost::asio::buffer(piece), error);
      if (error) break;
      if (answers && swallow) {
        swallowed += got;
        continue;
      }
      boost::asio::write(to, boost::asio::buffer(piece.data(), got), error);
      if (error) break;
    }
    to.shutdown(Tcp::socket::shutdown_both, error);
    from.shutdown(Tcp::socket::shutdown_both, error);
  }

  const std::uint16_t to_;
  boost::asio::io_context io_;
  Tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<Socket> sockets_;
  std::vector<std::thread> threads_;
};

}  // namespace souk::test
