#include "registry/registry.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "platform/clock.hpp"
#include "platform/file_lock.hpp"
#include "platform/random.hpp"
#include "registry/names.hpp"
#include "registry/topic_removal.hpp"
#include "registry/trust.hpp"
#include "shmbus/error.hpp"
#include "shmbus/platform/cpu.hpp"

namespace shmbus::registry {

using layout::RegistryHeader;
using platform::Access;
using platform::SegmentFile;

namespace {

constexpr std::size_t kEntrySize = 256;
static_assert(sizeof(layout::NodeEntry) == kEntrySize && sizeof(layout::TopicEntry) == kEntrySize &&
              sizeof(layout::SubscriptionEntry) == kEntrySize);
constexpr std::uint32_t kEntriesPerPage = layout::kPage / kEntrySize;

std::string object_of(const std::string& bus) { return "bus '" + bus + "'"; }

void check_options(const std::string& bus, const BusOptions& options) {
  using namespace std::chrono_literals;
  if (options.stall_limit < 1ms || options.stall_limit > 1h) {
    throw Error(ErrorCode::invalid_option,
                {object_of(bus) + ", stall_limit", "1 ms to 1 h", std::to_string(options.stall_limit.count()) + " ns",
                 "choose a value in that range"});
  }
  if (options.mode > 0777 || (options.mode & 0600) != 0600) {
    throw Error(ErrorCode::invalid_option,
                {object_of(bus) + ", mode", "0600 to 0777, with read and write for the owner", octal(options.mode),
                 "add 0600"});
  }
}

Error no_room(const std::string& object, std::uint64_t bytes) {
  return {ErrorCode::no_memory,
          {object, std::to_string(bytes) + " bytes of /dev/shm", std::to_string(SegmentFile::room()) + " bytes of room",
           "free room there, or make it larger (containers: --shm-size)"}};
}

}  // namespace

Registry::Registry(std::string bus, SegmentFile file, Access access, std::vector<uid_t> owners)
    : bus_(std::move(bus)),
      file_(std::move(file)),
      mapping_(file_, access, 0, sizeof(RegistryHeader), object_of(bus_)),
      header_(reinterpret_cast<RegistryHeader*>(mapping_.address())),
      owners_(std::move(owners)) {}

unsigned Registry::count(const std::atomic<std::uint32_t>& entries, unsigned limit) noexcept {
  return std::min<unsigned>(entries.load(std::memory_order_seq_cst), limit);
}

std::shared_ptr<Registry> Registry::open(const std::string& bus, const BusOptions& options) {
  check_bus_name(bus);
  check_options(bus, options);
  constexpr int kTries = 100;  // each needs somebody else to create or remove the bus meanwhile
  for (int i = 0; i < kTries; ++i) {
    auto registry = find(bus, Access::read_write, options.owners);
    if (!registry) registry = create(bus, options);
    if (registry && !registry->removed()) return registry;
    if (registry) remove(bus);  // whoever removes it has not finished: help
  }
  throw Error(ErrorCode::busy,
              {object_of(bus), "to stay created", "others create and remove it all the time", "try again"});
}

std::shared_ptr<Registry> Registry::find(const std::string& bus, Access access, const std::vector<uid_t>& owners) {
  check_bus_name(bus);
  const std::string object = object_of(bus);
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    auto file = SegmentFile::open(registry_name(bus), access, object);
    if (!file) return nullptr;
    const platform::FileState state = file->state();
    check_owner(state, owners, object);
    check_size(state.size, sizeof(RegistryHeader), object);
    std::shared_ptr<Registry> registry(new Registry(bus, std::move(*file), access, owners));
    registry->check();
    if (registry->file_.is_named(registry_name(bus))) return registry;
  }
  throw Error(ErrorCode::busy, {object, "to stay", "others create and remove it all the time", "try again"});
}

/// Null where somebody else created it first.
std::shared_ptr<Registry> Registry::create(const std::string& bus, const BusOptions& options) {
  const std::string object = object_of(bus);
  SegmentFile file = SegmentFile::unnamed(object, options.mode, options.group);
  file.resize(sizeof(RegistryHeader));
  if (!file.back(0, layout::kPage)) throw no_room(object, layout::kPage);
  std::shared_ptr<Registry> registry(new Registry(bus, std::move(file), Access::read_write, options.owners));

  RegistryHeader& h = *registry->header_;  // nobody else sees it before it has a name
  h.magic = layout::kRegistryMagic;
  h.version = layout::kVersion;
  h.header_size = sizeof(RegistryHeader);
  h.size = sizeof(RegistryHeader);
  h.incarnation = platform::random_u64();
  h.clock = platform::cycle_counter_trusted() ? layout::ClockKind::cycle_counter : layout::ClockKind::monotonic;
  h.created_cycles =
      h.clock == layout::ClockKind::cycle_counter ? platform::read_cycle_counter() : platform::monotonic_ns();
  h.created_ns = platform::system_ns();
  h.mode = options.mode;
  h.stall_limit_ns = static_cast<std::uint64_t>(options.stall_limit.count());
  h.name.store(bus);
  h.next_node.store(1, std::memory_order_relaxed);
  h.next_subscription.store(1, std::memory_order_relaxed);
  registry->check();
  return registry->file_.link(registry_name(bus)) ? registry : nullptr;
}

