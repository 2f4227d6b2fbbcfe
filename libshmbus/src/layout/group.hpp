#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "layout/constants.hpp"
#include "layout/shared_text.hpp"

namespace shmbus::layout {

enum class GroupOrder : std::uint32_t { any = 0, by_key = 1 };

/// What a slot says of its event.
enum class SlotState : std::uint64_t {
  settled = 0,  ///< acknowledged, a dead letter, or a number that no event has; also: of an earlier round
  leased = 1,
  waiting = 2,
};

//  63        24 23      8 7      2 1    0
//  +-----------+---------+--------+------+
//  | round     | leases  | member | what |
//  +-----------+---------+--------+------+
//
/// One event of a group: sequence s has slot s mod W and round s / W. `leases` counts how often this event was leased,
/// `member` is the entry of the last holder. From the thousandth lease on at least two seconds lie between two
/// (group/back_off.hpp); after 65,535 the count goes on with 1000. So the word does not come round within a day.
class SlotWord {
 public:
  static constexpr unsigned kMemberShift = 2, kLeasesShift = 8, kRoundShift = 24;
  static constexpr std::uint64_t kMostLeases = 0xffff, kFirstOfMany = 1000;
  static constexpr std::uint64_t kRounds = std::uint64_t{1} << 40;

  constexpr SlotWord() = default;
  explicit constexpr SlotWord(std::uint64_t bits) noexcept : bits_(bits) {}
  constexpr SlotWord(std::uint64_t round, std::uint64_t leases, unsigned member, SlotState state) noexcept
      : bits_(round << kRoundShift | (leases & kMostLeases) << kLeasesShift |
              std::uint64_t{member & 63} << kMemberShift | static_cast<std::uint64_t>(state)) {}

  constexpr std::uint64_t bits() const noexcept { return bits_; }
  constexpr std::uint64_t round() const noexcept { return bits_ >> kRoundShift; }
  constexpr std::uint64_t leases() const noexcept { return bits_ >> kLeasesShift & kMostLeases; }
  constexpr unsigned member() const noexcept { return static_cast<unsigned>(bits_ >> kMemberShift & 63); }
  /// A value that no member writes counts as settled: broken bytes lead to no lease.
  constexpr SlotState state() const noexcept {
    return (bits_ & 3) == 1 ? SlotState::leased : (bits_ & 3) == 2 ? SlotState::waiting : SlotState::settled;
  }
  constexpr SlotWord with(SlotState state) const noexcept {
    return SlotWord((bits_ & ~std::uint64_t{3}) | static_cast<std::uint64_t>(state));
  }
  /// The round of an event less this one's: 0, or how far this word is behind (or ahead: negative). Rounds are compared
  /// modulo 2^40.
  constexpr std::int64_t rounds_to(std::uint64_t round) const noexcept {
    return static_cast<std::int64_t>((round - this->round()) << kRoundShift) >> kRoundShift;
  }
  constexpr bool operator==(const SlotWord&) const = default;

 private:
  std::uint64_t bits_ = 0;
};

//  63                       24 23     12 11     1 0
//  +--------------------------+---------+--------+---------+
//  | moment, 2^20 ns          | round   | leases | waiting |
//  +--------------------------+---------+--------+---------+
//
/// When a lease ends, or before which moment a waiting event may not be leased, by CLOCK_MONOTONIC. It is stored after the
/// slot word, and bears that word's low bits: with other bits it says nothing of it.
class WhenWord {
 public:
  static constexpr unsigned kUnitShift = 20;  // 1.05 ms
  static constexpr unsigned kMomentShift = 24;

  explicit constexpr WhenWord(std::uint64_t bits) noexcept : bits_(bits) {}
  constexpr WhenWord(SlotWord slot, std::uint64_t moment) noexcept : bits_(moment << kMomentShift | tag(slot)) {}
  constexpr std::uint64_t bits() const noexcept { return bits_; }
  constexpr bool of(SlotWord slot) const noexcept { return (bits_ & ((1u << kMomentShift) - 1)) == tag(slot); }
  constexpr std::uint64_t moment() const noexcept { return bits_ >> kMomentShift; }

