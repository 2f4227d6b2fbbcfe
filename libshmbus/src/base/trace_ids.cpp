#include "base/trace_ids.hpp"

#include <bit>

#include "shmbus/trace_context.hpp"

namespace shmbus {

std::array<std::byte, 16> TraceContext::trace_id_of(const EventId& event) noexcept {
  return std::bit_cast<std::array<std::byte, 16>>(base::trace_id_words(event));
}

std::array<std::byte, 8> base::call_id_of(std::uint64_t subscription, const EventId& event) noexcept {
  const std::uint64_t base = call_base(event.bus, event.topic, subscription);
  return std::bit_cast<std::array<std::byte, 8>>(call_id_word(base, event.sequence));
}

}  // namespace shmbus
