#include "log/gate.hpp"

#include <algorithm>

#include "layout/segment_checks.hpp"
#include "log/claims.hpp"
#include "log/held_port.hpp"
#include "log/journal_gate.hpp"
#include "log/ports.hpp"
#include "log/repair.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::ClaimWord;
using layout::JournalWords;
using layout::SubscriberPort;

namespace {

bool reliable(const SubscriberPort& port) noexcept { return (port.mode.load(std::memory_order_acquire) & 1) != 0; }

/// A pin means "this block and all later ones". The load is sequentially consistent: a subscriber that attaches or
/// moves at the same time is either seen here, or finds its block still linked.
bool needs(const SubscriberPort& port, std::uint64_t leaving) noexcept {
  const std::uint64_t pin = port.words.pin.load(std::memory_order_seq_cst);
  return pin != kNone && pin <= leaving && reliable(port);
}

enum class Hold { gates, moved_on, demoted };

constexpr std::uint64_t kPrompt = 1'000'000;  // ns between two readings of the clock that may count as one moment

/// `held_since` as it was found, at a moment.
struct Mark {
  std::uint64_t word;
  std::uint64_t now;

  std::uint64_t since() const noexcept { return word & ~layout::kHoldConfirmed; }
  bool confirmed() const noexcept { return (word & layout::kHoldConfirmed) != 0; }
  /// No publisher is about to confirm it, or the clock was set back.
  bool stale() const noexcept { return word == 0 || since() > now || (!confirmed() && now - since() >= kPrompt); }
  std::uint64_t age() const noexcept { return confirmed() && since() <= now ? now - since() : 0; }
};

Mark mark_of(const BlockLog& log, const SubscriberPort& port) noexcept {
  const std::uint64_t word = port.held_since.load(std::memory_order_seq_cst);
  return {word, log.environment().monotonic_ns()};
}

/// Marks that a subscriber holds publishers back from now on. A publisher may be stopped after it reads the clock and
/// before it sets the mark; the time of that stop must not count against the subscriber. So the clock is read again
/// after the mark is set, and only a prompt mark is confirmed. If we die or stop before that, another publisher sets it
/// again.
Hold begin_hold(BlockLog& log, SubscriberPort& port, const Mark& found, std::uint64_t leaving) noexcept {
  const std::uint64_t now = found.now & ~layout::kHoldConfirmed;
  std::uint64_t word = found.word;
  // Sequentially consistent: the subscriber moves its pin, then loads this word; we set the word, then load the pin.
  port.held_since.compare_exchange_strong(word, now, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("gate.timed");
  std::uint64_t mine = now;
  if (!needs(port, leaving)) {  // it has moved on: leave no mark that would count against it later
    port.held_since.compare_exchange_strong(mine, 0, std::memory_order_seq_cst);
    return Hold::moved_on;
  }
  if (log.environment().monotonic_ns() - now < kPrompt) {
    port.held_since.compare_exchange_strong(mine, now | layout::kHoldConfirmed, std::memory_order_seq_cst);
    SHMBUS_CRASH_POINT("gate.confirmed");
  }
  return Hold::gates;
}

/// For how long a port may hold publishers back; 0: for ever.
std::uint64_t limit_of(const SubscriberPort& port, bool held) noexcept {
  if (!held) return port.demote_after.load(std::memory_order_acquire);
  return std::max<std::uint64_t>(1, port.hold_for.load(std::memory_order_acquire));
}

/// Decides about a reliable subscriber that needs `leaving`: it gates, unless it has moved on or its time is up.
Hold hold_of(BlockLog& log, SubscriberPort& port, std::uint64_t leaving, std::uint64_t limit) noexcept {
  // Loaded first: the compare-and-swap below expects exactly the word that was reliable. The word names the
  // subscription, so a new tenant of the port has another word, even if it is of the same node.
  std::uint64_t mode = port.mode.load(std::memory_order_seq_cst);
  if ((mode & 1) == 0) return Hold::demoted;
  const Mark mark = mark_of(log, port);
  if (mark.stale()) return begin_hold(log, port, mark, leaving);
  if (limit == 0 || mark.age() < limit) return Hold::gates;
  if (!needs(port, leaving)) return Hold::moved_on;
  // It moved, and holds us back again.
  if (port.held_since.load(std::memory_order_seq_cst) != mark.word) return Hold::gates;
  if (!port.mode.compare_exchange_strong(mode, mode & ~std::uint64_t{1}, std::memory_order_seq_cst)) return Hold::gates;
  SHMBUS_CRASH_POINT("gate.demoted");
  log.wake_publishers();
  return Hold::demoted;
}

/// Whether a subscription has another port that it reads from: complete, adopted, and pinning. Only the subscription
/// itself makes such a port, and once it has one it adopts no other.
bool served_elsewhere(const BlockLog& log, unsigned number, std::uint64_t node, std::uint64_t subscription) noexcept {
  bool served = false;
  for_each_port(log.header().subscribers.load(std::memory_order_seq_cst), [&](unsigned i) {
    const SubscriberPort& port = log.subscriber(i);
    served = served || (i != number && port.owner.load(std::memory_order_seq_cst) == node &&
                        port.subscription.load(std::memory_order_acquire) == subscription &&
                        port.words.pin.load(std::memory_order_seq_cst) != kNone);
  });
  return served;
}

/// Withdraws a placed port that holds us back without use, and returns whether it did. There are three cases. Its
/// subscription has left the list. Or the subscription has a port of its own, because the process that placed this one
/// died or stopped before it withdrew it. Or the subscription could not attach the topic for the whole stall limit; it
/// then counts the events that it misses until it can.
bool withdrawn(BlockLog& log, unsigned number, std::uint64_t owner) noexcept {
  if ((owner & layout::kPlaced) == 0) return false;
  const SubscriberPort& port = log.subscriber(number);
  const std::uint64_t subscription = port.subscription.load(std::memory_order_acquire);
  const std::uint64_t node = layout::owner_node(owner);
  PortHolders* const holders = log.holders();
  const bool useless = (holders != nullptr && !holders->stands(subscription)) ||
                       served_elsewhere(log, number, node, subscription) ||
                       (holders != nullptr && mark_of(log, port).age() >= log.environment().stall_limit_ns() &&
                        holders->cannot_attach(subscription));
  if (!useless || !withdraw_port(log, number, node, subscription)) return false;
  SHMBUS_CRASH_POINT("gate.withdrawn");
  return true;
}

/// Whether the journal's gate needs `leaving`. It does until it has not moved for `unrecorded_limit`: no process records,
/// the one that does is stopped, or its disk hangs. Where the topic is to go on without the journal while the disk is
/// behind, it does only while no process records. The mark and the demotion are those of a subscriber's port: the recorder
/// that moves or shuts the gate clears the mark, and gives the gate it shuts another mode word, so a publisher's late
/// demotion can't hit a later hold.
bool journal_gates(BlockLog& log, JournalWords& journal, std::uint64_t leaving) noexcept {
  SubscriberPort& gate = journal.gate;
  if (!needs(gate, leaving)) return false;
  const std::uint64_t recorder = journal.recorder.load(std::memory_order_acquire);
  if (layout::load_once(journal.skip_when_behind) == 0 || recorder == 0 || !log.environment().alive(recorder))
    return hold_of(log, gate, leaving, limit_of(gate, false)) == Hold::gates;
  std::uint64_t mode = gate.mode.load(std::memory_order_seq_cst);
  if (!needs(gate, leaving)) return false;
  if ((mode & 1) != 0) gate.mode.compare_exchange_strong(mode, mode & ~std::uint64_t{1}, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("gate.skipped");
  return false;
}

/// Whether a subscriber's port gates. Where its owner has ended, another process may take it over at any moment; then it
/// is asked again.
bool port_gates(BlockLog& log, unsigned number, std::uint64_t leaving) noexcept {
  SubscriberPort& port = log.subscriber(number);
  constexpr int kOwners = 16;  // more in a row: the publisher asks again a little later
  for (int i = 0; i < kOwners; ++i) {
    if (!needs(port, leaving)) return false;
    const std::uint64_t owner = port.owner.load(std::memory_order_seq_cst);  // handed over after the pin was set
    if (owner == 0) return false;
    if ((owner & (layout::kRepairing | layout::kHeld)) == 0 && log.environment().alive(layout::owner_node(owner)))
      return hold_of(log, port, leaving, limit_of(port, false)) == Hold::gates && !withdrawn(log, number, owner);
    if (keep_port(log, number)) {
      const Hold hold = hold_of(log, port, leaving, limit_of(port, true));
      if (hold == Hold::demoted) free_held_port(log, number);
      return hold == Hold::gates;
    }
    if (port.owner.load(std::memory_order_seq_cst) != owner) continue;
    repair_subscriber(log, number);
    return false;  // other dead subscribers don't gate, repaired or not
  }
  return true;
}

}  // namespace

bool gated(BlockLog& log, std::uint64_t leaving) noexcept {
  bool held = log.journal() != nullptr && journal_gates(log, *log.journal(), leaving);
  for_each_port(log.header().subscribers.load(std::memory_order_seq_cst),
                [&](unsigned i) { held = port_gates(log, i, leaving) || held; });
  return held;
}

bool gated_by(const BlockLog& log, std::uint64_t subscription) noexcept {
  const std::uint64_t newest = log.whole_number(log.tail().load(std::memory_order_acquire));
  if (newest == kNone || newest + 1 <= log.blocks()) return false;
  bool held = false;
  for_each_port(log.header().subscribers.load(std::memory_order_seq_cst), [&](unsigned i) {
    const SubscriberPort& port = log.subscriber(i);
    // A port that pins a block names its subscription, which is stored before the pin. A free port pins nothing.
    held = held || (needs(port, newest + 1 - log.blocks()) &&
                    port.subscription.load(std::memory_order_acquire) == subscription);
  });
  return held;
}

bool number_in_use(BlockLog& log, std::uint64_t number) noexcept {
  bool used = false;
  for_each_port(log.header().publishers.load(std::memory_order_seq_cst), [&](unsigned i) {
    const std::uint64_t where = log.publisher(i).words.where.load(std::memory_order_acquire);
    if (where == kNone || log.format().block(where) != log.format().low(number)) return;
    if (repair_publisher(log, i) != Repair::done) used = true;  // a dead one does not count
  });
  return used;
}

bool pinned(const BlockLog& log, std::uint32_t physical) noexcept {
  const std::uint64_t number = log.entry(physical).number.load(std::memory_order_acquire);
  bool found = false;
  // The tail grants claims, and its later values were acquired before the block left the ring: so no stronger order is
  // needed.
  for_each_port(log.header().publishers.load(std::memory_order_seq_cst), [&](unsigned i) {
    const layout::PublisherPort& port = log.publisher(i);
    if (port.words.where.load(std::memory_order_acquire) == kNone) return;
    found = found || ClaimWord(port.words.what.load(std::memory_order_acquire)).physical() == physical;
  });
  if (number == kNone || found) return found;
  // A number belongs to one block for ever. If the number is not open yet, or another block was linked under it, then
  // this block has it because a publisher died before it could link the block: no pin ever led here.
  const layout::RingEntry e(log.slot(number).load(std::memory_order_seq_cst));
  if (e.older_than(number) || (e.holds(number) && e.linked() && e.physical() != physical)) return false;
  for_each_port(log.header().subscribers.load(std::memory_order_seq_cst), [&](unsigned i) {
    const SubscriberPort& port = log.subscriber(i);
    // First the pin, then the slots: a retained block is in its slot before the pin moves on.
    found = found || port.words.pin.load(std::memory_order_seq_cst) == number;
    for (const auto& slot : port.retained) found = found || slot.load(std::memory_order_seq_cst) == number;
  });
  return found;
}

std::uint64_t next_demotion(const BlockLog& log) noexcept {
  std::uint64_t soonest = kNone;
  const std::uint64_t now = log.environment().monotonic_ns();
  const auto look = [&](const SubscriberPort& port) {
    const std::uint64_t limit = limit_of(port, (port.owner.load(std::memory_order_acquire) & layout::kHeld) != 0);
    const Mark mark{port.held_since.load(std::memory_order_acquire), now};
    if (limit == 0 || mark.word == 0 || !reliable(port)) return;
    soonest = std::min({soonest, mark.age() >= limit ? 0 : limit - mark.age(), mark.confirmed() ? kNone : kPrompt});
  };
  for_each_port(log.header().subscribers.load(std::memory_order_acquire), [&](unsigned i) { look(log.subscriber(i)); });
  if (log.journal() != nullptr) look(log.journal()->gate);
  return soonest;
}

}  // namespace shmbus::log
