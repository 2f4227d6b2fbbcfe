#include <catch2/catch.hpp>

#include <string>

#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

TEST_CASE("seen + lost counts sequences, also those of aborted loans where the subscriber was lapped", "[lost]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  shmbus::Subscriber subscriber = bus.subscriber("t");
  const std::string payload(100, 'x');
  std::uint64_t published = 0, aborted = 0, last = 0, skipped_unlost = 0;
  const auto publish = [&](int events) {
    for (int i = 0; i < events; ++i) {
      if (i % 5 == 4) {
        publisher.loan(100).abort();
        ++aborted;
      } else {
        last = publisher.publish(payload).sequence();
        ++published;
      }
    }
    last = publisher.publish(payload).sequence();
    ++published;
  };
  std::uint64_t seen = 0, expected = 1;
  const auto drain = [&] {
    std::uint64_t lost = subscriber.lost();
    while (subscriber.poll(
               [&](const shmbus::Event& event) {
                 ++seen;
                 // A sequence that is skipped between two events is lost, or was aborted and read as such.
                 const std::uint64_t now = subscriber.lost();
                 skipped_unlost += event.sequence() - expected - (now - lost);
                 lost = now;
                 expected = event.sequence() + 1;
               },
               1) != 0) {
    }
  };

  publish(10);  // the subscriber reads all of them, and aborted ones do not count as lost
  drain();
  CHECK(subscriber.lost() == 0);
  CHECK(seen == published);
  CHECK(seen + aborted == last);

  publish(1000);  // laps the subscriber
  drain();
  CHECK(subscriber.lost() > 0);
  CHECK(seen + subscriber.lost() > published);  // aborted sequences count where it was lapped
  CHECK(published + aborted == last);
  CHECK(seen + subscriber.lost() + skipped_unlost == last);  // every sequence, exactly once
}
