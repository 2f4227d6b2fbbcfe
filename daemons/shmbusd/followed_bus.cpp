#include "followed_bus.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "printable_text.hpp"
#include "wall_time.hpp"

namespace shmbus::daemon {
FollowedBus::FollowedBus(const std::string& bus, const std::vector<uid_t>& owners, From from, std::size_t limit)
    : name_(bus),
      limit_(limit),
      started_(from == From::now ? wall_time() : Time{}),
      inspector_(bus, owners),
      reader_(inspector_.read(">", from == From::now ? Start::latest() : Start::oldest(),
                              {.max_payload = 0, .journals = false})),
      traces_({.events = limit, .calls = limit}) {}

void FollowedBus::read_events(const std::stop_token& stop) {
  constexpr std::size_t between_looks = 256;  // at whether to stop
  behind_ = true;
  for (std::size_t count = 0; count < limit_; ++count) {
    if (count % between_looks == 0 && stop.stop_requested()) return;
    const EventSnapshot* event = reader_.next();
    if (event == nullptr) {
      behind_ = false;
      return;
    }
    if (count == 0) traces_.set_bus(inspector_.snapshot());  // who published this one
    ++events_;
    if (event->time == Time{}) {
      timeless_.push_back(*event);
    } else {
      newest_ = event->time;
      traces_.add(*event);
    }
  }
}

void FollowedBus::read_calls() {
  std::vector<RecorderSnapshot> recorders = inspector_.recorders();
  count_missed(recorders);
  leave_out_early_calls(recorders);
  traces_.set_recorders(recorders);
  for (const EventSnapshot& event : earlier_timeless_) traces_.add(event);
  earlier_timeless_ = std::exchange(timeless_, {});
  problems_.clear();
  for (const RecorderSnapshot& r : recorders) {
    if (!r.problem.empty())
      problems_.insert(fmt::format("bus '{}': the flight recorder of {} (pid {}) can't be read: {}", name_,
                                   tool::printable(r.program), r.pid, tool::printable(r.problem)));
  }
}

/// What ran before the start has no event here.
void FollowedBus::leave_out_early_calls(std::vector<RecorderSnapshot>& recorders) const {
  if (started_ == Time{}) return;
  for (RecorderSnapshot& recorder : recorders)
    std::erase_if(recorder.calls, [this](const CallSnapshot& call) { return call.began < started_; });
}

/// A lower bound: one worker's part of a recorder may wrap while another's does not.
void FollowedBus::count_missed(const std::vector<RecorderSnapshot>& recorders) {
  std::map<std::uint64_t, std::uint64_t> recorded;
  const bool count_new = read_calls_before_ || started_ == Time{};
  for (const RecorderSnapshot& recorder : recorders) {
    const auto known = recorded_.find(recorder.subscription);
    if (!recorder.problem.empty()) {
      if (known != recorded_.end()) recorded.insert(*known);
      continue;
    }
    const std::uint64_t before = known != recorded_.end() ? known->second : count_new ? 0 : recorder.overwritten;
    if (recorder.overwritten > before) missed_calls_ += recorder.overwritten - before;
    recorded[recorder.subscription] = recorder.overwritten + recorder.calls.size();
  }
  recorded_ = std::move(recorded);
  read_calls_before_ = true;
}

std::vector<tracing::Trace> FollowedBus::take_settled(Time before) {
  return traces_.take_settled(behind_ ? std::min(before, newest_) : before);
}

bool FollowedBus::gone() { return reader_.finished(); }

FollowCounts FollowedBus::counts() {
  return {.events = events_,
          .lost_events = reader_.lost(),
          .missed_calls = missed_calls_,
          .dropped_events = traces_.dropped_events(),
          .dropped_calls = traces_.dropped_calls(),
          .conflicting_calls = traces_.conflicting_calls(),
          .held_events = traces_.events() + timeless_.size() + earlier_timeless_.size(),
          .held_calls = traces_.calls(),
          .unreadable = told_problems_.size()};
}

std::vector<std::string> FollowedBus::new_problems() {
  std::set<std::string> all = problems_;
  for (const TopicProblem& problem : reader_.problems()) {
    if (problem.code == ErrorCode::busy) continue;  // its publisher is at work
    all.insert(fmt::format("bus '{}', topic '{}': its events can't be read for traces: {}", name_,
                           tool::printable(problem.topic), tool::printable(problem.reason)));
  }
  std::vector<std::string> lines;
  std::set_difference(all.begin(), all.end(), told_problems_.begin(), told_problems_.end(), std::back_inserter(lines));
  told_problems_ = std::move(all);
  return lines;
}

}  // namespace shmbus::daemon
