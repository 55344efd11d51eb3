#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/cli/http_client.hpp"
#include "net/json/json_reader.hpp"

namespace souk::net {

/// Rows for people: columns as wide as their longest cell, cut to the terminal's width.
class Table {
public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { body_.push_back(std::move(row)); }
  void print() const;

private:
  std::vector<std::string> rows_;
  std::vector<std::vector<std::string>> body_;
};

/// Whether stdout is a terminal, where tables are printed instead of JSON.
bool stdout_is_terminal();

/// Text of a member for a table cell; nested members as "price.amount"; empty if absent.
std::string cell(const JsonValue& object, std::string_view path);
/// "19.99 EUR" of a money object.
std::string money_cell(const JsonValue& object, std::string_view path);

/// One line on stderr that is rewritten: done, rate, time left. On a pipe a line now and then.
class ProgressLine {
public:
  explicit ProgressLine(std::string what);
  /// `fraction` below 0: unknown.
  void update(std::uint64_t done, double fraction);
  void finish(const std::string& summary);

private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  bool terminal_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point printed_{};
};

/// Prints the reply's body (JSON), or hands it to `table` on a terminal without --json. The exit
/// code.
int print_reply(const engine::Result<HttpReply>& reply, bool json, void (*table)(const JsonValue&));

}  // namespace souk::net
