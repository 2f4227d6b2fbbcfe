#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "shmbus/detail/crash_point.hpp"
#include "shmbus/detail/event_record.hpp"
#include "shmbus/detail/record_words.hpp"
#include "shmbus/detail/subscriber_words.hpp"
#include "shmbus/status.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::log { class HandledEvent; }  // reads what is private here

namespace shmbus::detail {

/// Where the events of a subscriber come from: records in memory, one after another, and what to do where they end. This
/// is the inlined part: it hands out the committed records at the cursor. The virtual functions are the source's own;
/// none is called for an ordinary event. log::Reader is the source that reads a ring. One thread at a time.
///
/// P3 `next_sequence_` is the sequence of the record at the cursor.
class PollPath {
 public:
  PollPath(const PollPath&) = delete;
  PollPath& operator=(const PollPath&) = delete;

  /// Hands out up to `limit` records in place, and returns how many. Never waits.
  template <class Deliver>
  std::size_t poll(Deliver&& deliver, std::size_t limit);

 protected:
  friend class shmbus::log::HandledEvent;

  /// For records with `head` bytes before the payload or its extensions, at multiples of `alignment`.
  PollPath(layout::SubscriberWords& words, std::size_t head, std::size_t alignment, bool timestamps) noexcept
      : words_(&words),
        head_(static_cast<std::uint32_t>(head)),
        align_mask_(static_cast<std::uint32_t>(alignment - 1)),
        timestamps_(timestamps) {}
  virtual ~PollPath() = default;

  /// Returns the bytes from one record's start to the next one's.
  std::size_t stride(std::size_t size) const noexcept { return (size + align_mask_) & ~std::size_t{align_mask_}; }
  [[gnu::always_inline]] bool take(const layout::RecordHeader* header, EventRecord& record,
                                   std::size_t& stride) noexcept;
  void save_position(std::size_t events) noexcept;

  /// Takes a record with flags or of a size that can't be right. Returns false for padding, which is passed, and for
  /// corrupt data.
  virtual bool take_special(const layout::RecordHeader* header, layout::RecordMeta meta, EventRecord& record,
                            std::size_t& stride) noexcept = 0;
  /// Called in front of the event at the cursor once `until_sample_` is 0: takes its latency, or asks whether it may be
  /// handed out yet. Sets `until_sample_` anew. Returns false where the poll must end.
  virtual bool sample_latency() noexcept = 0;
  /// Called where no committed record is at the cursor. Returns true where the cursor has moved all the same.
  virtual bool nothing_here(std::uint64_t key) noexcept = 0;
  /// Called where the records in memory end. Returns true where there are more, and sets the cursor to them.
  virtual bool next_block() noexcept = 0;
  /// Called before a poll where `asks_first_` is set. Returns false where nothing can be handed out yet.
  virtual bool begin_poll() noexcept = 0;

  static constexpr std::uint64_t kNeverSample = ~std::uint64_t{0};

  layout::SubscriberWords* words_;
  // 32 bits, so that a handler that stores to 64-bit words of its own can't be taken to change them.
  std::uint32_t head_;  // bytes of a record before its payload or its extensions
  std::uint32_t align_mask_;
  const std::byte* cursor_ = nullptr;  // equal to end_: at a block's end, or in no block
  const std::byte* end_ = nullptr;
  std::uint64_t key_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t delivered_ = 0;
  std::uint64_t until_sample_ = kNeverSample;  // events to hand out before the one whose latency is taken
  std::uint64_t claim_since_ = 0;              // monotonic ns; 0: not in front of an open claim
  const std::byte* claim_at_ = nullptr;        // the cursor when that wait began
  std::uint32_t empty_polls_ = 0;
  // Of the last record that had any.
  std::uint64_t extended_sequence_ = 0;
  const std::byte* extensions_ = nullptr;
  const std::byte* extensions_end_ = nullptr;
  bool timestamps_;
  bool streaming_ = false;  // the last poll returned many events
  bool asks_first_ = false;  // something is to be done before the next poll
  Status status_ = Status::ok;
};

template <class Deliver>
std::size_t PollPath::poll(Deliver&& deliver, std::size_t limit) {
  if (asks_first_) [[unlikely]] {
    if (!begin_poll()) return 0;
  }
  std::size_t events = 0;
  struct Save {  // runs also when the handler throws
    PollPath& path;
    std::size_t& events;
    ~Save() { path.save_position(events); }
  } save{*this, events};

  while (events < limit) {
    if (cursor_ == end_) [[unlikely]] {
      if (!next_block()) break;
    }
    const auto* header = reinterpret_cast<const layout::RecordHeader*>(cursor_);
    const std::uint64_t key = header->key.load(std::memory_order_acquire);  // SYNC commit: pairs with PublishPath
    if (key != key_) [[unlikely]] {
      if (!nothing_here(key)) break;
      continue;
    }
    if (until_sample_ == 0) [[unlikely]] {
      if (!sample_latency()) break;
      continue;
    }
    EventRecord record;
    std::size_t stride;
    if (!take(header, record, stride)) [[unlikely]] {
      if (status_ != Status::ok) break;
      continue;
    }
    cursor_ += stride;
    record.sequence = next_sequence_++;
    ++events;
    --until_sample_;
    deliver(record);
    SHMBUS_CRASH_POINT("read.delivered");
  }
  return events;
}

/// I6: the record's fields are loaded once, checked, then used. Returns false for padding, which is passed, and for
/// corrupt data.
inline bool PollPath::take(const layout::RecordHeader* header, EventRecord& record, std::size_t& stride) noexcept {
  // Relaxed: written before the key, which was acquired.
  const auto meta = layout::RecordMeta::from(header->meta.load(std::memory_order_relaxed));
  stride = this->stride(meta.size);
  const auto* begin = reinterpret_cast<const std::byte*>(header);
  const auto room = static_cast<std::size_t>(end_ - begin);
  if (meta.flags != 0 || meta.size < head_ || stride + layout::kMinRecord > room) [[unlikely]] {
    // Copies: the addresses of `record` and `stride` are passed nowhere, so the compiler keeps them in registers.
    EventRecord special;
    std::size_t length = stride;
    const bool taken = take_special(header, meta, special, length);
    record = special;
    stride = length;
    return taken;
  }
  record.payload = begin + head_;
  record.size = meta.size - head_;
  record.port = meta.port;
  if (timestamps_) std::memcpy(&record.stamp, begin + sizeof *header, sizeof record.stamp);
  return true;
}

inline void PollPath::save_position(std::size_t events) noexcept {
  if (events == 0) [[unlikely]]
    return;
  delivered_ += events;
  empty_polls_ = 0;
  if (claim_at_ != cursor_) claim_since_ = 0;
  streaming_ = events >= 16;
  words_->position.store(next_sequence_, std::memory_order_release);
  SHMBUS_CRASH_POINT("read.saved");
  words_->delivered.store(delivered_, std::memory_order_relaxed);  // for the monitor alone
}

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
