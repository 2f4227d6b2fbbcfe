// A full /dev/shm, path by path: the errors of attaching and publishing, and that all goes on once there is room. Each
// test has its own /dev/shm of 8 MiB; the exit status of its process is checked, so a SIGBUS makes it fail.

#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/ballast.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/privileges.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::Ballast;
using test::ForkedProcess;
using test::Parent;
using test::require;
using test::require_no_memory;
using test::SelfChecking;

namespace {

constexpr std::size_t k8MiB = 8 << 20;
constexpr unsigned kPerPage = 16;              // nodes: entries of 256 bytes in the registry
constexpr unsigned kSubscriptionsPerPage = 8;  // entries of 512 bytes

void ignore(const Event&) {}

template <class Handler>
std::uint64_t read_all(shmbus::Subscriber& subscriber, Handler handler) {
  std::uint64_t events = 0;
  while (const std::size_t n = subscriber.poll(handler)) events += n;
  return events;
}

void require_whole(const Event& event) { require(SelfChecking::whole(event.payload()), "torn"); }

std::uint64_t dropped(const std::string& topic) {
  for (const auto& t : shmbus::Inspector("b").snapshot().topics) {
    if (t.info.name == topic) return t.dropped_blocks;
  }
  throw std::runtime_error("no topic " + topic);
}

}  // namespace

TEST_CASE("opening a bus without room names what it needs and what is free, and succeeds once there is room",
          "[memory]") {
  test::with_memory_of(k8MiB, [] {
    {
      const Ballast ballast;
      require_no_memory([] { shmbus::Bus::open("b"); });
      require(shmbus::Inspector::buses().empty(), "a bus without memory has a name");
    }
    {
      const Ballast ballast(4096);  // leaves room for the registry's header, but not for its first node
      require_no_memory([] { shmbus::Bus::open("b"); });
    }
    shmbus::Bus bus = shmbus::Bus::open("b");
    require(bus.publisher("t").publish("x").sequence() == 1, "publish");
  });
}

TEST_CASE("without room, nodes attach until the table's pages are full, and then get an error that says so",
          "[memory]") {
  test::with_memory_of(k8MiB, [] {
    std::vector<shmbus::Bus> nodes;
    nodes.push_back(shmbus::Bus::open("b"));
    shmbus::Publisher publisher = nodes[0].publisher("t");
    shmbus::Subscriber subscriber = nodes[0].subscriber("t");
    {
      const Ballast ballast;
      while (nodes.size() < kPerPage) nodes.push_back(shmbus::Bus::open("b"));
      require_no_memory([] { shmbus::Bus::open("b"); });
      ForkedProcess other{[](const Parent&) { require_no_memory([] { shmbus::Bus::open("b"); }); }};
      require(other.wait() == test::End{}, "another process");
      require(bool{publisher.publish("x")} == false, "published without a block");
      nodes.pop_back();  // the next node can use the entry that this one leaves
      nodes.push_back(shmbus::Bus::open("b"));
      require(shmbus::Inspector("b").snapshot().nodes.size() == kPerPage, "nodes");
    }
    nodes.push_back(shmbus::Bus::open("b"));
    require(bool{nodes.back().publisher("t").publish("x")} && subscriber.poll(ignore) == 1, "with room");
  });
}

TEST_CASE("without room, subscribers attach until the table's pages are full, and then get an error that says so",
          "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    shmbus::Publisher publisher = bus.publisher("t");
    require(bool{publisher.publish("x")}, "publish");
    {
      const Ballast ballast;
      require_no_memory([&] { bus.subscriber("t"); });  // the table's very first page
      require_no_memory([&] { static_cast<void>(bus.subscribe("t", ignore)); });
    }
    std::vector<shmbus::Subscriber> subscribers;
    subscribers.push_back(bus.subscriber("t", {.start = Start::oldest()}));
    {
      const Ballast ballast;
      while (subscribers.size() < kSubscriptionsPerPage)
        subscribers.push_back(bus.subscriber("t", {.start = Start::oldest()}));
      require_no_memory([&] { bus.subscriber(">"); });
      for (auto& subscriber : subscribers) require(subscriber.poll(ignore) == 1, "poll");
      require(bool{publisher.publish("y")}, "publish into the block that is there");
      for (auto& subscriber : subscribers) require(subscriber.wait() && subscriber.poll(ignore) == 1, "poll");
    }
    subscribers.push_back(bus.subscriber("t", {.start = Start::oldest()}));
    require(subscribers.back().poll(ignore) == 2, "with room");
    require(bus.reap().subscriptions == 0, "reap");
  });
}

