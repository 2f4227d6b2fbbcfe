#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "layout/claim_word.hpp"
#include "layout/port.hpp"
#include "layout/topic.hpp"
#include "shmbus/detail/cpu.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/detail/publish_path.hpp"
#include "shmbus/detail/record_words.hpp"
#include "shmbus/publish_result.hpp"

namespace shmbus::log {

/// The quick part of publishing: claims a place at the tail, writes the record, commits. The rest is Writer, the class
/// of every QuickWriter. One thread at a time.
///
/// W1 A shared publisher's claim is in its port before the tail moves over it. So every process that finds an open
///    claim can find its owner.
/// W2 The key is the last word written to a record.
/// W3 An exclusive publisher is alone. Its record needs no claim, since the tail moves only after the key.
class QuickWriter : public detail::PublishPath {
 public:
  /// To be called before the first handler of this process runs: only from then on do publishers ask whether one runs
  /// on their thread. Any thread.
  static void start_causes() noexcept;

 protected:
  /// Where a record goes, and which event it is.
  struct Place {
    std::byte* record = nullptr;
    std::uint64_t sequence = 0;
  };

  /// How an event is published. Each quick mode is compiled separately; `slow` is everything else.
  enum class Mode : std::uint8_t { exclusive, shared, shared_stamped, exclusive_stamped, slow };
  static constexpr std::size_t kQuickModes = 4;
  static constexpr std::size_t kUnit = 8;  // of offsets and, in the quick modes, of alignment

  QuickWriter() noexcept : PublishPath(functions_of(Mode::slow, false)) {}
  ~QuickWriter() = default;

  /// With `causes`, an event that a handler publishes names the one that is handled.
  void set_mode(Mode mode, bool causes) noexcept { functions_ = &functions_of(mode, causes); }

  bool place_exclusive(std::size_t stride, Place& place) noexcept;
  bool place_shared(std::size_t stride, Place& place) noexcept;
  static void write_meta(std::byte* record, std::uint64_t meta) noexcept;
  static void write_stamp(std::byte* record, std::uint64_t stamp) noexcept;
  static void copy_payload(std::byte* to, std::span<const std::byte> from) noexcept;
  void commit_exclusive(layout::TopicWords* topic, std::byte* record, std::size_t stride, std::uint64_t key) noexcept;
  void commit_shared(std::byte* record, std::uint64_t key) noexcept;
  void count_event(std::size_t size) noexcept;

  // In writer.cpp.
  PublishResult publish_slowly(std::span<const std::byte> payload) noexcept;
  PublishResult wake(std::uint64_t sequence) noexcept;

  // Of the topic and the port; these never change.
  layout::TopicWords* topic_ = nullptr;
  layout::PublisherWords* port_words_ = nullptr;
  std::uint64_t quick_meta_ = 0;  // of a record without payload or extensions
  std::uint64_t tail_unit_ = 0;   // one byte, in a tail word
  std::uint64_t count_mask_ = 0;
  std::uint8_t tail_shift_ = 0;  // log2 of the unit
  std::size_t max_payload_ = 0;

  // The block that we write to. Until one is adopted, no record can be placed.
  std::byte* block_begin_ = nullptr;
  std::uint64_t key_ = 0;

  // Exclusive: our position; only we move it.
  std::byte* cursor_ = nullptr;
  std::byte* cursor_limit_ = nullptr;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t tail_ = 0;

  // Shared: what a tail value means for our block.
  std::uint64_t block_tail_ = 0;  // tail value at its start
  std::uint64_t tail_room_ = 0;   // how far beyond that a record may reach: padding must fit after it
  std::uint64_t first_sequence_ = 0;
  std::uint64_t entry_ = 0;  // its word in the ring
  std::atomic<std::uint64_t>* slot_ = nullptr;
  layout::ClaimWord claim_{0};  // the empty claim of this block

