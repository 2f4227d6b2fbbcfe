#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/mapping.hpp"
#include "platform/segment_file.hpp"
#include "shmbus/layout/registry.hpp"
#include "shmbus/options.hpp"

namespace shmbus::registry {

/// The registry segment of a bus, mapped and checked. Any thread.
class Registry {
 public:
  /// Creates the bus or attaches to it. Throws Error.
  static std::shared_ptr<Registry> open(const std::string& bus, const BusOptions& options);
  /// Attaches only; null where there is no such bus. `read_only` for who just looks. Throws Error.
  static std::shared_ptr<Registry> find(const std::string& bus, platform::Access access,
                                        const std::vector<uid_t>& owners);
  /// Creates one that is removed from the start: whoever finds it clears away what bears the bus's name. False where
  /// there is a bus of that name. Throws Error.
  static bool create_removed(const std::string& bus);

  layout::RegistryHeader& header() const noexcept { return *header_; }
  const platform::SegmentFile& file() const noexcept { return file_; }
  const std::string& bus() const noexcept { return bus_; }
  const std::vector<uid_t>& owners() const noexcept { return owners_; }
  bool removed() const noexcept { return header_->removed.load(std::memory_order_acquire) != 0; }

  // How many entries of a table have memory: what a scan may touch.
  unsigned nodes() const noexcept { return count(header_->nodes, layout::kMaxNodes); }
  unsigned topics() const noexcept { return count(header_->topics, layout::kMaxTopics); }
  unsigned subscriptions() const noexcept { return count(header_->subscriptions, layout::kMaxSubscriptions); }

  // Backs one more page of a table. False where the table is full; throws Error where memory is.
  bool grow_nodes() { return grow(header_->nodes, layout::kMaxNodes, offsetof(layout::RegistryHeader, node_table)); }
  bool grow_topics() {
    return grow(header_->topics, layout::kMaxTopics, offsetof(layout::RegistryHeader, topic_table));
  }
  bool grow_subscriptions() {
    return grow(header_->subscriptions, layout::kMaxSubscriptions,
                offsetof(layout::RegistryHeader, subscription_table));
  }

 private:
  Registry(std::string bus, platform::SegmentFile file, platform::Access access, std::vector<uid_t> owners);
  static std::shared_ptr<Registry> create(const std::string& bus, const BusOptions& options, bool removed = false);
  void check() const;
  bool grow(std::atomic<std::uint32_t>& entries, unsigned limit, std::size_t offset);
  static unsigned count(const std::atomic<std::uint32_t>& entries, unsigned limit) noexcept;

  std::string bus_;
  platform::SegmentFile file_;
  platform::Mapping mapping_;
  layout::RegistryHeader* header_;
  std::vector<uid_t> owners_;
};

}  // namespace shmbus::registry
