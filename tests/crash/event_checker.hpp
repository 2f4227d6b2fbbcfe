#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"

namespace crash {

/// Ids up to here belong to the survivors. The other processes publish under ids that their role gives.
inline constexpr std::uint64_t kVictim = 0xf0;
inline constexpr std::size_t kPublishers = 256;

/// The payload of event `number` of a publisher. Its words show whether the event is intact.
inline std::vector<std::uint64_t> payload_of(std::uint64_t publisher, std::uint64_t number) {
  std::vector<std::uint64_t> words(1 + (number * 7 + publisher) % 24);
  test::SelfChecking::fill(words, number << 8 | publisher);
  return words;
}

/// What one reader saw of one topic. Checks each event as it comes: none torn, none twice, none out of order.
class EventChecker {
 public:
  void check(const shmbus::Event& event, const shmbus::Subscriber& reader) {
    test::require(test::SelfChecking::whole(event.payload()), "a torn event");
    const std::uint64_t word = test::SelfChecking::number(event.payload());
    const std::uint64_t publisher = word & 0xff, number = word >> 8;
    if (!event.key().empty()) {
      const bool its_own = event.key() == std::to_string(number) && event.header("number") == event.key();
      test::require(its_own && event.trace() != nullptr, "extensions that are not the event's");
    }
    test::require(event.sequence() > sequence_, "a sequence that does not increase");
    test::require(number > numbers_[publisher], "a publisher's events out of order, or one twice");
    if (sequence_ != 0)
      skipped_ += event.sequence() - sequence_ - 1;
    else
      lost_before_ = reader.lost();
    lost_ = reader.lost() - lost_before_;
    if (numbers_[publisher] != 0) missed_[publisher] += number - numbers_[publisher] - 1;
    sequence_ = event.sequence();
    numbers_[publisher] = number;
    ++seen_;
  }

  std::uint64_t seen() const noexcept { return seen_; }
  /// Sequences between the first event and the last that were not handed out: lost, or never committed by a dead publisher.
  std::uint64_t skipped() const noexcept { return skipped_; }
  /// What the reader counted as lost between its first event and its last. After the last event it may count more, before
  /// events that are not committed yet.
  std::uint64_t lost() const noexcept { return lost_; }
  /// Events of a publisher that were not handed out, between its first and its last.
  std::uint64_t missed(std::uint64_t publisher) const noexcept { return missed_[publisher]; }

 private:
  std::uint64_t sequence_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t lost_before_ = 0;  // when the reader got its first event
  std::uint64_t lost_ = 0;
  std::array<std::uint64_t, kPublishers> numbers_{};
  std::array<std::uint64_t, kPublishers> missed_{};
};

}  // namespace crash
