// Several members with several threads each share events, while leases are given back, expire, and members die.

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "group/sweep.hpp"
#include "platform/clock.hpp"
#include "support/group_fixture.hpp"
#include "support/time_limits.hpp"

using namespace shmbus::group;
using shmbus::platform::monotonic_ns;
using test::GroupMemory;
using test::GroupNodes;

namespace {

constexpr std::uint64_t kEvents = 4'000, kKeys = 7, kLease = 20'000'000;

std::string key_of(std::uint64_t sequence) { return std::to_string(sequence * 2'654'435'761 % kKeys); }

/// What happened to the events, written by those that did it.
struct Record {
  std::vector<std::atomic<unsigned>> settled = std::vector<std::atomic<unsigned>>(kEvents + 1);
  std::atomic<unsigned> twice{0}, early{0}, below{0};
};

/// A member: one thread walks, sweeps and makes events ready; each of its threads takes them. Death is simulated: it holds its
/// leases and does nothing any more, and its node is destroyed.
class Member {
 public:
  Member(GroupMemory& memory, std::unique_ptr<shmbus::registry::Node> node, bool by_key, Record& record)
      : window_(memory.window()),
        node_(std::move(node)),
        members_(memory.shared(), *node_),
        guard_(memory.shared()),
        sweep_(window_, members_, guard_, shmbus::group::LeaseLimit(memory.shared(), 0), {}, kLease),
        chain_(memory.slots()),
        by_key_(by_key),
        record_(record),
        walk_(window_.floor()),
        entry_(members_.join(0, 0, walk_, "member").value()) {}

  /// One turn of the walking thread. Returns false when all is settled.
  bool walk() {
    if (window_.floor() > kEvents) return false;
    const std::uint64_t now = monotonic_ns();
    while (walk_ <= kEvents && step(now)) {
    }
    if (sweep_.take(now) || members_.dead() != 0) sweep_.run(now, by_key_ ? &chain_ : nullptr);
    return true;
  }

  /// Takes an event and ends its lease somehow. Any thread. `late` are leases that this thread will end late, or never.
  void handle(std::mt19937& random, std::vector<Held>& late) {
    const std::uint64_t now = monotonic_ns();
    const std::optional<std::uint64_t> found = window_.take_ready(shown_.load());
    if (!found) {
      std::this_thread::yield();
      return;
    }
    if (by_key_ && !chain_.may_lease(*found, window_)) return;
    const std::optional<Held> held = window_.lease_waiting(*found, entry_, now, WhenWord::moment_after(now + kLease));
    if (!held) return;
    if (window_.due().moment() == Due::kNever) window_.due().lower(WhenWord::moment_after(now + kLease));
    if (by_key_) check_order(held->sequence);
    check_floor(*held);
    const auto fate = static_cast<unsigned>(random() % 100);
    if (fate < 10) {  // given back: at once, or for later
      const std::uint64_t until = WhenWord::moment_in(now, fate % 2 == 0 ? 0 : 2'000'000);
      if (!window_.give_back(*held, until)) return;
      if (fate % 2 == 0) window_.set_ready(held->sequence);
      window_.due().lower(until);
    } else if (fate == 10) {  // forgotten, or handled for too long: it expires
      window_.due().lower(WhenWord::moment_after(now + kLease));
      late.push_back(*held);
    } else {
      settle(*held);
    }
    if (!late.empty() && random() % 50 == 0) {  // a stale holder comes back
      settle(late.back());
      late.pop_back();
    }
  }

 private:
  bool step(std::uint64_t now) {
    static_cast<void>(now);
    const Window::Step step = walk_ % 13 == 0 ? window_.skip_next(walk_) : window_.show_next(walk_);
    if (step == Window::Step::full) return false;
    if (walk_ % 13 == 0) {
      if (step == Window::Step::done) ++record_.settled[walk_];
    } else if (by_key_) {
      chain_.add(walk_, key_of(walk_), window_.floor());
    }
    const std::uint64_t sequence = walk_++;
    window_.shared().members[entry_].walked.store(walk_);
    if (sequence % 13 != 0 && window_.word(sequence).state() == SlotState::waiting &&
        (!by_key_ || chain_.may_lease(sequence, window_)))
      window_.set_ready(sequence);
    shown_.store(walk_);
    return true;
  }
  void settle(const Held& held) {
    if (!window_.settle(held)) return;
    if (++record_.settled[held.sequence] != 1) ++record_.twice;
    if (!by_key_) return;
    if (const std::uint64_t next = chain_.next(held.sequence); next != 0) {
      window_.set_ready(next);
    } else if (members_.walked() > held.sequence + 1) {
      window_.due().lower(0);
    }
  }
  /// The floor stays below an event that is leased. Where this thread was stopped for longer than its lease, another member
  /// has settled the event, and the floor may be anywhere: its word tells.
  void check_floor(const Held& held) {
    const bool passed = held.sequence < window_.floor();
    if (passed && window_.word(held.sequence).bits() == held.word.bits()) ++record_.below;
  }
  void check_order(std::uint64_t sequence) {
    for (std::uint64_t s = std::max<std::uint64_t>(window_.floor(), 1); s < sequence; ++s) {
      if (s % 13 != 0 && key_of(s) == key_of(sequence) && !window_.settled(s)) ++record_.early;
    }
  }

  Window window_;
  std::unique_ptr<shmbus::registry::Node> node_;
  Members members_;
  FloodGuard guard_;
  Sweep sweep_;
  KeyChain chain_;
  bool by_key_;
  Record& record_;
  std::uint64_t walk_;
  unsigned entry_;
  std::atomic<std::uint64_t> shown_{0};  // how far its chain knows the events
};

}  // namespace

TEST_CASE("each event is settled once, whatever members die, stop or come late", "[group][threads]") {
  const bool by_key = GENERATE(false, true);
  GroupNodes nodes;
  GroupMemory memory;
  Record record;
  std::atomic<unsigned> died{0};
  const test::Deadline deadline;
  constexpr unsigned kMembers = 3;
  std::vector<std::thread> threads;
  std::mutex joining;
  std::atomic<unsigned> stuck{0};
  for (unsigned t = 0; t < kMembers; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(Catch::rngSeed() + t);
      try {
        for (bool more = true; more;) {  // one member after the other; but for the last one each dies
          std::unique_ptr<Member> member;
          {
            const std::lock_guard lock(joining);
            member = std::make_unique<Member>(memory, nodes.make(), by_key, record);
          }
          const bool dies = t != 0 && died.load() < 20;
          const auto turns = static_cast<unsigned>(200 + random() % 200);
          std::atomic<bool> stop{false};
          std::vector<Held> late;
          std::thread second([&] {
            std::mt19937 own(Catch::rngSeed() + 100 + t);
            std::vector<Held> own_late;
            while (!stop.load()) member->handle(own, own_late);
          });
          for (unsigned i = 0; !dies || i < turns; ++i) {
            if (i % 256 == 0) deadline.check("the events of a group");
            more = member->walk();
            if (!more) break;
            member->handle(random, late);
          }
          stop.store(true);
          second.join();
          if (more) ++died;
        }
      } catch (const std::exception&) {
        ++stuck;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(stuck.load() == 0);
  CHECK(record.twice.load() == 0);
  CHECK(record.early.load() == 0);
  CHECK(record.below.load() == 0);
  CHECK(std::all_of(record.settled.begin() + 1, record.settled.end(), [](const auto& n) { return n.load() == 1; }));
  CHECK(memory.window().floor() == kEvents + 1);
}
