#include "log/reader.hpp"

#include "log/free_map.hpp"
#include "shmbus/detail/crash_point.hpp"

namespace shmbus::log {

using layout::RecordHeader;
using layout::RecordMeta;
using layout::SubscriberPort;

namespace {
/// Pauses of a streaming reader that has read everything, so that the writer gets ahead by some cache lines.
constexpr int kStreamingPauses = 32;
constexpr std::uint32_t kFewPolls = 8, kManyPolls = 256;    // polls that found nothing
constexpr std::uint64_t kLongAgo = std::uint64_t{1} << 20;  // of the cycle counter: between 0.3 and some 40 ms
}  // namespace

Reader::Reader(BlockLog& log, unsigned port)
    : RecordPath(log.subscriber(port).words, log.record_header(), log.geometry().alignment, log.timestamps()),
      log_(&log),
      port_(&log.subscriber(port)),
      port_number_(port) {
  if (timestamps_) latencies_ = log.environment().histogram(port);
  if (latencies_ == nullptr) return;
  for (auto& count : latencies_->counts) count.store(0, std::memory_order_relaxed);  // of the port's former tenant
  port_->latency.store(1, std::memory_order_release);
  until_sample_ = 0;
}

/// Samples the latency of the event at the cursor, which is handed out next. For monitors alone, so relaxed. The stamp
/// may be slightly in the future, since the cores' counters differ, or be any bytes: each value has its bucket. Returns
/// true where the sample was taken or padding was passed; false for corrupt data.
bool Reader::sample_latency() noexcept {
  if (watermark_ != nullptr) return within_watermark();
  detail::EventRecord record;
  std::size_t stride;
  if (!take(reinterpret_cast<const RecordHeader*>(cursor_), record, stride)) return status_ == Status::ok;
  const std::uint64_t now = log_->stamp();
  const std::uint64_t latency = static_cast<std::int64_t>(now - record.stamp) < 0 ? 0 : now - record.stamp;
  platform::add_to_own(latencies_->counts[layout::latency_bucket(latency)], sampling_.take(now));
  until_sample_ = sampling_.distance();
  return true;
}

void Reader::adopt() noexcept {
  next_sequence_ = words_->position.load(std::memory_order_acquire);
  wanted_ = words_->pin.load(std::memory_order_acquire);
  if (wanted_ == kNone) fail();  // no process places a port like this
}

/// P1, P2. The store is sequentially consistent, so it comes before the following check of the ring. It is also a
/// release, so the old block was read before it.
void Reader::pin(std::uint64_t number) noexcept {
  wanted_ = number;
  if (words_->pin.load(std::memory_order_relaxed) == number) return;  // only we write it
  words_->pin.store(number, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("pin.stored");
  if (port_->held_since.load(std::memory_order_seq_cst) != 0) port_->held_since.store(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("pin.unheld");
  if (log_->header().gated.load(std::memory_order_seq_cst) != 0) log_->wake_publishers();
}

/// Called after a pin was taken off a block: if the block has left the ring in the meantime, it may be free now.
void Reader::list_if_unlinked(const Block& block) noexcept {
  if (log_->slot(block.number).load(std::memory_order_seq_cst) != block.entry) list_free(*log_, block.physical);
}

/// At the end of a block, or in none: enters the block wanted next. Returns false where it is not open yet, or the
/// reader was lapped again and again (`look` distinguishes the two).
bool Reader::next_block() noexcept {
  if (status_ != Status::ok || log_->environment().forked()) return false;
  if (wanted_ == kNone) {  // the block was just read to its end
    if (block_.number == kNone) return false;
    pin(block_.number + 1);
    list_if_unlinked(block_);
  }
  // A lapped reader may be lapped again before it has pinned; each time needs a rotation in between.
  constexpr int kTries = 64;
  for (int i = 0; i < kTries; ++i) {
    Block block;
    switch (log_->find(wanted_, block)) {
      case FindResult::found:
        return enter(block);
      case FindResult::not_open:
        ++empty_polls_;
        return false;
      case FindResult::corrupt:
        return fail();
      case FindResult::gone:
        ++lapped_;
        port_->lapped.store(lapped_, std::memory_order_relaxed);  // for the monitor alone
        SHMBUS_CRASH_POINT("read.lapped");
        if (elsewhere_ != nullptr && elsewhere_->go_on(next_sequence_ > skip_to_ ? next_sequence_ : skip_to_)) {
          leave_ring();
          return false;
        }
        pin(log_->oldest_after(wanted_));
        break;
    }
  }
  return false;
}

bool Reader::enter(const Block& block) noexcept {
  const std::uint64_t from = skip_to_ > next_sequence_ ? skip_to_ : next_sequence_;
  if (block.first_sequence < next_sequence_) return fail();
  if (block.first_sequence > from && skip_time_ == 0) {  // P3
    lost_ += block.first_sequence - from;
    words_->lost.store(lost_, std::memory_order_relaxed);  // for the monitor alone
  }
  next_sequence_ = block.first_sequence;
  block_ = block;
  key_ = block.key;
  begin_ = log_->at(block.physical, 0);
  cursor_ = begin_;
  end_ = begin_ + log_->block_size();
  wanted_ = kNone;
  claim_since_ = 0;
  if (watermark_ != nullptr) until_sample_ = 0;
  SHMBUS_CRASH_POINT("read.entered");
  return true;
}

/// Every record leaves room for the padding after it, and padding reaches to the block's end. So there is a whole
/// header wherever the cursor is.
bool Reader::fits(std::size_t stride, bool padding) const noexcept {
  const auto room = static_cast<std::size_t>(end_ - cursor_);
  return stride >= layout::kMinRecord && (padding ? stride == room : stride + layout::kMinRecord <= room);
}

bool Reader::take_special(const RecordHeader* header, RecordMeta meta, detail::EventRecord& record,
                          std::size_t& stride) noexcept {
  const bool padding = (meta.flags & layout::kPadding) != 0;
  if (meta.size < layout::kMinRecord || !fits(stride, padding)) return fail();
  if (padding) {
    cursor_ += stride;
    return false;
  }
  return take_event(reinterpret_cast<const std::byte*>(header), meta, stride, record) || fail();
}

/// Called where no committed record is at the cursor. Returns true where the cursor has moved all the same.
bool Reader::nothing_here(std::uint64_t key) noexcept {
  if (key == ~key_) return pass_aborted();
  if (streaming_) {
    streaming_ = false;
    for (int i = 0; i < kStreamingPauses; ++i) platform::pause();
    return false;
  }
  // Is this the end, or a claim that is not committed yet? Reading the tail takes its cache line from a publisher that
  // is about to write it, so it is done rarely: after many polls for a reader that spins, after few for one that polls
  // only sometimes (by the cycle counter).
  ++empty_polls_;
  const bool many = empty_polls_ % kManyPolls == 0;
  const bool ask_clock = !many && (claim_since_ != 0 || empty_polls_ % kFewPolls == 0);
  if (!many && !(ask_clock && platform::read_cycle_counter() - claim_looked_ > kLongAgo)) return false;
  claim_looked_ = platform::read_cycle_counter();
  return pass_open_claim();
}

bool Reader::pass_aborted() noexcept {
  const auto* header = reinterpret_cast<const RecordHeader*>(cursor_);
  const auto meta = RecordMeta::from(header->meta.load(std::memory_order_relaxed));  // before the key
  const std::size_t stride = PollPath::stride(meta.size);
  const unsigned sequences = meta.aborted_sequences();
  if (meta.size < layout::kMinRecord || !fits(stride, sequences == 0) || stride / layout::kMinRecord < sequences)
    return fail();
  return step_over(stride, sequences, false);
}

/// Skips `sequences` at once; 0 for padding.
bool Reader::step_over(std::size_t stride, unsigned sequences, bool lost) noexcept {
  const std::uint64_t wanted = next_sequence_ > skip_to_ ? next_sequence_ : skip_to_;
  cursor_ += stride;
  next_sequence_ += sequences;
  if (lost && skip_time_ == 0 && next_sequence_ > wanted) {
    lost_ += next_sequence_ - wanted;
    words_->lost.store(lost_, std::memory_order_relaxed);  // for the monitor alone
  }
  words_->position.store(next_sequence_ > skip_to_ ? next_sequence_ : skip_to_, std::memory_order_release);
  SHMBUS_CRASH_POINT("read.stepped_over");
  claim_since_ = 0;
  empty_polls_ = 0;
  if (watermark_ != nullptr) until_sample_ = 0;
  return true;
}

bool Reader::ready() noexcept {
  if (status_ != Status::ok || (cursor_ == end_ && !next_block())) return false;
  if (watermark_ != nullptr && !skipping_ && next_sequence_ > watermark_->load(std::memory_order_acquire)) return false;
  const std::uint64_t key =
      reinterpret_cast<const RecordHeader*>(cursor_)->key.load(std::memory_order_acquire);  // SYNC commit
  return key == key_ || key == ~key_;
}

bool Reader::look() noexcept {
  if (ready()) return true;
  if (status_ != Status::ok) return false;
  if (cursor_ != end_) {
    if (watermark_ != nullptr && !skipping_ && next_sequence_ > watermark_->load(std::memory_order_seq_cst))
      return false;
    return pass_open_claim();
  }
  if (wanted_ == kNone) return false;
  const std::uint64_t newest = log_->whole_number(log_->tail().load(std::memory_order_acquire));
  Block block;
  const FindResult found = log_->find(wanted_, block);
  // Lapped so often that `next_block` gave up: there are events further on, so the subscriber must not sleep. This may
  // happen any number of times: publishers have moved the ring on each time.
  if (found == FindResult::gone) return true;
  // The reader waits for a block that no publisher is about to open; or for a block that must be open, since the tail
  // refers to its successor, but is not in the ring. Only corrupt data leads here.
  if (newest == kNone) return false;
  if (wanted_ > newest + 1) return fail();
  return wanted_ <= newest && found == FindResult::not_open && fail();
}

void Reader::leave_ring() noexcept {
  cursor_ = end_ = nullptr;
  block_ = {};
  wanted_ = kNone;
  skipping_ = false;
  skip_to_ = 0;
  skip_time_ = 0;
  claim_since_ = 0;
  words_->pin.store(kNone, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("read.left_ring");
  if (log_->header().gated.load(std::memory_order_seq_cst) != 0) log_->wake_publishers();
}

void Reader::mark_corrupt() noexcept {
  status_ = Status::corrupt;
  cursor_ = end_;
  wanted_ = kNone;
}

// A running poll loads `cursor_` and `port_` again after each event. For the compiler a handler is an unknown call,
// unless it calls nothing; then it neither forks nor ends a subscriber.
void Reader::stop() noexcept {
  mark_corrupt();
  status_ = Status::closed;
}

void Reader::in_child() noexcept {
  static SubscriberPort nowhere;
  port_ = &nowhere;
  words_ = &nowhere.words;
  stop();
}

bool Reader::fail() noexcept {
  mark_corrupt();
  words_->pin.store(kNone, std::memory_order_release);
  log_->wake_publishers();
  return false;
}

Moment Reader::block_opened() const noexcept {
  const auto& entry = log_->entry(block_.physical);
  return {entry.opened_cycles.load(std::memory_order_relaxed),
          entry.opened_ns.load(std::memory_order_relaxed)};  // pinned
}

void Reader::count_handler_error() noexcept { port_->handler_errors.fetch_add(1, std::memory_order_relaxed); }
std::uint64_t Reader::count_mismatched() noexcept {
  return port_->mismatched.fetch_add(1, std::memory_order_relaxed) + 1;  // for the monitor alone
}

// Retain slots. `slot_uses_` counts the events that share a slot. kClearing prevents that a slot is taken between the
// last release and the clearing of the shared word.
namespace {
constexpr std::uint32_t kClearing = ~std::uint32_t{0};
}

int Reader::retain() noexcept {
  // Written before the topic had its name. Any other value only causes copies.
  if (log_->header().reserves.load(std::memory_order_relaxed) != 0) return -1;
  int free = -1;
  for (unsigned i = 0; i < layout::kRetainSlots; ++i) {
    std::uint32_t uses = slot_uses_[i].load(std::memory_order_acquire);
    if (uses == 0) {
      free = static_cast<int>(i);
      continue;
    }
    if (slot_block_[i].number != block_.number) continue;
    while (uses != 0 && uses != kClearing) {
      if (slot_uses_[i].compare_exchange_weak(uses, uses + 1, std::memory_order_acq_rel)) return static_cast<int>(i);
    }
  }
  if (free < 0) return -1;
  const auto slot = static_cast<unsigned>(free);
  slot_block_[slot] = block_;
  port_->retained[slot].store(block_.number,
                              std::memory_order_seq_cst);  // before the pin moves on: see log/gate.cpp, pinned
  SHMBUS_CRASH_POINT("retain.stored");
  slot_uses_[slot].store(1, std::memory_order_release);
  return free;
}

void Reader::release(int slot) noexcept {
  const auto i = static_cast<unsigned>(slot);
  std::uint32_t uses = slot_uses_[i].load(std::memory_order_acquire);
  while (!slot_uses_[i].compare_exchange_weak(uses, uses == 1 ? kClearing : uses - 1, std::memory_order_acq_rel)) {
  }
  if (uses != 1) return;
  SHMBUS_CRASH_POINT("retain.ending");
  // A release: the block was read before it. Sequentially consistent: it comes before the check of the ring.
  port_->retained[i].store(kNone, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("retain.cleared");
  list_if_unlinked(slot_block_[i]);  // ours until the slot is free
  slot_uses_[i].store(0, std::memory_order_release);
}

}  // namespace shmbus::log
