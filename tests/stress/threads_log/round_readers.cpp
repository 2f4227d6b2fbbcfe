#include <algorithm>
#include <chrono>
#include <cstring>

#include "log/ports.hpp"
#include "log/repair.hpp"
#include "threads_log/failure.hpp"
#include "threads_log/round.hpp"

namespace threads_log {

using namespace test;
using shmbus::Start;
using shmbus::Status;
using shmbus::log::BlockLog;

void Round::read_until_end(std::uint64_t node, std::uint64_t seed, bool reliable, bool from_the_first) {
  Random random(seed);
  ReaderLedger ledger;
  ledger.who = (reliable ? "reliable reader " : "lossy reader ") + std::to_string(node);
  ledger.reliable = reliable;
  Start start = Start::oldest();
  std::uint64_t wanted = 0;
  if (!from_the_first) {
    const std::uint64_t latest = latest_.load(std::memory_order_relaxed);
    switch (below(random, 4)) {
      case 0:
        start = Start::latest();
        break;
      case 1:
        start = Start::last(below(random, 50));
        break;
      case 2:
        wanted = std::max<std::uint64_t>(1, latest + below(random, 40)) - std::min<std::uint64_t>(latest, 20);
        start = Start::sequence(wanted);
        break;
      case 3:
        break;
    }
  }
  TestSubscriber s(memory_, world_, node, {.start = start, .reliable = reliable});
  ledger.begin = s.shared().words.position.load();
  ledger.lost_first = s.reader->lost();
  if (wanted != 0) {
    if (ledger.begin != wanted + ledger.lost_first)
      fail("%s wanted %lu, got %lu, lost %lu", ledger.who.c_str(), wanted, ledger.begin, ledger.lost_first);
  } else if (from_the_first && !at_once_ && ledger.begin != 1) {
    fail("%s begins with %lu", ledger.who.c_str(), ledger.begin);
  }
  std::atomic<unsigned> open{0};  // number of this reader's retained events
  std::uint64_t left = plan_.come_and_go ? 1 + below(random, 3000) : ~std::uint64_t{0};
  std::uint64_t empty = 0;
  for (;;) {
    const std::uint64_t end = end_;
    if (end != 0 && s.reader->next_sequence() >= end) {
      ledger.finished = true;
      break;
    }
    if (latest_ != 0 && left-- == 0) break;
    const std::size_t n = s.reader->poll(
        [&](const shmbus::detail::EventRecord& r) {
          const PayloadHead head = check_payload(r.payload, r.size, "read");
          ledger.seen.push_back({r.sequence, head.publisher, head.counter, s.reader->lost()});
          if (!chance(random, 200)) return;
          const int slot = s.reader->retain();
          if (slot < 0) return;
          ++open;
          const std::lock_guard lock(mutex_);
          retained_.push_back({&s, &open, slot, r.payload, r.size, head});
        },
        1 + below(random, 40));
    if (s.status() != Status::ok) fail("%s: %s", ledger.who.c_str(), shmbus::to_string(s.status()));
    if (n != 0) {
      empty = 0;
      if (!reliable && chance(random, 300)) std::this_thread::sleep_for(std::chrono::microseconds(below(random, 300)));
    } else {
      if (++empty % 16 == 0) std::this_thread::yield();
      if (empty % 256 == 0) s.reader->look();
    }
  }
  ledger.end = s.reader->next_sequence();
  ledger.lost = s.reader->lost();
  while (open != 0) std::this_thread::yield();
  const bool dies = !ledger.finished && chance(random, 2);
  if (dies) {
    s.reader->retain();
    world_.kill(node);
  } else {
    shmbus::log::detach_subscriber(s.log, s.port);
  }
  {
    const std::lock_guard lock(mutex_);
    ledgers_.push_back(std::move(ledger));
  }
  if (plan_.come_and_go && end_ == 0 && last_node_ < 1000) {
    const std::uint64_t next = ++last_node_;
    ++reading_;
    spawn([this, next, reliable] { read_until_end(next, mix(next), reliable, false); });
  }
  --reading_;
}

void Round::check_retained() {
  std::vector<Retained> held;
  for (;;) {
    const bool over = all_read_;
    {
      const std::lock_guard lock(mutex_);
      for (; !retained_.empty(); retained_.pop_front()) held.push_back(retained_.front());
    }
    if (held.empty() && over) return;
    std::this_thread::sleep_for(std::chrono::microseconds(200));  // meanwhile the ring moves on
    for (const Retained& r : held) {
      const PayloadHead head = check_payload(r.payload, r.size, "retained");
      if (std::memcmp(&head, &r.head, sizeof head) != 0) fail("a retained event has become another one");
      r.reader->reader->release(r.slot);
      --*r.open;
    }
    held.clear();
  }
}

void Round::reap(std::uint64_t node, std::uint64_t seed) {
  Random random(seed);
  NodeEnvironment environment(world_, node);
  BlockLog log(memory_.control(), memory_.blocks(), memory_.geometry(), environment);
  while (!all_read_) {
    shmbus::log::repair_all(log);
    std::this_thread::sleep_for(std::chrono::microseconds(below(random, 3000)));
  }
}

}  // namespace threads_log
