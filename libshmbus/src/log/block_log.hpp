#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "layout/block_entry.hpp"
#include "layout/geometry.hpp"
#include "layout/journal.hpp"
#include "layout/ring_entry.hpp"
#include "layout/tail.hpp"
#include "layout/topic.hpp"
#include "log/environment.hpp"
#include "log/port_holders.hpp"
#include "shmbus/detail/cpu.hpp"
#include "shmbus/detail/record_words.hpp"

namespace shmbus::log {

using layout::kNone;

/// A block, found in the ring and checked.
struct Block {
  std::uint64_t number = kNone;
  std::uint64_t entry = 0;  ///< the ring word by which it was found
  std::uint32_t physical = 0;
  std::uint64_t key = 0;
  std::uint64_t first_sequence = 0;
};

/// The result of searching for a block in the ring.
enum class FindResult { found, not_open, gone, corrupt };

/// One topic's log over memory that another object maps: typed pointers, and a copy of the geometry, so that no later
/// change of the shared bytes can lead outside the mapping.
class BlockLog {
 public:
  /// *Requires* `control` and `blocks` of the sizes that the geometry gives, and a checked geometry. Without `holders`
  /// every placed port counts as useful; without `journal` the topic has none.
  BlockLog(void* control, std::byte* blocks, const layout::Geometry& geometry, Environment& environment,
           PortHolders* holders = nullptr, layout::JournalWords* journal = nullptr);

  /// Makes a zeroed control segment an empty log. The caller writes what the creator records of the topic.
  static void format(void* control, const layout::Geometry& geometry);

  layout::TopicHeader& header() const noexcept { return *header_; }
  Environment& environment() const noexcept { return *environment_; }
  /// Returns null where the log does not know the holders of its placed ports.
  PortHolders* holders() const noexcept { return holders_; }
  /// Returns null where the topic has no journal.
  layout::JournalWords* journal() const noexcept { return journal_; }
  /// Returns the sequence of the first event in this memory.
  std::uint64_t first_sequence() const noexcept { return first_sequence_; }
  const layout::Geometry& geometry() const noexcept { return geometry_; }
  const layout::TailFormat& format() const noexcept { return format_; }

  std::atomic<std::uint64_t>& tail() const noexcept { return header_->words.tail; }
  std::atomic<std::uint64_t>& slot(std::uint64_t block) const noexcept { return ring_[block & ring_mask_]; }
  layout::BlockEntry& entry(std::uint32_t physical) const noexcept { return table_[physical]; }
  /// Returns the words of the map of free blocks; see log/free_map.hpp.
  std::atomic<std::uint64_t>* free_map() const noexcept { return free_map_; }
  layout::PublisherPort& publisher(unsigned port) const noexcept { return header_->publisher_ports[port]; }
  layout::SubscriberPort& subscriber(unsigned port) const noexcept { return header_->subscriber_ports[port]; }

  /// Turns a position into a pointer. No other function does that.
  std::byte* at(std::uint32_t physical, std::size_t offset) const noexcept {
    return blocks_ + (std::size_t{physical} << block_shift_) + offset;
  }

  std::size_t block_size() const noexcept { return geometry_.block_size; }
  std::uint32_t blocks() const noexcept { return geometry_.blocks; }
  bool timestamps() const noexcept { return timestamps_; }
  /// Returns a time stamp of the bus's clock.
  std::uint64_t stamp() const noexcept {
    return cycle_clock_ ? platform::read_cycle_counter() : environment_->slow_stamp();
  }
  /// Whether stamps are the cycle counter's.
  bool cycle_clock() const noexcept { return cycle_clock_; }
  bool exclusive() const noexcept { return exclusive_; }
  std::size_t record_header() const noexcept { return geometry_.record_header; }
  std::size_t max_payload() const noexcept { return geometry_.max_payload; }

  /// Returns the bytes from one record's start to the next one's.
  std::size_t stride(std::size_t size) const noexcept {
    return (size + geometry_.alignment - 1) & ~(geometry_.alignment - std::size_t{1});
  }

  /// Finds a block by its number. A caller that pinned the number before, with a sequentially consistent store, may use
  /// the block until it moves the pin.
  FindResult find(std::uint64_t number, Block& block) const noexcept;

  /// Returns the whole number of the block that a tail value refers to; kNone where the ring does not hold it, because
  /// the value is stale.
  std::uint64_t whole_number(std::uint64_t tail) const noexcept;

  /// Returns the number at which a lapped reader of `number` continues: the oldest one that may still be linked.
  std::uint64_t oldest_after(std::uint64_t number) const noexcept;

  /// Whether a physical block, and its entry in the table, may be accessed. Each index from shared memory is checked
  /// here, once, before `entry` or `at`. What this process can access stays accessible.
  bool in_backed_range(std::uint32_t physical) const noexcept {
    // Acquire: pairs with `expose_blocks`, after which the kernel lets all threads of this process access the range.
    return physical < exposed_.load(std::memory_order_acquire) || physical < backed();
  }
  /// Returns how many physical blocks have memory that this process may access.
  std::uint32_t backed() const noexcept {
    const std::uint32_t count = header_->backed.load(std::memory_order_acquire);
    const std::uint32_t blocks = count < geometry_.physical_blocks ? count : geometry_.physical_blocks;
    return blocks <= exposed_.load(std::memory_order_acquire) ? blocks : expose_blocks(blocks);
  }

  /// Rings the bells of the subscribers that sleep.
  void wake_subscribers() const noexcept;
  /// Rings the bells of the publishers that wait for the ring to move.
  void wake_publishers() const noexcept;

 private:
  std::uint32_t expose_blocks(std::uint32_t blocks) const noexcept;

  layout::TopicHeader* header_;
  std::atomic<std::uint64_t>* ring_;
  std::atomic<std::uint64_t>* free_map_;
  layout::BlockEntry* table_;
  std::byte* blocks_;
  Environment* environment_;
  PortHolders* holders_;
  layout::JournalWords* journal_;
  std::uint64_t first_sequence_;
  layout::Geometry geometry_;
  layout::TailFormat format_;
  std::uint64_t ring_mask_;
  unsigned block_shift_;
  bool timestamps_;
  bool exclusive_;
  bool cycle_clock_;
  mutable std::atomic<std::uint32_t> exposed_{0};  // physical blocks below are accessible to this process
};

}  // namespace shmbus::log
