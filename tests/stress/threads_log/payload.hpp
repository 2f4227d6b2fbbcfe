#pragma once

#include <cstddef>
#include <cstdint>

namespace threads_log {

/// The head of a payload. The rest follows from it, so that each byte can be checked.
struct PayloadHead {
  std::uint64_t publisher;  // its node's id
  std::uint64_t counter;    // from 1, for each publisher
  std::uint64_t size;
  std::uint64_t sum;  // of the whole payload
};

std::uint64_t mix(std::uint64_t x);

void write_payload(std::byte* to, std::uint64_t publisher, std::uint64_t counter, std::size_t size);
/// Fails if the payload is torn; `when` becomes part of the text.
PayloadHead check_payload(const std::byte* from, std::size_t size, const char* when);

}  // namespace threads_log
