#pragma once

#include "inspect/event_merge.hpp"
#include "shmbus/event_reader.hpp"

namespace shmbus {

class EventReader::Impl final : public detail::EventMerge {
 public:
  using EventMerge::EventMerge;
};

}  // namespace shmbus
