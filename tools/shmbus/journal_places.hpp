#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/journal_files.hpp"
#include "shmbus/snapshot.hpp"
#include "verb.hpp"

namespace shmbus::tool {

/// Where the journals of a bus lie.
struct JournalPlace {
  std::string folder;
  std::string bus;
  std::uint64_t incarnation = 0;          ///< of the bus; 0: there is none now
  std::optional<BusSnapshot> snapshot{};  ///< of the bus that has its journals there
};

/// Of the chosen bus: the given folder, else where its creator put them, else the default one.
JournalPlace journal_place(const std::string& bus, const std::optional<std::string>& folder);

/// Of the chosen bus; if none was chosen, of all buses that live on this machine or have a folder for journals.
std::vector<JournalPlace> journal_places(const ChosenBus& bus, const std::optional<std::string>& folder);

/// The topics of a place that have a journal. Throws Error.
std::vector<std::string> journal_topics(const JournalPlace& place);

/// The journal of a topic, as the bus's recorder shows it; null where the bus does not live, or has no such topic.
const TopicSnapshot* living_topic(const JournalPlace& place, const std::string& topic);

}  // namespace shmbus::tool
