#pragma once

#include <string>
#include <vector>

#include "shmbus/call_snapshot.hpp"
#include "shmbus/durable_snapshot.hpp"
#include "shmbus/group_snapshot.hpp"
#include "shmbus/leftover.hpp"
#include "shmbus/snapshot.hpp"

// What Inspector returns, as JSON. The names are those of the structs' members.
namespace shmbus::c {

std::string json_of(const BusSnapshot& bus);
std::string json_of(const RingSnapshot& ring);
std::string json_of(const EventSnapshot& event);
std::string json_of(const std::vector<EventSnapshot>& events);
std::string json_of(const std::vector<RecorderSnapshot>& recorders);
std::string json_of(const std::vector<DurableSnapshot>& durables);
std::string json_of(const std::vector<GroupSnapshot>& groups);
std::string json_of(const std::vector<GroupEventSnapshot>& events);
std::string json_of(const std::vector<Leftover>& leftovers);
std::string json_of(const std::vector<std::string>& names);

}  // namespace shmbus::c
