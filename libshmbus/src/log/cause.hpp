#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/trace_ids.hpp"
#include "layout/extension_area.hpp"
#include "log/handled_event.hpp"

namespace shmbus::log {

/// What an event carries that is published now, on this thread, because a handler runs here.
class Cause {
 public:
  /// Returns false, and leaves the rest undefined, where no handler runs on this thread or it has no event.
  [[gnu::always_inline]] bool find() noexcept {
    const detail::HandlerScope* scope = detail::HandlerScope::innermost();
    if (scope == nullptr) return false;
    const HandledEvent handled(*scope);
    const detail::EventOrigin& origin = handled.origin();
    sequence = handled.sequence();
    if (sequence == 0) return false;
    bus = origin.bus;
    topic = origin.topic;
    trace_id = base::trace_id_words({bus, topic, sequence});
    parent_id = base::call_id_word(origin.call_base, sequence);
    flags = TraceContext::kSampled;
    tracestate = {};
    if (handled.extended()) [[unlikely]]
      inherit(handled.record());
    return true;
  }

  /// Writes a layout::CauseArea. As words: nothing that was just stored in parts is loaded as a whole.
  void write(std::byte* area) const noexcept {
    const auto put = [&area](auto word) {
      static_assert(sizeof word == 8);
      std::memcpy(area, &word, sizeof word);
      area += sizeof word;
    };
    using Area = layout::CauseArea;
    put(Area::kHead);
    put(Area::kTraceHead);
    put(trace_id[0]);
    put(trace_id[1]);
    put(parent_id);
    put(flags);
    put(Area::kCauseHead);
    put(bus);
    put(topic);
    put(sequence);
  }
  static constexpr std::size_t kSize = sizeof(layout::CauseArea);

  EventId event() const noexcept { return {bus, topic, sequence}; }
  TraceContext trace() const noexcept {
    TraceContext context;
    context.trace_id = std::bit_cast<decltype(context.trace_id)>(trace_id);
    context.parent_id = std::bit_cast<decltype(context.parent_id)>(parent_id);
    context.flags = static_cast<std::uint8_t>(flags);
    return context;
  }

  // Not initialised: `find` is on the quick path.
  std::uint64_t bus, topic, sequence;  ///< of the event that is handled
  std::array<std::uint64_t, 2> trace_id;
  std::uint64_t parent_id;
  std::uint64_t flags;
  std::string_view tracestate;  ///< of the event that is handled; empty without one

 private:
  /// Goes on with the trace of the event that is handled, if it has one.
  void inherit(const detail::EventRecord& record) noexcept;
};

}  // namespace shmbus::log
