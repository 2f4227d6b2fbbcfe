#include "measures.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

namespace bench {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::vector<char> stamped(std::size_t size) {
  std::vector<char> payload(std::max(size, sizeof(std::int64_t)), 'x');
  stamp(payload);
  return payload;
}

void stamp(std::vector<char>& payload) {
  const std::int64_t time = now_ns();
  std::memcpy(payload.data(), &time, sizeof time);
}

std::int64_t age(const char* payload) {
  std::int64_t time = 0;
  std::memcpy(&time, payload, sizeof time);
  return now_ns() - time;
}

void print_rate(std::uint64_t count, std::int64_t ns) {
  const double seconds = static_cast<double>(ns) * 1e-9;
  std::printf("{\"count\": %llu, \"seconds\": %.6f, \"rate\": %.1f}\n", static_cast<unsigned long long>(count), seconds,
              static_cast<double>(count) / seconds);
}

void Times::print() {
  std::sort(all_.begin(), all_.end());
  const auto at = [&](double part) {
    return all_[static_cast<std::size_t>(part * static_cast<double>(all_.size() - 1))];
  };
  std::printf("{\"count\": %zu, \"p50\": %lld, \"p90\": %lld, \"p99\": %lld, \"max\": %lld}\n", all_.size(),
              static_cast<long long>(at(0.5)), static_cast<long long>(at(0.9)), static_cast<long long>(at(0.99)),
              static_cast<long long>(all_.back()));
}

}  // namespace bench
