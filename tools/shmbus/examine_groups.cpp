#include <fmt/format.h>

#include <set>
#include <utility>

#include "dead_letters.hpp"
#include "finding.hpp"
#include "group_text.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {
namespace {

class GroupExamination {
 public:
  GroupExamination(const BusSnapshot& bus, const std::vector<GroupSnapshot>& groups) : bus_(bus), groups_(groups) {}

  std::vector<Finding> run() {
    for (const GroupSnapshot& group : groups_) {
      if (group.problem.empty())
        look_at(group);
      else
        fault(group.problem, "remove the group, with its leases", command(group, " --remove"));
    }
    dead_letters();
    return std::move(findings_);
  }

 private:
  void fault(std::string text, std::string remedy, std::string command) {
    findings_.push_back({Finding::Kind::fault, bus_.name, std::move(text), std::move(remedy), std::move(command)});
  }
  void note(std::string text, std::string remedy, std::string command) {
    findings_.push_back({Finding::Kind::note, bus_.name, std::move(text), std::move(remedy), std::move(command)});
  }

  std::string command(const GroupSnapshot& group, const char* end = "") const {
    return group.group.empty() ? ""
                               : fmt::format("shmbus group --bus {} {} {}{}", bus_.name, group.topic, group.group, end);
  }

  void look_at(const GroupSnapshot& group) {
    const std::string name = fmt::format("group {} of topic {}", group.group, group.topic);
    if (group.cautious)
      fault(fmt::format("{} is cautious: most of its latest leases failed, so it leases one event a second", name),
            "find out why its members fail; it goes on at full speed once an event is acknowledged", command(group));
    if (group.full)
      fault(fmt::format("{}: its window of {} is full, for {}; {}", name, counted(group.options.window, "event"),
                        duration_text(group.full_for), oldest_text(group)),
            "see who holds that event", fmt::format("shmbus who --bus {}", bus_.name));
    if (group.counts.unpublished != 0)
      fault(fmt::format("{}: {} could not be published to {}, and stays in the group", name,
                        counted(group.counts.unpublished, "dead letter"), group.options.dead_letters),
            "see why on the members' standard error: the topic's type, rights or room", command(group));
    if (group.group == dead_letters_group || !group.members.empty()) return;
    if (!group.in_journal)
      note(fmt::format("{}: it has no member; it holds publishers back for {}, and then loses what leaves the ring",
                       name, duration_text(group.options.abandon_after)),
           "start a member, or remove the group if it is not needed", command(group, " --remove"));
  }

  void dead_letters() {
    std::set<std::pair<std::string, std::string>> topics;  // of dead letters, and a topic whose they are
    for (const GroupSnapshot& group : groups_) {
      if (group.problem.empty() && group.group != dead_letters_group && !group.topic.ends_with(".retry." + group.group))
        topics.emplace(group.options.dead_letters, group.topic);
    }
    for (const auto& [dead, topic] : topics) {
      const std::uint64_t waiting = undecided(bus_, groups_, dead);
      if (waiting != 0)
        note(fmt::format("topic {}: {} wait{} for a decision in {}", topic, counted(waiting, "dead letter"),
                         waiting == 1 ? "s" : "", dead),
             "look at them, and redeliver or drop them", fmt::format("shmbus dead --bus {} {}", bus_.name, topic));
    }
  }

  const BusSnapshot& bus_;
  const std::vector<GroupSnapshot>& groups_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_groups(const BusSnapshot& bus, const std::vector<GroupSnapshot>& groups) {
  return GroupExamination(bus, groups).run();
}

}  // namespace shmbus::tool
