#include "dead_letters.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "event_printer.hpp"
#include "group_text.hpp"
#include "printable_text.hpp"

namespace shmbus::tool {
namespace {

constexpr std::string_view origin_header = "shmbus-origin", group_header = "shmbus-group",
                           deliveries_header = "shmbus-deliveries", reason_header = "shmbus-reason",
                           holder_header = "shmbus-holder";

const TopicSnapshot* find(const BusSnapshot& bus, const std::string& topic) {
  const auto found =
      std::find_if(bus.topics.begin(), bus.topics.end(), [&](const auto& t) { return t.info.name == topic; });
  return found == bus.topics.end() ? nullptr : &*found;
}

const GroupSnapshot* keeper(const std::vector<GroupSnapshot>& groups, const std::string& dead_topic) {
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const GroupSnapshot& g) {
    return g.topic == dead_topic && g.group == dead_letters_group && g.problem.empty();
  });
  return found == groups.end() ? nullptr : &*found;
}

DeadLetter letter_of(const EventSnapshot& event) {
  DeadLetter letter;
  letter.event = event;
  for (const HeaderSnapshot& header : event.headers) {
    for (auto [name, to] : {std::pair{origin_header, &letter.origin},
                            {group_header, &letter.group},
                            {deliveries_header, &letter.deliveries},
                            {reason_header, &letter.reason},
                            {holder_header, &letter.holder}})
      if (header.name == name) *to = header.value;
  }
  return letter;
}

/// Several topics may share one of dead letters: the origin says which it was, as long as that topic exists.
bool is_of(const DeadLetter& letter, const BusSnapshot& bus, const std::string& topic) {
  const auto origin = EventId::parse(letter.origin);
  if (!origin) return true;
  const auto known =
      std::find_if(bus.topics.begin(), bus.topics.end(), [&](const auto& t) { return t.info.id == origin->topic; });
  return known == bus.topics.end() || known->info.name == topic || known->info.name.starts_with(topic + ".retry.");
}

}  // namespace

bool is_kept_header(std::string_view name) noexcept {
  return name == origin_header ||
         !(name == group_header || name == deliveries_header || name == reason_header || name == holder_header);
}

std::vector<std::string> dead_letter_topics(const BusSnapshot& bus, const std::vector<GroupSnapshot>& groups,
                                            const std::string& topic, const std::optional<std::string>& group) {
  std::set<std::string> names;
  for (const GroupSnapshot& g : groups) {
    if (g.topic == topic && g.problem.empty() && (!group || *group == g.group)) names.insert(g.options.dead_letters);
  }
  names.insert(topic + ".dead");  // of groups that were removed
  std::vector<std::string> topics;
  for (const std::string& name : names) {
    if (find(bus, name) != nullptr) topics.push_back(name);
  }
  return topics;
}

std::uint64_t undecided(const BusSnapshot& bus, const std::vector<GroupSnapshot>& groups,
                        const std::string& dead_topic) {
  if (const GroupSnapshot* group = keeper(groups, dead_topic)) return group->lag;
  const TopicSnapshot* topic = find(bus, dead_topic);
  if (topic == nullptr) return 0;
  const std::uint64_t first =
      topic->journal && topic->journal->first_held != 0 ? topic->journal->first_held : topic->oldest;
  return first == 0 || topic->published < first ? 0 : topic->published - first + 1;
}

std::vector<DeadLetter> list_dead_letters(Inspector& inspector, const std::string& dead_topic, const std::string& topic,
                                          const std::optional<std::string>& group) {
  const BusSnapshot bus = inspector.snapshot();
  const std::vector<GroupSnapshot> groups = inspector.groups(bus);
  const GroupSnapshot* const kept = keeper(groups, dead_topic);
  std::set<std::uint64_t> open;
  Start start = Start::oldest();
  if (kept != nullptr) {
    if (!kept->oldest) return {};
    start = Start::sequence(kept->oldest->sequence);
    for (const GroupEventSnapshot& e : inspector.group_events(dead_topic, dead_letters_group, kept->options.window))
      if (e.state != GroupEventState::unread) open.insert(e.sequence);
  }
  std::vector<DeadLetter> letters;
  EventReader reader = inspector.read(dead_topic, start, {.retained_only = true});
  while (const EventSnapshot* event = reader.next()) {
    if (kept != nullptr && event->sequence < kept->walked && !open.contains(event->sequence)) continue;
    DeadLetter letter = letter_of(*event);
    if (is_of(letter, bus, topic) && (!group || letter.group == *group)) letters.push_back(std::move(letter));
  }
  return letters;
}

std::string dead_letter_json(const DeadLetter& letter) {
  std::string event;
  print_event(event, parts_of(letter.event), {.json = true});
  auto object = nlohmann::ordered_json::parse(event);
  object["origin"] = printable(letter.origin);
  object["group"] = printable(letter.group);
  object["deliveries"] = printable(letter.deliveries);
  object["reason"] = printable(letter.reason);
  object["holder"] = printable(letter.holder);
  return object.dump() + '\n';
}

}  // namespace shmbus::tool
