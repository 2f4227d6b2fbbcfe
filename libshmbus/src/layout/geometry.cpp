#include "layout/geometry.hpp"

#include "shmbus/options.hpp"

namespace shmbus {

std::uint64_t TopicOptions::address_space() const noexcept {
  constexpr std::uint32_t kLeastAlignment = 8;
  return layout::Geometry::of(block_size, static_cast<std::uint32_t>(blocks), timestamps, kLeastAlignment).log_size;
}

}  // namespace shmbus
