// What the C interface costs: 64 bytes are published and polled by the C++ API and by libshmbus.so, in turns, round by round, and
// once more by a second C++ topic, which shows what the machine's noise alone does. Then the same for events of a group, of
// which the time to take and acknowledge one counts. Prints medians over the rounds.
//
//   c_cost [ROUNDS]

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/shmbus.h"
#include "shmbus/shmbus.hpp"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kEvents = 100'000;  // of a round

const std::string payload(64, 'x');

/// Publishes `group` events, polls them, and so on.
struct Cpp {
  shmbus::Publisher publisher;
  shmbus::Subscriber subscriber;
  std::uint64_t sum = 0;

  Cpp(shmbus::Bus& bus, const char* topic, shmbus::Writers writers)
      : publisher(bus.publisher(topic, {.writers = writers})),
        subscriber(bus.subscriber(topic, {.delivery = shmbus::Delivery::reliable})) {}
  void publish(std::uint64_t count) {
    for (std::uint64_t k = 0; k < count; ++k) publisher.publish(payload);
  }
  std::uint64_t poll() {
    return subscriber.poll([this](const shmbus::Event& event) { sum += event.payload().size() + event.sequence(); });
  }
  [[gnu::noinline]] void round(std::uint64_t group) {
    for (std::uint64_t i = 0; i < kEvents; i += group) {
      publish(group);
      poll();
    }
  }
};

struct C {
  shmbus_publisher publisher{};
  shmbus_subscriber subscriber{};
  std::uint64_t sum = 0;

  C(shmbus_bus bus, const char* topic, shmbus::Writers writers) {
    shmbus_topic_options options = SHMBUS_TOPIC_OPTIONS_INIT;
    options.writers = writers == shmbus::Writers::exclusive ? SHMBUS_WRITERS_EXCLUSIVE : SHMBUS_WRITERS_SHARED;
    shmbus_subscriber_options reliable = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
    reliable.delivery = SHMBUS_DELIVERY_RELIABLE;
    if (shmbus_publisher_open(bus, topic, &options, nullptr, &publisher) != SHMBUS_OK ||
        shmbus_subscriber_open(bus, topic, &reliable, nullptr, &subscriber) != SHMBUS_OK) {
      std::fprintf(stderr, "%s\n", shmbus_last_error()->text);
      std::exit(1);
    }
  }
  void publish(std::uint64_t count) {
    for (std::uint64_t k = 0; k < count; ++k) shmbus_publish(publisher, payload.data(), payload.size(), nullptr);
  }
  std::uint64_t poll() {
    std::size_t events = 0;
    shmbus_subscriber_poll(subscriber, handle, this, 256, &events);
    return events;
  }
  static int handle(const shmbus_event* event, void* self) {
    static_cast<C*>(self)->sum += event->size + event->sequence;
    return 0;
  }
  [[gnu::noinline]] void round(std::uint64_t group) {
    for (std::uint64_t i = 0; i < kEvents; i += group) {
      publish(group);
      poll();
    }
  }
};

/// `group` events at a time in this thread; 0: a second thread polls meanwhile.
template <class Side>
double measure(Side& side, std::uint64_t group) {
  const auto begin = Clock::now();
  if (group != 0) {
    side.round(group);
  } else {
    std::thread reader([&side] {
      for (std::uint64_t events = 0; events < kEvents;) events += side.poll();
    });
    side.publish(kEvents);
    reader.join();
  }
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / static_cast<double>(kEvents);
}

/// The only member of a group takes and acknowledges what was published before.
struct CppGroup {
  shmbus::Publisher publisher;
  shmbus::Group group;

  CppGroup(shmbus::Bus& bus, const char* topic)
      : publisher(bus.publisher(topic)), group(bus.group(topic, "g", {.start = shmbus::Start::oldest()})) {}
  [[gnu::noinline]] void take() {
    if (shmbus::Lease lease = group.try_take()) lease.acknowledge();
  }
};

