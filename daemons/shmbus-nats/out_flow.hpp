#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "acknowledgements.hpp"
#include "counters.hpp"
#include "link.hpp"
#include "message_headers.hpp"
#include "out_topic.hpp"
#include "repeated_log.hpp"
#include "retry_delay.hpp"
#include "settings.hpp"
#include "shmbus/bus.hpp"
#include "state_file.hpp"
#include "stream.hpp"
#include "wake_signal.hpp"

namespace shmbus::bridge {

/// Carries events from the bus to our stream.
///
/// The order of the stream is the order of the window, and each message expects the place before its own to be the last
/// one: so JetStream takes it once, behind its predecessor, or not at all. Whatever fails, the window is drained, the
/// stream says which of its messages it has, and the others keep their places. A message that is still under way from
/// before then meets its own event at its place: after a restart by the plan in the state file. bridge.md has the whole
/// argument.
class OutFlow {
 public:
  /// Attaches the subscribers, so that from now on reliable rules hold their topics. Throws Error.
  OutFlow(Bus& bus, const Settings& settings, StateFile& state, Counters& counters, WakeSignal& wake, bool take_over);
  ~OutFlow();

  /// Sends until the link is lost or `stop()` is true, which a signal makes it ask. Throws NatsError or StreamError where
  /// the stream can't be used.
  void run(Link& link, const std::function<bool()>& stop);

 private:
  // In out_recovery.cpp.

  /// Brings the window in line with the stream, and begins to publish. Throws as `run` does.
  void recover(Link& link);
  void check_writer(const std::optional<Written>& last) const;
  /// Whether the stream goes on as the window says, so that each message keeps its place: one that is still under way from
  /// before does no harm then.
  bool keeps_places(std::uint64_t last_place, const std::optional<Written>& last);
  /// Takes out what the stream has. Both return how many messages that were.
  std::size_t take_out_up_to(std::uint64_t place);
  std::size_t renumber();
  void take_out_too_large();
  void plan_anew(const Window& window);
  /// Puts into the window, in the same order, what an earlier process may have sent.
  void load_plan();

  /// Returns how many events it read.
  std::size_t read_bus();
  /// Takes the events whose topics had no position when they were read.
  void take_waiting();
  OutTopic& topic_of(const EventView& event);
  /// Finds out what the stream has of a topic. `first` is the first event that was read of it.
  void begin_topic(OutTopic& topic, const EventId& first);
  /// Whether the bridge has not followed this rule before, on this bus.
  bool is_new(const OutRule& rule) const;
  void begin_planned(OutTopic& topic, const EventId& first);
  void find_type(OutTopic& topic);
  /// Puts an event into the window, unless it needs not be sent.
  void take(OutTopic& topic, const EventView& event);
  void leave_out(const Message& message);
  /// Notes that the last event that was read of a topic is not sent, so that it does not count as lost after a restart.
  void pass_over(OutTopic& topic);
  void note_passed_over();
  void send_window(Link& link);
  void pause(Link& link, const std::function<bool()>& stop, const Acknowledgements::Failure& failure);
  void wait(bool room);
  void count_lost();
  void report_unattached();

  Bus& bus_;
  const Settings& settings_;
  StateFile& state_;
  Counters& counters_;
  WakeSignal& wake_;
  bool take_over_;
  std::string machine_;
  HeaderWriter headers_;
  std::shared_ptr<Acknowledgements> acknowledgements_;

  std::vector<Subscriber> subscribers_;       // of each rule
  std::vector<std::uint64_t> subscriber_lost_;
  std::vector<bool> new_rules_;  // of each rule: its start applies
  std::unordered_map<std::uint64_t, std::uint64_t> heads_;  // the last event of each topic when the subscribers came
  Time began_;

  std::unordered_map<std::uint64_t, std::unique_ptr<OutTopic>> topics_;  // by id
  std::deque<RetainedEvent> waiting_;
  std::vector<OutTopic*> passed_over_;
  std::optional<Stream> stream_;  // of the present link
  std::int64_t created_ = 0;        // of the stream that the window's places belong to
  std::size_t max_payload_ = 0;
  bool unknown_ = true;             // neither the stream nor the state file knew this bridge: the rules' starts apply
  bool planned_ = false;            // the plan of an earlier process was looked at
  std::uint64_t unsent_ = 1;        // place of the first message of the window that was not sent
  bool probing_ = false;            // after a failure one message is sent until JetStream takes it
  daemon::RetryDelay delay_;
  RepeatedLog repeated_;
};

}  // namespace shmbus::bridge
