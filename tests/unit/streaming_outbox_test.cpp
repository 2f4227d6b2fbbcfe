#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <shmbus/bus.hpp>
#include <shmbus/inspector.hpp>

#include "common/outbox.hpp"
#include "support/forked_process.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_folder.hpp"

using namespace streaming;

namespace {

/// A state, a bus, and one process after another that publishes results on "result".
class Results {
 public:
  Results() : bus_(shmbus::Bus::open(name_.name())), publisher_(bus_.publisher("result", small)) {}

  /// Begins as a new process does, and returns how many results were dropped.
  std::size_t start() {
    end();
    state_.emplace(folder_.file("state"), "test");
    outbox_.emplace(*state_, bus_, "result", [this](Outbox::Bytes bytes) {
      if (room_ == 0) return shmbus::PublishResult(shmbus::Status::back_pressured, 0);
      --room_;
      return publisher_->try_publish(bytes);
    });
    const std::size_t dropped = outbox_->resume();
    commit();
    return dropped;
  }

  /// Ends as a process does that is killed: what was not committed is gone.
  void end() {
    outbox_.reset();
    state_.reset();
  }

  void add(const std::vector<std::string>& results) {
    for (const std::string& result : results) outbox_->add(std::as_bytes(std::span{result}));
  }
  void commit() {
    outbox_->forget();
    state_->commit();
    outbox_->committed();
  }
  /// Publishes at most so many results.
  bool publish(std::size_t most = 1000) {
    room_ = most;
    return outbox_->publish();
  }
  Outbox& outbox() { return *outbox_; }
  shmbus::Bus& bus() { return bus_; }
  shmbus::Publisher& publisher() { return *publisher_; }

  void make_topic_anew() {
    publisher_.reset();
    bus_.remove_topic("result");
    publisher_.emplace(bus_.publisher("result", small));
  }

  std::vector<std::string> published() {
    shmbus::Inspector inspector(bus_.name());
    shmbus::EventReader reader = inspector.read("result", shmbus::Start::oldest(), {.retained_only = true});
    std::vector<std::string> texts;
    while (const shmbus::EventSnapshot* event = reader.next())
      texts.emplace_back(reinterpret_cast<const char*>(event->payload.data()), event->payload.size());
    return texts;
  }

  /// A ring of 8 KiB.
  static constexpr shmbus::TopicOptions small{.block_size = 4096, .blocks = 2};

