#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "shmbus/event.hpp"
#include "shmbus/publisher.hpp"

namespace test {

/// An event of one of several publishers: the publisher's id, and a number that counts up.
struct Numbered {
  std::uint64_t publisher;
  std::uint64_t number;
};

inline std::span<const std::byte> bytes_of(const Numbered& event) { return std::as_bytes(std::span{&event, 1}); }

inline Numbered numbered(const shmbus::Event& event) {
  Numbered n{};
  if (event.payload().size() >= sizeof n) std::memcpy(&n, event.payload().data(), sizeof n);
  return n;
}

/// A payload of `words` words that shows whether it is intact.
class SelfChecking {
 public:
  static shmbus::PublishResult publish(shmbus::Publisher& publisher, std::uint64_t number, std::size_t words) {
    std::vector<std::uint64_t> payload(words);
    fill(payload, number);
    return publisher.publish(std::as_bytes(std::span{payload}));
  }
  static void fill(std::span<std::uint64_t> payload, std::uint64_t number) {
    std::uint64_t x = number;
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = i == 0 ? number : next(x) ^ payload.size();
  }
  static bool whole(std::span<const std::byte> payload) {
    const std::size_t words = payload.size() / sizeof(std::uint64_t);
    if (words == 0 || payload.size() % sizeof(std::uint64_t) != 0) return false;
    std::uint64_t x = word(payload, 0);
    for (std::size_t i = 1; i < words; ++i) {
      if (word(payload, i) != (next(x) ^ words)) return false;
    }
    return true;
  }
  static std::uint64_t number(std::span<const std::byte> payload) { return word(payload, 0); }

 private:
  static std::uint64_t next(std::uint64_t& x) { return x = (x + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u; }
  static std::uint64_t word(std::span<const std::byte> payload, std::size_t i) {
    std::uint64_t w = 0;
    if ((i + 1) * sizeof w <= payload.size()) std::memcpy(&w, payload.data() + i * sizeof w, sizeof w);
    return w;
  }
};

}  // namespace test
