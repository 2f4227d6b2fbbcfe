#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/topic_name.hpp"
#include "client/bus_core.hpp"
#include "platform/once_per_second.hpp"
#include "shmbus/event.hpp"
#include "shmbus/publisher.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::detail {

/// The headers of a dead letter, beside those of its event.
namespace dead_letter {
inline constexpr std::string_view kOrigin = "shmbus-origin";  ///< id of the event that it was first
inline constexpr std::string_view kGroup = "shmbus-group";
inline constexpr std::string_view kDeliveries = "shmbus-deliveries";
inline constexpr std::string_view kReason = "shmbus-reason";
inline constexpr std::string_view kHolder = "shmbus-holder";  ///< the last one: program, pid, member
}  // namespace dead_letter

/// Publishes the dead letters of a group. Any thread.
class DeadLetters {
 public:
  /// `of` is the topic of the events.
  DeadLetters(std::shared_ptr<BusCore> bus, base::TopicName topic, std::string group, TopicInfo of)
      : bus_(std::move(bus)), topic_(std::move(topic)), group_(std::move(group)), of_(std::move(of)) {}

  /// Publishes an event's payload, headers and key, and why it is dead. Waits a second at most. Returns why it failed; the
  /// first failure of a second is reported on standard error.
  Status publish(const Event& event, unsigned deliveries, std::string_view reason, std::string_view holder) noexcept;

 private:
  void open();
  void report(const Event& event, const char* problem) noexcept;

  std::shared_ptr<BusCore> bus_;
  base::TopicName topic_;
  std::string group_;
  TopicInfo of_;
  std::mutex mutex_;
  std::optional<Publisher> publisher_;
  platform::OncePerSecond reports_{};
};

}  // namespace shmbus::detail
