#include "inspect/inspected_log.hpp"

#include <utility>

#include "layout/segment_checks.hpp"
#include "platform/clock.hpp"

namespace shmbus::detail {

/// The environment of a log that is only inspected.
class InspectedLog::Onlooker final : public log::Environment {
 public:
  Onlooker(const platform::SparseMapping& control, std::uint64_t block_table)
      : control_(control), table_(block_table) {}
  std::uint64_t self() const noexcept override { return 0; }
  std::uint64_t bell() const noexcept override { return 0; }
  bool alive(std::uint64_t) noexcept override { return true; }
  bool back_block(std::uint32_t) noexcept override { return false; }
  bool expose_blocks(std::uint32_t blocks) noexcept override {
    return control_.expose(table_, std::uint64_t{blocks} * sizeof(layout::BlockEntry));
  }
  void ring(std::uint64_t) noexcept override {}
  std::byte* writable(std::uint32_t) noexcept override { return nullptr; }
  log::Moment now() noexcept override { return {}; }
  std::int64_t to_ns(std::uint64_t, const log::Moment&) noexcept override { return 0; }
  std::uint64_t stall_limit_ns() const noexcept override { return 0; }
  std::uint64_t monotonic_ns() noexcept override { return platform::monotonic_ns(); }
  bool cycle_clock() const noexcept override { return true; }
  std::uint64_t slow_stamp() noexcept override { return 0; }

 private:
  const platform::SparseMapping& control_;
  std::uint64_t table_;  // offset of the block table
};

InspectedLog::InspectedLog(const registry::Registry& registry, const base::TopicName& name, platform::SegmentName file,
                           platform::SparseMapping mapping, const topic::TopicRecord& recorded)
    : object_(name.object()),
      log_name_(registry.bus().log_file(name, recorded.log_node, recorded.id)),
      source_{name.text(), recorded.bus, recorded.id},
      file_(std::move(file)),
      mapping_(std::move(mapping)),
      recorded_(recorded),
      onlooker_(std::make_unique<Onlooker>(mapping_, recorded.geometry.block_table_offset)),
      log_(std::make_unique<log::BlockLog>(mapping_.address(), nullptr, recorded.geometry, *onlooker_, nullptr,
                                           topic::journal_words(mapping_.address(), recorded))) {}

InspectedLog::~InspectedLog() = default;

std::unique_ptr<InspectedLog> InspectedLog::open(const registry::Registry& registry, const base::TopicName& name,
                                                 std::uint64_t id) {
  auto control = topic::ControlSegment::open(registry.bus(), name, platform::Access::read_only, registry.owners());
  if (!control) return nullptr;
  const topic::TopicRecord& recorded = control->recorded;
  if (recorded.bus != registry.recorded().incarnation || recorded.id != id) return nullptr;  // of an earlier topic
  platform::SegmentName file(registry.bus().control_file(name), control->file);
  return std::unique_ptr<InspectedLog>(
      new InspectedLog(registry, name, std::move(file), std::move(control->mapping), recorded));
}

bool InspectedLog::removed() const noexcept {
  return (log_->header().words.attention.load(std::memory_order_acquire) & layout::kTopicRemoved) != 0;
}

void InspectedLog::check_size() const {
  if (const auto state = file_.state()) layout::check_size(state->size, recorded_.control_size, object_);
}

}  // namespace shmbus::detail
