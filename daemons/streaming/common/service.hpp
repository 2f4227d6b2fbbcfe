#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <shmbus/bus.hpp>

#include "common/movies.hpp"
#include "common/reaction.hpp"
#include "common/service_options.hpp"
#include "common/state_file.hpp"
#include "common/stream_position.hpp"
#include "signal_scope.hpp"

namespace streaming {

/// One of the services that react to watches, from its start to its end: it gets the events from the bus, gives them to
/// its reaction, passes the results on and keeps the state.
///
/// It is a lossy subscriber, so that however slow it is it holds nobody back, and its results are offered to the bus
/// and never waited for.
class Service {
 public:
  /// Joins the bus, unless it is to answer calls instead. Throws.
  Service(std::string name, ServiceOptions options);

  const Movies& movies() const { return movies_; }

  /// What a reaction passes its results to: publishes them under this topic.
  template <class Result>
  Send<Result> results(std::string_view topic);

  /// Reacts until a signal, or `--until`, ends it. The program's exit code. Throws.
  int run(Reaction& reaction);

 private:
  int react_to_events(Reaction& reaction);
  int answer_calls(Reaction& reaction);
  void resume(Reaction& reaction);
  void handle(const shmbus::Event& event, Reaction& reaction, const shmbus::Subscriber& events);
  bool save(const Reaction& reaction);
  void summarise(const Reaction& reaction) const;
  void count_refused(shmbus::Status status);

  std::string name_;
  ServiceOptions options_;
  Movies movies_;
  std::optional<shmbus::Bus> bus_;  // none when it answers calls
  shmbus::tool::SignalScope stop_;  // after the bus, which it interrupts
  std::optional<StateFile> state_;
  StreamPosition position_;
  std::uint64_t resumed_after_ = 0;
  std::uint64_t lost_before_ = 0;  // what earlier processes with this state lost
  std::uint64_t refused_ = 0;      // results the bus did not take
  bool save_failed_ = false;
};

template <class Result>
Send<Result> Service::results(std::string_view topic) {
  if (!bus_) return [](const Result&) {};
  // Results are of interest while they are news: a small ring does.
  auto publisher = std::make_shared<shmbus::TypedPublisher<Result>>(
      bus_->publisher<Result>(topic, {.block_size = 64 * 1024, .blocks = 8}));
  return [this, publisher](const Result& result) {
    if (const auto published = publisher->try_publish(result); !published) count_refused(published.status());
  };
}

/// A service's whole `main`: reads the command line, and runs what `body` makes of the Service. The exit code: 0 after
/// a stop in good order, 1 where something is wrong, which is then said on standard error.
int run_service(int argc, char** argv, const std::string& name, const std::string& text,
                const std::function<int(Service&)>& body);

}  // namespace streaming
