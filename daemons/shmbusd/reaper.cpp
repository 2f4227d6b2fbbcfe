#include "reaper.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"

namespace shmbus::daemon {
namespace {

using tool::byte_count;
using tool::counted;
using tool::printable;

/// How often to search for leftovers that no snapshot shows, such as the log of a creator that died early.
constexpr std::chrono::seconds search_interval{30};

bool shows_dead(const BusSnapshot& bus) {
  const auto dead = [](const auto& one) { return !one.alive; };
  return std::any_of(bus.nodes.begin(), bus.nodes.end(), dead) ||
         std::any_of(bus.unfinished.begin(), bus.unfinished.end(),
                     [](const UnfinishedTopic& topic) { return topic.creator_state == NodeState::dead; }) ||
         std::any_of(bus.topics.begin(), bus.topics.end(), [&](const TopicSnapshot& topic) {
           return std::any_of(topic.publishers.begin(), topic.publishers.end(), dead) ||
                  std::any_of(topic.subscribers.begin(), topic.subscribers.end(), dead);
         });
}

std::string one_text(const Leftover& l) {
  const std::string memory = l.memory != 0 ? fmt::format(" ({})", byte_count(l.memory)) : "";
  switch (l.kind) {
    case Leftover::Kind::node:
      return "its node";
    case Leftover::Kind::publisher:
    case Leftover::Kind::subscriber:
      return fmt::format("{} port {} of topic '{}'", to_string(l.kind), l.port, printable(l.name));
    case Leftover::Kind::subscription:
      return fmt::format("a subscription to '{}'", printable(l.name));
    case Leftover::Kind::topic:
      return fmt::format("topic '{}', unfinished", printable(l.name));
    case Leftover::Kind::removal:
      return fmt::format("{}, half removed{}", printable(l.name), memory);
    case Leftover::Kind::log:
      return fmt::format("{}, the log of no topic{}", printable(l.name), memory);
    case Leftover::Kind::earlier_topic:
      return fmt::format("{}, a topic of an earlier bus{}", printable(l.name), memory);
    case Leftover::Kind::recorder:
      return fmt::format("{}, a flight recorder that is not kept any more{}", printable(l.name), memory);
    case Leftover::Kind::cursor:
      return fmt::format("{}, of a durable subscription, for a topic or bus that is gone{}", printable(l.name), memory);
    case Leftover::Kind::group:
      return fmt::format("{}, a group of a topic that is gone{}", printable(l.name), memory);
    case Leftover::Kind::unknown_kind:
      return fmt::format("/dev/shm/{}{} is a segment of a kind that a newer shmbus made: left alone", printable(l.name),
                         memory);
    case Leftover::Kind::stray:
      break;
  }
  return fmt::format("/dev/shm/{}{} is not a segment of shmbus, or is damaged too much to recognise: find out whose it "
                     "is, and remove it",
                     printable(l.name), memory);
}

bool is_stray(const Leftover& l) { return !l.reapable(); }

}  // namespace

std::vector<std::string> leftover_lines(const std::vector<Leftover>& leftovers) {
  struct Heap {
    std::string who;
    std::string what;
  };
  std::map<std::uint64_t, Heap> heaps;  // by node; 0 is what has no known owner
  std::vector<std::string> lines;
  for (const Leftover& l : leftovers) {
    if (is_stray(l)) {
      lines.push_back(one_text(l));
      continue;
    }
    Heap& heap = heaps[l.node];
    if (heap.who.empty() && l.pid != 0) heap.who = fmt::format("{} (pid {}) died", printable(l.program), l.pid);
    heap.what += (heap.what.empty() ? "" : ", ") + one_text(l);
  }
  for (const auto& [node, heap] : heaps)
    lines.push_back(fmt::format("{} and left {}", heap.who.empty() ? "a member died" : heap.who, heap.what));
  return lines;
}

void Reaper::set(bool reap, std::vector<uid_t> owners) {
  reap_ = reap;
  owners_ = std::move(owners);
}

void Reaper::look(const std::vector<Look>& looks) {
  std::erase_if(states_, [&](const auto& known) {
    return std::none_of(looks.begin(), looks.end(), [&](const Look& look) { return look.bus == known.first; });
  });
  for (const Look& one : looks) {
    if (one.snapshot) look(one, states_[one.bus]);
  }
}

void Reaper::look(const Look& look, State& state) {
  const Clock::time_point now = Clock::now();
  if (!shows_dead(*look.snapshot) && now - state.searched < search_interval) return;
  state.searched = now;
  const std::vector<Leftover> leftovers = buses_.leftovers(look.bus);
  std::set<std::string> told;
  for (std::string& line : leftover_lines(leftovers)) {
    if (!state.told.contains(line)) spdlog::warn("bus '{}': {}", look.bus, line);
    told.insert(std::move(line));
  }
  state.told = std::move(told);
  if (reap_ && !std::all_of(leftovers.begin(), leftovers.end(), is_stray)) reap(look.bus, state);
}

void Reaper::reap(const std::string& bus, State& state) try {
  const ReapReport report = Bus::open(bus, {.owners = owners_, .create = false}).reap();
  reaped_.nodes += report.nodes;
  reaped_.ports += report.publishers + report.subscribers;
  reaped_.subscriptions += report.subscriptions;
  reaped_.segments += report.segments;
  state.problem.clear();
  std::string freed;
  const auto add = [&](std::size_t count, std::string_view noun) {
    if (count != 0) freed += (freed.empty() ? "" : ", ") + counted(count, noun);
  };
  add(report.nodes, "node");
  add(report.publishers + report.subscribers, "port");
  add(report.subscriptions, "subscription");
  add(report.segments, "segment");
  if (!freed.empty()) spdlog::info("bus '{}': freed {}", bus, freed);
} catch (const Error& error) {
  if (error.code() == ErrorCode::not_found) return;  // it was removed meanwhile
  if (state.problem != error.what()) spdlog::error("bus '{}' can't be reaped: {}", bus, printable(error.what()));
  state.problem = error.what();
}

}  // namespace shmbus::daemon
