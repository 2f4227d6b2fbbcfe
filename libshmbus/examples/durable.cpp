// Goes on after a restart, under a name whose position the bus keeps.

#include <shmbus/shmbus.hpp>

#include <iostream>

// One run of a service. What it handled and did not acknowledge comes again in the next run: each event at least once.
static void run(shmbus::Bus& bus, int acknowledged) {
  auto subscriber = bus.subscriber("job.queued", {.start = shmbus::Start::oldest(),  // counts in the first run alone
                                                  .durable = "workshop",
                                                  .acknowledge = shmbus::Acknowledge::manual});
  subscriber.poll([&](const shmbus::Event& event) {
    std::cout << ' ' << event.text();
    if (acknowledged-- > 0) subscriber.acknowledge(event);  // this one, and all before it
  });
  std::cout << " | lost " << subscriber.lost() << '\n';
}

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  bus.forget("workshop");  // begins anew
  bus.remove_topic("job.queued");
  auto publisher = bus.publisher("job.queued");
  for (const char* job : {"one", "two", "three"}) publisher.publish(job);
  run(bus, 2);
  publisher.publish("four");
  run(bus, 9);
  run(bus, 9);
}

// Prints:
//  one two three | lost 0
//  three four | lost 0
//  | lost 0
