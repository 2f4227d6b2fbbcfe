// Processes that publish, and those that only record.

#include <optional>
#include <thread>

#include "journal_storm/books.hpp"
#include "shmbus/shmbus.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"

namespace journal_storm {

using shmbus::Bus;
using shmbus::Publisher;
using shmbus::Record;
using shmbus::Status;
using test::require;

namespace {

bool storming(const Stage& stage) { return stage.phase() == Phase::storm; }

class Pen {
 public:
  explicit Pen(const Stage& stage) : stage_(stage), book_(stage.books->published[stage.topic]) {}

  void write(Publisher& publisher) {
    const Entry entry{stage_.self, counter_ + 1};
    const auto result = test::SelfChecking::publish(publisher, entry.word(), 1 + entry.counter % 40);
    require(result.status() == Status::ok, std::string("a publish: ") + shmbus::to_string(result.status()));
    require(result.sequence() < kEvents, "more events than the books hold");
    ++counter_;
    sequence_ = result.sequence();
    book_[sequence_].store(entry.word(), std::memory_order_release);
    stage_.board().published.fetch_add(1, std::memory_order_relaxed);
  }

  /// Waits until the last event is durable. Only a topic that may miss events may miss this one.
  void wait(Publisher& publisher) {
    const Status status = publisher.wait_durable(sequence_, test::patience);
    if (status == Status::not_recorded && stage_.kind().may_miss) return;
    require(status == Status::ok, std::string("a durable wait: ") + shmbus::to_string(status));
    book_[sequence_].fetch_or(Entry::kDurable);
    stage_.board().durable_waits.fetch_add(1, std::memory_order_relaxed);
  }

  std::uint64_t sequence() const noexcept { return sequence_; }

 private:
  const Stage& stage_;
  storm::SharedArray<Word>& book_;
  std::uint64_t counter_ = 0, sequence_ = 0;
};

/// A publisher of the topic; nothing while another one has the exclusive right.
std::optional<Publisher> attach(const Stage& stage, Bus& bus) {
  try {
    return bus.publisher(stage.kind().name, stage.kind().options);
  } catch (const shmbus::Error& error) {
    require(error.code() == shmbus::ErrorCode::busy && stage.kind().exclusive, error.what());
    return std::nullopt;
  }
}

}  // namespace

/// Creates the topics and the durable names, so that nothing is published before each name has a position.
void set_up(const Stage& stage, const test::Parent&) {
  Bus bus = Bus::open(stage.bus, stage.options(Record::own));
  for (const Kind& kind : topics()) bus.topic(kind.name, kind.options);
  for (const Name& name : kNames) {
    bus.subscriber(topics()[name.topic].name, {.start = shmbus::Start::oldest(), .durable = name.name});
  }
}

/// Comes and goes, publishes bursts, and now and then waits until they are durable. Its process may record.
void publish(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  Pen pen(stage);
  while (storming(stage)) {
    stage.step("open the bus");
    Bus bus = Bus::open(stage.bus, stage.options(chance(random, 3) ? Record::none : Record::own));
    for (bool stay = true; stay && storming(stage); stay = !chance(random, 8)) {
      stage.step("attach a publisher");
      std::optional<Publisher> publisher = attach(stage, bus);
      for (std::uint64_t bursts = 1 + below(random, 100); publisher && bursts != 0 && storming(stage); --bursts) {
        for (std::uint64_t left = 1 + below(random, 40); left != 0; --left) {
          stage.step("publish");
          pen.write(*publisher);
        }
        stage.step("wait for the disk");
        if (chance(random, 8)) pen.wait(*publisher);
        std::this_thread::sleep_for(std::chrono::microseconds(500 + below(random, 20'000)));
      }
      publisher.reset();
      std::this_thread::sleep_for(std::chrono::microseconds(below(random, 2000)));
    }
  }
}

/// Records whatever is there to record.
void record(const Stage& stage, const test::Parent&) {
  const Bus bus = Bus::open(stage.bus, stage.options(Record::all));
  while (storming(stage)) {
    stage.step("record");
    std::this_thread::sleep_for(5ms);
  }
}

void publish_last(const Stage& stage, const test::Parent&) {
  Bus bus = Bus::open(stage.bus, stage.options(Record::own));
  bus.reap();
  for (unsigned topic = 0; topic < kTopics; ++topic) {
    stage.step("publish the last event");
    Stage own = stage;
    own.topic = topic;
    Publisher publisher = bus.publisher(own.kind().name);
    Pen pen(own);
    pen.write(publisher);
    require(publisher.wait_durable(pen.sequence(), test::patience) == Status::ok, "the last event is not durable");
    stage.board().end[topic] = pen.sequence();
  }
}

}  // namespace journal_storm
