// Goes on after a restart with the event behind the last one that was handled.

#include <shmbus/shmbus.hpp>

#include <iostream>
#include <optional>
#include <string>

// One run of a service: handles two events, and returns the place to save. A real service writes it to a file, together
// with its results. If it is killed before that, it handles those events again: at least once.
static std::string run(shmbus::Bus& bus, const std::string& saved) {
  shmbus::SubscriberOptions options{.start = shmbus::Start::oldest()};
  if (const std::optional<shmbus::EventId> last = shmbus::EventId::parse(saved))
    options.start = shmbus::Start::after(*last);
  auto subscriber = bus.subscriber("job.queued", options);
  std::string place = saved;
  subscriber.poll(
      [&](const shmbus::Event& event) {
        std::cout << ' ' << event.text();
        place = event.id().to_string();
      },
      2);
  std::cout << " | lost " << subscriber.lost() << '\n';
  return place;
}

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  auto publisher = bus.publisher("job.queued");
  for (const char* job : {"one", "two", "three", "four"}) publisher.publish(job);

  const std::string place = run(bus, "");
  run(bus, place);  // throws shmbus::Error, `stale_position`, if the topic was removed meanwhile
}

// Prints:
//  one two | lost 0
//  three four | lost 0
