#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "shmbus/journal.hpp"
#include "shmbus/status.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::recording {

/// How far a topic's journal is; zeros where it has none. Any thread.
JournalProgress progress_of(topic::TopicSegment& segment) noexcept;

/// Whether an event is durable: `ok`; `timed_out` where it is not yet; `not_recorded` where it never will be, since it is
/// missing or the topic has no journal; `journal_failed` while the journal can't be written. Any thread.
Status durable(topic::TopicSegment& segment, std::uint64_t sequence) noexcept;

/// Waits until an event is durable. `given_up` says that the wait is to end before: it returns `closed` then. Any thread.
Status wait_durable(topic::TopicSegment& segment, std::uint64_t sequence, std::chrono::nanoseconds timeout,
                    const std::function<bool()>& given_up) noexcept;

}  // namespace shmbus::recording
