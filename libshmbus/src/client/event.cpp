#include "shmbus/event.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <limits>
#include <utility>

#include "client/attached_topic.hpp"
#include "log/extension_view.hpp"
#include "log/quick_writer.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "shmbus/scope.hpp"
#include "shmbus/typed_subscriber.hpp"

namespace shmbus {

using detail::TopicReader;

namespace {

/// The source of an event that was moved from.
const detail::EventSource& no_source() noexcept {
  static const std::atomic<std::uint64_t> raw{0};
  static const detail::EventSource source{.topic = {}, .type_hash = &raw};
  return source;
}

}  // namespace

Time Event::time() const noexcept {
  return retained() ? Time{std::chrono::nanoseconds{static_cast<std::int64_t>(record_.stamp)}}
                    : detail::attached_topic(*reader_).to_time(record_);
}

const TraceContext* Event::trace() const noexcept { return log::ExtensionView(record_).trace(); }

std::optional<EventId> Event::cause() const noexcept { return log::ExtensionView(record_).cause(); }

EventHeaders Event::headers() const noexcept { return log::ExtensionView(record_).headers(); }

std::optional<std::string_view> Event::header(std::string_view name) const noexcept {
  for (const EventHeader& header : headers()) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

std::string_view Event::key() const noexcept { return log::ExtensionView(record_).key(); }

Scope::Scope(const Event& event) noexcept : event_(event.record_), origin_(event.source_->origin), scope_(nullptr) {
  origin_.path = nullptr;
  origin_.event = &event_;
  scope_.set_origin(origin_);
  log::QuickWriter::start_causes();
}

RetainedEvent Event::retain() const {
  std::size_t copied = 0;
  return *retain_within(std::numeric_limits<std::size_t>::max(), copied);
}

namespace {

constexpr std::size_t kAlignment = 256;  // of copies: the strictest alignment that a topic may have

/// Bytes from the extension area's begin to the payload's.
std::size_t extensions_space(const detail::EventRecord& record) noexcept {
  return record.extensions != nullptr ? static_cast<std::size_t>(record.payload - record.extensions) : 0;
}

std::size_t copy_space(const detail::EventRecord& record) noexcept {
  return record.size + extensions_space(record) + 2 * kAlignment;
}

}  // namespace

std::optional<RetainedEvent> Event::retain_within(std::size_t limit, std::size_t& copied) const {
  int slot = kCopied;
  if (kept_ != kCopied && !detail::attached_topic(*reader_).forked()) {
    auto& topic = detail::attached_topic(*reader_);
    slot = retained() ? topic.reader.retain_again(kept_) : topic.retain();
  }
  copied = slot < 0 ? copy_space(record_) : 0;
  if (copied > limit) return std::nullopt;
  return RetainedEvent(reader_ != nullptr ? reader_->shared_from_this() : nullptr, *this, slot);
}

RetainedEvent::RetainedEvent(std::shared_ptr<TopicReader> reader, const Event& event, int slot)
    : reader_(std::move(reader)), event_(event), slot_(slot) {
  event_.record_.stamp = static_cast<std::uint64_t>(event.time().time_since_epoch().count());
  event_.kept_ = static_cast<std::int8_t>(slot);
  if (slot_ >= 0) return;
  // The extension area, then the payload, at a multiple of the alignment.
  const std::size_t before = extensions_space(event.record_);
  std::size_t space = copy_space(event.record_);
  copy_ = std::make_unique_for_overwrite<std::byte[]>(space);
  void* at = copy_.get() + before;
  space -= before;
  std::align(kAlignment, event.record_.size, at, space);
  auto* payload = static_cast<std::byte*>(at);
  std::copy_n(event.record_.payload - before, before + event.record_.size, payload - before);
  event_.record_.payload = payload;
  if (before != 0) event_.record_.extensions = payload - before;
}

Event Event::nothing() noexcept {
  Event event(&no_source(), nullptr, {});
  event.kept_ = kCopied;
  return event;
}

RetainedEvent::RetainedEvent(RetainedEvent&& other) noexcept
    : reader_(std::move(other.reader_)),
      copy_(std::move(other.copy_)),
      event_(std::exchange(other.event_, Event::nothing())),
      slot_(std::exchange(other.slot_, -1)) {}

RetainedEvent& RetainedEvent::operator=(RetainedEvent&& other) noexcept {
  if (this != &other) {
    release();
    reader_ = std::move(other.reader_);
    copy_ = std::move(other.copy_);
    event_ = std::exchange(other.event_, Event::nothing());
    slot_ = std::exchange(other.slot_, -1);
  }
  return *this;
}

RetainedEvent::~RetainedEvent() { release(); }

void RetainedEvent::release() noexcept {
  const int slot = std::exchange(slot_, -1);
  if (slot < 0) return;
  auto& port = detail::attached_topic(*reader_);
  if (!port.forked()) port.reader.release(slot);  // in a forked child the slot belongs to the parent
}

void detail::skip_mismatched(const Event& event, const TypeInfo& expected) noexcept {
  AttachedTopic& port = attached_topic(*event.reader_);
  const std::uint64_t count = port.reader.count_mismatched();
  if (!port.mismatch_reports.due()) return;
  std::fprintf(
      stderr,
      "shmbus: topic '%.*s', sequence %llu: expected a '%.*s' of %zu bytes; found %zu bytes of another type or "
      "of none; the event is skipped (%llu so far)\n",
      static_cast<int>(event.topic().size()), event.topic().data(), static_cast<unsigned long long>(event.sequence()),
      static_cast<int>(expected.name.size()), expected.name.data(), expected.size, event.payload().size(),
      static_cast<unsigned long long>(count));
}

}  // namespace shmbus
