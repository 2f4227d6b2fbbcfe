#pragma once

#include <string>
#include <string_view>

#include "shmbus/inspector.hpp"
#include "table.hpp"

namespace shmbus::tool {

/// Rows of ports, for people.
class PortTables {
 public:
  PortTables();
  void add(const TopicSnapshot& topic);
  /// A row for each topic that the subscription could not attach; of the named topic alone, unless that is empty.
  void add(const SubscriptionSnapshot& subscription, std::string_view topic);
  /// The publishers, the subscribers, then those that could not attach a topic; an empty line between the tables.
  /// `width` as in Table.
  std::string text(std::size_t width = 0) const;

 private:
  Table publishers_;
  Table subscribers_;
  Table unattached_;
};

}  // namespace shmbus::tool
