#include <catch2/catch.hpp>

#include <string>

#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

TEST_CASE("seen + lost counts sequences: aborted loans in a stretch that was never seen are among them", "[lost]") {
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
                 // What is skipped between two events is lost, or aborted within a stretch that is read.
                 const std::uint64_t now = subscriber.lost();
                 skipped_unlost += event.sequence() - expected - (now - lost);
                 lost = now;
                 expected = event.sequence() + 1;
               },
               1) != 0) {
    }
  };

  publish(10);  // read: aborted ones are passed, and not lost
  drain();
  CHECK(subscriber.lost() == 0);
  CHECK(seen == published);
  CHECK(seen + aborted == last);

  publish(1000);  // laps the subscriber
  drain();
  CHECK(subscriber.lost() > 0);
  CHECK(seen + subscriber.lost() > published);  // the aborted ones that it lapped count
  CHECK(published + aborted == last);
  CHECK(seen + subscriber.lost() + skipped_unlost == last);  // every sequence, exactly once
}
