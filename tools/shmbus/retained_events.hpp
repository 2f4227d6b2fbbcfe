#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/bus.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::tool {

/// The retained events of several topics, one after another in the order of their times; those published after it was
/// made are not among them.
class RetainedEvents {
 public:
  /// Of the topics in `snapshot` whose name matches; throws Error.
  RetainedEvents(Bus& bus, const BusSnapshot& snapshot, const std::string& pattern, Start start);

  /// The next one; nothing at the end. Valid until the next call.
  const Event* next();

  /// How many left the ring before they were read.
  std::uint64_t lost() const noexcept;
  std::size_t topics() const noexcept { return sources_.size(); }

 private:
  struct Source {
    Subscriber subscriber;
    std::uint64_t last;  // sequence
    std::optional<RetainedEvent> head{};
    bool ended = false;
  };
  static void advance(Source& source);

  std::vector<Source> sources_;
  std::optional<RetainedEvent> current_;
};

}  // namespace shmbus::tool
