#pragma once

#include <string>
#include <string_view>

#include "bridge.hpp"
#include "group_port.hpp"
#include "shmbus/inspector.hpp"
#include "table.hpp"

namespace shmbus::tool {

/// Tables of ports, for people.
class PortTables {
 public:
  /// The tables call a bridge what it is.
  explicit PortTables(Bridges bridges);
  void add(const TopicSnapshot& topic);
  /// Adds a row for each topic that the subscription could not attach; only for the named topic, unless that is empty.
  void add(const SubscriptionSnapshot& subscription, std::string_view topic);
  /// The tables of publishers, of subscribers, and of topics that could not be attached, with an empty line between them.
  /// `width` as in Table.
  std::string text(std::size_t width = 0) const;

 private:
  void add(const GroupPort& port);

  Bridges bridges_;
  Table publishers_;
  Table subscribers_;
  Table unattached_;
};

}  // namespace shmbus::tool
