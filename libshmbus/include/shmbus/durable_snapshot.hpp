#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/options.hpp"
#include "shmbus/snapshot.hpp"

#include "shmbus/detail/header_begin.hpp"

// What Inspector shows of durable subscriptions: see SubscriberOptions::durable.
namespace shmbus {

/// How far a durable subscription has come in one topic.
struct DurableTopicSnapshot {
  std::string topic;
  std::uint64_t acknowledged = 0;  ///< sequence of the last acknowledged event; 0: none yet
  std::uint64_t published = 0;     ///< sequence of the newest event; 0: none yet
  std::uint64_t behind = 0;        ///< events published and not acknowledged
  std::uint64_t dropped = 0;  ///< of those, events that have left the ring: whoever opens the name next counts them
                              ///< as lost
  std::string problem;        ///< why it could not be read; empty when it could
};

/// A durable name.
struct DurableSnapshot {
  std::string name;
  std::string pattern;
  Time created{};                            ///< when the name was first opened
  bool held = false;                         ///< a subscriber holds it now
  std::uint64_t node = 0;                    ///< of the holder; 0 where none is listed
  std::int32_t pid = 0;                      ///< of that node
  std::string program;                       ///< of that node
  NodeState state = NodeState::dead;         ///< of that node
  std::size_t standing_by = 0;               ///< subscribers that stand by for it
  std::uint64_t behind = 0;                  ///< events in all topics that are not acknowledged
  std::uint64_t dropped = 0;                 ///< of those, events that have left their rings
  std::vector<DurableTopicSnapshot> topics;  ///< those that exist and match, by name
  std::string problem;                       ///< why its record could not be read; empty when it could
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