  /// Rounds down: a moment that has come has come.
  static constexpr std::uint64_t moment_of(std::uint64_t monotonic_ns) noexcept { return monotonic_ns >> kUnitShift; }
  /// Rounds up: nothing ends before its time.
  static constexpr std::uint64_t moment_after(std::uint64_t monotonic_ns) noexcept {
    return (monotonic_ns + (std::uint64_t{1} << kUnitShift) - 1) >> kUnitShift;
  }
  /// The moment that is `delay_ns` away; without a delay, one that has come.
  static constexpr std::uint64_t moment_in(std::uint64_t now_ns, std::uint64_t delay_ns) noexcept {
    return delay_ns == 0 ? moment_of(now_ns) : moment_after(now_ns + delay_ns);
  }
  static constexpr std::uint64_t ns(std::uint64_t moment) noexcept { return moment << kUnitShift; }

 private:
  static constexpr std::uint64_t tag(SlotWord slot) noexcept {
    return (slot.round() & 0xfff) << 12 | (slot.leases() & 0x7ff) << 1 | (slot.state() == SlotState::waiting ? 1 : 0);
  }
  std::uint64_t bits_;
};

//  0      8      16       24           32
//  +------+------+--------+------------+
//  | word | when | leased | (reserved) |
//  +------+------+--------+------------+
struct GroupSlot {
  std::atomic<std::uint64_t> word;    // SlotWord; every change is a compare-and-swap
  std::atomic<std::uint64_t> when;    // WhenWord
  std::atomic<std::uint64_t> leased;  // since when, CLOCK_MONOTONIC ns; for monitors and long pauses; by the holder
  std::uint64_t reserved;
};
static_assert(sizeof(GroupSlot) == 32);

//  0                                128     136    144            152      192
//  +--------------------------------+-------+------+--------------+--------+-----------------+
//  | counts of this member          | owner | bell | subscription | walked | name            |
//  +--------------------------------+-------+------+--------------+--------+-----------------+
struct GroupMember {
  // Written by the member alone.
  alignas(kLine) std::atomic<std::uint64_t> leases;  // events leased, again or for the first time
  std::atomic<std::uint64_t> acknowledged;
  std::atomic<std::uint64_t> given_back;
  std::atomic<std::uint64_t> rejected;
  std::atomic<std::uint64_t> expired;       // leases that had ended before their holder ended them
  std::atomic<std::uint64_t> redelivered;   // leases of events that had been leased before
  std::atomic<std::uint64_t> dead_letters;  // events published as dead letters
  std::atomic<std::uint64_t> unpublished;   // dead letters that could not be published; tried again
  std::atomic<std::uint64_t> lost;          // events that had left the ring
  std::atomic<std::uint64_t> walked;        // the sequence behind the last one that it has walked over

  alignas(kLine) std::atomic<std::uint64_t> owner;  // node; 0: free; by compare-and-swap from 0 or a dead node
  std::atomic<std::uint64_t> bell;                  // its number (kFirstSubscriptionBell)
  std::atomic<std::uint64_t> subscription;
  std::atomic<std::int64_t> joined_ns;  // since 1970
  std::uint64_t reserved[4];
  SharedText<64> name;  // written by the winner of `owner`
};
static_assert(sizeof(GroupMember) == 2 * kLine);
static_assert(offsetof(GroupMember, walked) == 72 && offsetof(GroupMember, owner) == 128);
static_assert(offsetof(GroupMember, name) == 192);

inline constexpr unsigned kMaxMembers = 64;
inline constexpr unsigned kWalkedCount = 9;  ///< index of `walked` among a member's counts
inline constexpr std::uint32_t kMinWindow = 1024, kMaxWindow = 1u << 18;
inline constexpr unsigned kMaxBackOff = 8;
inline constexpr std::uint32_t kGroupFileVersion = 1;

//  0          1024            2048           4096           20480
//  +----------+---------------+--------------+--------------+------------------------+-----------+
//  | header   | (reserved)    | shared words | 64 members   | ready: top, 64 summary | W slots   |
//  |          |               |              |              | words, W / 64 words    | on a page |
//  +----------+---------------+--------------+--------------+------------------------+-----------+
//
// A group of one topic: `shmbus.B.T.group.G.I`, or beside the topic's journal.

/// What its creator chose. Written before the file has a name, and never again.
struct GroupRecord {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_size;         // bytes, sizeof(GroupHeader)
  std::uint32_t compatible_flags;    // unknown ones may be ignored
  std::uint32_t incompatible_flags;  // unknown ones forbid use
  std::uint64_t size;                // bytes of this file
  std::uint64_t topic;               // id of the topic; 0: it lies beside the topic's journal
  std::uint64_t id;                  // random: which group of that name
  std::int64_t created_ns;           // since 1970
  std::uint32_t mode;                // of the file
  std::uint32_t window;              // slots, a power of two
  std::uint64_t in_flight;           // leases out at one time; 0: as many as the window has slots
  std::uint64_t lease_ns;
  std::uint64_t lease_most_ns;
  std::uint64_t abandon_after_ns;
  std::uint32_t max_deliveries;  // 0: without end
  GroupOrder order;
  std::uint32_t back_offs;  // how many of the following
  std::uint32_t reserved;
  std::uint64_t back_off_ns[kMaxBackOff];
  char name[64];
  char topic_name[128];
  char dead_letters[128];  // name of the topic
  std::byte reserved2[520];
  std::uint64_t checksum;  // of all before it, as in the files of durable subscriptions
};
static_assert(sizeof(GroupRecord) == 1024 && offsetof(GroupRecord, back_off_ns) == 112);
static_assert(offsetof(GroupRecord, name) == 176 && offsetof(GroupRecord, checksum) == 1016);

struct GroupHeader {
  GroupRecord record;
  std::byte reserved[1024];

