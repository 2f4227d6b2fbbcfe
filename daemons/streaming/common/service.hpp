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

/// One of the services that react to watches, from its start to its end: it reads the events from the bus, hands them to
/// its reaction, publishes the results and saves the state.
///
/// It is a lossy subscriber, so it never holds publishers back, however slow it is. It publishes its results without
/// waiting.
class Service {
 public:
  /// Joins the bus, unless the options say to answer calls. Throws.
  Service(std::string name, ServiceOptions options);

  const Movies& movies() const { return movies_; }

  /// Returns a function for a reaction's results, which publishes them on this topic.
  template <class Result>
  Send<Result> results(std::string_view topic);

  /// Reacts until a signal, or `--until`, ends it. Returns the program's exit code. Throws.
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
  // Only recent results matter: a small ring is enough.
  auto publisher = std::make_shared<shmbus::TypedPublisher<Result>>(
      bus_->publisher<Result>(topic, {.block_size = 64 * 1024, .blocks = 8}));
  return [this, publisher](const Result& result) {
    if (const auto published = publisher->try_publish(result); !published) count_refused(published.status());
  };
}

/// A service's whole `main`: reads the command line, makes a Service and runs `body` on it. Returns the exit code: 0 after
/// an orderly stop, 1 after an error, which it prints on standard error.
int run_service(int argc, char** argv, const std::string& name, const std::string& text,
                const std::function<int(Service&)>& body);

}  // namespace streaming
