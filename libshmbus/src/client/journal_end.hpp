#pragma once

#include <memory>
#include <vector>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "client/bus_core.hpp"

namespace shmbus::detail {

/// The journaled topics that are about to be removed. They are opened before, so that what their rings still hold can be
/// recorded after, when nothing more is published; the journals are then closed, so nothing brings the topics back.
class JournalEnd {
 public:
  /// All journaled topics of a bus, if it has any.
  explicit JournalEnd(const base::BusName& bus) noexcept;
  /// One topic.
  JournalEnd(BusCore& bus, const base::TopicName& topic) noexcept;

  /// Once they are removed: a process that records one closes its journal itself; the others are closed here.
  void finish() noexcept;
  /// The same, and then removes the journals with all their events. *Throws* Error.
  void erase();

 private:
  std::unique_ptr<BusCore> own_;  // of a bus that is removed as a whole
  std::vector<std::shared_ptr<topic::TopicSegment>> topics_;
};

}  // namespace shmbus::detail
