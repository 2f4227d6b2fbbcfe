#include "log/closed_writer.hpp"

namespace shmbus::log {

namespace {

/// Never used: a claim fails before.
class NoEnvironment final : public Environment {
 public:
  std::uint64_t self() const noexcept override { return 0; }
  std::uint64_t bell() const noexcept override { return 0; }
  bool alive(std::uint64_t) noexcept override { return false; }
  bool back_block(std::uint32_t) noexcept override { return false; }
  void ring(std::uint64_t) noexcept override {}
  std::byte* writable(std::uint32_t) noexcept override { return nullptr; }
  Moment now() noexcept override { return {}; }
  std::int64_t to_ns(std::uint64_t, const Moment&) noexcept override { return 0; }
  std::uint64_t stall_limit_ns() const noexcept override { return 0; }
  std::uint64_t monotonic_ns() noexcept override { return 0; }
  bool cycle_clock() const noexcept override { return false; }
  std::uint64_t slow_stamp() noexcept override { return 0; }
};

/// A removed topic without blocks, private to this process. A claim checks for the removal first.
struct RemovedTopic {
  layout::TopicHeader header{};
  NoEnvironment environment;
  BlockLog log{(header.words.attention.store(layout::kTopicRemoved, std::memory_order_relaxed), &header), nullptr,
               layout::Geometry::of(layout::kMinBlockSize, layout::kMinBlocks, false, 0), environment};
  Writer writer{log, 0};

  RemovedTopic() { writer.refuse(Status::closed); }
};

}  // namespace

Writer& closed_writer() noexcept {
  static RemovedTopic topic;
  return topic.writer;
}

}  // namespace shmbus::log
