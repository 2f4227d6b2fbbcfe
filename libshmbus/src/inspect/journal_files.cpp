#include "shmbus/journal_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "inspect/journal_events_impl.hpp"
#include "journal/disk_storage.hpp"
#include "journal/journal_reader.hpp"
#include "journal/numbers.hpp"
#include "journal/pruning.hpp"
#include "journal/verification.hpp"
#include "layout/geometry.hpp"
#include "platform/descriptor.hpp"
#include "platform/file_lock.hpp"
#include "platform/system_error.hpp"
#include "recording/journal_home.hpp"
#include "registry/registry.hpp"
#include "shmbus/error.hpp"

namespace shmbus {

using journal::DiskStorage;

namespace {

/// Nothing for a time that no event has.
std::optional<Time> time_of(std::optional<std::int64_t> ns) {
  if (!ns || *ns == journal::kNoTime || *ns == 0) return std::nullopt;
  return Time{std::chrono::nanoseconds(*ns)};
}

TopicInfo topic_info(const journal::Description& d) {
  const TopicOptions options = recording::options_of(d);
  TopicInfo info;
  info.name = d.topic;
  info.id = d.topic_id;
  info.block_size = options.block_size;
  info.blocks = options.blocks;
  info.max_payload = layout::Geometry::of(d.block_size, d.blocks, d.timestamps, d.alignment).max_payload;
  info.timestamps = options.timestamps;
  info.writers = options.writers;
  info.mode = options.mode;
  info.reserved = options.reserve;
  info.accepts_raw = options.accept_raw;
  info.journal = options.journal;
  info.retain = options.retain;
  info.when_behind = options.when_behind;
  info.unrecorded_limit = options.unrecorded_limit;
  info.segment_file = options.segment_file;
  if (const auto type = recording::type_of(d)) {
    info.content = d.type_hash == TypeInfo::kRawBytes ? Content::raw : Content::typed;
    if (info.content == Content::typed) {
      info.type_name = d.type_name;
      info.type_size = d.type_size;
      info.type_alignment = d.type_alignment;
      info.type_layout = d.type_layout;
      info.type_fields = d.type_fields;
    }
  }
  return info;
}

bool is_recorded(const DiskStorage& storage) {
  const int fd = platform::open_descriptor(
      [&] { return ::openat(storage.descriptor(), "lock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK); });
  if (fd < 0) return false;
  const bool locked = platform::byte_locked(fd, 0);
  ::close(fd);
  return locked;
}

JournalFile file_of(const journal::FileInfo& f) {
  JournalFile file;
  file.name = f.name;
  file.bytes = f.bytes;
  file.first = f.first;
  file.last = f.last;
  file.created = Time{std::chrono::nanoseconds(f.created_ns)};
  file.last_time = time_of(f.last_time);
  file.closed = f.closed;
  if (f.error != 0) file.problem = f.error == EBADMSG ? "its header is damaged" : platform::error_text(f.error);
  return file;
}

/// The names in a folder, sorted; none where there is no such folder.
std::vector<std::string> names_in(const std::string& folder, const std::vector<std::string>& parts,
                                  const std::vector<uid_t>& owners) {
  std::vector<std::string> names;
  if (folder.empty()) return names;
  const auto storage = DiskStorage::open(folder, parts, {0600, {}, owners});
  if (!storage) return names;
  if (const int error = storage->list(names); error != 0)
    throw journal::storage_error(error, "the folder " + storage->path(), "the names in it");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

class JournalFiles::Impl {
 public:
  Impl(const std::string& folder, std::string_view bus, std::string_view topic, const std::vector<uid_t>& owners)
      : folder_(folder), bus_(bus), topic_(topic), owners_(owners), storage_(open()) {}

  std::unique_ptr<DiskStorage> open() const {
    std::unique_ptr<DiskStorage> storage;
    if (!folder_.empty()) storage = DiskStorage::open(folder_, {bus_.text(), topic_.text()}, {0600, {}, owners_});
    if (storage) return storage;
    const std::string found = folder_.empty() ? "no folder for journals is known" : "there is none in " + folder_;
    throw Error(ErrorCode::not_found, {object(), "", found, "see what there is with 'shmbus journal ls'"});
  }

  std::string object() const { return "the journal of " + topic_.object() + " of " + bus_.object(); }
  void check(int error, const std::string& expected) const {
    if (error != 0) throw journal::storage_error(error, object(), expected);
  }

  const base::BusName& bus() const noexcept { return bus_; }
  DiskStorage& storage() noexcept { return *storage_; }

 private:
  std::string folder_;
  base::BusName bus_;
  base::TopicName topic_;
  std::vector<uid_t> owners_;
  std::unique_ptr<DiskStorage> storage_;
};

JournalFiles::JournalFiles(const std::string& folder, std::string_view bus, std::string_view topic,
                           const std::vector<uid_t>& owners)
    : impl_(std::make_unique<Impl>(folder, bus, topic, owners)) {}
JournalFiles::JournalFiles(JournalFiles&&) noexcept = default;
JournalFiles& JournalFiles::operator=(JournalFiles&&) noexcept = default;
JournalFiles::~JournalFiles() = default;

JournalFiles::Impl& JournalFiles::impl() const {
  if (impl_) return *impl_;
  throw Error(ErrorCode::closed, {"JournalFiles", "one that looks at a journal", "one that was moved from",
                                  "use the JournalFiles that it was moved to"});
}

JournalInfo JournalFiles::info() {
  Impl& me = impl();
  const auto reader = journal::JournalReader::open(me.storage());
  JournalInfo info;
  info.bus = me.bus().text();
  info.path = me.storage().path();
  info.topic = topic_info(reader->description());
  bool closed = false;
  if (const int error = journal::Numbers::was_closed(me.storage(), closed); error != ENOENT)
    me.check(error, "its file 'numbers'");
  info.in_use = !closed;
  info.recorded = is_recorded(me.storage());
  journal::Extent extent;
  me.check(reader->extent(extent), reader->failure().what);
  info.first = extent.first;
  info.last = extent.last;
  if (info.topic.timestamps) {
    info.first_time = time_of(extent.first_time);
    info.last_time = time_of(extent.last_time);
  }
  std::vector<journal::FileInfo> files;
  me.check(reader->files(files), reader->failure().what);
  for (const journal::FileInfo& f : files) {
    info.bytes += f.bytes;
    info.files.push_back(file_of(f));
  }
  me.storage().free_space(info.free_bytes);
  return info;
}

JournalReport JournalFiles::verify() {
  Impl& me = impl();
  journal::Verification found;
  me.check(journal::verify(me.storage(), found), "all its files read");
  JournalReport report;
  report.files = found.files;
  report.bytes = found.bytes;
  report.frames = found.frames;
  report.events = found.events;
  report.first = found.first;
  report.last = found.last;
  report.closed = found.closed;
  report.tail_bytes = found.tail_bytes;
  for (const journal::Damage& d : found.damage) report.damage.push_back({d.file, d.offset, {d.first, d.last}});
  for (const journal::NumberRange& r : found.gaps) report.gaps.push_back({r.first, r.last});
  for (const journal::NumberRange& r : found.missing) report.missing.push_back({r.first, r.last});
  for (const journal::FileRemark& r : found.remarks) report.remarks.push_back({r.file, r.text});
  return report;
}

JournalEvents JournalFiles::read(Start start, const JournalReadOptions& options) {
  const Impl& me = impl();
  return JournalEvents(std::make_unique<JournalEvents::Impl>(me.open(), me.object(), start, options));
}

PruneReport JournalFiles::prune(const PruneLimits& limits, bool only_look) {
  Impl& me = impl();
  std::optional<platform::LockedByte> lock;
  if (!only_look) {
    lock = recording::lock_journal(me.storage(), me.object());
    if (!lock) {
      throw Error(ErrorCode::busy,
                  {me.object(), "to be recorded by no process", "a process that records it",
                   "end that process first; or create the topic with a limit in TopicOptions::retain"});
    }
  }
  std::optional<std::int64_t> older_than;
  if (limits.older_than) older_than = limits.older_than->time_since_epoch().count();
  journal::Removed removed;
  const int error = journal::prune(me.storage(), {limits.before, older_than, limits.bytes}, only_look, removed);
  me.check(error, "its oldest files removed");
  return {removed.files, removed.bytes, removed.last};
}

std::string JournalFiles::default_folder() { return registry::journals_folder({}); }

std::vector<std::string> JournalFiles::buses(const std::string& folder) {
  std::vector<std::string> names = names_in(folder, {}, {});
  std::erase_if(names, [](const std::string& name) { return !base::BusName::parse(name); });
  return names;
}

std::vector<std::string> JournalFiles::topics(const std::string& folder, std::string_view bus,
                                              const std::vector<uid_t>& owners) {
  std::vector<std::string> names = names_in(folder, {base::BusName(bus).text()}, owners);
  std::erase_if(names, [](const std::string& name) { return !base::TopicName::parse(name); });
  return names;
}

}  // namespace shmbus
