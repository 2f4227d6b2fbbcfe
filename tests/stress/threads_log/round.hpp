#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "support/log_fixture.hpp"
#include "threads_log/payload.hpp"
#include "threads_log/plan.hpp"
#include "threads_log/random.hpp"
#include "threads_log/reader_ledger.hpp"

namespace threads_log {

enum class Fate : std::uint8_t { unknown, committed, never };

struct Published {
  std::uint64_t sequence;
  std::uint64_t counter;  // 0: not committed
};

/// A retained event, checked and released later on another thread.
struct Retained {
  test::TestSubscriber* reader;
  std::atomic<unsigned>* open;
  int slot;
  const std::byte* payload;
  std::size_t size;
  PayloadHead head;
};

/// Publishers, readers and a reaper on a log of their own, for a limited time. Then the ledgers are compared.
class Round {
 public:
  Round(const Plan& plan, std::uint64_t seed) : plan_(plan), random_(seed), memory_(plan.log), world_(memory_) {
    world_.real_time = true;
    world_.stall_limit_ns = 1'000'000;
    if (plan.memory != 0) world_.memory_left = plan.memory;
    at_once_ = chance(random_, 4);
    world_.on_now = [this] { die_in_rotation(); };
  }

  /// Returns how many sequences were used. `verbose` prints a line.
  std::uint64_t run(bool verbose);

 private:
  // Publishers.
  void publish_until_end(std::uint64_t node, std::uint64_t seed);
  bool publish_one(test::TestPublisher& p, Random& random, std::uint64_t& counter, std::vector<Published>& published);
  bool die(test::TestPublisher& p, Random& random, std::uint64_t& counter, std::vector<Published>& published);
  bool show_claim(test::TestPublisher& p, std::size_t stride);
  bool seal_without_padding(test::TestPublisher& p);
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
  void check_ledger(const ReaderLedger& ledger, const std::vector<Fate>& fates) const;

  Plan plan_;
  Random random_;
  test::LogMemory memory_;
  test::World world_;
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
  bool bury_ = false;  // publishers that wait after their death may end
  std::deque<std::thread> threads_;
  std::map<std::uint64_t, std::vector<Published>> published_;  // by node
  std::vector<ReaderLedger> ledgers_;
  std::deque<Retained> retained_;
};

}  // namespace threads_log
