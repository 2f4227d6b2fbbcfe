// shmbusd looks after buses: what it frees, what it warns of, and which users' buses it watches.

#include <catch2/catch.hpp>

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>

#include "layout/registry.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "shmbusd_fixture.hpp"
#include "support/forked_process.hpp"
#include "support/privileges.hpp"
#include "support/segments.hpp"

using namespace std::chrono_literals;
using test::DaemonProcess;
using test::DaemonSettings;
using test::End;
using test::ForkedProcess;
using test::Parent;

namespace {

/// A member that publishes and subscribes until its parent ends or kills it.
ForkedProcess start_member(const std::string& bus) {
  ForkedProcess member{[bus](const Parent& parent) {
    shmbus::Bus own = shmbus::Bus::open(bus);
    shmbus::Publisher publisher = own.publisher("t");
    shmbus::Subscriber subscriber = own.subscriber("t", {.name = "reader"});
    publisher.publish("x");
    subscriber.poll([](const shmbus::Event&) {});
    parent.say();
    parent.hear();
  }};
  member.hear();
  return member;
}

bool maps_bus(pid_t pid, const std::string& bus) {
  std::ifstream maps{"/proc/" + std::to_string(pid) + "/maps"};
  const std::string text{std::istreambuf_iterator<char>{maps}, {}};
  return text.find("/shmbus." + bus + ".") != std::string::npos;
}

}  // namespace

TEST_CASE("shmbusd frees what a killed process left, and says so once", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  ForkedProcess stays = start_member(bus.name());
  ForkedProcess victim = start_member(bus.name());
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbus_nodes{bus=\"" + bus.name() + "\",state=\"alive\"} 2");
  const std::string pid = std::to_string(victim.pid());
  victim.kill();
  daemon.wait_for("freed 1 node, 2 ports, 1 subscription");
  CHECK(daemon.count("(pid " + pid + ") died and left its node") == 1);
  shmbus::Inspector inspector{bus.name()};
  CHECK(inspector.leftovers().empty());
  CHECK(inspector.snapshot().nodes.size() == 1);
  const std::string metrics = daemon.metrics();
  CHECK_THAT(metrics, Catch::Contains("\nshmbusd_reaped_nodes_total 1\n") &&
                          Catch::Contains("\nshmbusd_reaped_ports_total 2\n") &&
                          !Catch::Contains("pid=\"" + pid + "\""));
  CHECK(daemon.stop() == End{});
  CHECK(daemon.count("died and left") == 1);
  CHECK(daemon.count("freed ") == 1);
}

TEST_CASE("shmbusd with reap = false reports what dead processes left, and leaves it there", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name(), "reap = false");
  ForkedProcess victim = start_member(bus.name());
  DaemonProcess daemon{settings.file()};
  victim.kill();
  daemon.wait_for("died and left its node");
  daemon.wait_for_metrics("shmbus_nodes{bus=\"" + bus.name() + "\",state=\"dead\"} 1");
  CHECK(shmbus::Inspector{bus.name()}.leftovers().size() >= 3);
  CHECK(daemon.stop() == End{});
  CHECK(daemon.count("died and left") == 1);
}

