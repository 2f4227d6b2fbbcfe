#pragma once

#include <string>
#include <vector>

#include "shmbus/call_snapshot.hpp"
#include "shmbus/durable_snapshot.hpp"
#include "shmbus/event_reader.hpp"
#include "shmbus/group_snapshot.hpp"
#include "shmbus/leftover.hpp"
#include "shmbus/snapshot.hpp"
#include "shmbus/unattached_topic.hpp"

// What Inspector returns, as JSON. The names are those of the structs' members.
namespace shmbus::c {

class JsonWriter;

/// Adds the members of a TopicInfo to the object that is open.
void members_of(JsonWriter& writer, const TopicInfo& info);

std::string json_of(const BusSnapshot& bus);
std::string json_of(const RingSnapshot& ring);
std::string json_of(const EventSnapshot& event);
std::string json_of(const std::vector<EventSnapshot>& events);
std::string json_of(const std::vector<RecorderSnapshot>& recorders);
std::string json_of(const std::vector<DurableSnapshot>& durables);
std::string json_of(const std::vector<GroupSnapshot>& groups);
std::string json_of(const std::vector<GroupEventSnapshot>& events);
std::string json_of(const std::vector<Leftover>& leftovers);
std::string json_of(const std::vector<BusFiles>& files);
std::string json_of(const std::vector<TopicProblem>& problems);
std::string json_of(const std::vector<UnattachedTopic>& topics);
std::string json_of(const std::vector<std::string>& names);

}  // namespace shmbus::c
