#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

namespace shmbus::durable {

/// The end of the unbroken prefix of handled events, where several workers handle those of one topic in no particular
/// order. It holds the events that are being handled or queued, and no others: its size is bounded by theirs.
class HandledPrefix {
 public:
  /// The event is handed out. In sequence order. May throw std::bad_alloc; nothing has changed then.
  void begin(std::uint64_t sequence) {
    open_.insert(open_.end(), sequence);
    begun_ = sequence;
  }
  /// The event was handled.
  void finish(std::uint64_t sequence) noexcept { open_.erase(sequence); }
  /// Returns the sequence up to which all that were handed out were handled; 0: none.
  std::uint64_t end() const noexcept { return open_.empty() ? begun_ : *open_.begin() - 1; }
  /// Whether all that were handed out were handled.
  bool complete() const noexcept { return open_.empty(); }

 private:
  std::set<std::uint64_t> open_;
  std::uint64_t begun_ = 0;
};

}  // namespace shmbus::durable
