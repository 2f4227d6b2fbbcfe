#include "registry/registry.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "base/quoted.hpp"
#include "layout/segment_checks.hpp"
#include "platform/clock.hpp"
#include "platform/file_lock.hpp"
#include "platform/futex.hpp"
#include "platform/random.hpp"
#include "platform/system_error.hpp"
#include "shmbus/detail/cpu.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::registry {

using layout::RegistryHeader;
using platform::Access;
using platform::SegmentFile;

namespace {

Error no_header_room(const base::BusName& bus) {
  return platform::no_room(bus.object(), layout::kPage, "free room there, or make it larger (containers: --shm-size)");
}

}  // namespace

std::string journals_folder(const BusOptions& options) {
  if (!options.journals.empty()) return options.journals;
  const auto variable = [](const char* name) {
    const char* const value = ::secure_getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  if (std::string path = variable("SHMBUS_JOURNALS"); !path.empty()) return path;
  if (::geteuid() == 0) return "/var/lib/shmbus";
  if (std::string path = variable("XDG_STATE_HOME"); !path.empty()) return path + "/shmbus";
  if (std::string path = variable("HOME"); !path.empty()) return path + "/.local/state/shmbus";
  return {};
}

void Registry::check_options(const base::BusName& bus, const BusOptions& options) {
  using namespace std::chrono_literals;
  if (options.stall_limit < 1ms || options.stall_limit > 1h) {
    throw Error(ErrorCode::invalid_option,
                {bus.object() + ", stall_limit", "1 ms to 1 h", std::to_string(options.stall_limit.count()) + " ns",
                 "choose a value in that range"});
  }
  if (options.mode > 0777 || (options.mode & 0600) != 0600) {
    throw Error(ErrorCode::invalid_option, {bus.object() + ", mode", "0600 to 0777, with read and write for the owner",
                                            layout::octal(options.mode), "add 0600"});
  }
  if (const std::string journals = journals_folder(options);
      !journals.empty() && (journals.front() != '/' || journals.size() > 1023)) {
    throw Error(ErrorCode::invalid_option,
                {bus.object() + (options.journals.empty() ? ", SHMBUS_JOURNALS" : ", journals"),
                 "an absolute path of at most 1023 bytes", base::quoted(journals), "give the whole path of a folder"});
  }
}

void Registry::check_agreement(const BusOptions& options) const {
  if (options.journals.empty() || options.journals == recorded_.journals) return;
  throw Error(ErrorCode::invalid_option,
              {bus_.object() + ", journals", base::quoted(recorded_.journals) + ", as its creator recorded",
               base::quoted(options.journals), "leave it out, or remove the bus first"});
}

Registry::Registry(base::BusName bus, SegmentFile file, Access access, std::vector<uid_t> owners)
    : bus_(std::move(bus)),
      file_(std::move(file), bus_.registry_file()),
      mapping_(this->file(), access, sizeof(RegistryHeader), bus_.object()),
      header_(reinterpret_cast<RegistryHeader*>(mapping_.address())),
      owners_(std::move(owners)) {
  mapping_.expose_begin(offsetof(RegistryHeader, node_table), bus_.object());
}

std::atomic<std::uint32_t>* Registry::bell(std::uint64_t number) const noexcept {
  if (number < layout::kFirstSubscriptionBell) return number < nodes() ? &header_->node_table[number].bell : nullptr;
  const std::uint64_t entry = number - layout::kFirstSubscriptionBell;
  return entry < subscriptions() ? &header_->subscription_table[entry].bell : nullptr;
}

void Registry::ring(std::uint64_t number) const noexcept {
  auto* const word = bell(number);
  if (word == nullptr) return;
  word->fetch_add(1, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("bell.counted");
  platform::futex_wake_all(*word);
}

/// The answer "dead" counts only if the queried descriptor was still the registry's afterwards.
bool Registry::alive(std::uint64_t node) const noexcept {
  const SegmentFile& file = this->file();
  return platform::byte_locked(file.descriptor(), node) || !file.is_open();
}

unsigned Registry::count(const std::atomic<std::uint32_t>& entries, const Table& table) const noexcept {
  const std::uint32_t backed = std::min<std::uint32_t>(entries.load(std::memory_order_seq_cst), table.limit);
  auto& reached = exposed_[table.index];
  // Acquire: pairs with the store below, after which the kernel lets all threads of this process access the range.
  // Threads may race here, and the lower count may be stored last: then a part is exposed once more.
  if (const std::uint32_t before = reached.load(std::memory_order_acquire); backed > before) {
    if (!mapping_.expose(table.offset, backed * table.entry_size)) return before;
    reached.store(backed, std::memory_order_release);
  }
  return backed;
}

std::shared_ptr<Registry> Registry::find(const base::BusName& bus, Access access, const std::vector<uid_t>& owners) {
  const std::string object = bus.object();
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    auto file = SegmentFile::open(bus.registry_file(), access, object);
    if (!file) return nullptr;
    const platform::FileState state = file->state();
    layout::check_owner(state, owners, object);
    layout::check_version(*file, layout::kRegistryMagic, object);
    if (state.size < sizeof(RegistryHeader)) layout::check_size(state.size, sizeof(RegistryHeader), object);
    std::shared_ptr<Registry> registry(new Registry(bus, std::move(*file), access, owners));
    registry->check();
    if (registry->file().is_named(bus.registry_file())) return registry;
  }
  throw Error(ErrorCode::busy, {object, "to exist", "other processes create and remove it all the time", "try again"});
}

Error Registry::removed_error() const {
  return {ErrorCode::closed, {bus_.object(), "", "was removed", "open it again"}};
}

Error Registry::absent_error(const base::BusName& bus) {
  constexpr std::size_t kMost = 8;
  const std::vector<std::string> present = buses();
  std::string list;
  for (std::size_t i = 0; i < std::min(present.size(), kMost); ++i) list += (i == 0 ? "" : ", ") + present[i];
  if (present.size() > kMost) list += " and " + std::to_string(present.size() - kMost) + " more (shmbus ls --buses)";
  return {ErrorCode::not_found,
          {bus.object(), "", "does not exist",
           present.empty() ? "no bus exists yet: the first service that opens one creates it" : "buses here: " + list}};
}

std::vector<std::string> Registry::buses() {
  std::vector<std::string> names;
  for (const std::string& file : SegmentFile::list(std::string(base::SegmentFileParts::kPrefix))) {
    const auto parts = base::SegmentFileParts::of(file);
    if (parts.is_registry() && base::BusName::parse(parts.bus)) names.emplace_back(parts.bus);
  }
  return names;
}

std::string Registry::node_object(std::uint64_t node) const {
  for (unsigned i = 0; i < nodes(); ++i) {
    const layout::NodeEntry& entry = header_->node_table[i];
    if (entry.id.load(std::memory_order_acquire) != node) continue;
    const std::int32_t pid = entry.pid.load(std::memory_order_acquire);
    const std::string program = entry.name.load();
    // SYNC text: where it left, these may be another's.
    if (entry.id.load(std::memory_order_acquire) != node) break;
    return base::quoted(program) + " (pid " + std::to_string(pid) + ")";
  }
  return "node " + std::to_string(node);
}

bool Registry::create_removed(const base::BusName& bus) { return create(bus, {}, true) != nullptr; }

std::shared_ptr<Registry> Registry::create(const base::BusName& bus, const BusOptions& options, bool removed) {
  const std::string object = bus.object();
  SegmentFile file = SegmentFile::unnamed(object, options.mode, options.group);
  file.resize(sizeof(RegistryHeader));
  if (!file.back(0, layout::kPage)) throw no_header_room(bus);
  std::shared_ptr<Registry> registry(new Registry(bus, std::move(file), Access::read_write, options.owners));

  SHMBUS_CRASH_POINT("bus.backed");
  RegistryHeader& h = *registry->header_;  // no other process sees it before it has a name
  h.magic = layout::kRegistryMagic;
  h.version = layout::kVersion;
  h.header_size = sizeof(RegistryHeader);
  h.size = sizeof(RegistryHeader);
  h.incarnation = platform::random_u64();
  h.clock = platform::cycle_counter_trusted() ? layout::ClockKind::cycle_counter : layout::ClockKind::monotonic;
  h.created_monotonic_ns = platform::monotonic_ns();
  h.created_cycles =
      h.clock == layout::ClockKind::cycle_counter ? platform::read_cycle_counter() : h.created_monotonic_ns;
  h.created_ns = platform::system_ns();
  h.created_suspended_ns = platform::suspended_ns();
  h.mode = options.mode;
  h.stall_limit_ns = static_cast<std::uint64_t>(options.stall_limit.count());
  h.name.store(bus.text());
  h.journals.store(journals_folder(options));
  h.removed.store(removed ? 1 : 0, std::memory_order_relaxed);
  h.next_node.store(1, std::memory_order_relaxed);
  h.next_subscription.store(1, std::memory_order_relaxed);
  registry->check();
  SHMBUS_CRASH_POINT("bus.filled");
  const bool linked = registry->file_.get().link(bus.registry_file());
  SHMBUS_CRASH_POINT("bus.linked");
  return linked ? registry : nullptr;
}

void Registry::check() {
  const std::string object = bus_.object();
  const RegistryHeader& h = *header_;
  layout::check_header(
      {layout::load_once(h.magic), layout::kRegistryMagic, layout::load_once(h.version),
       layout::load_once(h.header_size), sizeof(RegistryHeader), layout::load_once(h.incompatible_flags)},
      object);
  const platform::FileState state = file().state();
  const std::uint64_t size = layout::load_once(h.size);
  layout::check_size(state.size, std::max<std::uint64_t>(size, sizeof(RegistryHeader)), object);
  layout::check_extensions(h.extensions, sizeof(RegistryHeader), size, object);
  const BusRecord r{layout::load_once(h.incarnation),
                    layout::load_once(h.created_ns),
                    layout::load_once(h.created_cycles),
                    layout::load_once(h.created_monotonic_ns),
                    layout::load_once(h.clock),
                    layout::load_once(h.mode),
                    layout::load_once(h.stall_limit_ns),
                    layout::load_once(h.created_suspended_ns),
                    size,
                    h.journals.load()};
  owner_ = state.owner;
  layout::check_mode(state, r.mode, object);
  layout::check_name(h.name.load(), bus_.text(), object);
  constexpr std::int64_t kLatestBirth = std::int64_t{1} << 62;  // nanoseconds since 1970; differences stay in range
  if (r.incarnation == 0 || r.stall_limit_ns < 1'000'000 || r.stall_limit_ns > 3'600'000'000'000 || r.created_ns <= 0 ||
      r.created_ns > kLatestBirth) {
    throw Error(ErrorCode::corrupt, {object, "an incarnation, a time of creation and a stall limit in range",
                                     "values out of range", "remove the bus"});
  }
  recorded_ = r;
}

bool Registry::grow(std::atomic<std::uint32_t>& entries, const Table& table) {
  std::uint32_t now = count(entries, table);
  if (now >= table.limit) return false;
  const std::uint32_t a_page = static_cast<std::uint32_t>(layout::kPage / table.entry_size);
  // Backing is idempotent; only entries that are counted as backed are accessed.
  SegmentFile& file = file_.get();
  if (!file.is_open()) {
    throw Error(ErrorCode::system, {bus_.object(), "its registry open, to make room for an entry",
                                    "a closed descriptor, and no right to open the file again",
                                    "open the bus before the program gives up that right, or leave its files open"});
  }
  if (!file.back(table.offset + std::uint64_t{now} / a_page * layout::kPage, layout::kPage)) throw no_header_room(bus_);
  SHMBUS_CRASH_POINT("table.backed");
  entries.compare_exchange_strong(now, now + a_page, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("table.grown");
  return true;
}

}  // namespace shmbus::registry
