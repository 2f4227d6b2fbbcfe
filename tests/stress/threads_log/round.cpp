#include "threads_log/round.hpp"

#include <chrono>
#include <cstdio>

#include "threads_log/failure.hpp"

namespace threads_log {

using namespace test;
using shmbus::log::BlockLog;
using shmbus::log::kNone;
using Clock = std::chrono::steady_clock;

std::uint64_t Round::run(bool verbose) {
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
  // Reliable readers have attached before the first event leaves the ring.
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
    for (const ReaderLedger& ledger : ledgers_) seen += ledger.seen.size(), lost += ledger.lost;
    std::printf(
        "  %s: %lu sequences, %lu blocks, %u deaths, %zu readers saw %lu and lost %lu, %lu claims repaired, %lu "
        "dropped\n",
        round_text.c_str(), end - 1, number, deaths_.load(), ledgers_.size(), seen, lost,
        log.header().repaired_claims.load(), log.header().dropped.load());
  }
  return end - 1;
}

}  // namespace threads_log
