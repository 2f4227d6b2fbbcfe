#pragma once

#include <string>

#include "layout/topic.hpp"

namespace storm {

/// A topic's header, mapped for reading. It shows where a subscriber began, and how often it was lapped.
class SubscriberPorts {
 public:
  SubscriberPorts(const std::string& bus, const std::string& topic);
  SubscriberPorts(const SubscriberPorts&) = delete;
  SubscriberPorts& operator=(const SubscriberPorts&) = delete;
  ~SubscriberPorts();

  const shmbus::layout::TopicHeader& header() const noexcept { return *header_; }
  /// The port of a node's only subscriber. Throws if there is none.
  const shmbus::layout::SubscriberPort& of(std::uint64_t node) const;

 private:
  const shmbus::layout::TopicHeader* header_;
};

}  // namespace storm
