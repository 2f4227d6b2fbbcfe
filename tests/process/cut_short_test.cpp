// Segments cut short with ftruncate while members use them. The next attach and the next slow path notice it and return
// `corrupt`; the words they need for that lie before the cut. A process that touches memory beyond the cut dies of SIGBUS:
// that is not tested here, and described in the guide (libshmbus/doc/guide/guarantees.md).

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "layout/geometry.hpp"
#include "layout/registry.hpp"
#include "shmbus/shmbus.hpp"
#include "support/time_limits.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::Status;
using shmbus::layout::Geometry;
using test::expect_refusal;

namespace {

constexpr Geometry geometry = Geometry::of(4096, 4, true, 8);

struct Fixture {
  test::TemporaryBus name;
  test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 5ms});
  std::optional<shmbus::Publisher> publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
  std::optional<shmbus::Subscriber> subscriber = bus.subscriber("t");

  /// A size beyond the bytes in use: one event was published.
  void cut(const std::string& what) {
    CHECK(publisher->publish("one"));
    if (what == "log") std::filesystem::resize_file(segments.log("t"), geometry.log_size - 4096);
    if (what == "control") std::filesystem::resize_file(segments.control("t"), geometry.control_size - 4096);
    if (what == "registry")
      std::filesystem::resize_file(segments.registry(), sizeof(shmbus::layout::RegistryHeader) - 4096);
  }
};

}  // namespace

TEST_CASE("a publisher finds that a segment was cut short when it needs the next block", "[bad_input][cut]") {
  Fixture f;
  f.subscriber.reset();
  f.cut(GENERATE(as<std::string>{}, "log", "control", "registry"));
  Status status = Status::ok;
  // A rotation looks at the sizes unless it did within the last millisecond.
  test::wait_until("corrupt", [&] {
    for (int i = 0; i < 100 && status == Status::ok; ++i) status = f.publisher->publish(std::string(200, 'x')).status();
    return status != Status::ok;
  });
  CHECK(status == Status::corrupt);
  CHECK(f.publisher->publish(std::string(200, 'x')).status() == Status::corrupt);
  f.publisher.reset();
}

TEST_CASE("a subscriber that waits finds that a segment was cut short", "[bad_input][cut]") {
  Fixture f;
  f.cut(GENERATE(as<std::string>{}, "log", "control", "registry"));
  const test::Deadline deadline;
  while (f.subscriber->status() == Status::ok) {
    f.subscriber->poll([](const shmbus::Event& event) { CHECK(event.text() == "one"); });
    f.subscriber->wait(20ms);
    deadline.check("corrupt");
  }
  CHECK(f.subscriber->status() == Status::corrupt);
  CHECK(f.subscriber->poll([](const shmbus::Event&) {}) <= 1);
  CHECK(f.subscriber->poll([](const shmbus::Event&) {}) == 0);
  CHECK(!f.subscriber->wait(1ms));
  f.subscriber.reset();
  f.publisher.reset();
}

TEST_CASE("a topic cut short is refused also by a member that has it open", "[bad_input][cut]") {
  Fixture f;
  f.cut(GENERATE(as<std::string>{}, "log", "control"));
  expect_refusal({ErrorCode::corrupt, "topic 't'", "bytes", "bytes"}, [&] { f.bus.publisher("t"); });
  expect_refusal({ErrorCode::corrupt, "topic 't'", "bytes", "bytes"}, [&] { f.bus.subscriber("t"); });
  expect_refusal({ErrorCode::corrupt, "topic 't'", "bytes", "bytes"}, [&] { f.bus.find_topic("t"); });
  CHECK(f.bus.publisher("other").publish("x"));
  CHECK_NOTHROW(f.bus.reap());
  CHECK(f.bus.remove_topic("t"));
  CHECK(f.bus.publisher("t").publish("as good as new").sequence() == 1);
}

TEST_CASE("a registry cut short is refused also by a member that has the bus open", "[bad_input][cut]") {
  Fixture f;
  f.cut("registry");
  const test::Refusal refusal{ErrorCode::corrupt, "bus '" + f.name.name() + "'", "bytes", "size"};
  expect_refusal(refusal, [&] { f.bus.publisher("t"); });
  expect_refusal(refusal, [&] { f.bus.subscriber("t"); });
  expect_refusal(refusal, [&] { f.bus.reap(); });
  expect_refusal({ErrorCode::corrupt, "bus '" + f.name.name() + "'", "bytes", "bytes"},
                 [&] { shmbus::Bus::open(f.name.name()); });
  f.subscriber.reset();
  f.publisher.reset();
  CHECK(shmbus::Bus::remove(f.name.name()));
}
