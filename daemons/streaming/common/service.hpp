#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <shmbus/bus.hpp>

#include "common/movies.hpp"
#include "common/outbox.hpp"
#include "common/reaction.hpp"
#include "common/service_options.hpp"
#include "common/state_database.hpp"
#include "common/stream_position.hpp"
#include "signal_scope.hpp"

namespace streaming {

/// One of the services that react to watches, from its start to its end: it reads the events from the bus, hands them to
/// its reaction, keeps its state and publishes the results.
///
/// What an event changes, its position and its results are one transaction of the state database. So each event counts
/// exactly once, whenever the process is killed: a successor goes on after the last event that was committed.
///
/// It is a lossy subscriber, so it never holds publishers back, however slow it is. It publishes its results without
/// waiting.
class Service {
 public:
  /// Opens the state, and joins the bus unless the options say to answer calls. Throws.
  Service(std::string name, ServiceOptions options);

  const Movies& movies() const { return movies_; }
  StateDatabase& state() { return state_; }

  /// Returns a function for a reaction's results, which are published on this topic. Call it once.
  template <class Result>
  Send<Result> results(std::string_view topic);

  /// Reacts until a signal, or `--until`, ends it. Returns the program's exit code. Throws.
  int run(Reaction& reaction);

 private:
  using Clock = std::chrono::steady_clock;

  int react_to_events(Reaction& reaction);
  int answer_calls(Reaction& reaction);
  shmbus::Subscriber begin();
  shmbus::Subscriber subscribe();
  bool read(shmbus::Subscriber& events, Reaction& reaction);
  void handle(const shmbus::Event& event, Reaction& reaction, const shmbus::Subscriber& events);
  void commit();
  bool commit_at_end();
  bool finished() const;
  void summarise(const Reaction& reaction) const;

  std::string name_;
  ServiceOptions options_;
  Movies movies_;
  StateDatabase state_;
  PositionTable positions_;
  std::optional<shmbus::Bus> bus_;  // none when it answers calls
  shmbus::tool::SignalScope stop_;  // after the bus, which it interrupts
  std::optional<Outbox> outbox_;    // none when it answers calls
  StreamPosition position_;
  StreamPosition saved_;  // the position of the last commit
  std::uint64_t resumed_after_ = 0;
  std::uint64_t lost_before_ = 0;    // what was lost before the subscriber began
  bool changed_ = false;             // since the last commit
  Clock::time_point next_commit_{};  // not earlier
  bool lingered_ = true;
  bool save_failed_ = false;
  bool refused_ = false;
};

template <class Result>
Send<Result> Service::results(std::string_view topic) {
  if (!bus_) return [](const Result&) {};
  // Only recent results matter: a small ring is enough.
  auto publisher = std::make_shared<shmbus::TypedPublisher<Result>>(bus_->publisher<Result>(
      topic, {.block_size = 64 * 1024, .blocks = 8, .journal = journal_named(options_.journal)}));
  const auto publish = [publisher](Outbox::Bytes bytes) {
    Result result;
    if (bytes.size() != sizeof result) return shmbus::PublishResult(shmbus::Status::corrupt, 0);
    std::memcpy(&result, bytes.data(), sizeof result);
    return publisher->try_publish(result);
  };
  const auto kept = [publisher](std::uint64_t sequence) {
    const shmbus::Status status = publisher->wait_durable(sequence, std::chrono::nanoseconds::zero());
    return status != shmbus::Status::timed_out && status != shmbus::Status::journal_failed;
  };
  outbox_.emplace(state_, *bus_, std::string{topic}, publish, kept);
  return [this](const Result& result) { outbox_->add(std::as_bytes(std::span{&result, 1})); };
}

/// A service's whole `main`: reads the command line, makes a Service and runs `body` on it. Returns the exit code: 0 after
/// an orderly stop, 1 after an error, which it prints on standard error.
int run_service(int argc, char** argv, const std::string& name, const std::string& text,
                const std::function<int(Service&)>& body);

}  // namespace streaming
