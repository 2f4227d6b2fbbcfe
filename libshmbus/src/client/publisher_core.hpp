#pragma once

#include <chrono>
#include <memory>

#include "base/topic_name.hpp"
#include "client/bus_core.hpp"
#include "log/writer.hpp"
#include "platform/fork_guard.hpp"
#include "shmbus/publisher.hpp"

namespace shmbus::detail {

/// A publisher's port and writer, and how it waits. One thread at a time.
class PublisherCore : private platform::ForkListener {
 public:
  /// *Throws* Error.
  PublisherCore(std::shared_ptr<BusCore> bus, const base::TopicName& topic, const TopicOptions& options,
                const TypeInfo& type);
  ~PublisherCore() override;

  topic::TopicSegment& segment() const noexcept { return *segment_; }
  /// Whether nothing is to be waited for any more: the bus was closed or interrupted.
  bool given_up() const noexcept { return !bus_->open() || bus_->interrupted(); }
  log::Writer& writer() noexcept { return *writer_; }
  const TopicInfo& info() const noexcept { return info_; }

  /// Repeats `attempt()`, which returns a Status, while it is held back, for at most `timeout`.
  template <class Attempt>
  Status wait_for_room(Attempt attempt, std::chrono::nanoseconds timeout) noexcept;
  /// Publishes after the publisher was held back, as soon as there is room.
  PublishResult publish_when_room(std::span<const std::byte> payload, const log::RecordExtensions& extensions,
                                  std::chrono::nanoseconds timeout) noexcept;

 private:
  void in_child() noexcept override;
  void attach();
  bool sleep(std::uint32_t bell, std::uint64_t deadline) noexcept;

  std::shared_ptr<BusCore> bus_;
  std::shared_ptr<topic::TopicSegment> segment_;
  TopicInfo info_;
  unsigned port_ = 0;
  std::unique_ptr<log::Writer> writer_;
};

}  // namespace shmbus::detail
