#include "log/quick_writer.hpp"

#include <type_traits>
#include <utility>

#include "log/cause.hpp"
#include "shmbus/detail/handler_scope.hpp"

namespace shmbus::log {

/// Copies 16 to 64 bytes without a call, in pieces that may overlap.
struct QuickWriter::ShortCopy {
  static constexpr std::size_t kPiece = 16;
  static_assert(kShortest == kPiece && kLongest == 4 * kPiece);
  static void copy(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    platform::copy_two_words(to, from);
    if (size > 2 * kPiece) [[likely]] {
      platform::copy_two_words(to + kPiece, from + kPiece);
      platform::copy_two_words(to + size - 2 * kPiece, from + size - 2 * kPiece);
    }
    platform::copy_two_words(to + size - kPiece, from + size - kPiece);
  }
};

struct QuickWriter::AnyCopy {
  static void copy(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    if (size != 0) std::memcpy(to, from, size);  // memcpy takes no null pointer
  }
};

struct QuickWriter::EitherCopy {
  static void copy(std::byte* to, const std::byte* from, std::size_t size) noexcept {
    is_short(size) ? ShortCopy::copy(to, from, size) : AnyCopy::copy(to, from, size);
  }
};

void QuickWriter::copy_payload(std::byte* to, std::span<const std::byte> from) noexcept {
  EitherCopy::copy(to, from.data(), from.size());
}

/// Publishes an event; with `area`, which writes it, its extension area stands before the payload.
template <class Copy, QuickWriter::Mode kMode, class... Area>
PublishResult QuickWriter::publish_in(PublishPath& path, std::span<const std::byte> payload,
                                      const Area&... area) noexcept {
  auto& me = static_cast<QuickWriter&>(path);
  constexpr bool kStamped = kMode == Mode::exclusive_stamped || kMode == Mode::shared_stamped;
  constexpr bool kShared = kMode == Mode::shared || kMode == Mode::shared_stamped;
  constexpr std::size_t kAreas = (Area::kSize + ... + 0);
  constexpr std::size_t kHead = sizeof(layout::RecordHeader) + (kStamped ? layout::kTimeSize : 0);
  constexpr std::uint64_t kMeta = kAreas == 0 ? 0 : kAreas | std::uint64_t{layout::kExtended} << 48;
  const std::size_t length = (kHead + kAreas + payload.size() + kUnit - 1) & ~(kUnit - 1);
  if constexpr (std::is_same_v<Copy, AnyCopy>) {
    if (payload.size() > me.max_payload_) [[unlikely]]
      return me.publish_slowly(payload);
  }
  layout::TopicWords* const topic = me.topic_;
  Place at;
  // `attention` is a hint; nothing is read by it.
  if (topic->attention.load(std::memory_order_relaxed) != 0 ||
      !(kShared ? me.place_shared(length, at) : me.place_exclusive(length, at))) [[unlikely]] {
    return me.publish_slowly(payload);
  }
  write_meta(at.record, me.quick_meta_ + kMeta + payload.size());
  if constexpr (kShared) me.count_event(payload.size());
  SHMBUS_CRASH_POINT("publish.headed");
  (area.write(at.record + kHead), ...);
  Copy::copy(at.record + kHead + kAreas, payload.data(), payload.size());
  SHMBUS_CRASH_POINT("publish.written");
  if constexpr (kStamped) write_stamp(at.record, platform::read_cycle_counter());
  if constexpr (kShared)
    me.commit_shared(at.record, me.key_);
  else
    me.commit_exclusive(topic, at.record, length, me.key_);
  // Commit, then check whether a subscriber sleeps. A sleeping subscriber does the two in the other order, with a
  // membarrier between them, so here it is enough that the compiler keeps the order. Where membarrier is refused,
  // `attention` sends us to the slow path.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (topic->waiters.load(std::memory_order_relaxed) != 0) [[unlikely]]
    return me.wake(kShared ? at.sequence : me.last_sequence_);
  return {Status::ok, kShared ? at.sequence : me.last_sequence_};
}

/// Asks first whether a handler runs on this thread. Then the event names the one that is handled.
template <class Copy, QuickWriter::Mode kMode>
PublishResult QuickWriter::ask_and_publish_in(PublishPath& path, std::span<const std::byte> payload) noexcept {
  if (detail::HandlerScope::innermost() != nullptr) [[unlikely]]
    return publish_caused<kMode>(static_cast<QuickWriter&>(path), payload);
  return publish_in<Copy, kMode>(path, payload);
}

template <QuickWriter::Mode kMode>
PublishResult QuickWriter::publish_caused(QuickWriter& me, std::span<const std::byte> payload) noexcept {
  Cause cause;
  if (payload.size() > me.max_payload_ - Cause::kSize || !cause.find() || !cause.tracestate.empty())
    return me.publish_slowly(payload);
  return publish_in<EitherCopy, kMode>(me, payload, cause);
}

PublishResult QuickWriter::publish_in_slow_mode(PublishPath& path, std::span<const std::byte> payload) noexcept {
  return static_cast<QuickWriter&>(path).publish_slowly(payload);
}

/// The functions of each mode.
template <bool kAsk, std::size_t... kModes>
struct QuickWriter::Table<kAsk, std::index_sequence<kModes...>> {
  template <Mode kMode>
  static consteval Functions functions() noexcept {
    if constexpr (kAsk)
      return {ask_and_publish_in<ShortCopy, kMode>, ask_and_publish_in<AnyCopy, kMode>};
    else
      return {publish_in<ShortCopy, kMode>, publish_in<AnyCopy, kMode>};
  }
  Functions of[kQuickModes + 1]{functions<static_cast<Mode>(kModes)>()..., {publish_in_slow_mode, publish_in_slow_mode}};
};
constinit QuickWriter::TableOf<false> QuickWriter::without_causes;
constinit QuickWriter::TableOf<false> QuickWriter::with_causes;

const detail::PublishPath::Functions& QuickWriter::functions_of(Mode mode, bool causes) noexcept {
  return (causes ? with_causes : without_causes).of[static_cast<std::size_t>(mode)];
}

// Relaxed: the caller's later steps, on this thread and on those that it starts, use the new functions; for any other
// publish, which runs outside of handlers, the old ones do the same.
void QuickWriter::start_causes() noexcept {
  static constinit const TableOf<true> asking;
  for (std::size_t i = 0; i < kQuickModes; ++i) {
    with_causes.of[i].short_payload.store(asking.of[i].short_payload, std::memory_order_relaxed);
    with_causes.of[i].any_payload.store(asking.of[i].any_payload, std::memory_order_relaxed);
  }
}

}  // namespace shmbus::log
