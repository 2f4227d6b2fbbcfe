#include <algorithm>
#include <chrono>
#include <optional>

#include "log/ports.hpp"
#include "log/repair.hpp"
#include "log/rotation.hpp"
#include "threads_log/failure.hpp"
#include "threads_log/round.hpp"

namespace threads_log {

using namespace test;
using shmbus::Status;
using shmbus::detail::Claim;
using shmbus::layout::ClaimWord;
using shmbus::layout::RecordHeader;
using shmbus::layout::RecordMeta;
using shmbus::layout::RingEntry;
using shmbus::log::kNone;

namespace {

/// Set while a publisher wants to die inside a rotation, with a block reserved and not linked.
thread_local std::uint64_t dies_in_rotation = 0;

}  // namespace

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

/// Dies at a random step. Returns false if the publisher can't die at this moment.
bool Round::die(TestPublisher& p, Random& random, std::uint64_t& counter, std::vector<Published>& published) {
  const std::size_t size = sizeof(PayloadHead) + below(random, plan_.largest);
  Claim c;
  switch (below(random, 7)) {
    case 0:  // a claim is stored, but not granted
      if (plan_.log.exclusive || !show_claim(p, p.log.stride(p.log.record_header() + size))) return false;
      break;
    case 1:  // a claim is granted
      if (p.writer->claim(size, {}, c) != Status::ok) return false;
      if (!plan_.log.exclusive) published.push_back({c.sequence, 0});
      break;
    case 2:  // the payload is written
      if (p.writer->claim(size, {}, c) != Status::ok) return false;
      write_payload(c.payload, p.node, ++counter, size);
      if (!plan_.log.exclusive) published.push_back({c.sequence, 0});
      break;
    case 3: {  // the event is committed; the claim is not cleared, or the tail has not moved
      if (p.writer->claim(size, {}, c) != Status::ok) return false;
      write_payload(c.payload, p.node, ++counter, size);
      auto* record = reinterpret_cast<RecordHeader*>(c.record);
      const auto whole = static_cast<std::uint32_t>(p.log.record_header() + size);
      record->meta.store(RecordMeta{whole, static_cast<std::uint16_t>(p.port), 0}.word(), std::memory_order_relaxed);
      const std::uint64_t tail = plan_.log.exclusive ? p.log.tail().load() : p.log.publisher(p.port).words.where.load();
      const std::uint32_t physical = plan_.log.exclusive
                                         ? RingEntry(p.log.slot(p.log.format().block(tail)).load()).physical()
                                         : ClaimWord(p.log.publisher(p.port).words.what.load()).physical();
      published.push_back({c.sequence, counter});
      record->key.store(p.log.entry(physical).key.load(), std::memory_order_release);
      break;
    }
    case 4:  // the block is sealed, without the padding
      if (plan_.log.exclusive || !seal_without_padding(p)) return false;
      break;
    case 5: {  // the next block is linked, and the tail has not moved
      const std::uint64_t tail = p.log.tail().load();
      std::optional<std::uint64_t> opened;
      if (p.log.format().offset(tail) != p.log.block_size() && (plan_.log.exclusive || !seal_without_padding(p)))
        return false;
      if (open_next(p.log, p.log.tail().load(), opened) != Status::ok || !opened) {
        if (plan_.log.exclusive) return false;
      }
      break;
    }
    case 6: {  // a block is reserved, but not linked: the next rotation does not return
      dies_in_rotation = p.node;
      while (!stop_ && publish_one(p, random, counter, published)) {
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

/// Returns false when the round is over.
bool Round::publish_one(TestPublisher& p, Random& random, std::uint64_t& counter, std::vector<Published>& published) {
  std::size_t size = sizeof(PayloadHead) + below(random, plan_.largest);
  if (chance(random, 64)) size = p.log.max_payload();
  const shmbus::TraceContext trace{};
  const bool extended = size < p.log.max_payload() / 2 && chance(random, 8);
  const auto extensions =
      extended ? shmbus::log::RecordExtensions{.trace = &trace, .key = "key"} : shmbus::log::RecordExtensions{};
  Claim c;
  for (unsigned tries = 0;; ++tries) {
    const Status status = p.writer->claim(size, extensions, c);
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
    if (p.writer->claim(8, {}, other) != Status::loan_open) fail("a second claim beside a loan");
  }
  if (plan_.stalls && chance(random, 2000)) std::this_thread::sleep_for(std::chrono::microseconds(below(random, 4000)));
  if (loan && plan_.aborts && chance(random, 2)) {
    p.writer->abort_loan(c);
    if (!plan_.log.exclusive) published.push_back({c.sequence, 0});
    return true;
  }
  const std::size_t used = loan ? sizeof(PayloadHead) + below(random, size - sizeof(PayloadHead) + 1) : size;
  write_payload(c.payload, p.node, ++counter, used);
  published.push_back({c.sequence, counter});
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
  std::vector<Published>* published;
  {
    const std::lock_guard lock(mutex_);
    published = &published_[node];
  }
  std::uint64_t counter = 0;
  const bool dies = plan_.deaths && deaths_ < 40;
  std::uint64_t left = dies ? below(random, 3000) : ~std::uint64_t{0};
  while (!stop_) {
    if (left-- == 0) {
      if (die(p, random, counter, *published)) {
        ++deaths_;
        return;
      }
      left = below(random, 100);
      continue;
    }
    if (!publish_one(p, random, counter, *published)) break;
    if (chance(random, 256)) std::this_thread::yield();
  }
  shmbus::log::detach_publisher(p.log, p.port);
  if (p.log.exclusive()) shmbus::log::leave_exclusive(p.log);
  --publishing_;
}

}  // namespace threads_log
