#include "c/journal_json.hpp"
#include "c/option_struct.hpp"
#include "c/reader.hpp"
#include "c/snapshot_json.hpp"
#include "c/values.hpp"
#include "shmbus/journal_files.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

struct JournalObject {
  static constexpr Kind kKind = Kind::journal;
  JournalObject(const std::string& folder, const char* bus, const char* topic, const std::vector<uid_t>& owners)
      : journal(folder, bus, topic, owners) {}
  JournalFiles journal;
  std::string json{};  // what was returned last
};

/// Calls `work(JournalObject&)`.
template <class Work>
shmbus_status with_journal(shmbus_journal handle, Work&& work) {
  return guarded([&] {
    auto* object = find<JournalObject>(handle.number);
    return object == nullptr ? invalid_handle("journal") : static_cast<shmbus_status>(work(*object));
  });
}

std::string folder_or_default(const char* folder) {
  return folder != nullptr ? std::string(folder) : JournalFiles::default_folder();
}

}  // namespace

}  // namespace shmbus::c

using c::JournalObject;

shmbus_status shmbus_journal_open(const char* folder, const char* bus, const char* topic, const uint32_t* owners,
                                  size_t owner_count, shmbus_journal* journal) {
  if (bus == nullptr) return c::invalid_argument("bus");
  if (topic == nullptr) return c::invalid_argument("topic");
  if (journal == nullptr) return c::invalid_argument("journal");
  *journal = {};
  return c::guarded([&] {
    return c::open_handle(
        std::make_unique<JournalObject>(c::folder_or_default(folder), bus, topic, c::owners(owners, owner_count)),
        journal->number);
  });
}

shmbus_status shmbus_journal_close(shmbus_journal journal) {
  return c::guarded([&] { return c::take<JournalObject>(journal.number) ? SHMBUS_OK : c::invalid_handle("journal"); });
}

shmbus_status shmbus_journal_info(shmbus_journal journal, const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::with_journal(journal, [&](JournalObject& object) {
    object.json = c::json_of(object.journal.info());
    *json = object.json.c_str();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_journal_verify(shmbus_journal journal, bool* whole, const char** json) {
  if (whole != nullptr) *whole = false;
  if (json != nullptr) *json = "";
  return c::with_journal(journal, [&](JournalObject& object) {
    const JournalReport report = object.journal.verify();
    if (json != nullptr) {
      object.json = c::json_of(report);
      *json = object.json.c_str();
    }
    if (whole != nullptr) *whole = report.whole();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_journal_read(shmbus_journal journal, const shmbus_replay_options* options, shmbus_reader* reader) {
  if (reader == nullptr) return c::invalid_argument("reader");
  *reader = {};
  return c::with_journal(journal, [&](JournalObject& object) {
    const shmbus_replay_options o =
        c::given(options, shmbus_replay_options SHMBUS_REPLAY_OPTIONS_INIT, "shmbus_replay_options");
    return c::open_reader(object.journal.read(c::start(o.start, o.start_value, o.start_after),
                                              {.max_payload = o.max_payload, .incarnation = o.incarnation}),
                          *reader);
  });
}

shmbus_status shmbus_journal_prune(shmbus_journal journal, const shmbus_prune_options* options, bool only_look,
                                   shmbus_pruned* pruned) {
  return c::with_journal(journal, [&](JournalObject& object) {
    const shmbus_prune_options o =
        c::given(options, shmbus_prune_options SHMBUS_PRUNE_OPTIONS_INIT, "shmbus_prune_options");
    shmbus_pruned result SHMBUS_PRUNED_INIT;
    if (pruned != nullptr) c::write_result(result, pruned, "shmbus_pruned");  // before anything is removed
    PruneLimits limits{.before = o.before};
    if (o.older_than != 0) limits.older_than = Time(std::chrono::nanoseconds(o.older_than));
    if (o.bytes != UINT64_MAX) limits.bytes = o.bytes;
    const PruneReport report = object.journal.prune(limits, only_look);
    result.files = report.files;
    result.bytes = report.bytes;
    result.last = report.last;
    if (pruned != nullptr) c::write_result(result, pruned, "shmbus_pruned");
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_journal_folder(const char** folder) {
  if (folder == nullptr) return c::invalid_argument("folder");
  *folder = "";
  return c::guarded([&] {
    *folder = c::keep_for_thread<struct JournalFolder>(JournalFiles::default_folder());
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_journal_buses(const char* folder, const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::guarded([&] {
    *json = c::keep_for_thread<struct JournalBuses>(c::json_of(JournalFiles::buses(c::folder_or_default(folder))));
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_journal_topics(const char* folder, const char* bus, const uint32_t* owners, size_t owner_count,
                                    const char** json) {
  if (bus == nullptr) return c::invalid_argument("bus");
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::guarded([&] {
    *json = c::keep_for_thread<struct JournalTopics>(
        c::json_of(JournalFiles::topics(c::folder_or_default(folder), bus, c::owners(owners, owner_count))));
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}
