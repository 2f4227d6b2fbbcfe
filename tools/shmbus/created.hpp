#pragma once

#include <string>

#include "shmbus/bus.hpp"

namespace shmbus::tool {

/// What a verb that may fail creates, so that it can leave nothing behind then.
class Created {
 public:
  /// Before the bus is opened: notes whether it and the topic exist.
  Created(const std::string& bus, const std::string& topic);

  bool topic_is_new() const noexcept { return topic_is_new_; }

  /// Removes the topic that was created since, unless anything was published on it or another process uses it; and the
  /// bus, unless it has other members or topics. Throws nothing.
  void take_back(Bus& bus) noexcept;

 private:
  std::string topic_;
  bool bus_is_new_ = true, topic_is_new_ = true;
};

}  // namespace shmbus::tool
