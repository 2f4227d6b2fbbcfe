// Processes that publish, and those that share events.

#include <stdexcept>
#include <thread>

#include "group_storm/books.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"

namespace group_storm {

using shmbus::Bus;
using shmbus::Event;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Status;
using test::require;

namespace {

Entry entry_of(const Event& event) {
  const test::Numbered n = test::numbered(event);
  require(n.publisher != 0 && n.publisher < kProcesses && event.key() == std::to_string(n.publisher), "a torn event");
  return {n.publisher, n.number};
}

/// Notes that this process holds an event for certain, and all later events of its key too, where the group has an order.
void begin(const Stage& stage, std::uint64_t sequence, const Entry& entry) {
  const auto nobody_else = [&](Word& holder, const char* what) {
    const std::uint64_t before = holder.exchange(stage.self);
    require(before == 0 || stage.books->doomed[before] != 0, what);
  };
  Ledger& ledger = stage.ledger();
  require(sequence < kEvents, "more events than the books hold");
  nobody_else(ledger.holder[sequence], "an event that two hold");
  if (stage.kind().order != shmbus::Order::by_key) return;
  nobody_else(ledger.key_holder[entry.author], "a key that two hold");
  // The one before it may have died between its note and the end of its lease.
  const std::uint64_t last = ledger.key_settled[entry.author];
  require(entry.counter == last || entry.counter == last + 1, "an event before an earlier one of its key is settled");
}

void end(const Stage& stage, std::uint64_t sequence, const Entry& entry, bool settles) {
  Ledger& ledger = stage.ledger();
  if (stage.kind().order == shmbus::Order::by_key) {
    if (settles) ledger.key_settled[entry.author] = entry.counter;
    ledger.key_holder[entry.author] = 0;
  }
  ledger.holder[sequence] = 0;
}

/// Notes that an event is handled, or about to be.
void note(const Stage& stage, std::uint64_t sequence) {
  if (stage.ledger().begun[sequence].exchange(1) == 0) --stage.board().ahead[stage.topic];
}

void acknowledge(const Stage& stage, Lease& lease, std::uint64_t sequence) {
  Ledger& ledger = stage.ledger();
  note(stage, sequence);
  require(lease.acknowledge() == Status::ok, "an acknowledgement of an extended lease");
  require(++ledger.settled[sequence] == 1, "an event that was acknowledged twice");
  ++stage.board().acknowledged;
}

void handle_one(const Stage& stage, Random& random, Lease lease) {
  const std::uint64_t sequence = lease.event().sequence();
  const Entry entry = entry_of(lease.event());
  if (lease.deliveries() > 1) ++stage.board().again;
  const std::uint64_t dice = below(random, 1000);
  if (dice == 0) std::this_thread::sleep_for(150ms);  // it may expire
  if (lease.extend(10min) != Status::ok) {
    ++stage.board().expired;
    return;
  }
  begin(stage, sequence, entry);
  if (dice < 20) std::this_thread::sleep_for(std::chrono::microseconds(below(random, 2000)));
  if (dice >= 20 && dice < 40) {
    end(stage, sequence, entry, false);
    require(lease.give_back(std::chrono::milliseconds(below(random, 3))) == Status::ok, "a give-back");
    ++stage.board().given_back;
  } else if (dice >= 40 && dice < 45) {
    end(stage, sequence, entry, true);
    const Status status = lease.reject("the dice");  // given back where the dead letters' topic is full for a second
    require(status == Status::ok || status == Status::back_pressured, "a rejection");
    ++stage.board().rejected;
    --stage.board().ahead[stage.topic];
  } else {
    end(stage, sequence, entry, true);
    acknowledge(stage, lease, sequence);
  }
}

}  // namespace

void set_up(const Stage& stage, const test::Parent&) {
  Bus bus = stage.open();
  for (const Kind& kind : kKinds) {
    bus.topic(kind.name, kind.topic());
    bus.topic(std::string(kind.name) + ".dead", {.accept_raw = true});
    const Group group = bus.group(kind.name, "g", kind.group());
  }
}

void publish(const Stage& stage, const test::Parent&) {
  Random random{stage.seed};
  Bus bus = stage.open();
  shmbus::Publisher publisher = bus.publisher(stage.kind().name);
  const std::string key = std::to_string(stage.self);
  constexpr std::int64_t kMostAhead = 5000;  // a group beside a journal holds no publisher back
  auto& ahead = stage.board().ahead[stage.topic];
  for (std::uint64_t counter = 1; stage.storming(); ++counter) {
    stage.step("publish");
    if (ahead > kMostAhead) std::this_thread::sleep_for(1ms);
    const test::Numbered event{stage.self, counter};
    const auto result = publisher.publish(test::bytes_of(event), {.timeout = test::patience, .key = key});
    require(result.status() == Status::ok, std::string("a publish: ") + shmbus::to_string(result.status()));
    stage.ledger().published[result.sequence()] = 1;
    ++stage.board().published;
    ++ahead;
    if (chance(random, 64)) std::this_thread::sleep_for(std::chrono::microseconds(below(random, 3000)));
  }
}

/// Takes until the storm is over, and there is nothing left. It joins anew now and then.
void take(const Stage& stage, const test::Parent&) {
  Random random{stage.seed};
  Bus bus = stage.open();
  for (;;) {
    Group group = bus.group(stage.kind().name, "g", stage.kind().group());
    for (std::uint64_t i = 200 + below(random, 5000); i > 0; --i) {
      const bool over = !stage.storming();
      stage.step("take");
      Lease lease = group.take(over ? 500ms : 50ms);
      stage.step("handle");
      if (lease)
        handle_one(stage, random, std::move(lease));
      else if (over)
        return;
    }
    require(group.status() == Status::ok, "a member's status");
    require(group.lost() == 0, "a group that lost events");
  }
}

/// The same with handlers on threads. What they hold is not known for certain, since they can't extend it.
void handle(const Stage& stage, const test::Parent&) {
  Random random{stage.seed};
  Bus bus = stage.open();
  std::atomic<std::uint64_t> calls{0};
  auto subscription =
      bus.subscribe(stage.kind().name,
                    [&](const Event& event) {
                      ++calls;
                      const Entry entry = entry_of(event);
                      note(stage, event.sequence());
                      if ((entry.counter + calls) % 100 == 7) throw std::runtime_error("the dice");
                      // An expired lease is another's meanwhile, which notes more; so this note only ever raises.
                      if (stage.kind().order != shmbus::Order::by_key) return;
                      Word& settled = stage.ledger().key_settled[entry.author];
                      for (std::uint64_t last = settled;
                           last < entry.counter && !settled.compare_exchange_weak(last, entry.counter);) {
                      }
                    },
                    {.group = "g", .group_options = stage.kind().group(), .workers = 2});
  for (std::uint64_t seen = 0; stage.storming() || calls != seen;) {
    seen = calls;
    stage.step("handle");
    std::this_thread::sleep_for(stage.storming() ? 20ms : 500ms);
  }
  require(subscription.lost() == 0, "a group that lost events");
  require(subscription.stop(), "the end of a subscription");
}

void read_dead_letters(const Stage& stage, const test::Parent& parent) {
  Bus bus = stage.open();
  shmbus::Subscriber subscriber =
      bus.subscriber(std::string(stage.kind().name) + ".dead",
                     {.start = shmbus::Start::oldest(), .delivery = shmbus::Delivery::reliable});
  parent.say();
  for (;;) {
    const bool last = stage.phase() == Phase::ended;
    stage.step("read dead letters");
    const std::size_t n = subscriber.poll([&](const Event& event) {
      const auto origin = shmbus::EventId::parse(event.header("shmbus-origin").value_or(""));
      require(origin && origin->sequence < kEvents, "a dead letter without an origin");
      ++stage.ledger().letters[origin->sequence];
      ++stage.board().letters;
    });
    if (n == 0 && last) break;
    if (n == 0) subscriber.wait(20ms);
  }
  require(subscriber.lost() == 0, "lost dead letters");
}

}  // namespace group_storm
