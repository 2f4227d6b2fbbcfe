#include "group/group_file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <thread>
#include <utility>

#include "durable/durable_record.hpp"
#include "durable/file_checks.hpp"
#include "group/back_off.hpp"
#include "group/group_files.hpp"
#include "group/members.hpp"
#include "group/window.hpp"
#include "layout/cursor.hpp"
#include "layout/segment_checks.hpp"
#include "layout/segment_kinds.hpp"
#include "platform/clock.hpp"
#include "platform/descriptor.hpp"
#include "platform/file_lock.hpp"
#include "platform/random.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::group {

using layout::GroupHeader;
using layout::GroupRecord;
using platform::PlacedFile;
using topic::TopicSegment;

namespace {

std::string remedy(const std::string& topic, const std::string& group) {
  return "its place is lost: run `shmbus group " + topic + " " + group +
         " --remove`, and begin anew (GroupOptions::start)";
}

bool in_range(const GroupRecord& r) noexcept {
  return std::has_single_bit(r.window) && r.window >= layout::kMinWindow && r.window <= layout::kMaxWindow &&
         r.size == layout::group_file_size(r.window) && r.lease_ns != 0 && r.lease_ns <= BackOff::kMost &&
         r.lease_most_ns >= r.lease_ns && r.lease_most_ns <= BackOff::kMost && r.back_offs <= layout::kMaxBackOff &&
         r.order <= layout::GroupOrder::by_key;
}

}  // namespace

platform::FilePlace group_place(const TopicSegment& topic, const base::GroupName& name) {
  const registry::Registry& registry = topic.node().registry();
  if (topic.journal() == nullptr) return shared_group_place(registry.bus(), {topic.name(), name, topic.id()});
  return journal_group_place(registry, topic.name(), name);
}

std::optional<std::uint64_t> settled_by_groups(const registry::Registry& registry,
                                               const base::TopicName& topic) noexcept {
  std::optional<std::uint64_t> lowest;
  try {
    for (const base::GroupName& name : journal_groups(registry, topic)) {
      const auto file = PlacedFile::open(journal_group_place(registry, topic, name), platform::Access::read_only);
      if (!file) continue;  // removed in the meantime
      check_group(*file, topic.text(), 0, name.text(), registry.owners());
      std::uint64_t floor = 0;
      if (file->read(offsetof(GroupHeader, floor), &floor, sizeof floor) != sizeof floor || floor == 0) return 0;
      lowest = std::min(lowest.value_or(floor - 1), floor - 1);
    }
  } catch (const std::exception&) {
    return 0;  // nothing may go that the group might want
  }
  return lowest;
}

GroupRecord check_group(const PlacedFile& file, const std::string& topic, std::uint64_t topic_id,
                        const std::string& group, const std::vector<uid_t>& owners) {
  const std::string& object = file.place().object;
  const platform::FileState state = file.state();
  layout::check_owner(state, owners, object);
  GroupRecord r{};  // a copy: what is checked is what is used (I6)
  if (file.read(0, &r, sizeof r) != sizeof r) r = {};
  durable::check_file(r, layout::kGroupMagic, state.size, state, object, remedy(topic, group),
                      layout::kGroupFileVersion, sizeof(GroupHeader));
  layout::check_name(layout::load_text(r.name), group, object);
  layout::check_name(layout::load_text(r.topic_name), topic, object);
  if (state.size != r.size || !in_range(r)) {
    throw Error(ErrorCode::corrupt,
                {object, "sizes and times within their ranges", "other bytes", remedy(topic, group)});
  }
  if (r.topic != topic_id) {
    throw Error(ErrorCode::stale_position,
                {object, "to be of this topic", "the group of another topic of that name", remedy(topic, group)});
  }
  return r;
}

GroupFile::GroupFile(const TopicSegment& topic, PlacedFile file, const GroupRecord& r)
    : object_(file.place().object),
      place_(file.place()),
      inode_(file.state().inode),
      device_(file.state().device),
      size_(r.size),
      id_(r.id),
      mapping_(file.descriptor(), platform::Access::read_write, r.size, file.place().object) {
  settings_ = {r.window,
               r.in_flight,
               r.lease_ns,
               r.lease_most_ns,
               r.abandon_after_ns,
               r.max_deliveries,
               r.order,
               {r.back_off_ns, r.back_off_ns + r.back_offs},
               layout::load_text(r.dead_letters)};
  const registry::Registry& registry = topic.node().registry();
  take_over(file, registry.recorded().incarnation, registry.recorded().stall_limit_ns);
}

std::unique_ptr<GroupFile> GroupFile::open(const TopicSegment& topic, const base::GroupName& name) {
  const platform::FilePlace place = group_place(topic, name);
  auto file = PlacedFile::open(place, platform::Access::read_write);
  if (!file) return nullptr;
  const GroupRecord r = check_group(*file, topic.name().text(), topic.journal() != nullptr ? 0 : topic.id(),
                                    name.text(), topic.node().registry().owners());
  return std::unique_ptr<GroupFile>(new GroupFile(topic, std::move(*file), r));
}

