#include "warnings.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "group_port.hpp"
#include "group_text.hpp"
#include "journal_text.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "unattached_text.hpp"

namespace shmbus::daemon {

using tool::byte_count;
using tool::duration_text;
using tool::printable;

Memory shared_memory() noexcept {
  std::error_code error;
  const auto space = std::filesystem::space("/dev/shm", error);
  if (error) return {};
  return {.size = space.capacity, .free = space.available};
}

std::vector<Warning> Warnings::look(const std::vector<Look>& looks, const Memory& memory, const Limits& limits) {
  problems(looks);
  gating(looks, limits.gating);
  unattached(looks);
  journals(looks);
  groups(looks, limits.gating);
  room(memory, limits.memory);
  return std::exchange(said_, {});
}

void Warnings::say(spdlog::level::level_enum level, std::string text) { said_.push_back({level, std::move(text)}); }

void Warnings::gating(const std::vector<Look>& looks, std::chrono::nanoseconds limit) {
  std::map<std::string, Gating> now;
  for (const Look& look : looks) {
    if (!look.snapshot) continue;
    for (const TopicSnapshot& topic : look.snapshot->topics) {
      for (const SubscriberSnapshot& s : topic.subscribers) {
        const std::string key = fmt::format("{}/{}/{}/{}", look.bus, topic.info.id, s.port, s.node);
        const bool known = gating_.contains(key);
        if (!s.alive || !s.gating || (!known && (limit.count() == 0 || s.gating_for < limit))) continue;
        const std::string name = s.name.empty() || s.name == s.program ? "" : printable(s.name) + " of ";
        std::string who = fmt::format("bus '{}', topic '{}': {}{} (pid {})", look.bus, printable(topic.info.name), name,
                                      printable(s.program), s.pid);
        if (!known) {
          const std::string stopped = s.node_state == NodeState::stopped ? ", and is stopped" : "";
          say(spdlog::level::warn, fmt::format("{} has held publishers back for {}{}; shmbus who shows details", who,
                                               duration_text(s.gating_for), stopped));
        }
        now.emplace(key, Gating{std::move(who), s.gating_for});
      }
      group_ports(look, topic, limit, now);
    }
  }
  for (const auto& [key, gating] : gating_) {
    if (!now.contains(key))
      say(spdlog::level::info,
          fmt::format("{} no longer holds publishers back, after {} or more", gating.who, duration_text(gating.time)));
  }
  gating_ = std::move(now);
}

/// Groups that hold publishers back, with or without a member.
void Warnings::group_ports(const Look& look, const TopicSnapshot& topic, std::chrono::nanoseconds limit,
                           std::map<std::string, Gating>& now) {
  for (const tool::GroupPort& port : tool::group_ports(topic)) {
    const std::string key = fmt::format("{}/{}/{}", look.bus, topic.info.id, port.name());
    const bool known = gating_.contains(key);
    const std::chrono::nanoseconds time = port.place->gating_for;
    if (!port.place->gating || (!known && (limit.count() == 0 || time < limit))) continue;
    std::string who =
        fmt::format("bus '{}', topic '{}': {}", look.bus, printable(topic.info.name), printable(port.name()));
    if (!known)
      say(spdlog::level::warn, fmt::format("{} has held publishers back for {}{}; shmbus who shows details", who,
                                           duration_text(time), port.place->held ? ", and has no member" : ""));
    now.emplace(key, Gating{std::move(who), time});
  }
}

void Warnings::groups(const std::vector<Look>& looks, std::chrono::nanoseconds limit) {
  std::map<std::string, Grouped> now;
  for (const Look& look : looks) {
    for (const GroupSnapshot& g : look.groups) {
      const std::string object =
          fmt::format("bus '{}', topic '{}', group '{}'", look.bus, printable(g.topic), printable(g.group));
      const auto found = groups_.find(object);
      const bool known = found != groups_.end();
      const Grouped before = known ? found->second : Grouped{};
      Grouped& group = now[object];
      group = before;
      group.readable = g.problem.empty();
      if (!group.readable) {
        if (before.readable) say(spdlog::level::warn, fmt::format("{} can't be read: {}", object, printable(g.problem)));
        continue;
      }
      if (!before.readable) say(spdlog::level::info, fmt::format("{} can be read again", object));
      group = {g.cautious, g.full && (before.full || (limit.count() != 0 && g.full_for >= limit)), true,
               g.counts.unpublished, g.counts.lost, g.deaths};
      if (group.cautious && !before.cautious)
        say(spdlog::level::warn,
            fmt::format("{} is cautious: most of its latest leases failed, so it leases one event a second", object));
      if (!group.cautious && before.cautious) say(spdlog::level::info, fmt::format("{} is not cautious any more", object));
      if (group.full && !before.full)
        say(spdlog::level::warn, fmt::format("{}: its window has been full for {}; {}; shmbus who shows details", object,
                                             duration_text(g.full_for), tool::oldest_text(g)));
      if (!group.full && before.full) say(spdlog::level::info, fmt::format("{}: its window has room again", object));
      if (group.unpublished > before.unpublished)
        say(spdlog::level::warn,
            fmt::format("{}: {} could not be published to {}; they stay in the group", object,
                        tool::counted(group.unpublished - before.unpublished, "dead letter"),
                        printable(g.options.dead_letters)));
      if (known && group.lost > before.lost)
        say(spdlog::level::warn, fmt::format("{} lost {}: they left the ring before a member read them", object,
                                             tool::counted(group.lost - before.lost, "event")));
      if (known && group.deaths > before.deaths)
        say(spdlog::level::warn, fmt::format("{}: {} died; what they held is leased again", object,
                                             tool::counted(group.deaths - before.deaths, "member")));
    }
  }
  groups_ = std::move(now);
}

void Warnings::unattached(const std::vector<Look>& looks) {
  std::map<std::string, std::string> now;
  for (const Look& look : looks) {
    if (!look.snapshot) continue;
    for (const SubscriptionSnapshot& s : look.snapshot->subscriptions) {
      if (s.unattached_count == 0 || s.state == NodeState::dead) continue;
      const std::string name = s.name.empty() || s.name == s.program ? "" : printable(s.name) + " of ";
      const std::string key = fmt::format("{}/{}", look.bus, s.id);
      std::string who = fmt::format("bus '{}': {}{} (pid {})", look.bus, name, printable(s.program), s.pid);
      if (!unattached_.contains(key))
        say(spdlog::level::warn,
            fmt::format("{} could not attach {}; {}", who, tool::unattached_text(s), tool::unattached_remedy(s)));
      now.emplace(key, std::move(who));
    }
  }
  for (const auto& [key, who] : unattached_) {
    if (!now.contains(key))
      say(spdlog::level::info, fmt::format("{} has attached every topic that matches, or is gone", who));
  }
  unattached_ = std::move(now);
}

void Warnings::journals(const std::vector<Look>& looks) {
  std::map<std::string, Journaled> now;
  for (const Look& look : looks) {
    if (!look.snapshot) continue;
    for (const TopicSnapshot& topic : look.snapshot->topics) {
      if (!topic.journal || !topic.problem.empty()) continue;
      const JournalSnapshot& j = *topic.journal;
      const std::string object = fmt::format("bus '{}', topic '{}'", look.bus, printable(topic.info.name));
      const auto found = journals_.find(object);
      const Journaled before = found == journals_.end() ? Journaled{} : found->second;
      Journaled& journal = now[object];
      if (tool::in_trouble(j)) journal.trouble = tool::journal_state_text(j) + tool::journal_gate_text(topic);
      journal.missing = j.missing;
      journal.recorder = j.alive ? j.node : 0;
      if (!journal.trouble.empty() && journal.trouble != before.trouble)
        say(spdlog::level::warn,
            fmt::format("{}: its journal: {}; shmbus doctor shows what to do", object, journal.trouble));
      if (journal.trouble.empty() && !before.trouble.empty())
        say(spdlog::level::info, fmt::format("{}: its journal is written again", object));
      if (journal.missing > before.missing)
        say(spdlog::level::warn, fmt::format("{}: its journal misses {}, the last one is number {}", object,
                                             tool::counted(j.missing, "event"), j.missing_end));
      if (found != journals_.end() && journal.recorder != before.recorder)
        say(spdlog::level::info, fmt::format("{}: recorded by {} now", object, tool::recorder_text(j)));
    }
  }
  journals_ = std::move(now);
}

void Warnings::room(const Memory& memory, unsigned limit) {
  if (memory.size == 0) return;
  const double percent = 100.0 * static_cast<double>(memory.free) / static_cast<double>(memory.size);
  // The warning ends a quarter above the limit at which it begins, so that it does not come and go.
  const bool is_short = limit != 0 && percent < (short_of_memory_ ? 1.25 : 1.0) * limit;
  if (is_short && !short_of_memory_)
    say(spdlog::level::warn,
        fmt::format(
            "/dev/shm has {} of {} left ({:.1f} %); when it is full, topics retain less, and then publishers get "
            "no_memory: remove buses that are not needed, or make it larger",
            byte_count(memory.free), byte_count(memory.size), percent));
  if (!is_short && short_of_memory_)
    say(spdlog::level::info, fmt::format("/dev/shm has {} of {} left again ({:.1f} %)", byte_count(memory.free),
                                         byte_count(memory.size), percent));
  short_of_memory_ = is_short;
}

void Warnings::problems(const std::vector<Look>& looks) {
  std::map<std::string, std::string> now;
  for (const Look& look : looks) {
    if (!look.snapshot) {
      now[fmt::format("bus '{}'", look.bus)] = look.problem;
      continue;
    }
    for (const TopicSnapshot& topic : look.snapshot->topics) {
      if (!topic.problem.empty())
        now[fmt::format("bus '{}', topic '{}'", look.bus, printable(topic.info.name))] = topic.problem;
    }
  }
  for (const auto& [object, problem] : now) {
    const auto known = problems_.find(object);
    if (known == problems_.end() || known->second != problem)
      say(spdlog::level::warn, fmt::format("{} can't be read: {}", object, printable(problem)));
  }
  for (const auto& [object, problem] : problems_) {
    if (!now.contains(object)) say(spdlog::level::info, fmt::format("{} can be read again, or is gone", object));
  }
  problems_ = std::move(now);
}

}  // namespace shmbus::daemon
