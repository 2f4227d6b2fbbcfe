// Publishers and readers of one log, each a node of its own, as threads of one process. Blocks and ring are small, so
// that rotation, reuse and lapping happen all the time. Publishers die at any step, readers too; a reaper and late
// comers are about. After each round the books are balanced: what was published, what each reader saw, and what it
// counted as lost.
//
//   threads_log [--seconds N] [--seed N] [--verbose]

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "log/ports.hpp"
#include "log/repair.hpp"
#include "log/rotation.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Start;
using shmbus::Status;
using shmbus::detail::Claim;
using shmbus::layout::ClaimWord;
using shmbus::layout::RecordHeader;
using shmbus::layout::RecordMeta;
using shmbus::layout::RingEntry;
using shmbus::log::BlockLog;
using shmbus::log::kNone;
using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;

namespace {

bool verbose = false;
std::string round_text;

[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::fprintf(stderr, "FAILED: ");
  std::vfprintf(stderr, format, arguments);
  std::fprintf(stderr, "\n  in %s\n", round_text.c_str());
  va_end(arguments);
  std::abort();
}

std::uint64_t below(Random& random, std::uint64_t n) {
  return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random);
}
bool chance(Random& random, std::uint64_t one_in) { return below(random, one_in) == 0; }

// ------------------------------------------------------------------------------------------------------ the payload

struct PayloadHead {
  std::uint64_t publisher;  // its node
  std::uint64_t counter;    // from 1, for each publisher
  std::uint64_t size;
  std::uint64_t sum;  // of all of it
};

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::byte filler(const PayloadHead& head, std::size_t i) {
  return static_cast<std::byte>(mix(head.publisher << 40 ^ head.counter << 8 ^ i / 8) >> i % 8 * 8);
}

std::uint64_t sum_of(const PayloadHead& head) { return mix(head.publisher ^ mix(head.counter ^ mix(head.size))); }

void write_payload(std::byte* to, std::uint64_t publisher, std::uint64_t counter, std::size_t size) {
  PayloadHead head{publisher, counter, size, 0};
  head.sum = sum_of(head);
  std::memcpy(to, &head, sizeof head);
  for (std::size_t i = sizeof head; i < size; ++i) to[i] = filler(head, i);
}

PayloadHead check_payload(const std::byte* from, std::size_t size, const char* when) {
  PayloadHead head{};
  if (size < sizeof head) fail("%s: a payload of %zu bytes", when, size);
  std::memcpy(&head, from, sizeof head);
  if (head.size != size || head.sum != sum_of(head)) fail("%s: a torn head, size %zu", when, size);
  for (std::size_t i = sizeof head; i < size; ++i) {
    if (from[i] != filler(head, i)) fail("%s: a torn payload at %zu of %zu", when, i, size);
  }
  return head;
}

// --------------------------------------------------------------------------------------------------------- the round

struct Plan {
  LogOptions log;
  unsigned publishers = 2;
  unsigned lossy = 1;
  unsigned reliable = 1;
  std::uint32_t memory = 0;  // blocks; 0: enough
  bool deaths = false;
  bool stalls = false;  // publishers that stop for longer than the stall limit, and go on
  bool aborts = false;
  bool come_and_go = false;  // readers
  std::size_t largest = 300;
  std::chrono::milliseconds time{150};
};

enum class Fate : std::uint8_t { unknown, committed, never };

struct Published {
  std::uint64_t sequence;
  std::uint64_t counter;  // 0: never committed
};

struct SeenEvent {
  std::uint64_t sequence;
  std::uint64_t publisher;
  std::uint64_t counter;
  std::uint64_t lost;  // in all, when it was handed out
};

struct Book {
  std::string who;
  bool reliable = false;
  bool finished = false;         // it read to the end
  std::uint64_t begin = 0;       // sequence of its stretch
  std::uint64_t end = 0;         // sequence after it
  std::uint64_t lost_first = 0;  // when it took its place
  std::uint64_t lost = 0;
  std::vector<SeenEvent> seen;
};

/// A retained event, checked and released later on another thread.
struct Retained {
  TestSubscriber* reader;
  std::atomic<unsigned>* open;
  int slot;
  const std::byte* payload;
  std::size_t size;
  PayloadHead head;
};

