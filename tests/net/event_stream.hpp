#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souk::net::test {

/// One server-sent event; data as JSON.
struct StreamEvent {
  std::string name;
  boost::json::value data;
};

/// A client of GET /v1/search/stream that keeps the page as the events tell it.
class EventStream {
public:
  struct Options {
    std::string last_event_id = {};
    int receive_buffer = 0;  // bytes; 0: the system's
  };
  EventStream(std::uint16_t port, std::string_view target, const Options& options);
  EventStream(std::uint16_t port, std::string_view target);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// The next event, which the page has then taken in; nothing after `patience`, or at the end.
  std::optional<StreamEvent> next(std::chrono::milliseconds patience = std::chrono::seconds{5});
  /// Reads events until the page is that; false: not in time.
  bool becomes(std::string_view page, std::chrono::milliseconds patience = std::chrono::seconds{5});
  /// "p1:1999:7 p2:..": id, price, units of every hit.
  std::string page() const;
  /// The status line and headers, once an event was read.
  const std::string& head() const { return head_; }
  const std::string& last_id() const { return last_id_; }
  std::int64_t found() const { return found_; }
  bool ended_well() const { return ended_well_; }
  bool closed() const { return closed_; }
  std::size_t events() const { return events_; }

private:
  bool receive(std::chrono::milliseconds patience);
  void unpack();
  void take_in(const StreamEvent& event);

  int fd_ = -1;
  std::string received_;  // as sent, with chunk heads
  std::string text_;      // the body
  std::string head_;
  std::string last_id_;
  std::vector<boost::json::value> hits_;
  std::int64_t found_ = 0;
  std::size_t events_ = 0;
  bool closed_ = false;
  bool ended_well_ = false;
};

}  // namespace souk::net::test
