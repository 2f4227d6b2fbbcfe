#include <fmt/format.h>

#include "finding.hpp"
#include "journal_text.hpp"
#include "port_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/error.hpp"
#include "shmbus/journal_files.hpp"

namespace shmbus::tool {
namespace {

/// What is found of one topic's journal.
class JournalExamination {
 public:
  JournalExamination(const std::string& bus, const TopicSnapshot& topic) : bus_(bus), topic_(topic), j_(*topic.journal) {}

  std::vector<Finding> run() {
    state();
    if (j_.holding) {
      fault(fmt::format("topic {}: the journal holds publishers back, {} behind", topic_.info.name,
                        counted(j_.unrecorded, "event")),
            "use a faster disk, a larger ring (--blocks), or --skip-when-behind", info_command());
    } else if (!j_.holds && topic_.info.when_behind == WhenBehind::hold) {
      fault(fmt::format("topic {}: it goes on without its journal, since nothing was recorded for {}", topic_.info.name,
                        duration_text(topic_.info.unrecorded_limit)),
            "let a process record it", info_command());
    }
    if (j_.missing != 0)
      fault(fmt::format("topic {}: its journal misses {}, the last one is number {}", topic_.info.name,
                        counted(j_.missing, "event"), j_.missing_end),
            "they can't be brought back; keep shmbusd running, so that a process records at any time",
            fmt::format("shmbus journal verify --bus {} {}", bus_, topic_.info.name));
    for (const SubscriberSnapshot& s : topic_.subscribers) {
      if (s.alive && s.in_journal && s.lag != 0)
        note(fmt::format("topic {}: {} (pid {}) reads from the journal, {} behind: the ring has moved past it",
                         topic_.info.name, process_text(s.name, s.program), s.pid, counted(s.lag, "event")),
             "it loses nothing; a larger ring (--blocks), or a faster subscriber, keeps it in memory");
    }
    return std::move(findings_);
  }

 private:
  void state() {
    switch (j_.state) {
      case RecorderState::recording:
        return;
      case RecorderState::none:
        if (j_.unrecorded == 0)
          note(fmt::format("topic {}: no process records it", topic_.info.name),
               "it has no publisher now; shmbusd records at any time", "systemctl start shmbusd");
        else
          fault(fmt::format("topic {}: no process records it, {} not on disk", topic_.info.name,
                            counted(j_.unrecorded, "event")),
                "run shmbusd as a user that may write the folder of journals, or a publisher with BusOptions::record",
                "systemctl start shmbusd");
        return;
      case RecorderState::failed:
        fault(fmt::format("topic {}: {} could not write its journal: {} ({} so far)", topic_.info.name,
                          recorder_text(j_), failure_text(j_), counted(j_.failures, "failure")),
              "events go on in memory, and it tries again: repair the disk, or give the right to write",
              fmt::format("shmbus journal ls --bus {} {}", bus_, topic_.info.name));
        return;
      case RecorderState::low_space:
        fault(fmt::format("topic {}: {} has stopped writing its journal: {} free on the disk", topic_.info.name,
                          recorder_text(j_), byte_count(j_.free_bytes)),
              "free room on that disk, or keep fewer events (TopicOptions::retain)",
              fmt::format("shmbus journal ls --bus {} {}", bus_, topic_.info.name));
    }
  }

  std::string info_command() const { return fmt::format("shmbus info --bus {} {}", bus_, topic_.info.name); }
  void fault(std::string text, std::string remedy, std::string command = {}) {
    findings_.push_back({Finding::Kind::fault, bus_, std::move(text), std::move(remedy), std::move(command)});
  }
  void note(std::string text, std::string remedy, std::string command = {}) {
    findings_.push_back({Finding::Kind::note, bus_, std::move(text), std::move(remedy), std::move(command)});
  }

  const std::string& bus_;
  const TopicSnapshot& topic_;
  const JournalSnapshot& j_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> examine_journals(const BusSnapshot& bus) {
  std::vector<Finding> findings;
  for (const TopicSnapshot& topic : bus.topics) {
    if (!topic.journal || !topic.problem.empty()) continue;
    for (Finding& finding : JournalExamination(bus.name, topic).run()) findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> examine_journal_files(const BusSnapshot& bus) {
  std::vector<Finding> findings;
  for (const TopicSnapshot& topic : bus.topics) {
    if (!topic.journal || !topic.problem.empty()) continue;
    try {
      JournalFiles(bus.journals, bus.name, topic.info.name).info();
    } catch (const Error& error) {
      findings.push_back({Finding::Kind::fault, bus.name, fmt::format("topic {}: {}", topic.info.name, error.what()),
                          error.code() == ErrorCode::not_found
                              ? "somebody removed its folder: bring it back, or remove the topic and create it again"
                              : "subscribers that fall behind can't read it either",
                          fmt::format("ls -ld '{}/{}/{}'", bus.journals, bus.name, topic.info.name)});
    }
  }
  return findings;
}

}  // namespace shmbus::tool
