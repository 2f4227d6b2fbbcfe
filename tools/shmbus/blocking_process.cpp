#include "blocking_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "bridge.hpp"
#include "group_text.hpp"
#include "journal_text.hpp"
#include "port_json.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/error.hpp"
#include "unattached_text.hpp"

namespace shmbus::tool {
namespace {

using std::chrono::nanoseconds;

/// Sets the remedy for a stopped process.
void wake(BlockingProcess& p) {
  p.remedy = fmt::format("let it go on (kill -CONT {}), or end it", p.pid);
  p.command = fmt::format("kill -CONT {}", p.pid);
}

template <class Port>
BlockingProcess process_of(BlockingProcess::What what, const TopicSnapshot& topic, const Port& port, NodeState state) {
  BlockingProcess h;
  h.what = what;
  h.topic = topic.info.name;
  h.program = port.program;
  h.pid = port.pid;
  h.node = port.node;
  h.state = state;
  return h;
}

BlockingProcess of_ring(const TopicSnapshot& topic, const SubscriberSnapshot& s) {
  BlockingProcess h = process_of(BlockingProcess::What::ring, topic, s, s.node_state);
  h.name = s.name;
  h.since = s.gating_for;
  const auto waiting =
      static_cast<std::uint64_t>(std::count_if(topic.publishers.begin(), topic.publishers.end(),
                                               [](const PublisherSnapshot& p) { return p.waiting_for.count() != 0; }));
  h.detail = fmt::format("reliable, {} behind", counted(s.lag, "event"));
  if (s.lag_time && s.lag_time->count() != 0) h.detail += fmt::format(" ({})", duration_text(*s.lag_time));
  h.detail += fmt::format("; {} waiting", counted(waiting, "publisher"));
  if (s.demote_after.count() != 0) h.detail += fmt::format("; made lossy after {}", duration_text(s.demote_after));
  if (!s.adopted) h.detail += "; it has not adopted the port that was placed for it";
  h.remedy = "it is slow or hangs: find out what it does, or end it";
  if (s.node_state == NodeState::stopped) wake(h);
  if (s.demote_after.count() == 0) h.remedy += "; demote_after would limit how long publishers wait";
  return h;
}

BlockingProcess of_place(const TopicSnapshot& topic, const HeldPlaceSnapshot& place) {
  BlockingProcess h = process_of(BlockingProcess::What::ring, topic, place, place.node_state);
  h.name = place.name;
  h.since = place.gating_for;
  const std::uint64_t events = topic.published + 1 - std::min(topic.published + 1, place.next_sequence);
  h.detail =
      fmt::format("durable subscription '{}': {} not acknowledged; ", printable(place.name), counted(events, "event"));
  if (!place.held) {
    h.detail += "publishers wait for that, and if it ends for " + duration_text(place.hold_for) + " more";
    h.remedy = "it is slow, hangs, or does not acknowledge: find out what it does, or end it";
    if (place.node_state == NodeState::stopped) wake(h);
    return h;
  }
  h.detail += fmt::format("its holder has ended, and publishers wait for the next one, {} more at most",
                          duration_text(std::max(nanoseconds{0}, place.hold_for - place.gating_for)));
  h.remedy = fmt::format("start it again; or give it up, with its position (shmbus forget {})", printable(place.name));
  h.command = fmt::format("shmbus forget {}", printable(place.name));
  return h;
}

/// The port by which a group holds publishers back. It belongs to the group; one of the members' processes owns it.
BlockingProcess of_group(const TopicSnapshot& topic, const HeldPlaceSnapshot& place, const std::string& name,
                         const GroupSnapshot* group) {
  BlockingProcess h = process_of(BlockingProcess::What::ring, topic, place, place.node_state);
  h.name = fmt::format("group '{}'", printable(name));
  h.since = place.gating_for;
  const std::uint64_t events = topic.published + 1 - std::min(topic.published + 1, place.next_sequence);
  h.detail = fmt::format("{}: {} not settled", h.name, counted(group != nullptr ? group->lag : events, "event"));
  if (group != nullptr && group->oldest) h.detail += "; " + oldest_text(*group);
  if (!place.held) {
    h.remedy = "its members are slow, hang, or do not acknowledge: find out what they do, or start more of them";
    if (place.node_state == NodeState::stopped) wake(h);
  } else {
    h.detail += fmt::format("; it has no member, and publishers wait {} more at most",
                            duration_text(std::max(nanoseconds{0}, place.hold_for - place.gating_for)));
    h.remedy = fmt::format("start a member; or remove the group, with its leases (shmbus group {} {} --remove)",
                           topic.info.name, printable(name));
  }
  if (h.command.empty()) h.command = fmt::format("shmbus group {} {}", topic.info.name, printable(name));
  return h;
}

/// The event that a full window waits for, and its holder.
BlockingProcess of_window(const GroupSnapshot& group) {
  BlockingProcess h;
  h.what = BlockingProcess::What::window;
  h.topic = group.topic;
  h.name = fmt::format("group '{}'", group.group);
  h.since = group.full_for;
  h.state = NodeState::dead;
  h.detail = fmt::format("the window of {} is full: {} not settled", counted(group.options.window, "event"),
                         counted(group.lag, "event"));
  if (!group.oldest) return h;
  h.detail += "; " + oldest_text(group);
  h.remedy = "no member holds it: it is leased again as soon as one takes; see whether members run and take";
  if (group.oldest->state == GroupEventState::leased) {
    h.pid = group.oldest->pid;
    h.node = group.oldest->node;
    h.state = group.oldest->node_state;
    h.program = group.oldest->member;
    h.remedy = fmt::format("it is slow or hangs: find out what it does, or end it; its lease ends after {} at the latest",
                           duration_text(group.options.lease_most));
    if (h.state == NodeState::stopped) wake(h);
  }
  if (h.command.empty()) h.command = fmt::format("shmbus group {} {}", group.topic, group.group);
  return h;
}

BlockingProcess of_claim(const TopicSnapshot& topic, const PublisherSnapshot& p) {
  BlockingProcess h = process_of(BlockingProcess::What::claim, topic, p, p.state);
  h.since = p.claim_age;
  h.detail = "an event that is claimed and not committed: subscribers wait at it, lossy ones up to the stall limit";
  h.remedy = "it holds a loan: it must commit or abort it";
  if (p.state == NodeState::stopped) wake(h);
  return h;
}

BlockingProcess of_journal(const TopicSnapshot& topic) {
  const JournalSnapshot& j = *topic.journal;
  BlockingProcess h;
  h.what = BlockingProcess::What::journal;
  h.topic = topic.info.name;
  h.name = "recorder";
  h.program = j.alive ? j.program : "no process";
  h.pid = j.alive ? j.pid : 0;
  h.node = j.node;
  h.state = j.alive ? NodeState::alive : NodeState::dead;
  h.detail = fmt::format("{}; {} not on disk; publishers wait at most {}", journal_state_text(j),
                         counted(j.unrecorded, "event"), duration_text(topic.info.unrecorded_limit));
  h.remedy = j.alive ? "the disk is slow, full or fails: see shmbus info and shmbus doctor"
                     : "nobody records: start shmbusd, as a user that may write the journals";
  if (!j.alive) h.command = "systemctl start shmbusd";
  return h;
}

BlockingProcess of_subscription(const SubscriptionSnapshot& s) {
  BlockingProcess h;
  h.what = BlockingProcess::What::unread;
  h.topic = s.unattached.empty() ? s.pattern : s.unattached.front().topic;
  h.name = s.name;
  h.program = s.program;
  h.pid = s.pid;
  h.node = s.node;
  h.state = s.state;
  h.detail = "it could not attach " + unattached_text(s) + "; it tries again, and counts what it misses as lost";
  h.remedy = unattached_remedy(s);
  return h;
}

/// Null where it is not known.
const GroupSnapshot* find_group_of(const std::vector<GroupSnapshot>& groups, const std::string& topic,
                                   const std::string& name) {
  const auto found =
      std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.topic == topic && g.group == name; });
  return found == groups.end() ? nullptr : &*found;
}