TEST_CASE("topics are created while there is room, then an error names the shortage, and no topic is left unfinished",
          "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    shmbus::Subscriber all = bus.subscriber(">");
    std::uint64_t made = 0;
    const shmbus::TopicOptions small{.block_size = 4096, .blocks = 2};
    for (;; ++made) {
      const std::string topic = "t" + std::to_string(made);
      try {
        bus.topic(topic, small);
      } catch (const shmbus::Error& error) {
        require(error.code() == shmbus::ErrorCode::no_memory, error.what());
        require(error.expected().find("bytes of /dev/shm") != std::string::npos, error.what());
        require(error.found().find(std::to_string(test::room_of_memory()) + " bytes") != std::string::npos,
                error.what());
        require(!bus.find_topic(topic), "half-made");
        break;
      }
      require(made < 1000, "more topics than there is room for");
    }
    require(made > 100, "few topics");
    require(all.poll(ignore) == 0 && all.topics() == made && all.status() == Status::ok, "subscriber");
    std::uint64_t without = 0;
    for (std::uint64_t i = 0; i < made; ++i) {
      const Status status = bus.publisher("t" + std::to_string(i), small).publish("x").status();
      require(status == Status::ok || status == Status::no_memory, shmbus::to_string(status));
      without += status == Status::no_memory;
    }
    require(without > 0 && read_all(all, ignore) == made - without, "events");
    for (std::uint64_t i = 0; i < 5; ++i) require(bus.remove_topic("t" + std::to_string(i)), "remove");
    all.poll(ignore);  // it unmaps them
    require(bool{bus.publisher("new", small).publish("x")} && read_all(all, ignore) == 1, "with room");
  });
}

TEST_CASE("an event as large as a block fails without memory, leaves others their memory, and later succeeds",
          "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    for (const auto writers : {shmbus::Writers::shared, shmbus::Writers::exclusive}) {
      const shmbus::TopicOptions options{.block_size = 16 << 20, .blocks = 2, .writers = writers};
      shmbus::Publisher large = bus.publisher("large", options);
      const std::vector<std::byte> payload(large.topic().max_payload);
      const std::uint64_t room = test::room_of_memory();
      for (int i = 0; i < 3; ++i) {
        require(large.publish(payload).status() == Status::no_memory, "an event larger than memory");
        require(large.loan(payload.size()).status() == Status::no_memory, "a loan larger than memory");
        require(large.publish("x").status() == Status::no_memory, "a small event in a block larger than memory");
      }
      require(room - test::room_of_memory() <= 4096,
              "what failed keeps " + std::to_string(room - test::room_of_memory()));
      require(bool{bus.publisher("small").publish("x")}, "the room is there for others");
      require(::mount("tmpfs", "/dev/shm", "tmpfs", MS_REMOUNT, "size=64m") == 0, "remount");
      require(large.publish(payload).sequence() == 1, "an event as large as a block");
      require(bool{large.loan(payload.size())}, "a loan as large as a block");
      require(bus.remove_topic("large") && bus.remove_topic("small"), "remove");
      { const auto gone = std::move(large); }
      require(::mount("tmpfs", "/dev/shm", "tmpfs", MS_REMOUNT, "size=8m") == 0, "remount");
    }
  });
}

