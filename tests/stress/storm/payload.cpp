#include "storm/payload.hpp"

#include <algorithm>
#include <cstring>

#include "support/forked_process.hpp"

namespace storm {

namespace {

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// A checksum that depends on the place of each byte. It is never 0, which stands for "no event".
std::uint64_t sum_of(std::span<const std::byte> payload) {
  std::uint64_t sum = payload.size();
  for (std::size_t i = sizeof(PayloadHead::sum); i < payload.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, payload.data() + i, std::min(sizeof word, payload.size() - i));
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    sum ^= sum >> 29;
  }
  return mix(sum) | 1;
}

}  // namespace

PayloadHead write_payload(std::span<std::byte> to, PayloadHead head) {
  head.size = static_cast<std::uint32_t>(to.size());
  std::memcpy(to.data(), &head, sizeof head);
  std::uint64_t filler = mix(head.publisher << 40 ^ head.counter);
  for (std::size_t i = sizeof head; i < to.size(); i += sizeof filler) {
    filler = filler * 0x5851f42d4c957f2du + 1;
    std::memcpy(to.data() + i, &filler, std::min(sizeof filler, to.size() - i));
  }
  head.sum = sum_of(to);
  std::memcpy(to.data(), &head.sum, sizeof head.sum);
  return head;
}

shmbus::TraceContext trace_of(const PayloadHead& head) {
  shmbus::TraceContext trace;
  std::memcpy(trace.trace_id.data(), &head.publisher, sizeof head.publisher);
  std::memcpy(trace.trace_id.data() + 8, &head.counter, sizeof head.counter);
  trace.flags = 1;
  return trace;
}

PayloadHead read_payload(const shmbus::Event& event) {
  PayloadHead head;
  test::require(event.payload().size() >= sizeof head, "a torn event: too short");
  std::memcpy(&head, event.payload().data(), sizeof head);
  test::require(head.size == event.payload().size(), "a torn event: another size");
  test::require(head.sum == sum_of(event.payload()), "a torn event: another checksum");
  const shmbus::TraceContext* trace = event.trace();
  test::require((trace != nullptr) == (head.traced != 0), "a trace context that is not the event's");
  if (trace != nullptr) {
    const shmbus::TraceContext expected = trace_of(head);
    test::require(std::memcmp(trace, &expected, sizeof expected) == 0, "a torn trace context");
  }
  return head;
}

}  // namespace storm