void Registry::check() {
  const std::string object = object_of(bus_);
  const RegistryHeader& h = *header_;
  check_header({load_once(h.magic), layout::kRegistryMagic, load_once(h.version), load_once(h.header_size),
                sizeof(RegistryHeader), load_once(h.incompatible_flags)},
               object);
  check_size(load_once(h.size), sizeof(RegistryHeader), object);
  const BusRecord r{load_once(h.incarnation), load_once(h.created_ns), load_once(h.created_cycles),
                    load_once(h.clock),       load_once(h.mode),       load_once(h.stall_limit_ns)};
  check_mode(file_.state(), r.mode, object);
  constexpr std::int64_t kLatestBirth = std::int64_t{1} << 62;  // nanoseconds since 1970; differences stay in range
  if (r.incarnation == 0 || r.stall_limit_ns < 1'000'000 || r.stall_limit_ns > 3'600'000'000'000 || r.created_ns <= 0 ||
      r.created_ns > kLatestBirth) {
    throw Error(ErrorCode::corrupt, {object, "an incarnation, a time of creation and a stall limit in range",
                                     "values out of range", "remove the bus"});
  }
  recorded_ = r;
}

bool Registry::grow(std::atomic<std::uint32_t>& entries, unsigned limit, std::size_t offset) {
  std::uint32_t now = count(entries, limit);
  if (now >= limit) return false;
  // Backing is idempotent; only what is counted as backed is touched.
  if (!file_.back(offset + std::uint64_t{now} / kEntriesPerPage * layout::kPage, layout::kPage))
    throw no_room(object_of(bus_), layout::kPage);
  entries.compare_exchange_strong(now, now + kEntriesPerPage, std::memory_order_seq_cst);
  return true;
}

// While the lock is held and the name leads to this registry, no new bus of that name can exist: so all segments of
// that name are this bus's. The registry's own name goes last; a remover that dies leaves it, and the next one goes on.
bool Registry::remove(const std::string& bus) {
  using namespace std::chrono_literals;
  check_bus_name(bus);
  const std::string object = object_of(bus);
  const std::string name = registry_name(bus);
  auto file = SegmentFile::open(name, Access::read_write, object);
  if (!file) return false;
  check_owner(file->state(), {}, object);
  if (!SegmentFile::may_unlink(file->state())) {  // before anybody is told that it is gone
    throw Error(ErrorCode::permission, {object, "the right to unlink its segments",
                                        "uid " + std::to_string(::geteuid()), "remove it as its owner"});
  }
  for (auto waited = 0ms; !platform::lock_byte(file->descriptor(), layout::kRemovalLock); waited += 1ms) {
    if (waited >= 5s) {
      throw Error(ErrorCode::busy, {object, "to be removed by one process", "another is at it for seconds",
                                    "see whether it is stopped; try again"});
    }
    std::this_thread::sleep_for(1ms);
  }
  if (!file->is_named(name)) return true;  // somebody else has done it

  const bool whole = file->state().size == sizeof(RegistryHeader);
  if (whole) {
    // Members learn it before the names go. A damaged registry is removed all the same, without a word to anybody.
    const platform::Mapping mapping(*file, Access::read_write, 0, sizeof(RegistryHeader), object);
    auto* header = reinterpret_cast<RegistryHeader*>(mapping.address());
    if (header->magic == layout::kRegistryMagic) header->removed.store(1, std::memory_order_seq_cst);
  }
  finish_removals(bus, {});
  const std::string prefix = bus_prefix(bus), suffix = ".ctl";
  for (const std::string& segment : SegmentFile::list(prefix)) {
    if (segment == name) continue;
    if (segment.ends_with(suffix) && segment.size() > prefix.size() + suffix.size()) {
      unlink_topic(bus, segment.substr(prefix.size(), segment.size() - prefix.size() - suffix.size()), {});
    } else {
      SegmentFile::unlink(segment, object);
    }
  }
  SegmentFile::unlink(name, object);
  return true;
}

}  // namespace shmbus::registry