void add_memory(const TopicSnapshot& topic, const RingSnapshot& ring, std::vector<BlockingProcess>& processes) {
  for (const SubscriberSnapshot& s : topic.subscribers) {
    if (!s.alive) continue;  // gc reports it
    const std::uint64_t bit = std::uint64_t{1} << s.port;
    const auto blocks = std::count_if(ring.outside.begin(), ring.outside.end(), [&](const BlockSnapshot& block) {
      return ((block.pinned_by | block.retained_by) & bit) != 0;
    });
    if (blocks == 0) continue;
    const bool retains = !s.retained_blocks.empty();
    BlockingProcess h = process_of(BlockingProcess::What::memory, topic, s, s.node_state);
    h.name = s.name;
    h.detail =
        fmt::format("{} ({}) that left the ring; {} behind", counted(static_cast<std::uint64_t>(blocks), "block"),
                    byte_count(static_cast<std::uint64_t>(blocks) * topic.info.block_size), counted(s.lag, "event"));
    h.remedy = retains ? "it keeps events (Event::retain): the memory is free when it releases them"
                       : "it is slow: no publisher waits for it, and it will lose events";
    if (s.node_state == NodeState::stopped) wake(h);
    processes.push_back(std::move(h));
  }
}

}  // namespace

const char* to_string(BlockingProcess::What what) noexcept {
  switch (what) {
    case BlockingProcess::What::ring:
      return "ring";
    case BlockingProcess::What::claim:
      return "claim";
    case BlockingProcess::What::topic:
      return "topic";
    case BlockingProcess::What::journal:
      return "journal";
    case BlockingProcess::What::window:
      return "window";
    case BlockingProcess::What::unread:
      return "unread";
    case BlockingProcess::What::memory:
      break;
  }
  return "memory";
}

