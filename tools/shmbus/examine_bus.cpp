#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "blocking_process.hpp"
#include "bridge.hpp"
#include "finding.hpp"
#include "quantity_text.hpp"
#include "shmbus/error.hpp"

namespace shmbus::tool {
namespace {

namespace fs = std::filesystem;

/// The files of logind.conf(5): the main file, then the drop-ins by name.
std::vector<std::string> logind_configuration() {
  std::vector<fs::path> files{"/etc/systemd/logind.conf"};
  std::vector<fs::path> parts;
  for (const char* folder :
       {"/usr/lib/systemd/logind.conf.d", "/run/systemd/logind.conf.d", "/etc/systemd/logind.conf.d"}) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder, none)) {
      if (entry.path().extension() == ".conf") parts.push_back(entry.path());
    }
  }
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.filename() < b.filename(); });
  files.insert(files.end(), parts.begin(), parts.end());
  std::vector<std::string> texts;
  for (const fs::path& path : files) {
    std::ifstream file(path);
    texts.emplace_back(std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{});
  }
  return texts;
}

class Examination {
 public:
  explicit Examination(const BusFiles& files) : files_(files) {}

  std::vector<Finding> run() {
    try {
      if (files_.has_registry)
        look();
      else
        fault(fmt::format("{} ({}) without a registry: no process can join", counted(files_.files, "file"),
                          byte_count(files_.memory)),
              "free what is left of it", fmt::format("shmbus gc --bus {} --yes", files_.bus));
    } catch (const Error& error) {
      fault(error.what(), error.code() == ErrorCode::incompatible
                              ? "buses of one machine may be of several versions, members of one bus may not"
                              : "");
    }
    return std::move(findings_);
  }

 private:
  void look() {
    Inspector inspector{files_.bus};
    bus_ = inspector.snapshot();
    if (bus_.removed) {
      fault("it is marked as removed, and its files are still there", "free them",
            fmt::format("shmbus gc --bus {} --yes", files_.bus));
      return;
    }
    owner();
    clock();
    members();
    auto limits = examine_limits(bus_);
    std::move(limits.begin(), limits.end(), std::back_inserter(findings_));
    topics(inspector);
    durables(inspector.durables(bus_));
    for (auto& more : {examine_groups(bus_, inspector.groups(bus_)), examine_journals(bus_), examine_journal_files(bus_)})
      findings_.insert(findings_.end(), more.begin(), more.end());
    leftovers(inspector.leftovers());
  }

  void fault(std::string text, std::string remedy, std::string command = {}) {
    findings_.push_back({Finding::Kind::fault, files_.bus, std::move(text), std::move(remedy), std::move(command)});
  }
  void note(std::string text, std::string remedy, std::string command = {}) {
    findings_.push_back({Finding::Kind::note, files_.bus, std::move(text), std::move(remedy), std::move(command)});
  }

  void owner() {
    constexpr unsigned first_person = 1000, nobody = 65534;  // as Debian gives them
    if (bus_.owner >= first_person && bus_.owner != nobody && fs::exists("/run/systemd/system") &&
        removes_ipc(logind_configuration())) {
      fault(fmt::format("it belongs to uid {}, and systemd removes the segments of users who log out (RemoveIPC=yes)",
                        bus_.owner),
            "run services as a system user, set RemoveIPC=no in logind.conf, or keep that user's services running (linger)",
            fmt::format("loginctl enable-linger $(id -nu {})", bus_.owner));
    }
    if ((bus_.mode & 0007) != 0)
      note(fmt::format("any user of this machine may use it (mode {:04o})", bus_.mode),
           "create it with a narrower BusOptions::mode, and a group");
    const auto other = std::find_if(bus_.nodes.begin(), bus_.nodes.end(), [&](const NodeSnapshot& n) {
      return n.alive && n.uid != bus_.owner && n.uid != 0;
    });
    if (other != bus_.nodes.end())
      note(fmt::format("it belongs to uid {}, {} (pid {}) runs as uid {}", bus_.owner, other->program, other->pid,
                       other->uid),
           "members that run as different users must name each other in BusOptions::owners");
  }

  void clock() {
    if (!bus_.cycle_clock)
      note(
          "time stamps are read from CLOCK_MONOTONIC, because the cores' cycle counter is not reliable: a publish "
          "takes about 20 ns longer",
          "use a machine, or virtual machine, with a constant-rate counter (constant_tsc, nonstop_tsc)");
  }

  void members() {
    const auto alive = std::count_if(bus_.nodes.begin(), bus_.nodes.end(), [](const auto& n) { return n.alive; });
    if (alive == 0)
      note(fmt::format("no live members; it keeps {} and {} for processes that start later", counted(bus_.topics.size(), "topic"),
                       byte_count(files_.memory)),
           "remove it if its events are not needed", fmt::format("shmbus rm --bus {}", files_.bus));
    for (const NodeSnapshot& node : bus_.nodes) {
      if (node.state == NodeState::stopped)
        note(fmt::format("{} (pid {}) is stopped", node.program, node.pid), "let it go on, or end it",
             fmt::format("kill -CONT {}", node.pid));
    }
  }