TEST_CASE("shmbusd joins no bus, creates none, and unmaps one that is removed", "[shmbusd]") {
  const test::TemporaryBus bus;
  const test::Segments segments{bus.name()};
  const DaemonSettings settings;
  settings.write(bus.name());
  DaemonProcess daemon{settings.file()};
  const pid_t pid = daemon.process().pid();
  CHECK_THAT(daemon.metrics(), !Catch::Contains(bus.name()));
  CHECK(segments.all().empty());
  const std::string readable = "shmbus_bus_readable{bus=\"" + bus.name() + "\"} 1";
  for (int round = 0; round < 2; ++round) {  // a new bus of the same name is watched as well
    {
      ForkedProcess member = start_member(bus.name());
      daemon.wait_for_metrics(readable);
      CHECK(shmbus::Inspector{bus.name()}.snapshot().nodes.size() == 1);
      CHECK(maps_bus(pid, bus.name()));
      member.say();
      CHECK(member.wait() == End{});
    }
    shmbus::Bus::remove(bus.name());
    test::wait_until("the daemon to let go of a removed bus", [&] { return !maps_bus(pid, bus.name()); });
    CHECK(segments.all().empty());
    CHECK_THAT(daemon.metrics(), !Catch::Contains(bus.name()));
  }
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd without a name in its configuration finds the buses of the machine", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.folder.write("shmbusd.toml", "interval = '50ms'\nreap = false\n[metrics]\nlisten = '127.0.0.1:0'\n");
  DaemonProcess daemon{settings.file()};
  ForkedProcess member = start_member(bus.name());
  daemon.wait_for_metrics("shmbus_topic_events_total{bus=\"" + bus.name() + "\",topic=\"t\"} 1");
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd warns of a subscriber that gates for long, and logs when that ends", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name(), "", "[warn]\ngating = '200ms'");
  shmbus::Bus own = shmbus::Bus::open(bus.name());
  own.topic("t", {.block_size = 4096, .blocks = 2});
  shmbus::Subscriber slow = own.subscriber("t", {.delivery = shmbus::Delivery::reliable, .name = "slow"});
  DaemonProcess daemon{settings.file()};
  ForkedProcess writer{[&](const Parent& parent) {
    shmbus::Bus theirs = shmbus::Bus::open(bus.name());
    shmbus::Publisher publisher = theirs.publisher("t");
    for (int i = 0; i < 100; ++i) test::require(bool{publisher.publish(std::string(500, 'x'))}, "a publish");
    parent.say();
    parent.hear();
  }};
  daemon.wait_for("has held publishers back for");
  const std::string who = "topic 't': slow of " + shmbus::Inspector{bus.name()}.snapshot().nodes.at(0).program +
                          " (pid " + std::to_string(::getpid()) + ")";
  CHECK(daemon.count("warning: bus '" + bus.name() + "', " + who + " has held publishers back for") == 1);
  CHECK_THAT(daemon.metrics(), Catch::Contains("subscriber=\"slow\"} 1\n"));  // gating
  std::size_t read = 0;
  test::wait_until("all events", [&] {
    read += slow.poll([](const shmbus::Event&) {});
    return read == 100;
  });
  writer.hear();
  daemon.wait_for("no longer holds publishers back");
  CHECK(daemon.count(who + " no longer") == 1);
  writer.say();
  CHECK(writer.wait() == End{});
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd warns of a /dev/shm with less free room than the limit", "[shmbusd]") {
  const test::TemporaryBus bus;
  const shmbus::Bus own = shmbus::Bus::open(bus.name());  // the bus takes some room, so that not all of it is free
  const DaemonSettings settings;
  settings.write(bus.name(), "", "[warn]\nmemory = 100");
  DaemonProcess daemon{settings.file()};
  daemon.wait_for("warning: /dev/shm has ");
  settings.write(bus.name(), "", "[warn]\nmemory = 0");
  daemon.process().kill(SIGHUP);
  daemon.wait_for("left again");
  CHECK(daemon.stop() == End{});
  CHECK(daemon.count("/dev/shm has ") == 2);
}

TEST_CASE("shmbusd reports that a bus can't be read, and goes on", "[shmbusd]") {
  const test::TemporaryBus bus, good;
  const test::Segments segments{bus.name()};
  { shmbus::Bus::open(bus.name()); }
  test::overwrite(segments.registry(), offsetof(shmbus::layout::RegistryHeader, version), std::uint32_t{77});
  const shmbus::Bus own = shmbus::Bus::open(good.name());
  const DaemonSettings settings;
  settings.write(bus.name() + "', '" + good.name());
  DaemonProcess daemon{settings.file()};
  daemon.wait_for("bus '" + bus.name() + "' can't be read: ");
  CHECK_THAT(daemon.metrics(), Catch::Contains("shmbus_bus_readable{bus=\"" + bus.name() + "\"} 0") &&
                                   Catch::Contains("shmbus_bus_readable{bus=\"" + good.name() + "\"} 1"));
  CHECK(daemon.stop() == End{});
  CHECK(daemon.count("can't be read") == 1);
}

TEST_CASE("shmbusd looks after another user's bus when the user is among its owners", "[shmbusd]") {
  if (!test::have_root()) return;
  const test::TemporaryBus bus;
  const test::Segments segments{bus.name()};  // this process may not remove them as a bus
  const test::User other;
  const DaemonSettings settings;
  settings.write(bus.name());
  ForkedProcess member{[&](const Parent& parent) {
    test::become(other);
    shmbus::Bus own = shmbus::Bus::open(bus.name());
    shmbus::Publisher publisher = own.publisher("t");
    parent.say();
    parent.hear();
  }};
  member.hear();
  DaemonProcess daemon{settings.file()};
  daemon.wait_for("bus '" + bus.name() + "' can't be read: ");
  CHECK_THAT(daemon.log(), Catch::Contains("owners"));  // the message says what to do
  CHECK_THAT(daemon.metrics(), !Catch::Contains("topic=\"t\""));
  settings.write(bus.name(), "owners = [" + std::to_string(other.id) + "]");
  daemon.process().kill(SIGHUP);
  daemon.wait_for("bus '" + bus.name() + "' can be read again");
  CHECK_THAT(daemon.metrics(), Catch::Contains("topic=\"t\""));
  member.kill();
  daemon.wait_for("freed 1 node, 1 port");
  CHECK(shmbus::Inspector(bus.name(), {other.id}).leftovers().empty());
  CHECK(daemon.stop() == End{});
}