class Round {
 public:
  Round(const Plan& plan, std::uint64_t seed) : plan_(plan), random_(seed), memory_(plan.log), world_(memory_) {
    world_.real_time = true;
    world_.stall_limit_ns = 1'000'000;
    if (plan.memory != 0) world_.memory_left = plan.memory;
    at_once_ = chance(random_, 4);
    world_.on_now = [this] { die_in_rotation(); };
  }

  std::uint64_t run();

 private:
  // Publishers.
  void publish_until_end(std::uint64_t node, std::uint64_t seed);
  bool publish_one(TestPublisher& p, Random& random, std::uint64_t& counter, std::vector<Published>& book);
  bool die(TestPublisher& p, Random& random, std::uint64_t& counter, std::vector<Published>& book);
  bool show_claim(TestPublisher& p, std::size_t stride);
  bool seal_without_padding(TestPublisher& p);
  void die_in_rotation();

  // Readers.
  void read_until_end(std::uint64_t node, std::uint64_t seed, bool reliable, bool from_the_first);
  void check_retained();
  void reap(std::uint64_t node, std::uint64_t seed);

  template <class F>
  void spawn(F f) {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back(std::move(f));
  }
  void replace_publisher();
  void balance();
  void check_book(const Book& book, const std::vector<Fate>& fates) const;

  Plan plan_;
  Random random_;
  LogMemory memory_;
  World world_;
  bool at_once_ = false;  // publishers do not wait for the first readers
  std::atomic<std::uint64_t> last_node_{0};
  std::atomic<bool> stop_{false};      // publishers
  std::atomic<bool> all_read_{false};  // helpers
  std::atomic<unsigned> publishing_{0}, reading_{0};
  std::atomic<std::uint64_t> end_{0};  // the sequence after the last, once the publishers have stopped
  std::atomic<std::uint64_t> latest_{0};
  std::atomic<unsigned> deaths_{0};

  std::mutex mutex_;
  std::condition_variable parked_;
  bool bury_ = false;  // the parked may go
  std::deque<std::thread> threads_;
  std::map<std::uint64_t, std::vector<Published>> published_;  // by node
  std::vector<Book> books_;
  std::deque<Retained> retained_;
};

/// Set while a publisher wants to die inside a rotation, with a block reserved and not linked.
thread_local std::uint64_t dies_in_rotation = 0;

void Round::die_in_rotation() {
  if (dies_in_rotation == 0) return;
  world_.kill(dies_in_rotation);
  dies_in_rotation = 0;
  --publishing_;
  std::unique_lock lock(mutex_);
  parked_.wait(lock, [&] { return bury_; });
}

bool Round::show_claim(TestPublisher& p, std::size_t stride) {
  const std::uint64_t tail = p.log.tail().load();
  const RingEntry e(p.log.slot(p.log.format().block(tail)).load());
  if (!e.linked()) return false;
  p.log.publisher(p.port).words.what.store(ClaimWord(tail, e.physical(), false, stride).word(),
                                           std::memory_order_release);
  p.log.publisher(p.port).words.where.store(tail, std::memory_order_release);
  return true;
}

bool Round::seal_without_padding(TestPublisher& p) {
  const auto& format = p.log.format();
  for (;;) {
    std::uint64_t tail = p.log.tail().load();
    const std::size_t offset = format.offset(tail);
    const RingEntry e(p.log.slot(format.block(tail)).load());
    if (!e.linked() || p.log.tail().load() != tail) continue;
    if (offset == p.log.block_size()) return false;
    p.log.publisher(p.port).words.where.store(kNone);
    p.log.publisher(p.port).words.what.store(ClaimWord(tail, e.physical(), true, p.log.block_size() - offset).word());
    p.log.publisher(p.port).words.where.store(tail);
    if (p.log.tail().compare_exchange_strong(tail,
                                             format.make(format.block(tail), p.log.block_size(), format.count(tail))))
      return true;
  }
}

