#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bus_name.hpp"
#include "layout/registry.hpp"
#include "platform/lasting_file.hpp"
#include "platform/segment_file.hpp"
#include "platform/sparse_mapping.hpp"
#include "shmbus/error.hpp"
#include "shmbus/options.hpp"

namespace shmbus::registry {

/// What the creator of a bus recorded. A process copies it when it attaches, and checks the copy. If the header is
/// overwritten later, no wait and no clock changes.
struct BusRecord {
  std::uint64_t incarnation = 0;
  std::int64_t created_ns = 0;
  std::uint64_t created_cycles = 0;
  std::uint64_t created_monotonic_ns = 0;
  layout::ClockKind clock{};
  std::uint32_t mode = 0;
  std::uint64_t stall_limit_ns = 0;
  std::uint64_t created_suspended_ns = 0;
  std::uint64_t size = 0;  ///< bytes of the segment
  std::string journals{};  ///< the folder of all journals
};

/// Where the journals of a bus lie, as its options and the environment say. Empty for a process without a home: then no
/// topic can have a journal.
std::string journals_folder(const BusOptions& options);

/// The registry segment of a bus, mapped and checked. Any thread.
class Registry {
  using Header = layout::RegistryHeader;
  /// Where a table lies in the segment.
  struct Table {
    unsigned index, limit;  // limit: entries
    std::size_t entry_size, offset;
  };
  static constexpr Table kNodes{0, layout::kMaxNodes, sizeof(layout::NodeEntry), offsetof(Header, node_table)};
  static constexpr Table kTopics{1, layout::kMaxTopics, sizeof(layout::TopicEntry), offsetof(Header, topic_table)};
  static constexpr Table kSubscriptions{2, layout::kMaxSubscriptions, sizeof(layout::SubscriptionEntry),
                                        offsetof(Header, subscription_table)};

 public:
  /// Checks the options of a bus. *Throws* Error, `invalid_option`, for one that is out of range.
  static void check_options(const base::BusName& bus, const BusOptions& options);
  /// Refuses options that differ from what the creator recorded and can't be adopted. *Throws* Error, `invalid_option`.
  void check_agreement(const BusOptions& options) const;
  /// Creates the bus, marked as removed if `removed`. Returns null where another process created it first. *Throws*
  /// Error.
  static std::shared_ptr<Registry> create(const base::BusName& bus, const BusOptions& options, bool removed = false);
  /// Attaches to an existing bus. Returns null where there is none. `read_only` is for inspecting. *Throws* Error.
  static std::shared_ptr<Registry> find(const base::BusName& bus, platform::Access access,
                                        const std::vector<uid_t>& owners);
  /// Creates a bus that is marked as removed from the start: a process that finds it removes all files with the bus's
  /// name. Returns false where there is a bus of that name. *Throws* Error.
  static bool create_removed(const base::BusName& bus);

  layout::RegistryHeader& header() const noexcept { return *header_; }
  const BusRecord& recorded() const noexcept { return recorded_; }
  /// Returns the segment's file, opened again where the program closed our descriptor.
  const platform::SegmentFile& file() const noexcept { return file_.get(); }
  /// Returns false where another process changed the segment's size: its memory must then not be accessed. Returns true
  /// where the size can't be read.
  bool intact() const noexcept { return file().has_size(recorded_.size); }
  /// Whether a node other than the caller's is alive, which means: the kernel holds its file lock. Returns true where
  /// the lock can't be queried: no process must look dead because the program closed our descriptors.
  bool alive(std::uint64_t node) const noexcept;
  const base::BusName& bus() const noexcept { return bus_; }
  /// The user that owns the segment.
  uid_t owner() const noexcept { return owner_; }
  const std::vector<uid_t>& owners() const noexcept { return owners_; }
  bool removed() const noexcept { return header_->removed.load(std::memory_order_acquire) != 0; }

  /// Returns the error for using a bus that was removed.
  Error removed_error() const;
  /// Returns the error for a bus that does not exist; it lists the buses that do.
  static Error absent_error(const base::BusName& bus);

  /// Returns the names of the buses on this machine, sorted.
  static std::vector<std::string> buses();

  /// Returns what an error text calls a node: "'player' (pid 4711)", or "node 12" where it is not listed.
  std::string node_object(std::uint64_t node) const;

  // Return how many entries of a table have memory, and make them accessible to this process: a scan may read these.
  unsigned nodes() const noexcept { return count(header_->nodes, kNodes); }
  unsigned topics() const noexcept { return count(header_->topics, kTopics); }
  unsigned subscriptions() const noexcept { return count(header_->subscriptions, kSubscriptions); }

  // Back one more page of a table. Return false where the table is full. *Throw* Error where memory is short.
  bool grow_nodes() { return grow(header_->nodes, kNodes); }
  bool grow_topics() { return grow(header_->topics, kTopics); }
  bool grow_subscriptions() { return grow(header_->subscriptions, kSubscriptions); }

  /// Returns a bell by its number (layout::kFirstSubscriptionBell); null where no entry with memory has that number.
  std::atomic<std::uint32_t>* bell(std::uint64_t number) const noexcept;
  /// Increments a bell and wakes the threads that sleep at it. Async-signal-safe.
  void ring(std::uint64_t bell) const noexcept;

 private:
  Registry(base::BusName bus, platform::SegmentFile file, platform::Access access, std::vector<uid_t> owners);
  void check();
  bool grow(std::atomic<std::uint32_t>& entries, const Table& table);
  unsigned count(const std::atomic<std::uint32_t>& entries, const Table& table) const noexcept;

  base::BusName bus_;
  platform::LastingFile file_;
  platform::SparseMapping mapping_;
  mutable std::atomic<std::uint32_t> exposed_[3] = {};  // entries of each table that are accessible to this process
  layout::RegistryHeader* header_;
  BusRecord recorded_;
  uid_t owner_ = 0;
  std::vector<uid_t> owners_;
};

}  // namespace shmbus::registry