TEST_CASE("a topic retains less while memory is short, and all of it again once there is room", "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    for (const auto writers : {shmbus::Writers::shared, shmbus::Writers::exclusive}) {
      shmbus::Publisher p = bus.publisher("t", {.block_size = 1 << 16, .blocks = 16, .writers = writers});
      shmbus::Subscriber lossy = bus.subscriber("t");
      std::uint64_t number = 0, seen = 0;
      const auto publish = [&](int events) {
        for (int i = 0; i < events; ++i) {
          if (i % 5 == 0) {
            shmbus::Loan loan = p.loan(1024);
            require(bool{loan}, shmbus::to_string(loan.status()));
            SelfChecking::fill({reinterpret_cast<std::uint64_t*>(loan.payload().data()), 128}, ++number);
            require(loan.commit().sequence() == number, "commit");
          } else {
            ++number;
            require(SelfChecking::publish(p, number, 128).sequence() == number, "publish");
          }
          if (i % 40 == 0) seen += lossy.poll(require_whole, 7);
        }
      };
      const auto retained = [&] {
        shmbus::Subscriber late = bus.subscriber("t", {.start = Start::oldest()});
        return read_all(late, require_whole);
      };
      publish(200);  // about four blocks
      std::uint64_t few = 0;
      {
        const Ballast ballast;
        publish(3000);
        few = retained();
        require(few > 60 && few < 600, "retained " + std::to_string(few));
        require(dropped("t") > 0, "dropped blocks are not counted");
      }
      const std::uint64_t dropped_then = dropped("t");
      publish(3000);
      require(retained() > 800,
              "it retains " + std::to_string(retained()) + " with room, " + std::to_string(few) + " without");
      require(dropped("t") == dropped_then, "it drops with room");
      seen += read_all(lossy, require_whole);
      require(seen + lossy.lost() == number, "seen and lost don't add up");
      bus.remove_topic("t");
    }
  });
}

TEST_CASE("with a reliable subscriber and without memory, publishing gives no_memory, and later goes on without a loss",
          "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    shmbus::Publisher p = bus.publisher("t", {.block_size = 1 << 16, .blocks = 64});
    shmbus::Subscriber reliable = bus.subscriber("t", {.delivery = Delivery::reliable});
    std::uint64_t number = 0;
    const auto fill = [&] {
      for (;;) {
        const auto result = SelfChecking::publish(p, number + 1, 128);
        if (!result) return result.status();
        ++number;
      }
    };
    std::optional<Ballast> ballast;
    ballast.emplace(3 << 16);
    require(fill() == Status::no_memory, "no room, and the reliable one needs all");
    require(p.loan(100'000).status() != Status::ok && p.loan(8).status() != Status::closed, "loan");
    require(p.publish_for(1ms, "x").status() == Status::no_memory || number > 0, "publish_for");
    const std::uint64_t then = number;
    ballast.reset();
    require(bool{SelfChecking::publish(p, ++number, 128)}, "publish with room, before the reader moves");
    require(number > then, "number");
    std::uint64_t expected = 0;
    read_all(reliable, [&](const Event& e) {
      if (e.payload().size() == 1) return;
      require_whole(e);
      require(SelfChecking::number(e.payload()) == ++expected, "order");
    });
    require(expected == number && reliable.lost() == 0, "lost");
  });
}

TEST_CASE("publishing to a reserved topic goes on in a full /dev/shm, whatever its readers pin", "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    for (const auto writers : {shmbus::Writers::shared, shmbus::Writers::exclusive}) {
      shmbus::Publisher p =
          bus.publisher("t", {.block_size = 1 << 16, .blocks = 16, .reserve = true, .writers = writers});
      shmbus::Subscriber keeper = bus.subscriber("t"), lazy = bus.subscriber("t"),
                         reliable = bus.subscriber("t", {.delivery = Delivery::reliable});
      const Ballast ballast;
      std::vector<shmbus::RetainedEvent> kept;
      std::uint64_t seen = 0;
      for (std::uint64_t n = 1; n <= 20'000; ++n) {
        const auto result = SelfChecking::publish(p, n, 128);
        require(result.sequence() == n, shmbus::to_string(result.status()));
        if (n % 100 == 0) {
          seen += read_all(reliable, require_whole);
          read_all(keeper, [&](const Event& e) {
            if (e.sequence() % 1000 == 0) kept.push_back(e.retain());
          });
          lazy.poll(require_whole, 1);
        }
      }
      for (const auto& event : kept) require_whole(*event);
      require(kept.size() == 20 && seen == 20'000 && reliable.lost() == 0 && keeper.lost() == 0, "readers");
      kept.clear();
      bus.remove_topic("t");
    }
    const std::uint64_t room = test::room_of_memory(), ring = std::uint64_t{32} << 18;
    require(room < ring, "room " + std::to_string(room));
    require_no_memory([&] { bus.topic("large", {.block_size = 1 << 18, .blocks = 32, .reserve = true}); },
                      room - (64 << 10), room);
    require(test::room_of_memory() == room, "what failed keeps memory");
  });
}