std::vector<BlockingProcess> find_blocking_processes(Inspector& inspector, const BusSnapshot& bus) {
  std::vector<BlockingProcess> processes;
  const std::vector<GroupSnapshot> groups = inspector.groups(bus);
  for (const TopicSnapshot& topic : bus.topics) {
    if (!topic.problem.empty()) continue;
    for (const SubscriberSnapshot& s : topic.subscribers) {
      if (s.alive && s.gating) processes.push_back(of_ring(topic, s));
    }
    for (const HeldPlaceSnapshot& place : topic.places) {
      if (!place.gating) continue;
      if (const auto name = group_of_port(place.name))
        processes.push_back(of_group(topic, place, *name, find_group_of(groups, topic.info.name, *name)));
      else
        processes.push_back(of_place(topic, place));
    }
    for (const GroupSnapshot& group : groups) {
      if (group.topic == topic.info.name && group.full) processes.push_back(of_window(group));
    }
    if (topic.journal && topic.journal->holding) processes.push_back(of_journal(topic));
    for (const PublisherSnapshot& p : topic.publishers) {
      if (p.alive && p.claim_age.count() != 0) processes.push_back(of_claim(topic, p));
    }
    try {
      if (const auto ring = inspector.ring(topic.info.name)) add_memory(topic, *ring, processes);
    } catch (const Error&) {
      // It was damaged just now: the next snapshot reports it.
    }
  }
  for (const SubscriptionSnapshot& s : bus.subscriptions) {
    if (s.unattached_count != 0 && s.state != NodeState::dead) processes.push_back(of_subscription(s));
  }
  for (const UnfinishedTopic& topic : bus.unfinished) {
    if (topic.creator_state != NodeState::stopped) continue;  // a living creator takes a moment; gc reports dead ones
    BlockingProcess h;
    h.what = BlockingProcess::What::topic;
    h.topic = topic.name;
    h.node = topic.creator;
    h.state = topic.creator_state;
    for (const NodeSnapshot& node : bus.nodes) {
      if (node.id != topic.creator) continue;
      h.pid = node.pid;
      h.program = node.program;
    }
    h.detail = "its creator stopped before it was usable";
    wake(h);
    processes.push_back(std::move(h));
  }
  const Bridges bridges{bus};
  for (BlockingProcess& process : processes) {
    process.bridge = bridges.name_of(process.node);
    if (process.bridge && process.what == BlockingProcess::What::ring && process.state != NodeState::stopped)
      process.remedy = bridge_remedy;
  }
  return processes;
}

namespace {

/// "player of video-service (pid 4711, stopped) holds the ring back, for 2.0 s"
std::string held_text(const BlockingProcess& p) {
  static constexpr auto held = [](BlockingProcess::What what) {
    switch (what) {
      case BlockingProcess::What::ring:
        return "holds the ring back";
      case BlockingProcess::What::claim:
        return "holds an open claim";
      case BlockingProcess::What::topic:
        return "holds up the creation of the topic";
      case BlockingProcess::What::journal:
        return "records, and holds publishers back";
      case BlockingProcess::What::window:
        return "holds the event that the group's full window waits for";
      case BlockingProcess::What::unread:
        return "does not read the topic";
      case BlockingProcess::What::memory:
        break;
    }
    return "holds memory";
  };
  const std::string since = p.since.count() != 0 ? fmt::format(", for {}", duration_text(p.since)) : "";
  if (p.bridge)
    return fmt::format("{} ({}, pid {}, {}) {}{}", bridge_text(*p.bridge), printable(p.program), p.pid,
                       to_string(p.state),
                       p.what == BlockingProcess::What::ring ? "holds publishers back" : held(p.what), since);
  if (p.what == BlockingProcess::What::window && p.node == 0)
    return fmt::format("{} waits with a full window{}", printable(p.name), since);
  if (p.what == BlockingProcess::What::journal && p.pid == 0) return "nobody records, and publishers wait";
  const std::string name =
      p.name.empty() || p.name == p.program ? p.program : fmt::format("{} of {}", p.name, p.program);
  return fmt::format("{} (pid {}, {}) {}{}", printable(name), p.pid, to_string(p.state), held(p.what), since);
}

}  // namespace

std::string blocking_process_line(const BlockingProcess& p) { return held_text(p) + ": " + p.remedy; }

std::string blocking_process_text(const BlockingProcess& p) {
  std::string text =
      fmt::format("{}: {}\n  {}\n  {}\n", p.topic.empty() ? "(a topic)" : p.topic, held_text(p), p.detail, p.remedy);
  if (!p.command.empty()) text += fmt::format("  $ {}\n", p.command);
  return text;
}

std::string blocking_process_json(const BlockingProcess& h) {
  nlohmann::ordered_json object;
  object["topic"] = h.topic;
  object["holds"] = to_string(h.what);
  object["name"] = printable(h.name);
  object["program"] = printable(h.program);
  object["bridge"] = bridge_json(h.bridge);
  object["pid"] = h.pid;
  object["node"] = h.node;
  object["state"] = to_string(h.state);
  object["since_ns"] = nullptr;
  if (h.since.count() != 0) object["since_ns"] = h.since.count();
  object["detail"] = h.detail;
  object["remedy"] = h.remedy;
  object["command"] = nullptr;
  if (!h.command.empty()) object["command"] = h.command;
  return object.dump() + '\n';
}

}  // namespace shmbus::tool
