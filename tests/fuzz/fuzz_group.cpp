// A group's file of any bytes: validation, take-over, what monitors read of it, and each step of a member, while more of it
// changes.

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/bus_name.hpp"
#include "fuzz/segment_folder.hpp"
#include "group/group_file.hpp"
#include "group/sweep.hpp"
#include "layout/cursor.hpp"
#include "platform/clock.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"
#include "topic/topic_segment.hpp"

namespace {

using namespace shmbus::group;
using shmbus::base::BusName;
using shmbus::base::TopicName;
using shmbus::layout::GroupHeader;
using shmbus::layout::GroupMember;
using shmbus::layout::GroupRecord;
using shmbus::layout::GroupSlot;
using shmbus::platform::Access;
using shmbus::topic::TopicSegment;

constexpr std::uint32_t kWindow = shmbus::layout::kMinWindow;
const shmbus::base::GroupName& name() {
  static const shmbus::base::GroupName& name = *new shmbus::base::GroupName("g");
  return name;
}

/// A group whose member has left events in each state, and a node that lives for as long as the process.
struct Setting {
  Setting() {
    shmbus::Bus bus = shmbus::Bus::open(fuzz::bus_name(), {.stall_limit = std::chrono::milliseconds{1}});
    {
      shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
      shmbus::GroupOptions options{.window = kWindow, .start = shmbus::Start::oldest()};
      shmbus::Group group = bus.group("t", "g", options);
      std::vector<shmbus::Lease> leases;
      for (int i = 0; i < 40; ++i) static_cast<void>(publisher.publish("an event"));
      for (int i = 0; i < 30; ++i) leases.push_back(group.try_take());
      for (std::size_t i = 0; i < leases.size(); i += 2) static_cast<void>(leases[i].acknowledge());
      for (std::size_t i = 1; i < 20; i += 2) static_cast<void>(leases[i].give_back());
    }
    const BusName bus_name(fuzz::bus_name());
    member = shmbus::registry::Membership::of(shmbus::registry::Registry::find(bus_name, Access::read_write, {}));
    segment = TopicSegment::find(member, TopicName("t"), Access::read_write);
    for (const std::string& file : shmbus::platform::SegmentFile::list(bus_name.group_prefix(TopicName("t")))) {
      const std::uint64_t ready = offsetof(GroupHeader, ready_top), slots = shmbus::layout::group_slots_offset(kWindow);
      copy = std::make_unique<fuzz::SegmentCopy>(
          "/dev/shm/" + file, std::vector<fuzz::Range>{{0, sizeof(GroupRecord)},
                                                       {offsetof(GroupHeader, bus), 2048},
                                                       {offsetof(GroupHeader, members), 4 * sizeof(GroupMember)},
                                                       {ready, slots - ready},
                                                       {slots, kWindow * sizeof(GroupSlot)}});
    }
    if (!segment || !copy) std::abort();
  }

  shmbus::registry::Membership member;
  std::shared_ptr<TopicSegment> segment;
  std::unique_ptr<fuzz::SegmentCopy> copy;
};

constexpr std::uint16_t kRecordFields[] = {
    offsetof(GroupRecord, magic),         offsetof(GroupRecord, version),   offsetof(GroupRecord, incompatible_flags),
    offsetof(GroupRecord, size),          offsetof(GroupRecord, topic),     offsetof(GroupRecord, mode),
    offsetof(GroupRecord, window),        offsetof(GroupRecord, in_flight), offsetof(GroupRecord, lease_ns),
    offsetof(GroupRecord, lease_most_ns), offsetof(GroupRecord, order),     offsetof(GroupRecord, back_offs),
    offsetof(GroupRecord, back_off_ns),   offsetof(GroupRecord, name),      offsetof(GroupRecord, topic_name),
    offsetof(GroupRecord, dead_letters)};
constexpr std::uint16_t kSharedFields[] = {0, 128, 256, 384, 392, 400, 512, 520, 528, 536, 640, 712, 720, 728};
constexpr std::uint16_t kMemberFields[] = {0, 8, 72, 128, 136, 144, 152, 192, 256, 328, 384, 392};
constexpr std::uint16_t kReadyFields[] = {0, 8, 128, 136, 640, 648};
constexpr std::uint16_t kSlotFields[] = {0, 8, 16, 32, 40, 64, 72, 32 * 20, 32 * 20 + 8, 32 * 39, 32 * 40, 32 * 1023};

void damage(const Setting& setting, fuzz::Input& input) {
  switch (input.take() % 8) {
    case 0: {  // checked by a checksum, which must not be what protects from the rest
      fuzz::damage(setting.copy->range(0), kRecordFields, input);
      auto& record = *reinterpret_cast<GroupRecord*>(setting.copy->range(0).data());
      if (input.chance()) record.checksum = shmbus::layout::checksum_of(record, offsetof(GroupRecord, checksum), 0);
      return;
    }
    case 1:
    case 2:
      return fuzz::damage(setting.copy->range(1), kSharedFields, input);
    case 3:
      return fuzz::damage(setting.copy->range(2), kMemberFields, input);
    case 4:
      return fuzz::damage(setting.copy->range(3), kReadyFields, input);
    default:
      return fuzz::damage(setting.copy->range(4), kSlotFields, input);
  }
}

/// One member, which does what the input says.
class Actor {
 public:
  Actor(const Setting& setting, GroupFile& file)
      : setting_(setting),
        file_(file),
        window_(file.shared(), file.settings().window),
        members_(file.shared(), *setting.member.node),
        guard_(file.shared()),
        limit_(file.shared(), file.settings().in_flight),
        sweep_(window_, members_, guard_, limit_, BackOff(file.settings().back_off_ns), file.settings().lease_ns),
        chain_(file.settings().window) {}

