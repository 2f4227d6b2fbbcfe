// The shared object that plug_in_host loads: publishes an event on a bus of its own, and reads it.

#include <shmbus/shmbus.hpp>

#include <unistd.h>

#include <string>

extern "C" int publish_and_read() {
  const std::string name = "plug-in-" + std::to_string(getpid());
  std::string seen;
  {
    shmbus::Bus bus = shmbus::Bus::open(name);
    shmbus::Subscriber subscriber = bus.subscriber("greeting");
    shmbus::Publisher publisher = bus.publisher("greeting");
    publisher.publish("hello");
    subscriber.poll([&](const shmbus::Event& event) { seen = event.text(); });
  }
  shmbus::Bus::remove(name);
  return seen == "hello" ? 0 : 1;
}
