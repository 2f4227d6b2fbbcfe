#include <map>
#include <utility>
#include <vector>

#include "threads_log/failure.hpp"
#include "threads_log/round.hpp"

namespace threads_log {

/// Checks that each sequence was used once, and that every reader's ledger agrees with the publishers'.
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
  for (const ReaderLedger& ledger : ledgers_) {
    for (const SeenEvent& seen : ledger.seen) {
      if (seen.sequence >= end || fates[seen.sequence] != Fate::committed ||
          who[seen.sequence] != std::pair{seen.publisher, seen.counter}) {
        fail("%s saw event %lu, which is none", ledger.who.c_str(), seen.sequence);
      }
    }
    check_ledger(ledger, fates);
  }
}

/// Checks that in each gap between two events the reader counted at least the committed sequences, and at most all.
void Round::check_ledger(const ReaderLedger& ledger, const std::vector<Fate>& fates) const {
  std::uint64_t next = ledger.begin, lost = ledger.lost_first;
  const auto gap = [&](std::uint64_t until, std::uint64_t lost_then) {
    if (until < next) fail("%s went back from %lu to %lu", ledger.who.c_str(), next, until);
    std::uint64_t committed = 0;
    for (std::uint64_t s = next; s < until; ++s) committed += fates[s] == Fate::committed;
    const std::uint64_t counted = lost_then - lost;
    if (counted < committed || counted > until - next) {
      fail("%s, between %lu and %lu: %lu were committed, %lu counted as lost", ledger.who.c_str(), next, until,
           committed, counted);
    }
    if (ledger.reliable && counted != 0) fail("%s lost %lu before %lu", ledger.who.c_str(), counted, until);
    lost = lost_then;
    next = until + 1;
  };
  std::map<std::uint64_t, std::uint64_t> counters;
  for (const SeenEvent& seen : ledger.seen) {
    gap(seen.sequence, seen.lost);
    auto& counter = counters[seen.publisher];
    if (seen.counter <= counter) fail("%s saw counter %lu after %lu", ledger.who.c_str(), seen.counter, counter);
    counter = seen.counter;
  }
  if (ledger.end >= next && ledger.finished) gap(ledger.end, ledger.lost);
}

}  // namespace threads_log
