#pragma once

#include <cstddef>

#include "shmbus/detail/poll_path.hpp"

namespace shmbus::log {

/// What the sources of a subscriber's events have in common: how a record with flags is taken.
class RecordPath : public detail::PollPath {
 public:
  /// Goes on where another source of the same subscriber ended. That one counts its events at the end of its last poll,
  /// which may be running: so its count is taken at the begin of the next poll.
  void follow(RecordPath& former) noexcept {
    asks_first_ = true;
    former_ = former.former_ == this ? nullptr : &former;  // it was not polled since it followed us
    former.former_ = nullptr;
  }
  /// Events handed out, by this source and those before it.
  std::uint64_t delivered() const noexcept { return former_ != nullptr ? former_->delivered_ : delivered_; }

 protected:
  using PollPath::PollPath;

  /// Takes an event's record of `stride` bytes that begins at `begin`, lies in readable memory as a whole, and may have
  /// extensions or have been trimmed. Returns false where its sizes can't be right.
  bool take_event(const std::byte* begin, layout::RecordMeta meta, std::size_t stride,
                  detail::EventRecord& record) noexcept;
  /// To be called by begin_poll.
  void take_count() noexcept {
    if (former_ != nullptr) delivered_ = former_->delivered_;
    former_ = nullptr;
  }

 private:
  const RecordPath* former_ = nullptr;
};

/// Where a reader goes when what it wants has left the ring: to the topic's journal.
class Elsewhere {
 public:
  virtual ~Elsewhere() = default;
  /// Goes on at event `sequence` from the next poll on. Returns false where that is not possible: the reader then goes on
  /// with the oldest block, and counts what it misses as lost. The reader's thread.
  virtual bool go_on(std::uint64_t sequence) noexcept = 0;
};

}  // namespace shmbus::log
