#include "recording/journal_home.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "base/quoted.hpp"
#include "journal/failure.hpp"
#include "platform/descriptor.hpp"
#include "platform/fork_guard.hpp"
#include "shmbus/error.hpp"

namespace shmbus::recording {

using journal::DiskStorage;

namespace {

Error no_home(const registry::Registry& registry, const base::TopicName& topic) {
  return {
      ErrorCode::invalid_option,
      {topic.object() + ", journal", "a folder for the journals of bus '" + std::string(registry.bus().text()) + "'",
       "none: its creator has no home", "set BusOptions::journals or SHMBUS_JOURNALS where the bus is created"}};
}

}  // namespace

std::string JournalHome::object(const base::TopicName& topic) const { return "journal of " + topic.object(); }

std::vector<base::TopicName> JournalHome::topics() const {
  std::vector<base::TopicName> topics;
  const std::string& root = registry_.recorded().journals;
  if (root.empty()) return topics;
  const auto folder = DiskStorage::open(root, {std::string(registry_.bus().text())},
                                        {registry_.recorded().mode, {}, registry_.owners()});
  if (!folder) return topics;
  std::vector<std::string> names;
  if (const int error = folder->list(names); error != 0)
    throw journal::storage_error(error, "journals in '" + folder->path() + "'", "the names in that folder");
  for (const std::string& name : names) {
    if (auto topic = base::TopicName::parse(name)) topics.push_back(std::move(*topic));
  }
  std::sort(topics.begin(), topics.end());
  return topics;
}

std::unique_ptr<DiskStorage> JournalHome::open(const base::TopicName& topic, unsigned mode,
                                               const std::string& group) const {
  const std::string& root = registry_.recorded().journals;
  if (root.empty()) return nullptr;
  return DiskStorage::open(root, {std::string(registry_.bus().text()), topic.text()},
                           {mode, group, registry_.owners()});
}

std::unique_ptr<DiskStorage> JournalHome::create(const base::TopicName& topic, unsigned mode,
                                                 const std::string& group) const {
  const std::string& root = registry_.recorded().journals;
  if (root.empty()) throw no_home(registry_, topic);
  return DiskStorage::create(root, {std::string(registry_.bus().text()), topic.text()},
                             {mode, group, registry_.owners()});
}

std::optional<platform::LockedByte> lock_journal(DiskStorage& storage, const std::string& object) {
  const platform::NoFork no_fork;  // a child would share the descriptor, and with it the lock
  const int descriptor = platform::open_descriptor([&] {
    return ::openat(storage.descriptor(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
  });
  if (descriptor < 0) throw journal::storage_error(errno, object, "the right to write its file 'lock'");
  std::optional<platform::LockedByte> lock;
  try {
    lock = platform::LockedByte::take(descriptor, 0, object);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  ::close(descriptor);
  return lock;
}

namespace {

/// The owner group that a topic's files were given; empty where it is the one that this process's files have anyway.
std::string given_group(const topic::TopicSegment& segment) {
  return segment.group() != 0 && segment.group() != ::getegid() ? std::to_string(segment.group()) : "";
}

}  // namespace

std::optional<LockedJournal> lock_journal(const topic::TopicSegment& segment) {
  const JournalHome home(segment.node().registry());
  auto storage = home.create(segment.name(), segment.info().mode, given_group(segment));
  auto lock = lock_journal(*storage, home.object(segment.name()));
  if (!lock) return std::nullopt;
  return LockedJournal{std::move(storage), std::move(*lock)};
}

namespace {

journal::SyncKind sync_kind(const Journal& journal) {
  switch (journal.kind()) {
    case Journal::Kind::page_cache:
      return journal::SyncKind::page_cache;
    case Journal::Kind::interval:
      return journal::SyncKind::interval;
    default:
      return journal::SyncKind::batch;
  }
}

/// What TopicOptions and TopicInfo have in common.
template <class Topic>
void describe_policy(const Topic& topic, journal::Description& d) {
  d.mode = topic.mode;
  d.timestamps = topic.timestamps;
  d.exclusive = topic.writers == Writers::exclusive;
  d.block_size = topic.block_size;
  d.blocks = static_cast<std::uint32_t>(std::bit_ceil(topic.blocks));
  d.sync = sync_kind(topic.journal);
  d.interval_ns = static_cast<std::uint64_t>(topic.journal.period().count());
  d.retain_bytes = topic.retain.bytes;
  d.retain_age_ns = static_cast<std::uint64_t>(topic.retain.age.count());
  d.retain_acknowledged = topic.retain.acknowledged;
  d.when_behind = topic.when_behind == WhenBehind::skip ? journal::WhenBehind::skip : journal::WhenBehind::hold;
  d.unrecorded_limit_ns = static_cast<std::uint64_t>(topic.unrecorded_limit.count());
  d.file_bytes = topic.segment_file;
}

}  // namespace

journal::Description describe(const topic::TopicSegment& segment) {
  const TopicInfo info = segment.info();
  journal::Description d;
  d.bus = segment.node().registry().bus().text();
  d.topic = segment.name().text();
  d.topic_id = segment.id();
  describe_policy(info, d);
  d.record_header = segment.geometry().record_header;
  d.alignment = segment.geometry().alignment;
  d.reserve = info.reserved;
  d.accept_raw = info.accepts_raw;
  d.group = given_group(segment);
  d.type_hash = segment.header().type_hash.load(std::memory_order_acquire);
  d.type_size = info.type_size;
  d.type_alignment = info.type_alignment;
  d.type_layout = info.type_layout;
  d.type_name = info.type_name;
  d.type_fields = info.type_fields;
  return d;
}

journal::Description describe(const registry::Registry& registry, const base::TopicName& name, std::uint64_t id,
                              const TopicOptions& options, const TypeInfo* type) {
  journal::Description d;
  d.bus = registry.bus().text();
  d.topic = name.text();
  d.topic_id = id;
  describe_policy(options, d);
  const auto g = layout::Geometry::of(options.block_size, d.blocks, options.timestamps,
                                      static_cast<std::uint32_t>(type != nullptr ? type->alignment : 1));
  d.record_header = g.record_header;
  d.alignment = g.alignment;
  d.reserve = options.reserve;
  d.accept_raw = options.accept_raw;
  d.group = options.group;
  if (type == nullptr) return d;
  d.type_hash = type->hash();
  d.type_size = type->size;
  d.type_alignment = type->alignment;
  d.type_layout = type->layout;
  d.type_name = type->name;
  d.type_fields = std::string(type->fields.substr(0, 511));
  return d;
}

TopicOptions options_of(const journal::Description& d) {
  TopicOptions options;
  options.block_size = d.block_size;
  options.blocks = d.blocks;
  options.reserve = d.reserve;
  options.timestamps = d.timestamps;
  options.writers = d.exclusive ? Writers::exclusive : Writers::shared;
  options.mode = d.mode;
  options.group = d.group;
  options.accept_raw = d.accept_raw;
  options.journal = d.sync == journal::SyncKind::page_cache ? Journal::page_cache()
                    : d.sync == journal::SyncKind::interval ? Journal::interval(std::chrono::nanoseconds(d.interval_ns))
                                                            : Journal::batch();
  options.retain = {d.retain_bytes, std::chrono::nanoseconds(d.retain_age_ns), d.retain_acknowledged};
  options.when_behind = d.when_behind == journal::WhenBehind::skip ? WhenBehind::skip : WhenBehind::hold;
  options.unrecorded_limit = std::chrono::nanoseconds(d.unrecorded_limit_ns);
  options.segment_file = d.file_bytes;
  return options;
}

std::optional<TypeInfo> type_of(const journal::Description& d) {
  if (d.type_hash == 0) return std::nullopt;
  if (d.type_hash == TypeInfo::kRawBytes) return TypeInfo{};
  return TypeInfo{d.type_name, d.type_size, d.type_alignment, d.type_layout, d.type_fields};
}

}  // namespace shmbus::recording