struct CGroup {
  shmbus::Publisher publisher;
  shmbus_group group{};

  CGroup(shmbus::Bus& bus, shmbus_bus c_bus, const char* topic) : publisher(bus.publisher(topic)) {
    shmbus_group_options options = SHMBUS_GROUP_OPTIONS_INIT;
    options.start = SHMBUS_START_OLDEST;
    if (shmbus_group_open(c_bus, topic, "g", &options, &group) != SHMBUS_OK) {
      std::fprintf(stderr, "%s\n", shmbus_last_error()->text);
      std::exit(1);
    }
  }
  ~CGroup() { shmbus_group_close(group); }
  CGroup(const CGroup&) = delete;
  CGroup& operator=(const CGroup&) = delete;
  [[gnu::noinline]] void take() {
    shmbus_lease lease;
    if (shmbus_group_try_take(group, &lease, nullptr) == SHMBUS_OK) shmbus_lease_acknowledge(lease);
  }
};

template <class Side>
double measure_group(Side& side) {
  constexpr std::uint64_t kWave = 1000;
  Clock::duration time{};
  for (std::uint64_t i = 0; i < kEvents; i += kWave) {
    for (std::uint64_t k = 0; k < kWave; ++k) side.publisher.publish(payload);
    const auto begin = Clock::now();
    for (std::uint64_t k = 0; k < kWave; ++k) side.take();
    time += Clock::now() - begin;
  }
  return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(kEvents);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc == 2 ? std::atoi(argv[1]) : 201;
  const std::string name = "c-cost-" + std::to_string(::getpid());
  {
    shmbus::Bus bus = shmbus::Bus::open(name);
    shmbus_bus c_bus;
    if (shmbus_bus_open(name.c_str(), nullptr, &c_bus) != SHMBUS_OK) return 1;
    for (const auto writers : {shmbus::Writers::shared, shmbus::Writers::exclusive}) {
      const std::string kind = writers == shmbus::Writers::shared ? "shared" : "exclusive";
      Cpp cpp(bus, ("cpp." + kind).c_str(), writers), again(bus, ("again." + kind).c_str(), writers);
      C c(c_bus, ("c." + kind).c_str(), writers);
      for (const std::uint64_t group : {1u, 100u, 0u}) {
        std::vector<double> with_cpp, with_c, ratios, noise;
        for (int i = 0; i < rounds; ++i) {
          with_cpp.push_back(measure(cpp, group));
          with_c.push_back(measure(c, group));
          ratios.push_back(with_c.back() / with_cpp.back());
          noise.push_back(measure(again, group) / with_cpp.back());
        }
        std::printf("%-10s %-14s C++ %5.1f ns, C %5.1f ns: ratio %.3f (C++ against itself %.3f)\n", kind.c_str(),
                    group == 0   ? "two threads"
                    : group == 1 ? "one at a time"
                                 : "100 at a time",
                    median(with_cpp), median(with_c), median(ratios), median(noise));
      }
      shmbus_publisher_close(c.publisher);
      shmbus_subscriber_close(c.subscriber);
    }
    {
      CppGroup cpp(bus, "cpp.group"), again(bus, "again.group");
      CGroup c(bus, c_bus, "c.group");
      std::vector<double> with_cpp, with_c, ratios, noise;
      for (int i = 0; i < rounds; ++i) {
        with_cpp.push_back(measure_group(cpp));
        with_c.push_back(measure_group(c));
        ratios.push_back(with_c.back() / with_cpp.back());
        noise.push_back(measure_group(again) / with_cpp.back());
      }
      std::printf("%-25s C++ %5.1f ns, C %5.1f ns: ratio %.3f (C++ against itself %.3f)\n",
                  "group, take and acknowledge", median(with_cpp), median(with_c), median(ratios), median(noise));
    }
    shmbus_bus_close(c_bus);
  }
  shmbus::Bus::remove(name);
}
