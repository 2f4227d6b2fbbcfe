#include "journal_places.hpp"

#include <algorithm>
#include <utility>

#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::tool {
namespace {

/// Nothing for a bus that does not exist, or that this process can't read.
std::optional<BusSnapshot> look_at(const std::string& bus) {
  try {
    BusSnapshot snapshot = Inspector{bus}.snapshot();
    if (!snapshot.removed) return snapshot;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_name) throw;
  }
  return std::nullopt;
}

}  // namespace

JournalPlace journal_place(const std::string& bus, const std::optional<std::string>& folder) {
  JournalPlace place{.folder = {}, .bus = bus};
  std::optional<BusSnapshot> snapshot = look_at(bus);
  place.folder = folder ? *folder : snapshot ? snapshot->journals : JournalFiles::default_folder();
  if (snapshot && snapshot->journals == place.folder) {
    place.incarnation = snapshot->incarnation;
    place.snapshot = std::move(snapshot);
  }
  return place;
}

std::vector<JournalPlace> journal_places(const ChosenBus& bus, const std::optional<std::string>& folder) {
  if (bus.given) return {journal_place(bus.name, folder)};
  std::vector<std::string> names = JournalFiles::buses(folder ? *folder : JournalFiles::default_folder());
  for (std::string& name : Inspector::buses()) names.push_back(std::move(name));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<JournalPlace> places;
  for (const std::string& name : names) places.push_back(journal_place(name, folder));
  return places;
}

std::vector<std::string> journal_topics(const JournalPlace& place) {
  return JournalFiles::topics(place.folder, place.bus);
}

const TopicSnapshot* living_topic(const JournalPlace& place, const std::string& topic) {
  if (!place.snapshot) return nullptr;
  for (const TopicSnapshot& t : place.snapshot->topics) {
    if (t.info.name == topic && t.journal) return &t;
  }
  return nullptr;
}

}  // namespace shmbus::tool
