#include "common/service.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "common/call_server.hpp"
#include "common/line_reader.hpp"
#include "common/report.hpp"
#include "common/save_schedule.hpp"

namespace streaming {
namespace {

/// How many of its last events the flight recorder of a service holds.
constexpr std::size_t recorded_calls = 4096;

Movies read_movies(const std::string& path) {
  if (path.empty()) return Movies();
  LineReader lines(path);
  return Movies(lines);
}

}  // namespace

Service::Service(std::string name, ServiceOptions options)
    : name_(std::move(name)), options_(std::move(options)), movies_(read_movies(options_.movies)) {
  if (!options_.serve.empty()) return;
  if (!options_.state.empty()) state_.emplace(options_.state, name_);
  bus_.emplace(shmbus::Bus::open(options_.bus));
  stop_.interrupts(*bus_);
}

int Service::run(Reaction& reaction) { return bus_ ? react_to_events(reaction) : answer_calls(reaction); }

int Service::react_to_events(Reaction& reaction) {
  using Clock = SaveSchedule::Clock;
  resume(reaction);
  const shmbus::Start start =
      position_.sequence > 0 ? shmbus::Start::sequence(position_.sequence + 1) : shmbus::Start::oldest();
  shmbus::Subscriber events = bus_->subscriber(
      watch_topic, {.start = start,
                    .delivery = options_.reliable ? shmbus::Delivery::reliable : shmbus::Delivery::lossy,
                    .wait = shmbus::WaitStrategy::sleep(),
                    .name = name_,
                    .record_calls = recorded_calls});

  SaveSchedule schedule(options_.save_interval);
  const auto save_now = [&] {
    const Clock::time_point began = Clock::now();
    const bool saved = save(reaction);
    schedule.saved(began, Clock::now());
    return saved;
  };
  const auto finished = [&] {
    return shmbus::tool::received_signal() != 0 || (options_.until > 0 && position_.sequence >= options_.until);
  };

  bool lingered = true;
  while (!finished()) {
    const std::size_t count = events.poll([&](const shmbus::Event& event) { handle(event, reaction, events); });
    schedule.changed(count, Clock::now());
    if (schedule.due(Clock::now())) save_now();
    if (count > 0) {
      lingered = false;
      continue;
    }
    if (events.status() == shmbus::Status::closed || events.status() == shmbus::Status::corrupt) break;
    if (!std::exchange(lingered, true)) {
      // No one waits for a reaction, but a viewer waits for video-service: polling spares it the system call that wakes us.
      stop_.sleep(options_.linger);
    } else {
      events.wait(schedule.left(Clock::now()));
    }
  }
  const bool saved = save_now();
  summarise(reaction);
  if (finished()) return saved ? 0 : 1;
  fmt::print(stderr, "{}: bus '{}', topic '{}': {}\n", name_, options_.bus, watch_topic,
             shmbus::to_string(events.status()));
  return 1;
}

// Finds out which event comes next. The counts of the saved state stay; its position is valid only in the stream it was
// counted in.
void Service::resume(Reaction& reaction) {
  const bool loaded = state_ && state_->load(position_, reaction);
  const auto topic = bus_->find_topic(watch_topic);
  if (position_.bus != bus_->incarnation() || (topic && topic->id != position_.topic)) position_ = {};
  if (position_.sequence > 0) {
    fmt::print(stderr, "{}: goes on after event {}\n", name_, position_.sequence);
  } else if (loaded) {
    fmt::print(stderr, "{}: the events of the saved state are no longer on bus '{}'; begins with the oldest event\n",
               name_, options_.bus);
  }
  resumed_after_ = position_.sequence;
  lost_before_ = position_.lost;
  if (state_) state_->save(position_, reaction);  // better to fail now than after an hour's work
}

void Service::handle(const shmbus::Event& event, Reaction& reaction, const shmbus::Subscriber& events) {
  if (options_.until > 0 && position_.sequence >= options_.until) return;
  const shmbus::EventId id = event.id();
  if (position_.topic != id.topic) {  // the first event, or the topic was removed and created anew
    position_ = {.bus = id.bus, .topic = id.topic, .first = id.sequence, .lost = position_.lost};
  }
  // Losses are always before this event. Taken here, and not after the poll, the count belongs to the position.
  if (id.sequence != position_.sequence + 1) position_.lost = lost_before_ + events.lost();
  position_.sequence = id.sequence;
  const WatchStarted* started = event.as<WatchStarted>();
  if (started == nullptr) {
    if (position_.unreadable++ == 0) {
      fmt::print(stderr,
                 "{}: event {} of '{}': expected a {} of {} bytes, found {} bytes of something else; such events "
                 "are skipped\n",
                 name_, id.sequence, event.topic(), shmbus::type_name<WatchStarted>, sizeof(WatchStarted),
                 event.payload().size());
    }
    return;
  }
  if (options_.work.count() != 0) stop_.sleep(options_.work);
  reaction.react({.started = *started, .sequence = id.sequence, .published = event.time()});
  ++position_.handled;
  position_.hash.add(id.sequence, *started);
}

// A service whose state can no longer be saved goes on, and tries again. If it is killed meanwhile, its next start repeats
// more events.
bool Service::save(const Reaction& reaction) try {
  if (state_) state_->save(position_, reaction);
  save_failed_ = false;
  return true;
} catch (const std::exception& error) {
  if (!std::exchange(save_failed_, true)) fmt::print(stderr, "{}: {}\n", name_, error.what());
  return false;
}

void Service::count_refused(shmbus::Status status) {
  if (refused_++ == 0) fmt::print(stderr, "{}: a result was not published: {}\n", name_, shmbus::to_string(status));
}

void Service::summarise(const Reaction& reaction) const {
  Report report(name_);
  report.add("handled", position_.handled);
  report.add("lost", position_.lost);
  report.add_hash(position_.hash);
  for (const auto& [name, value] : reaction.results()) report.add(name, value);
  if (position_.unreadable > 0) report.add("unreadable", position_.unreadable);
  if (refused_ > 0) report.add("results refused", refused_);
  report.print();
  report.note("first", position_.first);
  report.note("last", position_.sequence);
  report.note("resumed_after", resumed_after_);
  report.write(options_.report);
}

int Service::answer_calls(Reaction& reaction) {
  answer_calls_on(options_.serve, stop_, [&](const WatchStarted& started) {
    const auto end = std::chrono::steady_clock::now() + options_.service_time;
    reaction.react({.started = started, .sequence = ++position_.handled, .published = {}});
    stop_.sleep(end - std::chrono::steady_clock::now());
    return position_.handled;
  });
  fmt::print("{}: answered {} calls\n", name_, position_.handled);
  return 0;
}

int run_service(int argc, char** argv, const std::string& name, const std::string& text,
                const std::function<int(Service&)>& body) {
  ServiceOptions options;
  shmbus::tool::CommandLine line(name, {}, text);
  add_service_options(line.program(), options);
  line.program().action([&] {
    try {
      Service service(name, options);
      return body(service);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}: {}\n", name, error.what());
      return 1;
    }
  });
  return line.run(argc, argv);
}

}  // namespace streaming
