#include "group/members.hpp"

#include <bit>

#include "platform/clock.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::group {

using layout::GroupMember;
using layout::kMaxMembers;

namespace {

/// The counts of a member, in the order of `past`; the last is not one.
std::atomic<std::uint64_t>* counts(GroupMember& m) noexcept { return &m.leases; }
constexpr unsigned kCounts = layout::kWalkedCount;

void raise(std::atomic<std::uint64_t>& word, std::uint64_t to) noexcept {
  std::uint64_t found = word.load(std::memory_order_seq_cst);
  while (found < to && !word.compare_exchange_weak(found, to, std::memory_order_seq_cst)) {
  }
}

}  // namespace

void take_counts_out(layout::GroupHeader& shared, GroupMember& m) noexcept {
  for (unsigned i = 0; i < kCounts; ++i) {
    if (const std::uint64_t count = counts(m)[i].exchange(0, std::memory_order_seq_cst); count != 0)
      shared.past[i].fetch_add(count, std::memory_order_relaxed);
  }
}

std::optional<unsigned> Members::join(std::uint64_t bell, std::uint64_t subscription, std::uint64_t walked,
                                      std::string_view name) noexcept {
  for (unsigned i = 0; i < kMaxMembers; ++i) {
    GroupMember& m = shared_->members[i];
    std::uint64_t free = 0;
    if (m.owner.load(std::memory_order_relaxed) != 0 ||
        !m.owner.compare_exchange_strong(free, node_->id(), std::memory_order_seq_cst))
      continue;
    SHMBUS_CRASH_POINT("group.joined");
    m.name.store(name);
    m.bell.store(bell, std::memory_order_release);
    m.subscription.store(subscription, std::memory_order_release);
    m.joined_ns.store(platform::system_ns(), std::memory_order_relaxed);
    m.walked.store(walked, std::memory_order_seq_cst);
    shared_->generation.fetch_add(1, std::memory_order_seq_cst);
    wake();  // those that sleep watch for its death from now on
    return i;
  }
  return std::nullopt;
}

/// Whoever frees the entry owns it meanwhile: so nobody else takes anything out, and nothing of the next tenant's. A process
/// that dies in between takes some counts with it, and leaves an entry of a dead node.
bool Members::free(unsigned member, std::uint64_t owner) noexcept {
  GroupMember& m = shared_->members[member];
  const std::uint64_t mine = node_->id();
  std::uint64_t found = owner;
  if (!m.owner.compare_exchange_strong(found, mine, std::memory_order_seq_cst)) return false;
  SHMBUS_CRASH_POINT("group.freeing");
  raise(shared_->past[layout::kWalkedCount], m.walked.load(std::memory_order_seq_cst));
  take_counts_out(*shared_, m);
  shared_->sleepers.fetch_and(~(std::uint64_t{1} << member), std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("group.counted");
  found = mine;
  if (!m.owner.compare_exchange_strong(found, 0, std::memory_order_seq_cst)) return false;
  shared_->generation.fetch_add(1, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("group.freed");
  return true;
}

std::uint64_t Members::dead() const noexcept {
  std::uint64_t found = 0;
  for (unsigned i = 0; i < kMaxMembers; ++i) {
    if (dead_owner(i) != 0) found |= std::uint64_t{1} << i;
  }
  return found;
}

bool Members::others_hold() const noexcept {
  for (unsigned i = 0; i < kMaxMembers; ++i) {
    const std::uint64_t node = owner(i);
    if (node != 0 && node != node_->id() && leases_out(shared_->members[i]) != 0) return true;
  }
  return false;
}

std::uint64_t Members::walked() const noexcept {
  std::uint64_t most = shared_->past[layout::kWalkedCount].load(std::memory_order_seq_cst);
  for (unsigned i = 0; i < kMaxMembers; ++i) {
    if (owner(i) == 0) continue;
    const std::uint64_t walked = shared_->members[i].walked.load(std::memory_order_seq_cst);
    if (walked > most) most = walked;
  }
  return most;
}

void Members::show_walked(std::uint64_t sequence) noexcept { raise(shared_->past[layout::kWalkedCount], sequence); }

void Members::wake() noexcept {
  for (std::uint64_t bits = shared_->sleepers.load(std::memory_order_seq_cst); bits != 0; bits &= bits - 1) {
    const GroupMember& m = shared_->members[std::countr_zero(bits)];
    if (m.owner.load(std::memory_order_acquire) != 0) node_->registry().ring(m.bell.load(std::memory_order_acquire));
  }
}

}  // namespace shmbus::group
