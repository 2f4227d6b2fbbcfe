#pragma once

#include <cstdint>
#include <random>

namespace threads_log {

using Random = std::mt19937_64;

inline std::uint64_t below(Random& random, std::uint64_t n) {
  return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
}
inline bool chance(Random& random, std::uint64_t one_in) { return below(random, one_in) == 0; }

}  // namespace threads_log
