#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace souk::test {

/// Whether it became true in `time`, asked again and again.
inline bool eventually(const std::function<bool()>& true_at_last,
                       std::chrono::milliseconds time = std::chrono::seconds{20}) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!true_at_last()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace souk::test
