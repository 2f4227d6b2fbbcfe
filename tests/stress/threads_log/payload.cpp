#include "threads_log/payload.hpp"

#include <cstring>

#include "threads_log/failure.hpp"

namespace threads_log {

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

namespace {

std::byte filler(const PayloadHead& head, std::size_t i) {
  return static_cast<std::byte>(mix(head.publisher << 40 ^ head.counter << 8 ^ i / 8) >> i % 8 * 8);
}

std::uint64_t sum_of(const PayloadHead& head) { return mix(head.publisher ^ mix(head.counter ^ mix(head.size))); }

}  // namespace

void write_payload(std::byte* to, std::uint64_t publisher, std::uint64_t counter, std::size_t size) {
  PayloadHead head{publisher, counter, size, 0};
  head.sum = sum_of(head);
  std::memcpy(to, &head, sizeof head);
  for (std::size_t i = sizeof head; i < size; ++i) to[i] = filler(head, i);
}

PayloadHead check_payload(const std::byte* from, std::size_t size, const char* when) {
  PayloadHead head{};
  if (size < sizeof head) fail("%s: a payload of %zu bytes", when, size);
  std::memcpy(&head, from, sizeof head);
  if (head.size != size || head.sum != sum_of(head)) fail("%s: a torn head, size %zu", when, size);
  for (std::size_t i = sizeof head; i < size; ++i) {
    if (from[i] != filler(head, i)) fail("%s: a torn payload at %zu of %zu", when, i, size);
  }
  return head;
}

}  // namespace threads_log
