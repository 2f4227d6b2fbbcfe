// A process with write access writes random words into the segments while others use them. Calls of the others may give
// `corrupt` or `closed`, but every call returns, and no process crashes.

#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "layout/registry.hpp"
#include "layout/topic.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/segments.hpp"
#include "support/shared_value.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Status;
using shmbus::layout::RegistryHeader;
using shmbus::layout::TopicHeader;
using test::ForkedProcess;
using test::Parent;

namespace {

const shmbus::BusOptions options{.stall_limit = 20ms};
const shmbus::TopicOptions shared{.block_size = 4096, .blocks = 4};
const shmbus::TopicOptions exclusive{.block_size = 4096, .blocks = 4, .writers = shmbus::Writers::exclusive};
constexpr std::size_t actors = 7;

struct Shared {
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> words{0};                     // random words written so far
  std::array<std::atomic<std::uint64_t>, actors> beats{};  // how many calls of each actor returned
};

struct Part {
  enum class File { registry, control, log } file;
  std::uint64_t begin;
  std::uint64_t end;  // 0: the end of the segment
};

constexpr std::uint64_t ring_end = sizeof(TopicHeader) + 4096;
const Part topic_header{Part::File::control, 0, offsetof(TopicHeader, words.tail)};
const Part topic_words{Part::File::control, offsetof(TopicHeader, words.tail), 1408};
const Part topic_ports{Part::File::control, offsetof(TopicHeader, publisher_ports), sizeof(TopicHeader)};
const Part topic_ring{Part::File::control, sizeof(TopicHeader), sizeof(TopicHeader) + 4 * 8};
const Part block_table{Part::File::control, ring_end, ring_end + 16 * 64};
const Part blocks{Part::File::log, 0, 16 * 4096};
const Part registry_header{Part::File::registry, 0, 512};
const Part registry_tables{Part::File::registry, 4096, 4096 + 16 * 256};
const Part registry_topics{Part::File::registry, offsetof(RegistryHeader, topic_table),
                           offsetof(RegistryHeader, topic_table) + 8 * 256};
const Part registry_subscriptions{Part::File::registry, offsetof(RegistryHeader, subscription_table),
                                  offsetof(RegistryHeader, subscription_table) + 16 * 256};

/// Touches every byte of an event.
void look_at(const shmbus::Event& event) {
  for (const std::byte& b : event.payload()) static_cast<void>(*static_cast<const volatile std::byte*>(&b));
  static_cast<void>(event.time());
  volatile char sum = 0;
  const auto look_at_text = [&](std::string_view text) {
    for (const char c : text) sum = static_cast<char>(sum + c);
  };
  if (const shmbus::TraceContext* trace = event.trace(); trace != nullptr)
    look_at_text({reinterpret_cast<const char*>(trace), sizeof *trace});
  for (const shmbus::EventHeader header : event.headers()) {
    look_at_text(header.name);
    look_at_text(header.value);
  }
  static_cast<void>(event.header("name"));
  look_at_text(event.key());
}

/// Repeats `step(tool)` until `all.enough`, and opens the bus anew after `false` and after an Error.
template <class Make, class Step>
void act(const std::string& name, Shared& all, std::size_t self, Make make, Step step) {
  while (!all.enough) {
    try {
      shmbus::Bus bus = shmbus::Bus::open(name, options);
      auto tool = make(bus);
      while (!all.enough && step(tool)) ++all.beats[self];
    } catch (const shmbus::Error&) {  // reported as damaged
    }
    ++all.beats[self];
    std::this_thread::sleep_for(1ms);
  }
}

void publish(const std::string& name, Shared& all, std::size_t self, const char* topic,
             const shmbus::TopicOptions& how) {
  static const std::array<std::byte, 3000> payload{};
  std::uint64_t n = 0;
  act(
      name, all, self, [&](shmbus::Bus& bus) { return bus.publisher(topic, how); },
      [&](shmbus::Publisher& publisher) {
        ++n;
        const auto size = static_cast<std::size_t>(n * 37 % (n % 50 == 0 ? 3000 : 200));
        if (n % 7 == 0) {
          if (shmbus::Loan loan = publisher.try_loan(size)) {
            std::memset(loan.payload().data(), 1, loan.payload().size());
            if (n % 14 == 0) loan.commit(size / 2);
          }
          return true;
        }
        // Not `publish`: random words in a reader's port may say that it holds publishers back forever.
        shmbus::PublishOptions with{.timeout = 2ms};
        if (n % 3 == 0) {
          with.trace = shmbus::TraceContext{};
          with.headers = {{"name", "value"}, {"empty", ""}, {"name", "again"}};
          with.key = "key";
        }
        const Status status = publisher.publish(std::span(payload).first(size), with).status();
        return status != Status::corrupt && status != Status::closed;
      });
}

void read(const std::string& name, Shared& all, std::size_t self, const shmbus::SubscriberOptions& how, bool by_fd) {
  std::vector<shmbus::RetainedEvent> retained;
  act(
      name, all, self, [&](shmbus::Bus& bus) { return bus.subscriber(">", how); },
      [&](shmbus::Subscriber& subscriber) {
        const std::size_t n = subscriber.poll([&](const shmbus::Event& event) {
          look_at(event);
          if (event.sequence() % 100 == 0) retained.push_back(event.retain());
        });
        for (const auto& event : retained) look_at(*event);
        if (retained.size() > 12) retained.clear();
        if (n == 0 && by_fd) {
          pollfd watched{subscriber.fd(), POLLIN, 0};
          ::poll(&watched, 1, 5);
        } else if (n == 0) {
          subscriber.wait(5ms);
        }
        return subscriber.status() == Status::ok;
      });
}

void come_and_go(const std::string& name, Shared& all, std::size_t self) {
  act(
      name, all, self, [](shmbus::Bus& bus) { return &bus; },
      [&](shmbus::Bus* bus) {
        static_cast<void>(shmbus::Inspector(name).snapshot());
        ++all.beats[self];
        bus->reap();
        ++all.beats[self];
        shmbus::Publisher publisher = bus->publisher("t", shared);
        shmbus::Subscriber subscriber = bus->subscriber("*", {.start = shmbus::Start::last(5)});
        static_cast<void>(publisher.try_publish("one of a guest"));
        subscriber.poll(look_at);
        return false;
      });
}

class Scribbler {
 public:
  Scribbler(const std::string& name, unsigned seed) : segments_(name), random_(seed) {}

