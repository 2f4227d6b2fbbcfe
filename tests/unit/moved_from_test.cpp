#include <catch2/catch.hpp>

#include <chrono>
#include <utility>

#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

// NOLINTBEGIN(bugprone-use-after-move): these tests are about the use of objects after a move.
using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::Status;

namespace {

struct Payload {
  std::uint64_t words[8];
};

template <class Function>
void check_closed(Function function) {
  try {
    function();
    FAIL_CHECK("nothing was thrown");
  } catch (const shmbus::Error& error) {
    CHECK(error.code() == ErrorCode::closed);
    CHECK_THAT(error.what(), Catch::Contains("moved from"));
  }
}

}  // namespace

TEST_CASE("a Bus that was moved from has no name and throws closed", "[moved_from]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const shmbus::Bus owner = std::move(bus);
  CHECK(owner.name() == name.name());
  CHECK(bus.name().empty());
  CHECK(bus.incarnation() == 0);
  CHECK(bus.node() == 0);
  CHECK_FALSE(bus.interrupted());
  CHECK_FALSE(bus.removed());
  bus.interrupt();
  CHECK_FALSE(owner.interrupted());
  check_closed([&] { bus.topic("t"); });
  check_closed([&] { static_cast<void>(bus.find_topic("t")); });
  check_closed([&] { bus.remove_topic("t"); });
  check_closed([&] { static_cast<void>(bus.publisher("t")); });
  check_closed([&] { static_cast<void>(bus.publisher<Payload>("t")); });
  check_closed([&] { static_cast<void>(bus.subscriber("t")); });
  check_closed([&] { static_cast<void>(bus.subscribe("t", [](const shmbus::Event&) {})); });
  check_closed([&] { bus.reap(); });
  check_closed([&] { bus.run_until_signal(); });
}

TEST_CASE("a Publisher that was moved from publishes nothing and returns closed", "[moved_from]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto exclusive = GENERATE(false, true);
  shmbus::Publisher publisher =
      bus.publisher("t", {.writers = exclusive ? shmbus::Writers::exclusive : shmbus::Writers::shared});
  publisher.publish("before");
  shmbus::Publisher owner = std::move(publisher);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{100'000}}) {
    const std::string text(size, 'x');
    CHECK(publisher.publish(text).status() == Status::closed);
    CHECK(publisher.publish(text, {.trace = shmbus::TraceContext{}, .key = "key"}).status() == Status::closed);
    CHECK(publisher.publish_for(1h, text).status() == Status::closed);
    CHECK(publisher.try_publish(text).status() == Status::closed);
    CHECK(publisher.loan(size).status() == Status::closed);
    CHECK(publisher.loan(size, {.key = "key"}).status() == Status::closed);
    CHECK(publisher.try_loan(size).status() == Status::closed);
  }
  const std::string_view texts[] = {"a", "b"};
  CHECK(publisher.publish_all(texts).status() == Status::closed);
  CHECK(publisher.publish_all_for(1h, texts).published() == 0);
  CHECK(publisher.try_publish_all(texts).status() == Status::closed);
  CHECK(publisher.topic().name.empty());
  CHECK(owner.topic().name == "t");
  CHECK(owner.publish("after").sequence() == 2);

  publisher = std::move(owner);  // and moved back
  CHECK(owner.publish("closed").status() == Status::closed);
  CHECK(publisher.publish("again").sequence() == 3);

  shmbus::TypedPublisher<Payload> typed = bus.publisher<Payload>("typed");
  shmbus::TypedPublisher<Payload> typed_owner = std::move(typed);
  CHECK(typed.publish({}).status() == Status::closed);
  CHECK(typed.publish_for(1h, {}).status() == Status::closed);
  CHECK(typed.try_publish({}).status() == Status::closed);
  CHECK(typed.loan().status() == Status::closed);
  CHECK(typed_owner.publish({}).sequence() == 1);
}

TEST_CASE("a Loan that was moved from is no loan, and the one it was moved to commits", "[moved_from]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  shmbus::Loan loan = publisher.loan(8);
  shmbus::Loan owner = std::move(loan);
  CHECK_FALSE(loan);
  CHECK(loan.status() == Status::closed);
  CHECK(loan.payload().empty());
  CHECK(loan.commit().status() == Status::closed);
  CHECK(loan.commit(1'000'000).status() == Status::closed);
  loan.abort();
  CHECK(owner.payload().size() == 8);
  CHECK(owner.commit().sequence() == 1);
}

TEST_CASE("a Subscriber that was moved from has nothing to poll and is closed", "[moved_from]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  shmbus::Subscriber subscriber = bus.subscriber("t");
  shmbus::Subscriber owner = std::move(subscriber);
  publisher.publish("event");
  CHECK(subscriber.poll([](const shmbus::Event&) { FAIL("polled"); }) == 0);
  CHECK_FALSE(subscriber.wait());
  CHECK_FALSE(subscriber.wait(1h));
  subscriber.interrupt();
  CHECK(subscriber.lost() == 0);
  CHECK(subscriber.delivered() == 0);
  CHECK(subscriber.topics() == 0);
  CHECK(subscriber.unattached().empty());
  CHECK(subscriber.status() == Status::closed);
  CHECK_FALSE(subscriber.demoted());
  CHECK(subscriber.pattern().empty());
  check_closed([&] { subscriber.fd(); });

  subscriber = std::move(owner);
  CHECK(owner.poll([](const shmbus::Event&) {}) == 0);
  CHECK(subscriber.poll([](const shmbus::Event&) {}) == 1);
}

TEST_CASE("a RetainedEvent that was moved from is an empty event", "[moved_from]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t");
  shmbus::Subscriber subscriber = bus.subscriber("t");
  publisher.publish("kept");
  std::optional<shmbus::RetainedEvent> kept;
  subscriber.poll([&](const shmbus::Event& event) { kept = event.retain(); });
  REQUIRE(kept);
  const shmbus::RetainedEvent owner = std::move(*kept);
  CHECK(owner->text() == "kept");
  const shmbus::Event& event = **kept;
  CHECK(event.topic().empty());
  CHECK(event.sequence() == 0);
  CHECK(event.payload().empty());
  CHECK(event.text().empty());
  CHECK(event.trace() == nullptr);
  CHECK(event.headers().empty());
  CHECK_FALSE(event.header("name"));
  CHECK(event.key().empty());
  CHECK(event.as<Payload>() == nullptr);
  CHECK(event.time() == shmbus::Time{});
  CHECK(event.id() == shmbus::EventId{});
  CHECK(event.retain()->payload().empty());
}

TEST_CASE("an Inspector that was moved from throws closed", "[moved_from]") {
  const test::TemporaryBus name;
  const shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Inspector inspector(name.name());
  shmbus::Inspector owner = std::move(inspector);
  check_closed([&] { static_cast<void>(inspector.snapshot()); });
  check_closed([&] { static_cast<void>(inspector.ring("t")); });
  check_closed([&] { static_cast<void>(inspector.leftovers()); });
  CHECK(owner.snapshot().topics.empty());
}
// NOLINTEND(bugprone-use-after-move)
