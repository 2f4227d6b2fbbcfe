#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bus_name.hpp"
#include "client/open_registry.hpp"
#include "group/members.hpp"
#include "group/window.hpp"
#include "layout/group.hpp"
#include "registry/node.hpp"
#include "support/temporary_bus.hpp"

namespace test {

/// The shared memory of a group as its creator writes it, without a file.
class GroupMemory {
 public:
  explicit GroupMemory(std::uint64_t floor = 1, std::uint32_t slots = shmbus::layout::kMinWindow)
      : slots_(slots), pages_(shmbus::layout::group_file_size(slots) / sizeof(Page)) {
    using namespace shmbus;
    shared().floor.store(floor);
    shared().due.store(group::Due::initial());
    const auto shift = static_cast<unsigned>(std::countr_zero(slots));
    for (std::uint64_t s = floor; s != floor + slots; ++s)
      slot(s).word.store(layout::SlotWord((s >> shift) - 1, 0, 0, layout::SlotState::settled).bits());
  }

  shmbus::layout::GroupHeader& shared() noexcept {
    return *reinterpret_cast<shmbus::layout::GroupHeader*>(pages_.data());
  }
  shmbus::layout::GroupSlot& slot(std::uint64_t sequence) noexcept {
    auto* const first = reinterpret_cast<shmbus::layout::GroupSlot*>(reinterpret_cast<std::byte*>(pages_.data()) +
                                                                     shmbus::layout::group_slots_offset(slots_));
    return first[sequence & (slots_ - 1)];
  }
  shmbus::group::Window window() noexcept { return {shared(), slots_}; }
  std::uint32_t slots() const noexcept { return slots_; }
  std::uint64_t round(std::uint64_t sequence) const noexcept {
    return sequence >> std::countr_zero(slots_) & (shmbus::layout::SlotWord::kRounds - 1);
  }
  /// All words, for tests that overwrite them.
  std::uint64_t* words() noexcept { return reinterpret_cast<std::uint64_t*>(pages_.data()); }
  std::size_t word_count() const noexcept { return pages_.size() * sizeof(Page) / sizeof(std::uint64_t); }

 private:
  struct alignas(shmbus::layout::kPage) Page {
    std::byte bytes[shmbus::layout::kPage];
  };
  std::uint32_t slots_;
  std::vector<Page> pages_;
};

/// Nodes of one bus. A node that is destroyed is dead.
class GroupNodes {
 public:
  std::unique_ptr<shmbus::registry::Node> make() { return std::make_unique<shmbus::registry::Node>(registry_); }

 private:
  TemporaryBus bus_{};
  std::shared_ptr<shmbus::registry::Registry> registry_ =
      shmbus::detail::open_registry(shmbus::base::BusName(bus_.name()), {});
};

}  // namespace test
