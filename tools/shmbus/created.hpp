#pragma once

#include <string>

#include "shmbus/bus.hpp"

namespace shmbus::tool {

/// What a verb creates, so that it can remove it again if it fails.
class Created {
 public:
  /// Notes whether the bus and the topic exist. Make it before the bus is opened.
  Created(const std::string& bus, const std::string& topic);

  bool topic_is_new() const noexcept { return topic_is_new_; }

  /// Removes the topic if it was created meanwhile, unless something was published on it or another process uses it. Removes
  /// the bus likewise, unless it has other members or topics. Throws nothing.
  void take_back(Bus& bus) noexcept;

 private:
  std::string topic_;
  bool bus_is_new_ = true, topic_is_new_ = true;
};

}  // namespace shmbus::tool
