#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "arrived_event.hpp"
#include "counters.hpp"
#include "in_topics.hpp"
#include "link.hpp"
#include "origin.hpp"
#include "repeated_log.hpp"
#include "settings.hpp"
#include "shmbus/bus.hpp"
#include "state_file.hpp"

namespace shmbus::bridge {

/// Carries the events of other bridges' streams to the bus.
///
/// For each origin the state file names the last message that was dealt with, and the event that is being published for
/// the next one: it is written between the claim and the commit of that event. So a new process knows of each message
/// whether its event is on the bus. The thread that reads the socket takes the messages of all origins; another one finds
/// origins and makes their consumers.
class InFlow {
 public:
  /// Throws std::runtime_error.
  InFlow(Bus& bus, const Settings& settings, StateFile& state, Counters& counters);
  ~InFlow();

  /// Takes what has arrived: on the thread that reads the link's socket.
  void receive();
  /// Receives by this link until `end`, which closes it, or until the InFlow is destroyed.
  void begin(Link& link);
  void end();
  /// What nats.c says of a subscription beside messages: any thread. One that may miss messages is made anew.
  void complain(const natsSubscription* subscription, natsStatus status);

 private:
  using Clock = std::chrono::steady_clock;
  /// A message's place in its stream.
  struct Arrival {
    std::uint64_t sequence;
    std::int64_t time;  // when the stream got it
  };

  void tend(Link& link);
  /// Does it, unless the flow ends. What it throws is told, and becomes the trouble.
  template <class Action>
  void attempt(const Link& link, std::string& trouble, Action action);
  void find_origins(Link& link);
  void add_origin(const std::string& name);
  /// Finds out whether the event that an earlier process was publishing is on the bus.
  void settle(Origin& origin);
  /// Makes the consumer of an origin, so that it begins behind the last message that was dealt with. Throws NatsError.
  void subscribe(Link& link, Origin& origin);
  void unsubscribe(Origin& origin);
  void break_missed();
  void break_off(Origin& origin);

  void receive(Origin& origin, Link& link);
  void receive(Origin& origin, natsMsg* message, Link& link);
  /// Publishes one message's event. Returns false where the flow ended before it could.
  bool take(Origin& origin, natsMsg* message, const Arrival& arrival, Link& link);
  bool publish(Origin& origin, const ArrivedEvent& event, const InRule& rule, const Arrival& arrival, Link& link);
  void skip(Origin& origin, const Arrival& arrival, Count& count);
  void undeliverable(Origin& origin, const Arrival& arrival, const std::string& why);

  Bus& bus_;
  const Settings& settings_;
  StateFile& state_;
  Counters& counters_;
  Time began_;
  std::map<std::string, std::unique_ptr<Origin>> origins_;

  std::mutex taking_;               // held while messages are dealt with
  std::vector<Origin*> receiving_;  // those with a subscription
  Link* taking_link_ = nullptr;     // null: nothing is taken
  InTopics topics_;
  RepeatedLog repeated_;  // with `taking_`

  RepeatedLog repeated_tender_;
  std::atomic<bool> ended_{true};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<const natsSubscription*> missed_;  // with `mutex_`
  Link* link_ = nullptr;
  std::thread tender_;
  Clock::time_point looked_{};
  bool listed_ = false;  // the streams were listed once
};

}  // namespace shmbus::bridge