  void act(fuzz::Input& input) {
    const auto joined = members_.join(0, 0, window_.floor(), "fuzz");
    if (!joined) return;
    member_ = *joined;
    walk_ = window_.floor();
    for (int i = 0; i < 64 && !input.empty(); ++i) step(input);
    for (const Held& held : held_) window_.settle(held);
    members_.free(member_, setting_.member.node->id());
  }

 private:
  void step(fuzz::Input& input) {
    const std::uint64_t end = WhenWord::moment_after(now_ + file_.settings().lease_ns);
    switch (input.take() % 16) {
      case 0:
      case 1: {
        if (Held held; limit_.take() && window_.lease_next(walk_, member_, now_, end, held) == Window::Step::done)
          held_.push_back(held);
        ++walk_;
        return;
      }
      case 2:
      case 3:
        window_.show_next(walk_);
        chain_.add(walk_, input.chance() ? "a" : "b", window_.floor());
        if (chain_.may_lease(walk_, window_)) window_.set_ready(walk_);
        ++walk_;
        return;
      case 4:
        window_.skip_next(walk_++);
        return;
      case 5:
      case 6:
        if (const auto sequence = window_.take_ready(input.chance() ? walk_ : ~std::uint64_t{0})) {
          if (const auto held = window_.lease_waiting(*sequence, member_, now_, end)) held_.push_back(*held);
        }
        return;
      case 7:
      case 8:
      case 9:
        return end_one(input);
      case 10:
        now_ += std::uint64_t{input.take()} << 28;
        sweep_.run(now_, input.chance() ? &chain_ : nullptr);
        return;
      case 11: {
        const std::uint64_t to = walk_ + input.take<std::uint16_t>();
        if (window_.cross(walk_, to)) walk_ = to;
        return;
      }
      case 12:
        guard_.failed(now_);
        if (guard_.cautious() && !guard_.allow(now_)) guard_.succeeded();
        return;
      case 13:
        members_.wake();
        members_.show_walked(members_.walked());
        static_cast<void>(members_.others_hold());
        return;
      default:
        damage(setting_, input);
    }
  }

  void end_one(fuzz::Input& input) {
    if (held_.empty()) return;
    const Held held = held_.back();
    const std::uint64_t until = WhenWord::moment_in(now_, std::uint64_t{input.take()} << 20);
    if ((input.take() & 3) == 0) {
      window_.extend(held, now_, until);
      return;
    }
    held_.pop_back();
    if (input.chance()) {
      if (window_.settle(held)) static_cast<void>(chain_.next(held.sequence));
    } else if (window_.give_back(held, until)) {
      window_.set_ready(held.sequence);
    }
    limit_.give();
  }

  const Setting& setting_;
  GroupFile& file_;
  Window window_;
  Members members_;
  FloodGuard guard_;
  LeaseLimit limit_;
  Sweep sweep_;
  KeyChain chain_;
  unsigned member_ = 0;
  std::uint64_t walk_ = 0, now_ = shmbus::platform::monotonic_ns();
  std::vector<Held> held_;
};

void inspect() {
  shmbus::Inspector inspector(fuzz::bus_name());
  for (const shmbus::GroupSnapshot& group : inspector.groups()) {
    if (group.problem.empty() && group.members.size() > shmbus::layout::kMaxMembers) std::abort();
  }
  if (inspector.group_events("t", "g", 10).size() > 10) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Setting& setting = *new Setting;
  fuzz::Input input(data, size);
  setting.copy->restore();
  const std::uint8_t how = input.take();
  if (how >= 0xf0) setting.copy->cut(input.take<std::uint16_t>());
  if (how >= 0xe0 && how < 0xf0) fuzz::overwrite(setting.copy->range(how % 5), input);
  if (how < 0xe0) {
    for (int i = how & 7; i > 0; --i) damage(setting, input);
  }
  try {
    if ((how & 24) == 24) inspect();
    if (const auto file = GroupFile::open(*setting.segment, name())) Actor(setting, *file).act(input);
    if ((how & 24) == 24) inspect();
  } catch (const shmbus::Error&) {
  }
  return 0;
}