  // Shared words, each on lines of its own.
  alignas(kLine) std::atomic<std::uint64_t> bus;       // incarnation of the bus whose members use it now
  alignas(kLine) std::atomic<std::uint64_t> floor;     // no event below is unsettled; moved up by compare-and-swap
  alignas(kLine) std::atomic<std::uint64_t> due;       // DueWord
  alignas(kLine) std::atomic<std::uint64_t> failures;  // FloodGuard: failed and all of the latest leases
  std::atomic<std::uint64_t> cautious_until;  // while cautious: no lease before, CLOCK_MONOTONIC ns; 0: not cautious
  std::atomic<std::uint64_t> cautious_times;  // how often it has become cautious
  alignas(kLine) std::atomic<std::uint64_t> sleepers;  // a bit for each member that sleeps
  std::atomic<std::uint64_t> generation;               // counts members that came and went
  std::atomic<std::uint64_t> full_since;  // a full window was met, CLOCK_MONOTONIC ns; 0: it is not full; for monitors
  std::atomic<std::uint64_t> leased;  // changes (32), leases out (32); of a group that limits them (LeaseLimit)
  // Counts of members that have left, in the order of GroupMember; `walked` is the highest.
  alignas(kLine) std::atomic<std::uint64_t> past[10];
  std::atomic<std::uint64_t> deaths;   // members that died
  std::atomic<std::uint64_t> gap_end;  // for monitors: the last number of the last stretch crossed in one step
  std::byte reserved2[kPage - 2048 - 6 * kLine];

  GroupMember members[kMaxMembers];

  // Which slots are waiting and may be leased; hints. A bit of `ready_top` says that the word of `ready_summary` is not 0,
  // a bit of that that a word behind is not 0, a bit of that belongs to a slot.
  alignas(kLine) std::atomic<std::uint64_t> ready_top;
  alignas(kLine) std::atomic<std::uint64_t> ready_summary[64];
  // std::atomic<std::uint64_t> ready[window / 64]
  // GroupSlot slots[window], on a page
};
static_assert(offsetof(GroupHeader, bus) == 2048 && offsetof(GroupHeader, floor) == 2176);
static_assert(offsetof(GroupHeader, due) == 2304 && offsetof(GroupHeader, failures) == 2432);
static_assert(offsetof(GroupHeader, sleepers) == 2560 && offsetof(GroupHeader, past) == 2688);
static_assert(offsetof(GroupHeader, members) == 4096 && offsetof(GroupHeader, ready_top) == 20480);
static_assert(sizeof(GroupHeader) == 21120);

constexpr std::uint64_t group_slots_offset(std::uint32_t window) noexcept {
  return (sizeof(GroupHeader) + window / 8 + kPage - 1) & ~std::uint64_t{kPage - 1};
}
constexpr std::uint64_t group_file_size(std::uint32_t window) noexcept {
  return group_slots_offset(window) + std::uint64_t{window} * sizeof(GroupSlot);
}

}  // namespace shmbus::layout
