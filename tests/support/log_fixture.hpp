#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layout/geometry.hpp"
#include "log/block_log.hpp"
#include "log/environment.hpp"
#include "log/reader.hpp"
#include "log/writer.hpp"

namespace test {

struct LogOptions {
  std::size_t block_size = 4096;
  std::uint32_t blocks = 4;
  bool timestamps = true;
  std::uint32_t alignment = 8;
  bool exclusive = false;
  std::uint64_t seed = 0x5eed;
};

/// The memory of one log: a formatted control segment and its blocks, between pages that can't be accessed. Blocks that are
/// not backed can't be accessed either.
class LogMemory {
 public:
  explicit LogMemory(const LogOptions& options);
  LogMemory(const LogMemory&) = delete;
  LogMemory& operator=(const LogMemory&) = delete;
  ~LogMemory();

  const shmbus::layout::Geometry& geometry() const noexcept { return geometry_; }
  void* control() const noexcept { return control_; }
  std::byte* blocks() const noexcept { return blocks_; }
  bool back_block(std::uint32_t physical) noexcept;

 private:
  shmbus::layout::Geometry geometry_;
  std::byte* control_ = nullptr;
  std::byte* blocks_ = nullptr;
};

/// What lies outside a log, set by the test. By default all nodes live, there is memory, and clocks stand still.
struct World {
  explicit World(LogMemory& log_memory) : memory(&log_memory) {}

  static constexpr std::uint64_t kNodes = 4096;

  LogMemory* memory;
  std::atomic<std::uint64_t> monotonic_ns{1'000'000'000};
  std::atomic<std::int64_t> system_ns{1'700'000'000'000'000'000};
  std::atomic<std::uint32_t> memory_left{~std::uint32_t{0}};  ///< blocks that can still be backed
  std::uint64_t stall_limit_ns = 1'000'000;
  bool intact = true;                       ///< false: the log was cut short
  bool may_write = true;                    ///< whether repair gets blocks it can write
  bool real_time = false;                   ///< uses CLOCK_MONOTONIC instead of `monotonic_ns`
  std::set<std::uint64_t> unlisted{};       ///< subscriptions that left the list
  std::set<std::uint64_t> not_attaching{};  ///< subscriptions that tried to attach the topic and could not
  /// One for each port; null (the default): there is no memory for them.
  std::unique_ptr<shmbus::layout::LatencyHistogram[]> histograms{};

  // Called when the log reads these values: a test can act there in place of another thread.
  std::function<void()> on_monotonic, on_alive, on_back, on_now, on_ring;

  void kill(std::uint64_t node) noexcept { dead_[node].store(true, std::memory_order_seq_cst); }
  bool alive(std::uint64_t node) const noexcept {
    return node < kNodes && !dead_[node].load(std::memory_order_seq_cst);
  }
  void pass_time(std::uint64_t ns) noexcept {
    monotonic_ns += ns;
    system_ns += static_cast<std::int64_t>(ns);
  }

  std::vector<std::uint64_t> take_rings();
  void record_ring(std::uint64_t bell);

 private:
  std::atomic<bool> dead_[kNodes] = {};
  std::mutex mutex_;
  std::vector<std::uint64_t> rings_;
};

/// One node's view of the world. Its bell has the index `self + 1000`.
class NodeEnvironment final : public shmbus::log::Environment, public shmbus::log::PortHolders {
 public:
  NodeEnvironment(World& world, std::uint64_t self) : world_(&world), self_(self) {}

  std::uint64_t self() const noexcept override { return self_; }
  std::uint64_t bell() const noexcept override { return self_ + 1000; }
  bool alive(std::uint64_t node) noexcept override;
  bool back_block(std::uint32_t physical) noexcept override;
  bool intact() noexcept override { return world_->intact; }
  bool stands(std::uint64_t subscription) const noexcept override { return !world_->unlisted.contains(subscription); }
  bool cannot_attach(std::uint64_t subscription) noexcept override {
    return world_->not_attaching.contains(subscription);
  }
  shmbus::layout::LatencyHistogram* histogram(unsigned port) noexcept override {
    return world_->histograms ? &world_->histograms[port] : nullptr;
  }
  void ring(std::uint64_t bell) noexcept override;
  std::byte* writable(std::uint32_t physical) noexcept override;
  shmbus::log::Moment now() noexcept override;
  std::int64_t to_ns(std::uint64_t stamp, const shmbus::log::Moment& opened) noexcept override;
  std::uint64_t stall_limit_ns() const noexcept override { return world_->stall_limit_ns; }
  std::uint64_t monotonic_ns() noexcept override;
  bool cycle_clock() const noexcept override { return false; }
  std::uint64_t slow_stamp() noexcept override;

 private:
  World* world_;
  std::uint64_t self_;
};

std::span<const std::byte> bytes_of(std::string_view text) noexcept;

/// A publisher with its own node.
class TestPublisher {
 public:
  TestPublisher(LogMemory& memory, World& world, std::uint64_t node);

