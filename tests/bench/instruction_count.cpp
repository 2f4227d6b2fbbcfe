// Does one thing many times in a separate function, so that callgrind can count it: see tests/bench/instructions.

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "shmbus/shmbus.hpp"

namespace {

constexpr std::size_t kEvents = 100'000;
constexpr std::size_t kPollEvery = 1'000;  // in events, with slow readers attached: each time one of them polls

struct Payload {
  std::array<std::uint64_t, 8> words;
};

shmbus::TopicOptions options(bool exclusive, bool timestamps) {
  return {.block_size = std::size_t{1} << 20,
          .blocks = 16,
          .timestamps = timestamps,
          .writers = exclusive ? shmbus::Writers::exclusive : shmbus::Writers::shared};
}

// The instructions of these functions are counted.
[[gnu::noinline]] std::uint64_t counted_publish(shmbus::Publisher& publisher, std::span<const std::byte> payload,
                                                std::size_t events = kEvents) {
  std::uint64_t sum = 0;
  for (std::size_t left = events; left != 0; --left) sum += publisher.publish(payload).sequence();
  return sum;
}
[[gnu::noinline]] std::uint64_t counted_typed(shmbus::TypedPublisher<Payload>& publisher, const Payload& payload) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kEvents; ++i) sum += publisher.publish(payload).sequence();
  return sum;
}
[[gnu::noinline]] std::uint64_t counted_poll(shmbus::Subscriber& subscriber) {
  std::uint64_t sum = 0;
  while (subscriber.poll([&](const shmbus::Event& event) { sum += event.payload().size(); }) != 0) {
  }
  return sum;
}

[[gnu::noinline]] std::size_t counted_once(shmbus::Subscriber& subscriber, std::uint64_t& sum) {
  return subscriber.poll([&](const shmbus::Event& event) { sum += event.payload().size(); });
}

/// Each event is polled before the next one is published, and then another poll finds nothing. One of the two is counted.
std::uint64_t poll_each(shmbus::Subscriber& subscriber, shmbus::Publisher& publisher,
                        std::span<const std::byte> payload, bool count_empty) {
  std::uint64_t sum = 0;
  const auto poll = [&](bool counted) {
    return counted ? counted_once(subscriber, sum) : subscriber.poll([&](const shmbus::Event&) { ++sum; });
  };
  for (std::size_t i = 0; i < kEvents; ++i) {
    publisher.publish(payload);
    if (poll(!count_empty) != 1 || poll(count_empty) != 0) return 0;
  }
  return sum;
}

/// All is published inside one handler call.
std::uint64_t publish_in_handler(shmbus::Bus& bus, shmbus::Publisher& publisher, std::span<const std::byte> payload) {
  shmbus::Subscriber subscriber = bus.subscriber("work");
  bus.publisher("work").publish("begin");
  std::uint64_t sum = 0;
  subscriber.poll([&](const shmbus::Event&) { sum = counted_publish(publisher, payload); });
  return sum;
}

std::uint64_t publish_beside(std::vector<shmbus::Subscriber>& readers, shmbus::Publisher& publisher,
                             std::span<const std::byte> payload) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kEvents; i += kPollEvery) {
    sum += counted_publish(publisher, payload, kPollEvery);
    readers[i / kPollEvery % readers.size()].poll([](const shmbus::Event&) {});
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc >= 2 ? argv[1] : "";
  const std::size_t attached = argc == 3 ? std::stoul(argv[2]) : 0;
  const bool exclusive = what.starts_with("exclusive"), timestamps = what.ends_with("stamped");
  const std::string name = "instructions-" + std::to_string(::getpid());
  std::uint64_t sum = 0;
  {
    shmbus::Bus bus = shmbus::Bus::open(name);
    const Payload payload{{1, 2, 3, 4, 5, 6, 7, 8}};
    if (what.find("typed") != std::string::npos) {
      auto publisher = bus.publisher<Payload>("t", options(exclusive, timestamps));
      sum = counted_typed(publisher, payload);
    } else {
      shmbus::Publisher publisher = bus.publisher("t", options(exclusive, timestamps));
      const auto bytes = std::as_bytes(std::span{payload.words});
      const bool empty = what.starts_with("poll-none");
      if (empty || what.starts_with("poll-one")) {
        shmbus::Subscriber subscriber = bus.subscriber("t");
        sum = poll_each(subscriber, publisher, bytes, empty);
      } else if (what.starts_with("poll")) {
        shmbus::Subscriber subscriber = bus.subscriber("t");
        counted_publish(publisher, bytes);
        sum = counted_poll(subscriber) - kEvents * sizeof payload + 1;
      } else if (what.find("caused") != std::string::npos) {
        sum = publish_in_handler(bus, publisher, bytes);
      } else if (attached != 0) {
        std::vector<shmbus::Subscriber> readers;
        while (readers.size() < attached) readers.push_back(bus.subscriber("t"));
        sum = publish_beside(readers, publisher, bytes);
      } else {
        sum = counted_publish(publisher, bytes);
      }
    }
  }
  shmbus::Bus::remove(name);
  if (sum == 0) return 1;
  std::printf("%zu\n", kEvents);
  return 0;
}