  void scribble(const Part& part) {
    for (const char* topic : {"t", "x"}) {
      try {
        const std::string path = part.file == Part::File::registry ? segments_.path_of_registry()
                                 : part.file == Part::File::log    ? segments_.path_of_log(topic)
                                                                   : segments_.path_of_control(topic);
        scribble(path, part);
      } catch (const std::exception&) {  // the file was not created yet, or was removed
      }
    }
  }

 private:
  /// The files of a bus, whose destructor removes nothing.
  struct Names {
    explicit Names(std::string bus) : prefix("/dev/shm/shmbus." + std::move(bus) + ".") {}
    std::string path_of_registry() const { return prefix + "registry"; }
    std::string path_of_control(const std::string& topic) const { return prefix + topic + ".ctl"; }
    std::string path_of_log(const std::string& topic) const {
      for (const auto& entry : std::filesystem::directory_iterator{"/dev/shm"}) {
        if (entry.path().string().starts_with(prefix + topic + ".log.")) return entry.path();
      }
      throw std::runtime_error("no log");
    }
    std::string prefix;
  };

  void scribble(const std::string& path, const Part& part) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void* at = ::mmap(nullptr, part.end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (at == MAP_FAILED) return;
    auto* const memory = static_cast<std::byte*>(at);
    const std::uint64_t words = (part.end - part.begin) / 8;
    for (int i = 0; i < 8; ++i) {
      auto& word = *reinterpret_cast<std::atomic<std::uint64_t>*>(memory + part.begin + random_() % words * 8);
      const auto& other = *reinterpret_cast<std::atomic<std::uint64_t>*>(memory + part.begin + random_() % words * 8);
      word = value(word, other);
    }
    ::munmap(at, part.end);
  }

