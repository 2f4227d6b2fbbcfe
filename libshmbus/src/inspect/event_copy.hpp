#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shmbus/detail/event_record.hpp"
#include "shmbus/event_id.hpp"
#include "shmbus/snapshot.hpp"

namespace shmbus::detail {

/// The topic that copied events are of.
struct CopySource {
  std::string topic;
  std::uint64_t bus = 0;  ///< incarnation
  std::uint64_t id = 0;   ///< incarnation of the topic
};

/// Writes what a copied record holds into `event`, all members of it; of the payload at most `max_payload` bytes.
/// *Requires* that this many bytes of it were copied.
void copy_event(const CopySource& source, const EventRecord& record, Time time, std::size_t max_payload,
                EventSnapshot& event);

}  // namespace shmbus::detail
