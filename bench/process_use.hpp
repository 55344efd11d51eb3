#pragma once

#include <cstdint>

namespace souk::bench {

/// User and system seconds of a process so far; 0 of one that is not there.
double cpu_seconds_of(int pid);
/// Resident bytes of a process; 0 of one that is not there.
std::uint64_t rss_of(int pid);
/// User and system seconds of this process so far.
double own_cpu_seconds();

}  // namespace souk::bench