 private:
  test::TemporaryBus name_;
  test::TemporaryFolder folder_;
  shmbus::Bus bus_;
  std::optional<shmbus::Publisher> publisher_;
  std::optional<StateDatabase> state_;
  std::optional<Outbox> outbox_;
  std::size_t room_ = 0;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("results are published after their commit, in order", "[streaming][outbox]") {
  Results results;
  results.start();
  results.add({"a", "b"});
  CHECK(results.publish());
  CHECK(results.published().empty());
  results.commit();
  CHECK(results.publish());
  CHECK(results.published() == Texts{"a", "b"});
  CHECK(results.outbox().has_published());
  results.commit();
  CHECK_FALSE(results.outbox().has_published());
}

TEST_CASE("results whose transaction was lost are never published", "[streaming][outbox]") {
  Results results;
  results.start();
  results.add({"a"});
  results.start();
  results.publish();
  CHECK(results.published().empty());
}

TEST_CASE("a successor publishes exactly what is missing", "[streaming][outbox]") {
  const std::size_t before_kill = GENERATE(0, 1, 2, 3, 4);
  const bool marked_before = GENERATE(false, true);
  Results results;
  results.start();
  if (marked_before) {
    results.add({"a", "b", "c", "d"});  // the same ones again: what is behind the mark counts
    results.commit();
    results.publish();
  }
  results.add({"a", "b", "c", "d"});
  results.commit();
  results.publish(before_kill);
  results.start();
  CHECK(results.outbox().waiting() == 4 - before_kill);
  results.publish();
  Texts expected{"a", "b", "c", "d"};
  if (marked_before) expected.insert(expected.end(), {"a", "b", "c", "d"});
  CHECK(results.published() == expected);

  results.start();  // killed again, before anything was forgotten
  results.publish();
  CHECK(results.published() == expected);
}

TEST_CASE("equal results are told apart by their order", "[streaming][outbox]") {
  const std::size_t before_kill = GENERATE(0, 1, 2, 3);
  Results results;
  results.start();
  results.add({"a", "a", "a"});
  results.commit();
  results.publish(before_kill);
  results.start();
  results.publish();
  CHECK(results.published() == Texts{"a", "a", "a"});
}

TEST_CASE("results of other publishers between one's own change nothing", "[streaming][outbox]") {
  Results results;
  results.start();
  results.add({"a", "b"});
  results.commit();
  results.publisher().publish("x");
  results.publish(1);
  results.publisher().publish("y");
  results.start();
  results.publish();
  CHECK(results.published() == Texts{"x", "a", "y", "b"});
}

TEST_CASE("results behind the claim of a publisher that died are found", "[streaming][outbox]") {
  Results results;
  results.start();
  results.add({"a", "b"});
  results.commit();
  test::ForkedProcess dead{[&](const test::Parent& parent) {
    shmbus::Bus bus = shmbus::Bus::open(results.bus().name());
    shmbus::Publisher publisher = bus.publisher("result");
    shmbus::Loan loan = publisher.loan(8);
    parent.say();
    parent.hear();
  }};
  dead.hear();
  dead.kill();
  results.publish();
  results.start();
  CHECK(results.outbox().waiting() == 0);
  CHECK(results.published() == Texts{"a", "b"});
}

TEST_CASE("a result is not doubled while the ring holds it or a later one", "[streaming][outbox]") {
  Results results;
  results.start();
  Texts many;
  for (int i = 0; i < 500; ++i) many.push_back(std::to_string(i) + std::string(60, '.'));  // more than the ring holds
  results.add(many);
  results.commit();
  results.publish(400);
  const Texts before = results.published();
  CHECK(before.size() < 200);
  CHECK(before.back() == many[399]);
  results.start();
  CHECK(results.outbox().waiting() == 100);
  results.publish();
  CHECK(results.published().back() == many.back());
}

TEST_CASE("results of a topic that was removed are dropped: it may have held them", "[streaming][outbox]") {
  Results results;
  results.start();
  results.add({"a", "b"});
  results.commit();
  results.publish(1);
  results.end();
  results.make_topic_anew();
  CHECK(results.start() == 2);
  results.publish();
  CHECK(results.published().empty());
  results.add({"c"});
  results.commit();
  results.publish();
  CHECK(results.published() == Texts{"c"});
}

TEST_CASE("a result that the bus does not take waits, and those behind it, too", "[streaming][outbox]") {
  Results results;
  results.start();
  results.add({"a", "b", "c"});
  results.commit();
  CHECK_FALSE(results.publish(1));
  CHECK(results.outbox().refusal() == shmbus::Status::back_pressured);
  CHECK(results.outbox().waiting() == 2);
  results.add({"d"});
  CHECK(results.outbox().waiting() == 2);
  results.commit();
  CHECK(results.publish());
  CHECK(results.published() == Texts{"a", "b", "c", "d"});
}

TEST_CASE("a result names the event whose reaction added it as its cause", "[streaming][outbox]") {
  Results results;
  results.start();
  auto watches = results.bus().publisher("watch");
  watches.publish("1");
  watches.publish("2");
  auto subscriber = results.bus().subscriber("watch", {.start = shmbus::Start::oldest()});
  std::vector<shmbus::EventId> causes;
  subscriber.poll([&](const shmbus::Event& event) {
    causes.push_back(event.id());
    results.outbox().set_cause(event);
    results.add({std::string{event.text()}});
  });
  results.commit();
  results.publish();

  shmbus::Inspector inspector(results.bus().name());
  shmbus::EventReader reader = inspector.read("result", shmbus::Start::oldest());
  for (const shmbus::EventId& cause : causes) {
    const shmbus::EventSnapshot* event = reader.next();
    REQUIRE(event != nullptr);
    CHECK(event->cause == cause);
  }
}