/// Dies at a random step. False: it is not the moment.
bool Round::die(TestPublisher& p, Random& random, std::uint64_t& counter, std::vector<Published>& book) {
  const std::size_t size = sizeof(PayloadHead) + below(random, plan_.largest);
  Claim c;
  switch (below(random, 7)) {
    case 0:  // a claim shown, not granted
      if (plan_.log.exclusive || !show_claim(p, p.log.stride(p.log.record_header() + size))) return false;
      break;
    case 1:  // granted
      if (p.writer->claim(size, nullptr, c) != Status::ok) return false;
      if (!plan_.log.exclusive) book.push_back({c.sequence, 0});
      break;
    case 2:  // payload written
      if (p.writer->claim(size, nullptr, c) != Status::ok) return false;
      write_payload(c.payload, p.node, ++counter, size);
      if (!plan_.log.exclusive) book.push_back({c.sequence, 0});
      break;
    case 3: {  // committed; the claim stands, or the tail has not moved
      if (p.writer->claim(size, nullptr, c) != Status::ok) return false;
      write_payload(c.payload, p.node, ++counter, size);
      auto* record = reinterpret_cast<RecordHeader*>(c.record);
      const auto whole = static_cast<std::uint32_t>(p.log.record_header() + size);
      record->meta.store(RecordMeta{whole, static_cast<std::uint16_t>(p.port), 0}.word(), std::memory_order_relaxed);
      const std::uint64_t tail = plan_.log.exclusive ? p.log.tail().load() : p.log.publisher(p.port).words.where.load();
      const std::uint32_t physical = plan_.log.exclusive
                                         ? RingEntry(p.log.slot(p.log.format().block(tail)).load()).physical()
                                         : ClaimWord(p.log.publisher(p.port).words.what.load()).physical();
      book.push_back({c.sequence, counter});
      record->key.store(p.log.entry(physical).key.load(), std::memory_order_release);
      break;
    }
    case 4:  // sealed, without the padding
      if (plan_.log.exclusive || !seal_without_padding(p)) return false;
      break;
    case 5: {  // the next block linked, the tail not moved
      const std::uint64_t tail = p.log.tail().load();
      std::optional<std::uint64_t> opened;
      if (p.log.format().offset(tail) != p.log.block_size() && (plan_.log.exclusive || !seal_without_padding(p)))
        return false;
      if (open_next(p.log, p.log.tail().load(), opened) != Status::ok || !opened) {
        if (plan_.log.exclusive) return false;
      }
      break;
    }
    case 6: {  // a block reserved, not linked: the next rotation does not come back
      dies_in_rotation = p.node;
      while (!stop_ && publish_one(p, random, counter, book)) {
      }
      if (dies_in_rotation == 0) return true;  // buried
      dies_in_rotation = 0;
      return false;
    }
  }
  world_.kill(p.node);
  --publishing_;
  return true;
}

/// False: the round is over.
bool Round::publish_one(TestPublisher& p, Random& random, std::uint64_t& counter, std::vector<Published>& book) {
  std::size_t size = sizeof(PayloadHead) + below(random, plan_.largest);
  if (chance(random, 64)) size = p.log.max_payload();
  const shmbus::TraceContext trace{};
  const bool traced = size < p.log.max_payload() / 2 && chance(random, 8);
  Claim c;
  for (unsigned tries = 0;; ++tries) {
    const Status status = p.writer->claim(size, traced ? &trace : nullptr, c);
    if (!world_.alive(p.node)) return false;  // buried
    if (status == Status::ok) break;
    if (status != Status::back_pressured && status != Status::no_memory)
      fail("publisher %lu: %s", p.node, shmbus::to_string(status));
    if (stop_) return false;
    if (tries % 64 == 63) shmbus::log::repair_all(p.log);
    std::this_thread::yield();
  }
  latest_.store(c.sequence, std::memory_order_relaxed);
  const bool loan = chance(random, 4);
  if (loan) {
    p.writer->open_loan(c);
    Claim other;
    if (p.writer->claim(8, nullptr, other) != Status::loan_open) fail("a second claim beside a loan");
  }
  if (plan_.stalls && chance(random, 2000)) std::this_thread::sleep_for(std::chrono::microseconds(below(random, 4000)));
  if (loan && plan_.aborts && chance(random, 2)) {
    p.writer->abort_loan(c);
    if (!plan_.log.exclusive) book.push_back({c.sequence, 0});
    return true;
  }
  const std::size_t used = loan ? sizeof(PayloadHead) + below(random, size - sizeof(PayloadHead) + 1) : size;
  write_payload(c.payload, p.node, ++counter, used);
  book.push_back({c.sequence, counter});
  if (!loan) {
    p.writer->commit(c);
  } else if (const auto r = p.writer->commit_loan(c, used); !r || r.sequence() != c.sequence) {
    fail("a loan was not committed");
  }
  return true;
}