  shmbus::PublishResult publish(std::string_view payload, const shmbus::log::RecordExtensions& extensions = {}) {
    return writer->publish(bytes_of(payload), extensions);
  }
  /// Publishes a payload of `size` equal characters.
  shmbus::PublishResult publish_bytes(std::size_t size, char c = 'x') { return publish(std::string(size, c)); }
  /// Makes a claim that stays open.
  shmbus::detail::Claim claim(std::size_t size, const shmbus::log::RecordExtensions& extensions = {});

  std::uint64_t node;
  NodeEnvironment environment;
  shmbus::log::BlockLog log;
  unsigned port;
  std::optional<shmbus::log::Writer> writer;
};

/// An event as a subscriber saw it.
struct Seen {
  std::uint64_t sequence;
  std::string payload;
  std::uint64_t stamp;
  std::uint16_t port;
};

struct SubscriberChoice {
  shmbus::Start start = shmbus::Start::oldest();
  bool reliable = false;
  std::uint64_t demote_after = 0;
};

/// A subscriber with its own node.
class TestSubscriber {
 public:
  TestSubscriber(LogMemory& memory, World& world, std::uint64_t node, const SubscriberChoice& choice);

  std::vector<Seen> poll(std::size_t limit = 1 << 20);
  /// Polls until several polls in a row find nothing.
  std::vector<Seen> drain();
  std::vector<std::uint64_t> drain_sequences();
  std::uint64_t lost() const noexcept { return reader->lost(); }
  shmbus::Status status() const noexcept { return reader->status(); }
  shmbus::layout::SubscriberPort& shared() const noexcept { return log.subscriber(port); }

  std::uint64_t node;
  NodeEnvironment environment;
  shmbus::log::BlockLog log;
  unsigned port;
  std::unique_ptr<shmbus::log::Reader> reader;
};

/// A log with its surroundings, and nodes made on demand, numbered from 1.
class LogFixture {
 public:
  explicit LogFixture(const LogOptions& options = {});

  TestPublisher& publisher();
  TestSubscriber& subscriber(const SubscriberChoice& choice = {});
  /// The log as seen by a node that neither publishes nor subscribes.
  const shmbus::log::BlockLog& log() const noexcept { return log_; }
  shmbus::log::BlockLog& log() noexcept { return log_; }
  shmbus::layout::TopicHeader& header() const noexcept { return log_.header(); }

  // Reading bytes.
  std::uint64_t tail_block() const noexcept;
  std::size_t tail_offset() const noexcept;
  std::uint64_t tail_count() const noexcept;
  bool sealed() const noexcept { return tail_offset() == log_.block_size(); }
  shmbus::layout::RingEntry ring(std::uint64_t number) const noexcept;
  std::uint32_t physical_of(std::uint64_t number) const noexcept { return ring(number).physical(); }
  shmbus::layout::RecordHeader& record(std::uint64_t number, std::size_t offset) const noexcept;
  shmbus::layout::RecordMeta meta(std::uint64_t number, std::size_t offset) const noexcept;
  std::uint64_t key_of(std::uint64_t number) const noexcept;
  bool committed(std::uint64_t number, std::size_t offset) const noexcept;
  bool aborted(std::uint64_t number, std::size_t offset) const noexcept;

  // Placing state.
  /// Makes a publisher port of `node` with a visible claim, by default of the next record in the current block.
  unsigned place_claim(std::uint64_t node, std::size_t stride, bool padding = false,
                       std::optional<std::uint64_t> where = std::nullopt, unsigned events = 1);
  /// The same with a granted claim: the tail moves past it.
  unsigned place_granted(std::uint64_t node, std::size_t stride, bool padding = false, unsigned events = 1);
  /// Writes a record as its publisher commits it.
  void place_record(std::uint64_t number, std::size_t offset, std::size_t size) const noexcept;
  void place_tail(std::uint64_t tail) noexcept { log_.tail().store(tail); }
  /// Makes a subscriber port of `node` with a given pin.
  unsigned place_for(std::uint64_t node, std::uint64_t subscription, bool placed, std::uint64_t demote_after = 0);
  unsigned place_pin(std::uint64_t node, std::uint64_t pin, bool reliable = false);

  /// Publishes until the current block is `number` and has a record.
  void publish_to_block(TestPublisher& publisher, std::uint64_t number);
  /// Fills the current block with events of `size` bytes, until one more would not fit.
  std::size_t fill_block(TestPublisher& publisher, std::size_t size);

  std::uint64_t new_node() noexcept { return ++last_node_; }

  LogMemory memory;
  World world;

 private:
  NodeEnvironment environment_;
  shmbus::log::BlockLog log_;
  std::vector<std::unique_ptr<TestPublisher>> publishers_;
  std::vector<std::unique_ptr<TestSubscriber>> subscribers_;
  std::uint64_t last_node_ = 0;
};

}  // namespace test