 private:
  struct ShortCopy;
  struct AnyCopy;
  struct EitherCopy;
  // Hidden: in a shared library, too, they call each other directly.
  template <class Copy, Mode kMode, class... Area>
  [[gnu::noinline, gnu::visibility("hidden")]] static PublishResult publish_in(PublishPath& path, std::span<const std::byte> payload,
                                                    const Area&... area) noexcept;
  template <class Copy, Mode kMode>
  [[gnu::visibility("hidden")]] static PublishResult ask_and_publish_in(PublishPath& path, std::span<const std::byte> payload) noexcept;
  template <Mode kMode>
  [[gnu::noinline, gnu::visibility("hidden")]] static PublishResult publish_caused(QuickWriter& me, std::span<const std::byte> payload) noexcept;
  static PublishResult publish_in_slow_mode(PublishPath& path, std::span<const std::byte> payload) noexcept;
  template <bool kAsk, class Modes>
  struct Table;
  template <bool kAsk>
  using TableOf = Table<kAsk, std::make_index_sequence<kQuickModes>>;
  static TableOf<false> without_causes, with_causes;
  static const Functions& functions_of(Mode mode, bool causes) noexcept;
};

/// For an exclusive publisher, which is always at the tail.
inline bool QuickWriter::place_exclusive(std::size_t stride, Place& place) noexcept {
  place = {cursor_, last_sequence_ + 1};
  return cursor_ + stride <= cursor_limit_;
}

/// Shared publishers race for the tail. Returns false where another one was first: the loser takes the slow path.
inline bool QuickWriter::place_shared(std::size_t stride, Place& place) noexcept {
  layout::TopicWords* const topic = topic_;
  std::uint64_t tail = topic->tail.load(std::memory_order_acquire);  // SYNC tail: pairs with every change of the tail
  const std::uint64_t step = stride * tail_unit_, inside = tail - block_tail_;
  if (inside > tail_room_ - step) [[unlikely]]  // a tail in another block is outside, too
    return false;
  // W1. Our port shows no claim. Release: a process that sees the former claim gone also sees the record it covered.
  layout::PublisherWords* const port = port_words_;
  port->what.store(claim_.at(tail, stride).word(), std::memory_order_release);
  SHMBUS_CRASH_POINT("publish.described");
  port->where.store(tail, std::memory_order_release);  // SYNC claim: pairs with read_claim
  SHMBUS_CRASH_POINT("publish.claimed");
  // The ring gives the physical block before the tail moves; if the compare-and-swap succeeds, that block was right.
  // Once the claim is shown, the tail's block number can't come round again.
  if (slot_->load(std::memory_order_acquire) != entry_ ||
      !topic_->tail.compare_exchange_strong(tail, tail + step + 1, std::memory_order_acq_rel,
                                            std::memory_order_relaxed)) [[unlikely]] {
    // W1: no process may combine this claim with the next one.
    port_words_->where.store(layout::kNone, std::memory_order_release);
    SHMBUS_CRASH_POINT("publish.lost");
    return false;
  }
  SHMBUS_CRASH_POINT("publish.granted");
  // Below the offset's unit are the count's highest bits.
  place = {block_begin_ + (inside >> tail_shift_ & ~(kUnit - 1)), first_sequence_ + (tail & count_mask_)};
  return true;
}

inline void QuickWriter::write_meta(std::byte* record, std::uint64_t meta) noexcept {
  // Relaxed: the key, stored after it with release, publishes it.
  reinterpret_cast<layout::RecordHeader*>(record)->meta.store(meta, std::memory_order_relaxed);
}

inline void QuickWriter::write_stamp(std::byte* record, std::uint64_t stamp) noexcept {
  std::memcpy(record + sizeof(layout::RecordHeader), &stamp, sizeof stamp);
}

inline void QuickWriter::commit_exclusive(layout::TopicWords* topic, std::byte* record, std::size_t stride,
                                          std::uint64_t key) noexcept {
  const std::uint64_t tail = tail_ + stride * tail_unit_ + 1;
  cursor_ = record + stride;
  ++last_sequence_;
  tail_ = tail;
  auto& committed = reinterpret_cast<layout::RecordHeader*>(record)->key;
  committed.store(key, std::memory_order_release);  // SYNC commit: pairs with PollPath::poll
  SHMBUS_CRASH_POINT("publish.committed");
  topic->tail.store(tail, std::memory_order_release);  // SYNC tail
  SHMBUS_CRASH_POINT("publish.advanced");
}

/// Counts one more event of a shared publisher, with `size` bytes of payload. For monitors alone.
inline void QuickWriter::count_event(std::size_t size) noexcept {
  layout::PublisherWords* const port = port_words_;
  platform::add_to_own(port->published, 1);
  platform::add_to_own(port->bytes, size);
}

inline void QuickWriter::commit_shared(std::byte* record, std::uint64_t key) noexcept {
  layout::PublisherWords* const port = port_words_;
  auto& committed = reinterpret_cast<layout::RecordHeader*>(record)->key;
  committed.store(key, std::memory_order_release);  // SYNC commit: pairs with PollPath::poll
  SHMBUS_CRASH_POINT("publish.committed");
  port->where.store(layout::kNone, std::memory_order_release);  // SYNC claim: after the key
  SHMBUS_CRASH_POINT("publish.released");
}

}  // namespace shmbus::log