  std::uint64_t value(std::uint64_t before, std::uint64_t other) {
    switch (random_() % 8) {
      case 0:
        return random_();
      case 1:
        return random_() % 256;
      case 2:
        return ~(random_() % 4);
      case 3:
        return before + random_() % 3 - 1;
      case 4:
        return before ^ std::uint64_t{1} << random_() % 64;
      case 5:
        return random_() % 16 == 0 ? 0 : before + 1;
      default:
        return other;
    }
  }

  Names segments_;
  std::mt19937_64 random_;
};

void survive(const std::vector<Part>& parts, unsigned seed) {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  const test::SharedValue<Shared> all;
  {
    shmbus::Bus bus = shmbus::Bus::open(name.name(), options);
    bus.topic("t", shared);
    bus.topic("x", exclusive);
  }
  std::vector<ForkedProcess> crowd;
  const auto start = [&](const std::function<void(std::size_t)>& body) {
    const std::size_t self = crowd.size();
    crowd.emplace_back([&, body, self](const Parent&) { body(self); });
  };
  start([&](std::size_t self) { publish(name.name(), *all, self, "t", shared); });
  start([&](std::size_t self) { publish(name.name(), *all, self, "t", shared); });
  start([&](std::size_t self) { publish(name.name(), *all, self, "x", exclusive); });
  start([&](std::size_t self) { read(name.name(), *all, self, {.start = shmbus::Start::oldest()}, false); });
  start([&](std::size_t self) {
    read(name.name(), *all, self, {.delivery = Delivery::reliable, .demote_after = 50ms}, false);
  });
  start([&](std::size_t self) { read(name.name(), *all, self, {.delivery = Delivery::reliable}, true); });
  start([&](std::size_t self) { come_and_go(name.name(), *all, self); });
  REQUIRE(crowd.size() == actors);

  const auto all_come_back = [&](std::uint64_t times) {
    std::array<std::uint64_t, actors> before{};
    for (std::size_t i = 0; i < actors; ++i) before[i] = all->beats[i];
    for (std::size_t i = 0; i < actors; ++i)
      test::wait_until("actor " + std::to_string(i), [&] { return all->beats[i] >= before[i] + times; });
  };
  all_come_back(3);
  ForkedProcess vandal{[&](const Parent&) {
    Scribbler scribbler(name.name(), seed);
    std::mt19937 random{seed};
    while (!all->enough) {
      for (const Part& part : parts) scribbler.scribble(part);
      all->words += 8;
      std::this_thread::sleep_for(std::chrono::microseconds{random() % 2'000});
    }
  }};
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t words = all->words;
    all_come_back(5);
    test::wait_until("the scribbler", [&] { return all->words > words + 1'000; });
  }
  all_come_back(2);
  all->enough = true;
  for (ForkedProcess& actor : crowd) CHECK(actor.wait() == test::End{});
  CHECK(vandal.wait() == test::End{});
}

}  // namespace

TEST_CASE("random words in one part of the segments make no process crash or hang", "[bad_input][scribble]") {
  const auto part =
      GENERATE(as<std::pair<const char*, Part>>{}, std::pair{"a topic's header", topic_header},
               std::pair{"tail, waiters and bitmaps", topic_words}, std::pair{"ports", topic_ports},
               std::pair{"ring", topic_ring}, std::pair{"block table", block_table}, std::pair{"blocks", blocks},
               std::pair{"registry header", registry_header}, std::pair{"nodes", registry_tables},
               std::pair{"topics", registry_topics}, std::pair{"subscriptions", registry_subscriptions});
  INFO(part.first);
  survive({part.second}, Catch::rngSeed());
}

TEST_CASE("random words in all segments make no process crash or hang", "[bad_input][scribble]") {
  survive({topic_header, topic_words, topic_ports, topic_ring, block_table, blocks, registry_header, registry_tables,
           registry_topics, registry_subscriptions},
          Catch::rngSeed());
}
