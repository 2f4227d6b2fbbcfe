#include "shmbus/event_headers.hpp"

#include <bit>
#include <cstdint>

#include "layout/extension_area.hpp"
#include "log/load_once.hpp"

namespace shmbus {

void EventHeaders::Iterator::read(const std::byte* at) noexcept {
  at_ = end_;
  auto room = static_cast<std::size_t>(end_ - at);
  if (room < sizeof(layout::HeaderHead)) return;
  const auto head = std::bit_cast<layout::HeaderHead>(log::load_once<std::uint64_t>(at));
  room -= sizeof head;
  if (head.name_size == 0 || head.name_size > room || head.value_size > room - head.name_size) return;
  const auto* name = reinterpret_cast<const char*>(at + sizeof head);
  header_ = {{name, head.name_size}, {name + head.name_size, head.value_size}};
  at_ = at;
  next_ = at + sizeof head + head.name_size + head.value_size;
}

}  // namespace shmbus