void Round::replace_publisher() {
  if (stop_ || deaths_ > 40) return;
  const std::uint64_t node = ++last_node_;
  const std::uint64_t seed = mix(node ^ deaths_);
  ++publishing_;
  spawn([this, node, seed] { publish_until_end(node, seed); });
}

void Round::publish_until_end(std::uint64_t node, std::uint64_t seed) {
  Random random(seed);
  TestPublisher p(memory_, world_, node);
  std::vector<Published>* book;
  {
    const std::lock_guard lock(mutex_);
    book = &published_[node];
  }
  std::uint64_t counter = 0;
  const bool dies = plan_.deaths && deaths_ < 40;
  std::uint64_t left = dies ? below(random, 3000) : ~std::uint64_t{0};
  while (!stop_) {
    if (left-- == 0) {
      if (die(p, random, counter, *book)) {
        ++deaths_;
        return;
      }
      left = below(random, 100);
      continue;
    }
    if (!publish_one(p, random, counter, *book)) break;
    if (chance(random, 256)) std::this_thread::yield();
  }
  shmbus::log::detach_publisher(p.log, p.port);
  if (p.log.exclusive()) shmbus::log::leave_exclusive(p.log);
  --publishing_;
}

void Round::read_until_end(std::uint64_t node, std::uint64_t seed, bool reliable, bool from_the_first) {
  Random random(seed);
  Book book;
  book.who = (reliable ? "reliable reader " : "lossy reader ") + std::to_string(node);
  book.reliable = reliable;
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
  book.begin = s.shared().words.position.load();
  book.lost_first = s.reader->lost();
  if (wanted != 0) {
    if (book.begin != wanted + book.lost_first)
      fail("%s wanted %lu, got %lu, lost %lu", book.who.c_str(), wanted, book.begin, book.lost_first);
  } else if (from_the_first && !at_once_ && book.begin != 1) {
    fail("%s begins with %lu", book.who.c_str(), book.begin);
  }
  std::atomic<unsigned> open{0};  // retained events of this reader
  std::uint64_t left = plan_.come_and_go ? 1 + below(random, 3000) : ~std::uint64_t{0};
  std::uint64_t empty = 0;
  for (;;) {
    const std::uint64_t end = end_;
    if (end != 0 && s.reader->next_sequence() >= end) {
      book.finished = true;
      break;
    }
    if (latest_ != 0 && left-- == 0) break;
    const std::size_t n = s.reader->poll(
        [&](const shmbus::detail::EventRecord& r) {
          const PayloadHead head = check_payload(r.payload, r.size, "read");
          book.seen.push_back({r.sequence, head.publisher, head.counter, s.reader->lost()});
          if (!chance(random, 200)) return;
          const int slot = s.reader->retain();
          if (slot < 0) return;
          ++open;
          const std::lock_guard lock(mutex_);
          retained_.push_back({&s, &open, slot, r.payload, r.size, head});
        },
        1 + below(random, 40));
    if (s.status() != Status::ok) fail("%s: %s", book.who.c_str(), shmbus::to_string(s.status()));
    if (n != 0) {
      empty = 0;
      if (!reliable && chance(random, 300)) std::this_thread::sleep_for(std::chrono::microseconds(below(random, 300)));
    } else {
      if (++empty % 16 == 0) std::this_thread::yield();
      if (empty % 256 == 0) s.reader->look();
    }
  }
  book.end = s.reader->next_sequence();
  book.lost = s.reader->lost();
  while (open != 0) std::this_thread::yield();
  const bool dies = !book.finished && chance(random, 2);
  if (dies) {
    s.reader->retain();
    world_.kill(node);
  } else {
    shmbus::log::detach_subscriber(s.log, s.port);
  }
  {
    const std::lock_guard lock(mutex_);
    books_.push_back(std::move(book));
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

std::uint64_t Round::run() {
  const auto reader = [&](bool reliable) {
    const std::uint64_t node = ++last_node_;
    const std::uint64_t seed = random_();
    ++reading_;
    spawn([this, node, seed, reliable] { read_until_end(node, seed, reliable, true); });
  };
  for (unsigned i = 0; i < plan_.lossy; ++i) reader(false);
  for (unsigned i = 0; i < plan_.reliable; ++i) reader(true);
  spawn([this] { check_retained(); });
  if (chance(random_, 2)) {
    const std::uint64_t node = ++last_node_;
    const std::uint64_t seed = random_();
    spawn([this, node, seed] { reap(node, seed); });
  }
  // Reliable readers have their places before the first event leaves the ring.
  NodeEnvironment environment(world_, ++last_node_);
  BlockLog log(memory_.control(), memory_.blocks(), memory_.geometry(), environment);
  const auto placed = [&] {
    unsigned count = 0;
    for (unsigned i = 0; i < shmbus::layout::kMaxSubscribers; ++i)
      count += log.subscriber(i).words.position.load() != 0;
    return count;
  };
  while (!at_once_ && placed() < plan_.lossy + plan_.reliable) std::this_thread::yield();
  for (unsigned i = 0; i < plan_.publishers; ++i) replace_publisher();
  if (at_once_) {
    while (placed() < plan_.lossy + plan_.reliable) std::this_thread::yield();
  }

  const auto until = Clock::now() + plan_.time;
  while (Clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    while (publishing_ < plan_.publishers && deaths_ <= 40 && !stop_) replace_publisher();
  }
  stop_ = true;
  while (publishing_ != 0) std::this_thread::yield();

  if (plan_.log.exclusive) TestPublisher last(memory_, world_, ++last_node_);  // finds the end
  const std::uint64_t tail = log.tail().load();
  shmbus::log::Block block;
  const std::uint64_t number = log.whole_number(tail);
  std::uint64_t end = 1;
  if (number != 0) {
    if (number == kNone || log.find(number, block) != shmbus::log::FindResult::found) fail("the log has no end");
    end = block.first_sequence + log.format().count(tail);
  }
  end_ = end;
  while (reading_ != 0) std::this_thread::yield();
  all_read_ = true;
  balance();
  {
    const std::lock_guard lock(mutex_);
    bury_ = true;
  }
  parked_.notify_all();
  for (;;) {
    std::thread thread;
    {
      const std::lock_guard lock(mutex_);
      if (threads_.empty()) break;
      thread = std::move(threads_.front());
      threads_.pop_front();
    }
    thread.join();
  }
  if (verbose) {
    std::uint64_t seen = 0, lost = 0;
    for (const Book& book : books_) seen += book.seen.size(), lost += book.lost;
    std::printf(
        "  %s: %lu sequences, %lu blocks, %u deaths, %zu readers saw %lu and lost %lu, %lu claims repaired, %lu "
        "dropped\n",
        round_text.c_str(), end - 1, number, deaths_.load(), books_.size(), seen, lost,
        log.header().repaired_claims.load(), log.header().dropped.load());
  }
  return end - 1;
}

/// Each sequence was used once, and every reader's book agrees with the publishers'.
void Round::balance() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t end = end_;
  std::vector<Fate> fates(end, Fate::unknown);
  std::map<std::uint64_t, std::map<std::uint64_t, std::uint64_t>> counters;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> who(end);
  for (const auto& [node, events] : published_) {
    for (const Published& p : events) {
      if (p.sequence == 0 || p.sequence >= end) fail("sequence %lu of %lu", p.sequence, end - 1);
      if (fates[p.sequence] != Fate::unknown) fail("sequence %lu was given twice", p.sequence);
      fates[p.sequence] = p.counter != 0 ? Fate::committed : Fate::never;
      who[p.sequence] = {node, p.counter};
    }
  }
  for (std::uint64_t s = 1; s < end; ++s) {
    if (fates[s] == Fate::unknown) fail("sequence %lu of %lu was never given", s, end - 1);
  }
  for (const Book& book : books_) {
    for (const SeenEvent& seen : book.seen) {
      if (seen.sequence >= end || fates[seen.sequence] != Fate::committed ||
          who[seen.sequence] != std::pair{seen.publisher, seen.counter}) {
        fail("%s saw event %lu, which is none", book.who.c_str(), seen.sequence);
      }
    }
    check_book(book, fates);
  }
}

/// In each gap between what it saw, the reader counted at least what was committed, and at most all.
void Round::check_book(const Book& book, const std::vector<Fate>& fates) const {
  std::uint64_t next = book.begin, lost = book.lost_first;
  const auto gap = [&](std::uint64_t until, std::uint64_t lost_then) {
    if (until < next) fail("%s went back from %lu to %lu", book.who.c_str(), next, until);
    std::uint64_t committed = 0;
    for (std::uint64_t s = next; s < until; ++s) committed += fates[s] == Fate::committed;
    const std::uint64_t counted = lost_then - lost;
    if (counted < committed || counted > until - next) {
      fail("%s, between %lu and %lu: %lu were committed, %lu counted as lost", book.who.c_str(), next, until, committed,
           counted);
    }
    if (book.reliable && counted != 0) fail("%s lost %lu before %lu", book.who.c_str(), counted, until);
    lost = lost_then;
    next = until + 1;
  };
  std::map<std::uint64_t, std::uint64_t> counters;
  for (const SeenEvent& seen : book.seen) {
    gap(seen.sequence, seen.lost);
    auto& counter = counters[seen.publisher];
    if (seen.counter <= counter) fail("%s saw counter %lu after %lu", book.who.c_str(), seen.counter, counter);
    counter = seen.counter;
  }
  if (book.end >= next && book.finished) gap(book.end, book.lost);
}

Plan make_plan(Random& random) {
  Plan plan;
  plan.log.blocks = 2u << below(random, 3);
  plan.log.timestamps = chance(random, 2);
  plan.log.alignment = 8u << below(random, 4);
  plan.log.exclusive = chance(random, 4);
  plan.log.seed = random();
  plan.publishers = plan.log.exclusive ? 1 : 1 + static_cast<unsigned>(below(random, 4));
  plan.lossy = static_cast<unsigned>(below(random, 3));
  plan.reliable = static_cast<unsigned>(below(random, 3));
  if (plan.lossy + plan.reliable == 0) plan.lossy = 1;
  plan.deaths = chance(random, 2);
  plan.stalls = chance(random, 3);
  plan.aborts = chance(random, 2);
  plan.come_and_go = chance(random, 2);
  plan.largest = chance(random, 2) ? 64 : 700;
  // A publisher that died in a rotation keeps a block, a reader pins one, and each of its retained events may.
  if (chance(random, 3)) plan.memory = plan.log.blocks + 4 + static_cast<std::uint32_t>(below(random, 40));
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 4;
  std::uint64_t seed = std::random_device{}();
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--verbose") {
      verbose = true;
    } else if (option == "--seconds" && i + 1 < argc) {
      seconds = std::strtod(argv[++i], nullptr);
    } else if (option == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 0);
    } else {
      std::fprintf(stderr, "usage: %s [--seconds N] [--seed N] [--verbose]\n", argv[0]);
      return 2;
    }
  }
  std::printf("seed %lu (repeat with --seed %lu)\n", seed, seed);
  std::fflush(stdout);

  std::atomic<std::uint64_t> rounds{0};
  std::thread([&rounds] {  // the watchdog
    for (std::uint64_t last = 0, same = 0;; last = rounds) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      same = rounds == last ? same + 1 : 0;
      if (same > 100) fail("a round does not end");
    }
  })
      .detach();

  Random random(seed);
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  std::uint64_t sequences = 0;
  do {
    const Plan plan = make_plan(random);
    char text[300];
    std::snprintf(text, sizeof text,
                  "round %lu: %u blocks, %s, %u publishers, %u lossy, %u reliable, memory %u%s%s%s%s, seed %lu",
                  rounds.load(), plan.log.blocks, plan.log.exclusive ? "exclusive" : "shared", plan.publishers,
                  plan.lossy, plan.reliable, plan.memory, plan.deaths ? ", deaths" : "", plan.stalls ? ", stalls" : "",
                  plan.aborts ? ", aborts" : "", plan.come_and_go ? ", come and go" : "", seed);
    round_text = text;
    sequences += std::make_unique<Round>(plan, random())->run();
    ++rounds;
  } while (Clock::now() < until);
  std::printf("%lu rounds, %lu sequences\n", rounds.load(), sequences);
  return 0;
}
