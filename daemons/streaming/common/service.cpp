#include "common/service.hpp"

#include <chrono>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "common/call_server.hpp"
#include "common/line_reader.hpp"
#include "common/report.hpp"

namespace streaming {
namespace {

/// How many of its last events the flight recorder of a service holds.
constexpr std::size_t recorded_calls = 4096;

/// How many results may wait while a reliable subscriber of theirs holds them back. Then no more events are read.
constexpr std::size_t most_waiting = 10'000;

constexpr std::chrono::seconds pause_after_failure{1};

Movies read_movies(const std::string& path) {
  if (path.empty()) return Movies();
  LineReader lines(path);
  return Movies(lines);
}

}  // namespace

Service::Service(std::string name, ServiceOptions options)
    : name_(std::move(name)),
      options_(std::move(options)),
      movies_(read_movies(options_.movies)),
      state_(options_.serve.empty() ? options_.state : std::string{}, name_, options_.journal == "batch"),
      positions_(state_) {
  if (!options_.serve.empty()) return;
  bus_.emplace(shmbus::Bus::open(options_.bus));
  stop_.interrupts(*bus_);
}

int Service::run(Reaction& reaction) { return bus_ ? react_to_events(reaction) : answer_calls(reaction); }

int Service::react_to_events(Reaction& reaction) {
  std::optional<shmbus::Subscriber> events = begin();  // better to fail now than after an hour's work
  bool open = true;
  while (open && !finished()) {
    try {
      if (!events) events.emplace(begin());
      open = read(*events, reaction);
    } catch (const StateError& error) {
      if (!error.may_pass()) throw;
      if (!std::exchange(save_failed_, true))
        fmt::print(stderr, "{}: {}; meanwhile nothing is counted, and it tries again\n", name_, error.what());
      events.reset();
      position_ = saved_;
      stop_.sleep(pause_after_failure);
    }
  }
  const bool saved = events ? commit_at_end() : !save_failed_;
  summarise(reaction);
  if (open) return saved ? 0 : 1;
  fmt::print(stderr, "{}: bus '{}', topic '{}': {}\n", name_, options_.bus, watch_topic,
             shmbus::to_string(events->status()));
  return 1;
}

bool Service::finished() const {
  return shmbus::tool::received_signal() != 0 || (options_.until > 0 && position_.last.sequence >= options_.until);
}

// Begins with what is saved, as a process does whose predecessor was killed; also after a failed transaction.
shmbus::Subscriber Service::begin() {
  state_.roll_back();
  if (const std::size_t dropped = outbox_->resume(); dropped > 0) {
    fmt::print(stderr, "{}: {} results are not published: their topic was removed from bus '{}' meanwhile\n", name_,
               dropped, options_.bus);
  }
  position_ = positions_.load();
  shmbus::Subscriber events = subscribe();
  commit();
  return events;
}

// Begins behind the last event whose effects are kept. The counts of the state stay; a position is valid only in the
// stream that it was counted in.
shmbus::Subscriber Service::subscribe() {
  shmbus::SubscriberOptions options{
      .start = shmbus::Start::oldest(),
      .delivery = options_.reliable ? shmbus::Delivery::reliable : shmbus::Delivery::lossy,
      .wait = shmbus::WaitStrategy::sleep(),
      .name = name_,
      .record_calls = recorded_calls,
      .see = shmbus::See::durable};  // so that the machine's crash takes back no event that counts
  if (position_.last.sequence > 0) {
    options.start = shmbus::Start::after(position_.last);
    try {
      shmbus::Subscriber events = bus_->subscriber(watch_topic, options);
      if (!save_failed_) {
        fmt::print(stderr, "{}: goes on after event {}\n", name_, position_.last.sequence);
        resumed_after_ = position_.last.sequence;
      }
      lost_before_ = position_.lost;
      return events;
    } catch (const shmbus::Error& error) {
      if (error.code() != shmbus::ErrorCode::stale_position) throw;
      fmt::print(stderr, "{}: the events of the saved state are no longer on bus '{}'; begins with the oldest event\n",
                 name_, options_.bus);
      options.start = shmbus::Start::oldest();
    }
  }
  position_ = {};
  lost_before_ = 0;
  return bus_->subscriber(watch_topic, options);
}

// Handles what there is, or waits for it. Returns false when there will be no more.
bool Service::read(shmbus::Subscriber& events, Reaction& reaction) {
  const bool room = outbox_->waiting() < most_waiting;
  const std::size_t count =
      room ? events.poll([&](const shmbus::Event& event) { handle(event, reaction, events); }) : 0;
  if (count > 0) changed_ = true;
  if (changed_ && (Clock::now() >= next_commit_ || finished())) commit();
  if (count > 0) {
    lingered_ = false;
    return true;
  }
  if (events.status() == shmbus::Status::closed || events.status() == shmbus::Status::corrupt) return false;
  if (!room || !std::exchange(lingered_, true)) {
    // No one waits for a reaction, but a viewer waits for video-service: polling spares it the system call that wakes us.
    stop_.sleep(options_.linger);
  } else {
    events.wait(changed_ ? next_commit_ - Clock::now() : Clock::duration::max());
  }
  return true;
}

void Service::handle(const shmbus::Event& event, Reaction& reaction, const shmbus::Subscriber& events) {
  if (options_.until > 0 && position_.last.sequence >= options_.until) return;
  const shmbus::EventId id = event.id();
  if (position_.last.topic != id.topic) {  // the first event, or the topic was removed and created anew
    position_ = {.last = id, .first = id.sequence, .lost = position_.lost};
    position_.last.sequence = 0;
  }
  // Losses are always before this event. Taken here, and not after the poll, the count belongs to the position.
  if (id.sequence != position_.last.sequence + 1) position_.lost = lost_before_ + events.lost();
  position_.last = id;
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
  outbox_->set_cause(event);
  reaction.react({.started = *started, .sequence = id.sequence, .published = event.time()});
  ++position_.handled;
  position_.hash.add(id.sequence, *started);
}

// Keeps the effects of the events so far with their position, then publishes their results.
void Service::commit() {
  positions_.save(position_);
  outbox_->forget();
  state_.commit();
  outbox_->committed();
  const bool moved_on = position_.last != saved_.last;
  saved_ = position_;
  if (moved_on && std::exchange(save_failed_, false)) fmt::print(stderr, "{}: the state is saved again\n", name_);
  next_commit_ = Clock::now() + options_.save_interval;
  const bool all = outbox_->publish();
  if (!std::exchange(refused_, !all) && refused_) {
    fmt::print(stderr, "{}: a result can't be published now: {}; it waits in the state\n", name_,
               shmbus::to_string(outbox_->refusal()));
  }
  changed_ = !all || outbox_->has_published();  // there is something to publish, or to forget
}

bool Service::commit_at_end() try {
  commit();
  if (changed_) commit();  // so that a successor has nothing to look for
  return true;
} catch (const StateError& error) {
  fmt::print(stderr, "{}: {}\n", name_, error.what());
  position_ = saved_;
  state_.roll_back();
  return false;
}

void Service::summarise(const Reaction& reaction) const {
  Report report(name_);
  report.add("handled", position_.handled);
  report.add("lost", position_.lost);
  report.add_hash(position_.hash);
  for (const auto& [name, value] : reaction.results()) report.add(name, value);
  if (position_.unreadable > 0) report.add("unreadable", position_.unreadable);
  if (outbox_->waiting() > 0) report.add("results waiting", outbox_->waiting());
  report.print();
  report.note("first", position_.first);
  report.note("last", position_.last.sequence);
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