  void topics(Inspector& inspector) {
    for (const TopicSnapshot& topic : bus_.topics) {
      if (!topic.problem.empty())
        fault(topic.problem, "remove the topic, with its events",
              fmt::format("shmbus rm --bus {} --topic {}", files_.bus, topic.info.name));
      if (topic.dropped_blocks != 0)
        note(fmt::format("topic {}: {} dropped early, since /dev/shm was full", topic.info.name,
                         counted(topic.dropped_blocks, "block")),
             "make /dev/shm larger, or use fewer or smaller blocks");
      for (const SubscriberSnapshot& s : topic.subscribers) {
        if (s.mismatched != 0)
          fault(fmt::format("topic {}: {} (pid {}) skipped {}, not of the type it reads", topic.info.name, s.program,
                            s.pid, counted(s.mismatched, "event")),
                "build both programs with the same definition of the topic's type",
                fmt::format("shmbus info --bus {} {}", files_.bus, topic.info.name));
      }
    }
    bridges();
    for (const BlockingProcess& process : find_blocking_processes(inspector, bus_)) {
      if (process.what == BlockingProcess::What::ring && process.since > bus_.stall_limit)
        fault(fmt::format("topic {}: {}pid {}, {}) has held publishers back for {}", process.topic,
                          process.bridge ? fmt::format("the {} ({}, ", bridge_text(*process.bridge), process.program)
                                         : fmt::format("{} (", process.program),
                          process.pid, to_string(process.state), duration_text(process.since)),
              process.remedy, process.command);
      if (process.what == BlockingProcess::What::unread)
        fault(fmt::format("{} (pid {}): {}", process.name.empty() ? process.program : process.name, process.pid,
                          process.detail),
              process.remedy);
      if (process.what == BlockingProcess::What::topic)
        fault(fmt::format("topic {}: {}", process.topic, process.detail), process.remedy, process.command);
    }
  }

  /// Bridges that a topic's publishers do not wait for any more. What they miss does not reach NATS.
  void bridges() {
    const Bridges bridges{bus_};
    for (const TopicSnapshot& topic : bus_.topics) {
      for (const SubscriberSnapshot& s : topic.subscribers) {
        const auto bridge = bridges.name_of(s.node);
        if (bridge && s.alive && s.demoted)
          fault(fmt::format("topic {}: the {} ({}, pid {}) held publishers back for {} and is lossy since then; it has lost {}",
                            topic.info.name, bridge_text(*bridge), s.program, s.pid, duration_text(s.demote_after),
                            counted(s.lost, "event")),
                std::string{bridge_remedy} + "; start it again to make it reliable", "systemctl restart shmbus-nats");
      }
    }
  }

  /// Durable names that nobody holds, and files of theirs that can't be read.
  void durables(const std::vector<DurableSnapshot>& all) {
    for (const DurableSnapshot& d : all) {
      const std::string forget = fmt::format("shmbus forget --bus {} {}", files_.bus, d.name);
      if (!d.problem.empty()) fault(d.problem, "forget the name, and begin anew", forget);
      for (const DurableTopicSnapshot& t : d.topics) {
        if (!t.problem.empty()) fault(t.problem, "forget the name, and begin anew", forget);
      }
      if (d.held) continue;
      const std::string remedy = "start the service that reads under this name, or forget the name if it is not needed";
      if (d.dropped != 0)
        fault(fmt::format(
                  "durable subscription {}: no process holds it, and {} that it has not acknowledged {} left the ring",
                  d.name, counted(d.dropped, "event"), d.dropped == 1 ? "has" : "have"),
              remedy, forget);
      else
        note(fmt::format("durable subscription {}: no process holds it; it is {} behind", d.name,
                         counted(d.behind, "event")),
             remedy, forget);
    }
  }

  /// One line for each dead process, with all that it left.
  void leftovers(const std::vector<Leftover>& all) {
    std::vector<std::uint64_t> nodes;
    for (const Leftover& l : all) {
      if (l.kind == Leftover::Kind::unknown_kind) {
        note(leftover_text(l), "inspect this bus with the newer shmbus");
      } else if (!l.reapable()) {
        fault(leftover_text(l), "find out whose it is, and remove it", fmt::format("ls -l '/dev/shm/{}'", l.name));
      } else if (std::find(nodes.begin(), nodes.end(), l.node) == nodes.end()) {
        nodes.push_back(l.node);
        std::string text;
        for (const Leftover& other : all) {
          if (other.node == l.node && other.reapable()) text += (text.empty() ? "" : ", ") + leftover_text(other);
        }
        fault("left by dead processes: " + text, "free it", fmt::format("shmbus gc --bus {} --yes", files_.bus));
      }
    }
  }

  const BusFiles& files_;
  BusSnapshot bus_;
  std::vector<Finding> findings_;
};

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

bool removes_ipc(const std::vector<std::string>& configuration) {
  bool removes = true;  // systemd's default
  for (const std::string& text : configuration) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const std::string_view setting = trim(line);
      const std::size_t equals = setting.find('=');
      if (equals == std::string_view::npos || trim(setting.substr(0, equals)) != "RemoveIPC") continue;
      const std::string_view value = trim(setting.substr(equals + 1));
      removes = value.empty() || value == "yes" || value == "true" || value == "on" || value == "1" || value == "y" ||
                value == "t";
    }
  }
  return removes;
}

std::vector<Finding> examine_bus(const BusFiles& files) { return Examination(files).run(); }

}  // namespace shmbus::tool