std::unique_ptr<GroupFile> GroupFile::create(const TopicSegment& topic, const base::GroupName& name,
                                             const Settings& settings, std::uint64_t floor) {
  const registry::Registry& registry = topic.node().registry();
  const platform::FilePlace place = group_place(topic, name);
  GroupRecord r{};
  r.magic = layout::kGroupMagic;
  r.version = layout::kGroupFileVersion;
  r.header_size = sizeof(GroupHeader);
  r.size = layout::group_file_size(settings.window);
  r.topic = topic.journal() != nullptr ? 0 : topic.id();
  r.id = platform::random_u64();
  r.created_ns = platform::system_ns();
  r.mode = durable::file_mode(registry);
  r.window = settings.window;
  r.in_flight = settings.in_flight;
  r.lease_ns = settings.lease_ns;
  r.lease_most_ns = settings.lease_most_ns;
  r.abandon_after_ns = settings.abandon_after_ns;
  r.max_deliveries = settings.max_deliveries;
  r.order = settings.order;
  r.back_offs = static_cast<std::uint32_t>(settings.back_off_ns.size());
  std::copy(settings.back_off_ns.begin(), settings.back_off_ns.end(), r.back_off_ns);
  layout::store_text(r.name, name.text());
  layout::store_text(r.topic_name, topic.name().text());
  layout::store_text(r.dead_letters, settings.dead_letters);
  r.checksum = layout::checksum_of(r, offsetof(GroupRecord, checksum), 0);

  // All of it is written, so that all of it has memory, or room on its disk, before it is mapped.
  std::vector<std::uint64_t> content(r.size / sizeof(std::uint64_t));
  auto* shared = reinterpret_cast<GroupHeader*>(content.data());
  std::memcpy(content.data(), &r, sizeof r);
  shared->bus.store(registry.recorded().incarnation, std::memory_order_relaxed);
  shared->floor.store(floor, std::memory_order_relaxed);
  shared->due.store(Due::initial(), std::memory_order_relaxed);
  auto* slots = reinterpret_cast<layout::GroupSlot*>(reinterpret_cast<std::byte*>(content.data()) +
                                                     layout::group_slots_offset(settings.window));
  const unsigned shift = static_cast<unsigned>(std::countr_zero(settings.window));
  for (std::uint64_t s = floor; s < floor + settings.window; ++s) {
    slots[s & (settings.window - 1)].word.store(SlotWord((s >> shift) - 1, 0, 0, SlotState::settled).bits(),
                                                std::memory_order_relaxed);
  }
  auto file = PlacedFile::create(place, content.data(), r.size, r.mode, durable::file_group(registry));
  SHMBUS_CRASH_POINT("group.created");
  if (!file) return nullptr;
  return std::unique_ptr<GroupFile>(new GroupFile(topic, std::move(*file), r));
}

bool GroupFile::unlink(const TopicSegment& topic, const base::GroupName& name) {
  return PlacedFile::unlink(group_place(topic, name));
}

bool GroupFile::intact() const noexcept {
  try {
    const auto file = PlacedFile::open(place_, platform::Access::read_only);
    if (!file) return false;
    const platform::FileState state = file->state();
    return state.inode == inode_ && state.device == device_ && state.size == size_;
  } catch (const std::exception&) {
    return true;  // not known: no descriptor, or no right to look
  }
}

/// F2
void GroupFile::take_over(const PlacedFile& file, std::uint64_t bus, std::uint64_t stall_limit_ns) {
  const std::uint64_t limit = platform::monotonic_ns() + stall_limit_ns;
  while (shared().bus.load(std::memory_order_acquire) != bus) {
    if (platform::lock_byte(file.descriptor(), 0)) {  // dropped with the descriptor
      if (shared().bus.load(std::memory_order_acquire) == bus) return;
      give_all_back();
      SHMBUS_CRASH_POINT("group.taken_over");
      shared().bus.store(bus, std::memory_order_release);
      return;
    }
    if (platform::monotonic_ns() > limit) {
      throw Error(ErrorCode::busy,
                  {object_, "to be taken over by one process", "another one has held its lock for the stall limit",
                   "end that process, or try again"});
    }
    std::this_thread::sleep_for(std::chrono::microseconds{200});
  }
}

/// After the machine's crash the file's pages are of different moments. A slot that is ahead of the floor was taken when the
/// floor had passed its former event (W1), so the floor is raised first. What was settled since the page was written is
/// delivered again.
void GroupFile::give_all_back() noexcept {
  GroupHeader& h = shared();
  Window window(h, settings_.window);
  constexpr std::int64_t kPlausible = 1 << 20;  // rounds; more are broken bytes
  std::uint64_t floor = window.floor();
  for (std::uint64_t s = floor, end = floor + window.size(); s < end; ++s) {
    const std::int64_t ahead = -window.word(s).rounds_to(window.round(s));
    if (ahead > 0 && ahead < kPlausible)
      floor = std::max(floor, s + (static_cast<std::uint64_t>(ahead) - 1) * window.size() + 1);
  }
  h.floor.store(floor, std::memory_order_seq_cst);
  std::uint64_t walked = floor;
  const std::uint64_t now = WhenWord::moment_of(platform::monotonic_ns());
  for (std::uint64_t s = floor; s < floor + window.size(); ++s) {
    const SlotWord word = window.word(s);
    const bool known = word.round() == window.round(s);
    const SlotWord next = !known                               ? SlotWord(window.round(s) - 1, 0, 0, SlotState::settled)
                          : word.state() == SlotState::settled ? word
                                                               : word.with(SlotState::waiting);
    if (known) walked = s + 1;
    window.reset(s, next, now);
  }
  for (layout::GroupMember& m : h.members) {
    m.owner.store(0, std::memory_order_relaxed);
    take_counts_out(h, m);
  }
  h.ready_top.store(0, std::memory_order_relaxed);
  h.sleepers.store(0, std::memory_order_relaxed);
  h.failures.store(0, std::memory_order_relaxed);
  h.cautious_until.store(0, std::memory_order_relaxed);
  h.full_since.store(0, std::memory_order_relaxed);
  h.leased.store(0, std::memory_order_relaxed);
  h.past[layout::kWalkedCount].store(walked, std::memory_order_relaxed);
  window.advance_floor();
  h.due.store(Due::initial(), std::memory_order_relaxed);
  window.due().lower(now);
}

}  // namespace shmbus::group
