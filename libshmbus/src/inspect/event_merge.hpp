#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/pattern.hpp"
#include "inspect/topic_list.hpp"
#include "inspect/topic_source.hpp"
#include "registry/bus_clock.hpp"
#include "registry/registry.hpp"
#include "shmbus/event_reader.hpp"

namespace shmbus::detail {

/// The events of all topics that match a pattern, one after another in the order of their times.
///
/// It goes in rounds. A round notes the time, then makes each topic's next event its current one. Of these the earliest
/// is returned, unless it is later than the round: then another round comes first, in which a topic that was at its end
/// may have an earlier event. So a topic without new events is looked at once a round, not once an event.
class EventMerge {
 public:
  EventMerge(std::shared_ptr<registry::Registry> registry, base::Pattern pattern, Start start,
             const EventReaderOptions& options);

  const EventSnapshot* next();
  std::uint64_t lost() const noexcept;
  std::vector<TopicProblem> problems();
  bool finished();

 private:
  /// One that matches.
  struct Source {
    std::uint64_t id = 0;
    std::unique_ptr<TopicSource> events;
    bool current = false;         // it has a current event
    bool listed = true;           // by the registry
    std::uint64_t round_end = 0;  // sequence; without time stamps: what was published when the round began
  };
  /// One that matches and could not be opened.
  struct Missing {
    std::uint64_t id = 0;
    Start start;
    TopicProblem problem;
    bool listed = true;
  };

  static bool is_later(const Source* a, const Source* b) noexcept;
  void find_topics(bool first_time);
  void open(const ListedTopic& topic, bool first_time);
  void note_missing(const ListedTopic& topic, Start start, const Error& error);
  void advance(Source& source);
  void begin_round();
  void drop_removed();
  bool topics_may_have_changed() const noexcept;
  std::size_t piece() const noexcept;

  std::shared_ptr<registry::Registry> registry_;
  registry::BusClock clock_;
  base::Pattern pattern_;
  Start start_;
  EventReaderOptions options_;
  std::int64_t began_ns_;
  std::uint64_t generation_ = 0;  // of the topic table, when it was read
  std::uint64_t listed_ns_ = 0;   // monotonic, when it was read
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Missing> missing_;
  std::vector<Source*> heap_;      // those with a current event, the earliest at the front
  Source* returned_ = nullptr;     // whose current event was returned
  Time horizon_{};                 // when the round began
  std::uint64_t lost_before_ = 0;  // in topics that were removed
  EventSnapshot event_;
};

}  // namespace shmbus::detail
