#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// A dead letter that is neither redelivered nor dropped yet.
struct DeadLetter {
  EventSnapshot event;     ///< of the topic of dead letters
  std::string origin;      ///< id of the event that it was first
  std::string group;       ///< that could not handle it
  std::string deliveries;  ///< how often it was leased
  std::string reason;
  std::string holder;  ///< the last one
};

/// Returns the topics that dead letters of a topic's groups go to, those that exist; of one group where that is named.
std::vector<std::string> dead_letter_topics(const BusSnapshot& bus, const std::vector<GroupSnapshot>& groups,
                                            const std::string& topic, const std::optional<std::string>& group);

/// Returns how many dead letters of a topic wait for a decision: those of `dead_letters_group`, or else all retained numbers.
std::uint64_t undecided(const BusSnapshot& bus, const std::vector<GroupSnapshot>& groups,
                        const std::string& dead_topic);

/// Reads the dead letters in `dead_topic` that wait for a decision and are of `topic`, of one group where that is named.
/// Where none is decided yet, those are all that are retained. It only looks.
std::vector<DeadLetter> list_dead_letters(Inspector& inspector, const std::string& dead_topic, const std::string& topic,
                                          const std::optional<std::string>& group);

/// The headers that a dead letter bears when it is published again: the event's own, and its origin.
bool is_kept_header(std::string_view name) noexcept;

std::string dead_letter_json(const DeadLetter& letter);

}  // namespace shmbus::tool
