#include "journal_json.hpp"

#include "journal_text.hpp"
#include "printable_text.hpp"

namespace shmbus::tool {

using nlohmann::ordered_json;

ordered_json journal_policy_json(const TopicInfo& topic) {
  static constexpr auto name = [](Journal::Kind kind) {
    switch (kind) {
      case Journal::Kind::none:
        return "none";
      case Journal::Kind::page_cache:
        return "page-cache";
      case Journal::Kind::interval:
        return "interval";
      case Journal::Kind::batch:
        break;
    }
    return "batch";
  };
  ordered_json object;
  object["policy"] = name(topic.journal.kind());
  object["interval_ns"] = nullptr;
  if (topic.journal.kind() == Journal::Kind::interval) object["interval_ns"] = topic.journal.period().count();
  object["retain_bytes"] = topic.retain.bytes;
  object["retain_age_ns"] = topic.retain.age.count();
  object["retain_acknowledged"] = topic.retain.acknowledged;
  object["when_behind"] = topic.when_behind == WhenBehind::skip ? "skip" : "hold";
  object["unrecorded_limit_ns"] = topic.unrecorded_limit.count();
  object["segment_file"] = topic.segment_file;
  return object;
}

ordered_json journal_json(const TopicSnapshot& topic) {
  if (!topic.journal) return nullptr;
  const JournalSnapshot& j = *topic.journal;
  ordered_json object = journal_policy_json(topic.info);
  object["state"] = to_string(j.state);
  object["program"] = printable(j.program);
  object["pid"] = j.pid;
  object["node"] = j.node;
  object["alive"] = j.alive;
  object["recorded"] = j.recorded;
  object["durable"] = j.durable;
  object["unrecorded"] = j.unrecorded;
  object["not_durable"] = j.not_durable;
  object["holds"] = j.holds;
  object["holding"] = j.holding;
  object["missing"] = j.missing;
  object["missing_end"] = j.missing_end;
  object["failures"] = j.failures;
  object["error"] = nullptr;
  if (j.error != 0) object["error"] = failure_text(j);
  object["hand_overs"] = j.hand_overs;
  object["frames"] = j.frames;
  object["bytes"] = j.bytes;
  object["syncs"] = j.syncs;
  object["sync_ns"] = j.sync_time.count();
  object["longest_sync_ns"] = j.longest_sync.count();
  object["files"] = j.files;
  object["files_bytes"] = j.files_bytes;
  object["first_held"] = j.first_held;
  object["free_bytes"] = j.free_bytes;
  return object;
}

}  // namespace shmbus::tool