TEST_CASE("retained events can't stop a reserved topic in a full /dev/shm, however many there are", "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    for (const auto delivery : {Delivery::lossy, Delivery::reliable}) {
      shmbus::Publisher p = bus.publisher("t", {.block_size = 1 << 16, .blocks = 4, .reserve = true});
      shmbus::Subscriber keeper = bus.subscriber("t", {.delivery = delivery});
      const Ballast ballast;
      std::vector<shmbus::RetainedEvent> kept;
      for (std::uint64_t n = 1; n <= 2'000; ++n) {
        const auto result = SelfChecking::publish(p, n, 128);
        require(result.sequence() == n, shmbus::to_string(result.status()));
        read_all(keeper, [&](const Event& e) {
          if (e.sequence() % 50 == 0 && kept.size() < 20) kept.push_back(e.retain());
        });
      }
      require(kept.size() == 20 && keeper.lost() == 0, "kept");
      for (const auto& event : kept) {
        require(event.copied(), "a pin");
        require_whole(*event);
      }
      kept.clear();
      bus.remove_topic("t");
    }
  });
}

TEST_CASE(
    "blocks that readers keep are taken from a reserved topic's ring, and only a reliable reader prevents that",
    "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    shmbus::Publisher p = bus.publisher("t", {.block_size = 1 << 16, .blocks = 4, .reserve = true});
    std::vector<shmbus::Subscriber> inside;
    for (int i = 0; i < 3; ++i) inside.push_back(bus.subscriber("t"));
    shmbus::Subscriber reliable = bus.subscriber("t", {.delivery = Delivery::reliable});
    const Ballast ballast;
    std::uint64_t published = 0, seen = 0;
    Status status = Status::ok;
    while (status == Status::ok) {
      status = SelfChecking::publish(p, published + 1, 128).status();
      published += status == Status::ok;
      // Three readers each stay inside a block; the reliable one reads as far as the fourth.
      for (std::size_t i = 0; i < inside.size(); ++i) {
        if (published <= 30 + i * 60) read_all(inside[i], require_whole);
      }
      if (published < 190) seen += read_all(reliable, require_whole);
    }
    require(status == Status::no_memory, shmbus::to_string(status));
    seen += read_all(reliable, require_whole);
    for (int i = 0; i < 1000; ++i) {
      require(bool{SelfChecking::publish(p, ++published, 128)}, "publish, with less retained");
      seen += read_all(reliable, require_whole);
    }
    require(seen == published && reliable.lost() == 0 && dropped("t") > 0, "reliable");
    for (auto& reader : inside) require(reader.poll(require_whole, 5) == 5, "what a reader is inside of");
  });
}

TEST_CASE("where /dev/shm can hold no more files, an error says so, and all goes on once there is room for some",
          "[memory]") {
  test::with_memory_of(k8MiB, [] {
    shmbus::Bus bus = shmbus::Bus::open("b");
    require(::mount("tmpfs", "/dev/shm", "tmpfs", MS_REMOUNT, "nr_inodes=3") == 0, "remount");
    try {
      bus.topic("t");
      require(false, "more files than there may be");
    } catch (const shmbus::Error& error) {
      require(error.code() == shmbus::ErrorCode::no_memory, error.what());
      require(error.found().find(" files of room") != std::string::npos, error.what());
    }
    require(!bus.find_topic("t"), "half-made");
    require(::mount("tmpfs", "/dev/shm", "tmpfs", MS_REMOUNT, "nr_inodes=100") == 0, "remount");
    require(bool{bus.publisher("t").publish("x")}, "publish");
  });
}
