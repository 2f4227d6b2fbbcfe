#include "topic/topic_segment.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <thread>

#include "layout/segment_checks.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "platform/system_error.hpp"
#include "registry/bus_name_lock.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"
#include "topic/log_removal.hpp"

namespace shmbus::topic {

using layout::Geometry;
using layout::TopicHeader;
using platform::Access;
using platform::Mapping;
using platform::SegmentFile;
using platform::SegmentName;
using platform::SparseMapping;

namespace {

void check_option(bool right, const base::TopicName& topic, const char* option, const std::string& expected,
                  const std::string& found, const std::string& remedy) {
  if (!right) throw Error(ErrorCode::invalid_option, {topic.object() + ", " + option, expected, found, remedy});
}

void check_journal_options(const base::TopicName& topic, const TopicOptions& o) {
  using namespace std::chrono_literals;
  if (o.journal.kind() == Journal::Kind::none) return;
  const auto count = [](std::chrono::nanoseconds time) { return std::to_string(time.count()) + " ns"; };
  check_option(o.journal.kind() != Journal::Kind::interval || (o.journal.period() >= 1ms && o.journal.period() <= 1h),
               topic, "journal, the period of its syncs", "1 ms to 1 h", count(o.journal.period()),
               "choose a time in that range, or Journal::batch()");
  check_option(o.unrecorded_limit >= 1ms && o.unrecorded_limit <= 1h, topic, "unrecorded_limit", "1 ms to 1 h",
               count(o.unrecorded_limit), "choose a time in that range");
  check_option(o.retain.age >= 0ns, topic, "retain, age", "0 or more", count(o.retain.age), "give 0 for no limit");
  check_option(o.segment_file >= std::uint64_t{1} << 20 && o.segment_file <= std::uint64_t{64} << 30, topic,
               "segment_file", "1 MiB to 64 GiB", std::to_string(o.segment_file) + " bytes",
               "choose a size in that range");
}

/// Writes what a journaled topic's creator chose, and shuts the gate at the first block: nothing leaves the ring
/// unrecorded from the first event on.
void format_journal(layout::TopicHeader& h, layout::JournalWords& words, const TopicOptions& o,
                    const ReservedNumbers& numbers, std::uint64_t offset) {
  h.incompatible_flags |= layout::kJournaled;
  h.extensions[0] = {layout::kJournalExtension, 0, offset, sizeof words};
  words.first_sequence = numbers.first;
  words.sync = o.journal.kind() == Journal::Kind::page_cache ? layout::JournalSync::page_cache
               : o.journal.kind() == Journal::Kind::interval ? layout::JournalSync::interval
                                                             : layout::JournalSync::batch;
  words.skip_when_behind = o.when_behind == WhenBehind::skip ? 1 : 0;
  words.interval_ns = static_cast<std::uint64_t>(o.journal.period().count());
  words.unrecorded_limit_ns = static_cast<std::uint64_t>(o.unrecorded_limit.count());
  words.retain_bytes = o.retain.bytes;
  words.retain_age_ns = static_cast<std::uint64_t>(o.retain.age.count());
  words.retain_acknowledged = o.retain.acknowledged ? 1 : 0;
  words.file_bytes = o.segment_file;
  words.recorded.store(numbers.first - 1, std::memory_order_relaxed);
  words.durable.store(numbers.first - 1, std::memory_order_relaxed);
  words.numbers_end.store(numbers.end, std::memory_order_relaxed);
  words.gate.words.pin.store(1, std::memory_order_relaxed);
  words.gate.mode.store(1, std::memory_order_relaxed);
  words.gate.demote_after.store(words.unrecorded_limit_ns, std::memory_order_relaxed);
}

}  // namespace

void check_options(const base::TopicName& topic, const TopicOptions& o, const TypeInfo* first_type) {
  const TypeInfo type = first_type != nullptr ? *first_type : TypeInfo{};
  check_option(std::has_single_bit(o.block_size) && o.block_size >= layout::kMinBlockSize &&
                   o.block_size <= layout::kMaxBlockSize,
               topic, "block_size", "a power of two from 4096 to 67108864 bytes", std::to_string(o.block_size),
               "round it up to one");
  check_option(o.blocks >= layout::kMinBlocks && o.blocks <= layout::kMaxBlocks, topic, "blocks", "2 to 65536",
               std::to_string(o.blocks), "choose a number in that range");
  check_option(o.mode <= 0777 && (o.mode & 0600) == 0600, topic, "mode",
               "0600 to 0777, with read and write for the owner", layout::octal(o.mode), "add 0600");
  check_journal_options(topic, o);
  check_option(type.name.size() <= 127, topic, "type", "a type name of at most 127 bytes",
               std::to_string(type.name.size()) + " bytes", "specialise shmbus::type_name for it");
  const auto g = Geometry::of(o.block_size, 2, o.timestamps, static_cast<std::uint32_t>(type.alignment));
  check_option(type.size <= g.max_payload, topic, "block_size",
               "blocks that hold a '" + std::string(type.name) + "' of " + std::to_string(type.size) + " bytes",
               std::to_string(o.block_size) + " bytes, payloads up to " + std::to_string(g.max_payload),
               "create the topic with a larger block_size");
}

namespace {

Error no_room(const base::TopicName& topic, std::uint64_t bytes) {
  return platform::no_room(topic.object(), bytes,
                           "free room there, make it larger (containers: --shm-size), or use fewer or smaller blocks");
}

/// Reserves memory for the ring, one block to rotate into, and one for a reader inside a block that left the ring.
void reserve(SegmentFile& control, SegmentFile& log, const Geometry& g, const base::TopicName& topic) {
  const std::uint64_t blocks = g.blocks + 2, bytes = blocks * g.block_size;
  if (SegmentFile::room() < bytes) throw no_room(topic, bytes);  // fails before it takes any of the room
  bool backed = control.back(g.block_table_offset, blocks * sizeof(layout::BlockEntry));
  for (std::uint64_t p = 0; backed && p < blocks; ++p) backed = log.back(p * g.block_size, g.block_size);
  if (!backed) throw no_room(topic, bytes);
}

}  // namespace

TopicSegment::TopicSegment(registry::Membership member, base::TopicName name, SegmentName control_name,
                           SparseMapping control, const TopicRecord& recorded, SegmentName log_name, SparseMapping log,
                           Access access)
    : member_(std::move(member)),
      name_(std::move(name)),
      control_name_(std::move(control_name)),
      control_(std::move(control)),
      header_(reinterpret_cast<TopicHeader*>(control_.address())),
      recorded_(recorded),
      geometry_(recorded.geometry),
      log_name_(std::move(log_name)),
      blocks_(std::move(log)),
      access_(access),
      log_(std::make_unique<log::BlockLog>(header_, blocks_.address(), geometry_, *this, this,
                                           journal_words(control_.address(), recorded_))) {}

TopicSegment::~TopicSegment() = default;

std::shared_ptr<TopicSegment> TopicSegment::find(const registry::Membership& member, const base::TopicName& name,
                                                 Access access) {
  registry::Registry& registry = member.node->registry();
  const std::string object = name.object();
  const std::string control_file = registry.bus().control_file(name);
  constexpr int kTries = 100;  // each needs another process to remove and create the topic in the meantime
  for (int i = 0; i < kTries; ++i) {
    auto control = ControlSegment::open(registry.bus(), name, Access::read_write, registry.owners());
    if (!control) return nullptr;
    TopicRecord& recorded = control->recorded;
    if (recorded.bus != registry.recorded().incarnation) {
      // An earlier bus left it. If our bus was removed, it may belong to a later one instead.
      const auto held = registry::lock_bus_name(registry, platform::Lock::exclusive);
      if (!held) throw registry.removed_error();
      if (control->file.is_named(control_file)) {
        unlink_log(registry.bus(), {name, recorded.id, recorded.log_node}, control->file);
        SHMBUS_CRASH_POINT("stale.log_unlinked");
        SegmentFile::unlink(control_file, object);
      }
      continue;
    }
    const std::string log_file = registry.bus().log_file(name, recorded.log_node, recorded.id);
    const auto log = SegmentFile::open(log_file, access, object + ", its log");
    if (!log || !control->file.is_named(control_file)) continue;  // removed in the meantime
    const platform::FileState log_state = log->state();
    layout::check_owner(log_state, registry.owners(), object + ", its log");
    layout::check_size(log_state.size, recorded.geometry.log_size, object + ", its log");
    layout::check_mode(log_state, recorded.mode, object + ", its log");
    recorded.group = log_state.group;
    return std::shared_ptr<TopicSegment>(
        new TopicSegment(member, name, SegmentName(control_file, control->file), std::move(control->mapping), recorded,
                         SegmentName(log_file, *log),
                         SparseMapping(*log, access, recorded.geometry.log_size, object + ", its log"), access));
  }
  // A process that creates a topic while its bus is removed may cause this for a moment. So may a process that cleans
  // up after a bus whose registry was unlinked by hand.
  if (registry.removed() || !registry.file().is_named(registry.bus().registry_file())) throw registry.removed_error();
  throw Error(ErrorCode::corrupt, {object, "a control segment and its log", "no log that belongs to it",
                                   "remove the topic: shmbus rm --topic " + name.text()});
}

std::shared_ptr<TopicSegment> TopicSegment::create(const registry::Membership& member, const base::TopicName& name,
                                                   std::uint64_t id, const TopicOptions& options,
                                                   const TypeInfo* first_type, const ReservedNumbers* numbers) {
  const TypeInfo type = first_type != nullptr ? *first_type : TypeInfo{};
  check_options(name, options, first_type);
  registry::Registry& registry = member.node->registry();
  const std::string object = name.object();
  const auto blocks = static_cast<std::uint32_t>(std::bit_ceil(options.blocks));
  const auto g =
      Geometry::of(options.block_size, blocks, options.timestamps, static_cast<std::uint32_t>(type.alignment));

  SegmentFile control = SegmentFile::unnamed(object, layout::control_mode(options.mode), options.group);
  const std::uint64_t journal = numbers != nullptr ? g.control_size : 0;
  const std::uint64_t control_size = g.control_size + (numbers != nullptr ? sizeof(layout::JournalWords) : 0);
  control.resize(control_size);
  if (!control.back(0, g.block_table_offset) || (journal != 0 && !control.back(journal, sizeof(layout::JournalWords))))
    throw no_room(name, g.block_table_offset);
  SHMBUS_CRASH_POINT("create.control_backed");
  SegmentFile log_file = SegmentFile::unnamed(object + ", its log", options.mode, options.group);
  log_file.resize(g.log_size);

  SparseMapping mapping(control, Access::read_write, control_size, object);
  mapping.expose_begin(g.block_table_offset, object);
  auto& h = *reinterpret_cast<TopicHeader*>(mapping.address());  // T1: no other process sees it before it has a name
  h.magic = layout::kTopicMagic;
  h.version = layout::kVersion;
  h.header_size = sizeof(TopicHeader);
  h.bus = registry.recorded().incarnation;
  h.id = id;
  h.seed = platform::random_u64();
  h.control_size = control_size;
  h.log_size = g.log_size;
  h.log_node = member.node->id();
  h.created_ns = platform::system_ns();
  h.block_size = g.block_size;
  h.blocks = g.blocks;
  h.physical_blocks = g.physical_blocks;
  h.record_header = g.record_header;
  h.alignment = g.alignment;
  h.timestamps = options.timestamps ? 1 : 0;
  h.exclusive = options.writers == Writers::exclusive ? 1 : 0;
  h.reserves.store(options.reserve ? 1 : 0, std::memory_order_relaxed);
  h.mode = options.mode;
  h.name.store(name.text());
  h.options = (options.accept_raw ? layout::kAcceptsRaw : 0u) | (options.reserve ? layout::kReserved : 0u);
  if (first_type != nullptr) record_type(h, type, member.node->id());
  log::BlockLog::format(&h, g);
  if (numbers != nullptr) {
    if (!mapping.expose(journal, sizeof(layout::JournalWords))) throw no_room(name, sizeof(layout::JournalWords));
    format_journal(h, *reinterpret_cast<layout::JournalWords*>(mapping.address() + journal), options, *numbers,
                   journal);
  }
  SHMBUS_CRASH_POINT("create.formatted");

  if (options.reserve) {
    reserve(control, log_file, g, name);
    h.backed.store(g.blocks + 2, std::memory_order_relaxed);
  }

  // The log's name contains our node id: if we die before the control segment has its name, every process can see that
  // the log is an orphan. It also contains the topic's id, so that no other topic's log ever has this name.
  const std::string log = registry.bus().log_file(name, member.node->id(), id);
  const std::string control_file = registry.bus().control_file(name);
  std::shared_ptr<TopicSegment> segment(new TopicSegment(
      member, name, SegmentName(control_file, control), std::move(mapping),
      {g, h.bus, id, h.log_node, h.mode, 0, control_size, journal}, SegmentName(log, log_file),
      SparseMapping(log_file, Access::read_write, g.log_size, object + ", its log"), Access::read_write));
  if (!log_file.link(log)) return nullptr;
  SHMBUS_CRASH_POINT("create.log_linked");
  if (control.link(control_file)) {
    SHMBUS_CRASH_POINT("create.linked");
    return segment;
  }
  SegmentFile::unlink(log, object);
  SHMBUS_CRASH_POINT("create.withdrawn");
  return nullptr;
}

TopicInfo TopicSegment::info() const { return topic_info(*header_, geometry_, journal()); }

namespace {

/// Backs a range of a segment that has no open descriptor. `fallocate` backs all of it or nothing, and never frees a
/// page that another process may have counted as backed in the meantime; so the file is opened again for a moment.
/// Sometimes that is impossible: no descriptor is free, the right is missing, or the topic is being removed. Page
/// faults then back the range. They can't give back the first part of a range that failed: the next attempt finds that
/// part backed.
bool back_by_name(const SegmentName& name, SparseMapping& mapping, std::uint64_t offset, std::uint64_t bytes) noexcept {
  if (auto file = name.open(Access::read_write)) return file->back(offset, bytes);
  return mapping.expose(offset, bytes) && mapping.populate(offset, bytes);
}

}  // namespace

bool TopicSegment::back_control(std::uint64_t offset, std::uint64_t bytes) noexcept {
  return back_by_name(control_name_, control_, offset, bytes);
}

bool TopicSegment::back_block(std::uint32_t physical) noexcept {
  if (access_ != Access::read_write || SHMBUS_MEMORY_ENDS_BEFORE(physical)) return false;
  constexpr std::uint32_t kPerPage = layout::kPage / sizeof(layout::BlockEntry);
  static_assert(layout::kPage % sizeof(layout::BlockEntry) == 0);
  // A page of the table serves many blocks. Relaxed: backing again what another thread has backed is harmless.
  if (const std::uint32_t page = physical / kPerPage; table_page_.load(std::memory_order_relaxed) != page + 1) {
    if (!back_control(geometry_.block_table_offset + page * layout::kPage, layout::kPage)) return false;
    table_page_.store(page + 1, std::memory_order_relaxed);
  }
  return back_by_name(log_name_, blocks_, std::uint64_t{physical} * geometry_.block_size, geometry_.block_size);
}

bool TopicSegment::expose_blocks(std::uint32_t blocks) noexcept {
  return control_.expose(geometry_.block_table_offset, std::uint64_t{blocks} * sizeof(layout::BlockEntry)) &&
         blocks_.expose(0, std::uint64_t{blocks} * geometry_.block_size);
}

layout::LatencyHistogram* TopicSegment::histogram(unsigned port) noexcept {
  const std::uint64_t offset = geometry_.latency_offset + port * sizeof(layout::LatencyHistogram);
  if (!back_control(offset, sizeof(layout::LatencyHistogram))) return nullptr;
  if (!control_.expose(offset, sizeof(layout::LatencyHistogram))) return nullptr;
  return reinterpret_cast<layout::LatencyHistogram*>(control_.address() + offset);
}

std::byte* TopicSegment::writable(std::uint32_t physical) noexcept {
  if (access_ == Access::read_write) return log_->at(physical, 0);
  const std::lock_guard lock(repair_mutex_);
  if (const auto repaired = repair_mappings_.find(physical); repaired != repair_mappings_.end())
    return repaired->second.address();
  const auto file = log_name_.open(Access::read_write);
  if (!file) return nullptr;  // without the right to write, the reader steps over the claim
  try {
    const std::uint64_t offset = std::uint64_t{physical} * geometry_.block_size;
    return repair_mappings_
        .try_emplace(physical, *file, Access::read_write, offset, geometry_.block_size, name_.object())
        .first->second.address();
  } catch (const std::exception&) {
    return nullptr;
  }
}

bool TopicSegment::has_expected_sizes() const noexcept {
  return member_.node->registry().intact() && control_name_.has_size(recorded_.control_size) &&
         log_name_.has_size(geometry_.log_size);
}

/// Takes three system calls, so it is not done for each of many small blocks.
bool TopicSegment::intact() noexcept {
  constexpr std::uint64_t kAskAgain = 1'000'000;  // ns
  const std::uint64_t now = platform::monotonic_ns();
  if (now - found_intact_.load(std::memory_order_relaxed) < kAskAgain) return true;  // checked a moment ago
  if (!has_expected_sizes()) return false;
  found_intact_.store(now, std::memory_order_relaxed);
  return true;
}

std::uint64_t TopicSegment::monotonic_ns() noexcept { return platform::monotonic_ns(); }

}  // namespace shmbus::topic
