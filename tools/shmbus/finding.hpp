#pragma once

#include <string>
#include <vector>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// One thing that `shmbus doctor` found.
struct Finding {
  enum class Kind {
    fault,  ///< something is wrong, or soon will be
    note,   ///< good to know
  };
  Kind kind = Kind::fault;
  std::string bus;  ///< empty: the machine
  std::string text;
  std::string remedy;     ///< what to do; of a note it may be empty
  std::string command{};  ///< the command that does it, to copy; may be empty
};

struct ProcessView;

/// The kernel, its clock and membarrier, /dev/shm, and the limits that this process has.
std::vector<Finding> examine_machine();
/// Limits of a process that its topics may exceed. `process_name` names it; `topics` is how many bytes those it publishes to
/// may use.
std::vector<Finding> examine_limits(const std::string& process_name, const ProcessView& process, std::uint64_t topics);
/// The same for the live members of a bus, as far as /proc shows them.
std::vector<Finding> examine_limits(const BusSnapshot& bus);
/// One bus: its owner, mode, clock, members, topics, and what dead processes left.
std::vector<Finding> examine_bus(const BusFiles& files);

/// The journals of a bus as its recorders show them: who records, what failed, is missing, or holds publishers back.
std::vector<Finding> examine_journals(const BusSnapshot& bus);
/// Folders of journals that are missing or can't be read.
std::vector<Finding> examine_journal_files(const BusSnapshot& bus);

/// Groups: those that can't be read, are cautious, have a full window or no member, and dead letters that wait for a
/// decision or could not be published.
std::vector<Finding> examine_groups(const BusSnapshot& bus, const std::vector<GroupSnapshot>& groups);

/// State files of bridges to NATS, in a folder, whose bus is none of these and which no bridge uses.
std::vector<Finding> examine_bridge_states(const std::vector<BusFiles>& buses, const std::string& folder = "/dev/shm");

/// Whether systemd-logind would remove the segments of a user who logs out. `configuration` holds the texts of its
/// files in the order they are read.
bool removes_ipc(const std::vector<std::string>& configuration);

/// A leftover in words: "node 12 (ml-service, pid 4711)".
std::string leftover_text(const Leftover& leftover);

std::string finding_text(const Finding& finding);
std::string finding_json(const Finding& finding);

}  // namespace shmbus::tool
