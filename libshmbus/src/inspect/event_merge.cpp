#include "inspect/event_merge.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "platform/clock.hpp"

namespace shmbus::detail {

namespace {

/// Bytes that are copied at once. All topics together take at most `kAllPieces`, or `kLeastPiece` each.
constexpr std::size_t kPiece = std::size_t{256} << 10, kLeastPiece = std::size_t{16} << 10;
constexpr std::size_t kAllPieces = std::size_t{64} << 20;
/// With more topics than that, no file stays open between two pieces.
constexpr std::size_t kOpenFiles = 64;
/// A topic that could not be opened is tried again after this time.
constexpr std::uint64_t kTryAgain = 100'000'000;  // ns

}  // namespace

/// Of two topics, whether the first one's current event comes after the other's. Of equal times, the names decide.
bool EventMerge::is_later(const Source* a, const Source* b) noexcept {
  const TopicSource &one = *a->events, &other = *b->events;
  return one.time() != other.time() ? one.time() > other.time() : one.name() > other.name();
}

EventMerge::EventMerge(std::shared_ptr<registry::Registry> registry, base::Pattern pattern, Start start,
                       const EventReaderOptions& options)
    : registry_(std::move(registry)),
      clock_(registry_->recorded()),
      pattern_(std::move(pattern)),
      start_(start),
      options_(options),
      began_ns_(platform::system_ns()) {
  if (start.kind() == Start::Kind::after && pattern_.has_wildcard()) {
    throw Error(ErrorCode::invalid_option, {"Inspector::read, Start::after", "a pattern that names one topic",
                                            "'" + pattern_.text() + "'", "read the topic that the event was of"});
  }
  find_topics(true);
  if (start.kind() == Start::Kind::after && sources_.empty()) {
    throw Error(ErrorCode::stale_position,
                {pattern_.topic().value().object(), "to be the one that event " + start.event().to_string() + " was of",
                 "no such topic", "begin with Start::oldest(), and count the events between as lost"});
  }
}

std::size_t EventMerge::piece() const noexcept {
  return std::clamp(kAllPieces / std::max<std::size_t>(1, sources_.size()), kLeastPiece, kPiece);
}

bool EventMerge::topics_may_have_changed() const noexcept {
  return registry_->header().topic_generation.load(std::memory_order_acquire) != generation_ ||
         (!missing_.empty() && platform::monotonic_ns() - listed_ns_ > kTryAgain);
}

/// Opens the topics that came since the last time, and notes which ones have gone.
void EventMerge::find_topics(bool first_time) {
  check_whole(*registry_);
  if (!first_time && !topics_may_have_changed()) return;
  generation_ = registry_->header().topic_generation.load(std::memory_order_acquire);  // before the table is read
  listed_ns_ = platform::monotonic_ns();
  std::vector<ListedTopic> listed = registry_->removed() ? std::vector<ListedTopic>{} : list_topics(*registry_);
  std::erase_if(listed, [&](const ListedTopic& topic) {
    return !topic.usable() || !topic.name || !pattern_.covers(*topic.name);
  });
  const auto is_listed = [&](std::uint64_t id) {
    return std::any_of(listed.begin(), listed.end(), [&](const ListedTopic& topic) { return topic.id == id; });
  };
  for (const auto& source : sources_) source->listed = is_listed(source->id);
  std::erase_if(missing_, [&](const Missing& topic) { return !is_listed(topic.id); });
  if (options_.retained_only && !first_time) return;  // what is published now was not, when the reader was made
  for (const ListedTopic& topic : listed) {
    const bool known =
        std::any_of(sources_.begin(), sources_.end(), [&](const auto& source) { return source->id == topic.id; });
    if (!known) open(topic, first_time);
  }
}

void EventMerge::open(const ListedTopic& topic, bool first_time) {
  const auto missed =
      std::find_if(missing_.begin(), missing_.end(), [&](const Missing& m) { return m.id == topic.id; });
  // A later topic is read from its first event.
  Start start = first_time ? start_ : missed != missing_.end() ? missed->start : Start::sequence(1);
  try {
    auto segment = InspectedLog::open(*registry_, *topic.name, topic.id);
    if (!segment || segment->removed()) return;
    if (!first_time && missed == missing_.end()) start = Start::sequence(segment->log().first_sequence());
    auto source = std::make_unique<Source>();
    source->id = topic.id;
    source->events = std::make_unique<TopicSource>(
        *registry_, *topic.name,
        std::make_unique<TopicEvents>(std::move(segment), registry_->owners(), clock_, options_.max_payload),
        options_.journals);
    source->events->start(start);
    if (first_time && !pattern_.has_wildcard()) source->events->check_readable();
    if (options_.retained_only) source->events->end_here();
    sources_.push_back(std::move(source));
    std::erase_if(missing_, [&](const Missing& m) { return m.id == topic.id; });
  } catch (const Error& error) {
    // A topic that the pattern names must be opened. Of those that a wildcard matches, the others are read.
    if (first_time && !pattern_.has_wildcard()) throw;
    if (first_time && start.kind() == Start::Kind::latest)
      start = Start::time(Time{std::chrono::nanoseconds{began_ns_}});
    note_missing(topic, start, error);
  }
}

void EventMerge::note_missing(const ListedTopic& topic, Start start, const Error& error) {
  TopicProblem problem{topic.text(), error.code(), error.what()};
  const auto known = std::find_if(missing_.begin(), missing_.end(), [&](const Missing& m) { return m.id == topic.id; });
  if (known == missing_.end())
    missing_.push_back({topic.id, start, std::move(problem)});
  else
    known->problem = std::move(problem);
}

/// Makes the topic's next event its current one, and enters it among the others.
void EventMerge::advance(Source& source) {
  TopicSource& events = *source.events;
  source.current = events.timestamps() ? events.advance(piece()) : events.advance(piece(), source.round_end);
  if (sources_.size() > kOpenFiles) events.close();
  if (!source.current) return;
  heap_.push_back(&source);
  std::push_heap(heap_.begin(), heap_.end(), is_later);
}

void EventMerge::begin_round() {
  find_topics(false);
  horizon_ = Time{std::chrono::nanoseconds{platform::system_ns()}};
  for (const auto& source : sources_) {
    try {
      // Without time stamps, events come first: those that are published now, else they might keep all others back.
      if (!source->events->timestamps()) source->round_end = source->events->published();
    } catch (const Error&) {
      // `advance` meets the same, and notes it.
    }
    if (!source->current) advance(*source);
  }
  drop_removed();
}

/// Drops the topics that were removed, once all that could be read of them is read.
void EventMerge::drop_removed() {
  std::erase_if(sources_, [&](const std::unique_ptr<Source>& source) {
    if (source->current || source.get() == returned_ || (source->listed && !source->events->removed())) return false;
    try {
      source->events->abandon();
    } catch (const Error&) {
      // It is corrupt: how many events it had is not known.
    }
    lost_before_ += source->events->lost();
    return true;
  });
}

const EventSnapshot* EventMerge::next() {
  if (returned_ != nullptr) advance(*std::exchange(returned_, nullptr));
  if (heap_.empty() || heap_.front()->events->time() > horizon_) begin_round();
  if (heap_.empty()) return nullptr;
  std::pop_heap(heap_.begin(), heap_.end(), is_later);
  returned_ = heap_.back();
  heap_.pop_back();
  returned_->current = false;
  returned_->events->copy(event_);
  return &event_;
}

std::uint64_t EventMerge::lost() const noexcept {
  std::uint64_t lost = lost_before_;
  for (const auto& source : sources_) lost += source->events->lost();
  return lost;
}

std::vector<TopicProblem> EventMerge::problems() {
  find_topics(false);
  std::vector<TopicProblem> problems;
  for (const Missing& topic : missing_) problems.push_back(topic.problem);
  for (const auto& source : sources_) {
    // What was a publish under way a moment ago is none now.
    if (source->events->waits() && !source->current && source.get() != returned_) advance(*source);
    const TopicSource& events = *source->events;
    if (events.problem()) {
      problems.push_back({events.name(), events.problem()->code(), events.problem()->what()});
    } else if (events.waits() && !source->current && source.get() != returned_) {
      const Error error(
          ErrorCode::busy,
          {"topic '" + events.name() + "'", "event " + std::to_string(events.next_sequence()) + " to be committed",
           "a publisher that has claimed it and not gone on",
           "see shmbus who; it and all events behind it follow then, or once it is repaired"});
      problems.push_back({events.name(), error.code(), error.what()});
    }
  }
  std::sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.topic < b.topic; });
  return problems;
}

bool EventMerge::finished() {
  if (!heap_.empty() || returned_ != nullptr) return false;
  check_whole(*registry_);
  if (options_.retained_only)
    return std::all_of(sources_.begin(), sources_.end(), [](const auto& source) { return source->events->ended(); });
  return registry_->removed() && sources_.empty();
}

}  // namespace shmbus::detail
