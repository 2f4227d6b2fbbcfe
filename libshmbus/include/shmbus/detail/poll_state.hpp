#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "shmbus/detail/handler_scope.hpp"
#include "shmbus/detail/poll_path.hpp"
#include "shmbus/detail/thread_check.hpp"
#include "shmbus/event.hpp"

#include "shmbus/detail/header_begin.hpp"

// The state that the inlined poll of a Subscriber works on.
namespace shmbus::trace {
class CallRecorder;
}

namespace shmbus::detail {

class SubscriberCore;

/// One topic of a subscriber. It exists, and holds the port, for as long as the subscriber or any event retained from
/// it.
class TopicReader : public std::enable_shared_from_this<TopicReader> {
 public:
  virtual ~TopicReader() = default;
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  EventSource source;

  /// Where its events come from at present.
  PollPath& path() const noexcept { return *path_; }
  /// From the next poll on, they come from there.
  void read_from(PollPath& path) noexcept {
    path_ = &path;
    source.origin.path = &path;
  }

 protected:
  TopicReader(EventSource s, PollPath& path) : source(std::move(s)) { read_from(path); }

 private:
  PollPath* path_;
};

/// The part of a SubscriberCore that polling needs.
struct PollState {
  std::vector<std::shared_ptr<TopicReader>> topics;
  std::size_t first = 0;                                   ///< where the next poll begins, so that no topic starves
  const std::atomic<std::uint64_t>* generation = nullptr;  ///< changes when topics come and go
  std::uint64_t seen_generation = 0;
  std::uint64_t bus = 0;               ///< incarnation of its bus
  std::uint64_t subscription = 0;      ///< id of its standing subscription, never used twice within the bus
  SubscriberCore* core = nullptr;      ///< the core that has this state
  trace::CallRecorder* recorder = nullptr;  ///< of the calls of a polling subscriber's handlers; null: none
  bool pending = false;                ///< closed, or something is to be tried again: polls handle that first
  std::uint32_t empty_polls_left = 1;  ///< empty polls until the slow things are done
  ThreadCheck check;
  std::shared_ptr<SubscriberCore> ended;  ///< itself, from when a handler destroyed its Subscriber until poll returns
};

/// A handler whose type is not known.
struct ErasedHandler {
  void* object;
  void (*call)(void* object, const Event& event);
};

PollState& poll_state(SubscriberCore& core) noexcept;
/// Returns false where this subscriber may not poll any more, or was moved from and so has no core.
bool refresh_topics(SubscriberCore* core) noexcept;
/// Refuses a poll inside a handler of this same state on this thread: the event that the handler reads would be
/// overwritten. *Throws* Error, `busy`.
void refuse_nested_poll(const PollState& state);
/// Called after some polls that found nothing: does the slow things, and arms the descriptor.
void nothing_polled(SubscriberCore& core) noexcept;
/// Called after a poll of a subscriber with pending work: if a handler destroyed the Subscriber, ends the core, including
/// `state`.
void end_poll(PollState& state) noexcept;

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
