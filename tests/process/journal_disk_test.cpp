// Disks that are full.

#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "journal_fixture.hpp"
#include "support/privileges.hpp"

using namespace std::chrono_literals;
using shmbus::Journal;
using shmbus::Start;
using shmbus::Status;
using test::JournaledBus;

TEST_CASE("a full disk stops a journal and not its topic, and what is missing is named", "[journal]") {
  const JournaledBus home;
  auto process = test::in_namespaces(CLONE_NEWNS, [&](const test::Parent&) {
    test::require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      ::mount("tmpfs", home.journals().c_str(), "tmpfs", 0, "size=96m,mode=0700") == 0,
                  "can't mount a folder for journals");
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher =
        bus.publisher("t", {.block_size = 4096, .blocks = 4, .journal = Journal::batch(), .segment_file = 1 << 20});
    std::uint64_t sequence = 0;
    const auto publish = [&](unsigned count) {
      for (unsigned i = 0; i < count; ++i) sequence = test::publish_numbered(publisher, 1, sequence + 1).sequence();
    };
    publish(1000);
    test::require(publisher.wait_durable(sequence, test::patience) == Status::ok, "not durable on an empty disk");
    std::ofstream ballast(home.journals() + "/ballast");
    const std::string megabyte(1 << 20, 'x');
    for (unsigned i = 0; i < 60; ++i) ballast << megabyte;
    ballast.close();
    publish(2000);
    test::require(publisher.wait_durable(sequence, test::patience) == Status::journal_failed, "durable on a full disk");
    test::wait_until("the disk to be called full",
                     [&] { return home.journal("t").state == shmbus::RecorderState::low_space; });
    const auto full = home.journal("t");
    publish(2000);
    test::wait_until("it to try again", [&] { return home.journal("t").failures > full.failures + 1; });
    test::require(home.journal("t").hand_overs == full.hand_overs, "it begins to record on a full disk");
    test::require(home.journal("t").failures < 12, "it tries all the time");
    std::filesystem::remove(home.journals() + "/ballast");
    const test::Deadline deadline;
    for (Status status = Status::journal_failed; status != Status::ok;) {
      publish(1);
      status = publisher.wait_durable(sequence, 50ms);
      deadline.check("the journal to go on");
    }
    const auto after = home.journal("t");
    test::require(after.missing > 0 && after.missing_end < sequence, "nothing is missing");
    test::require(publisher.wait_durable(after.missing_end, 1s) == Status::not_recorded, "a missing event is durable");
    shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::sequence(1)});
    test::NumberedReading reading;
    test::poll_until(subscriber, "the last event", std::ref(reading), [&] { return reading.sequence() >= sequence; });
    test::require(subscriber.lost() == after.missing, "another number of lost events than is missing");
    test::require(reading.events() + subscriber.lost() == sequence, "events that are neither read nor lost");
  });
  if (process) CHECK(process->wait() == test::End{});
}

TEST_CASE("a member leaves as much of the disk to others as it is told to", "[journal]") {
  const JournaledBus home;
  shmbus::BusOptions options = home.options();
  options.low_space = std::uint64_t{1} << 60;  // more than any disk has
  {
    shmbus::Bus bus = shmbus::Bus::open(home.name(), options);
    shmbus::Publisher publisher = bus.publisher("t", {.journal = Journal::page_cache()});
    const auto sequence = publisher.publish("text").sequence();
    CHECK(publisher.wait_durable(sequence, test::patience) == Status::journal_failed);
    CHECK(home.journal("t").state == shmbus::RecorderState::low_space);
  }
  options.low_space = 0;
  shmbus::Bus bus = shmbus::Bus::open(home.name(), options);
  shmbus::Publisher publisher = bus.publisher("t");
  CHECK(publisher.wait_durable(publisher.publish("text").sequence(), test::patience) == Status::ok);
}
