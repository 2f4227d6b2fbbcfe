// A reader of the topic without an auditor and without reliable readers. Open claims of stopped and dead publishers are
// lapped there, while their blocks must not be reused.

#include <unordered_map>

#include "shmbus/shmbus.hpp"
#include "storm/payload.hpp"
#include "storm/stage.hpp"

namespace storm {

using namespace std::chrono_literals;
using test::require;

namespace {

/// Without an auditor there is less to compare with. Two checks are exact: the order, and that no event comes twice. The
/// losses have bounds: between two events the reader counted at most each sequence. It counted at least those events that a
/// publisher's own numbers show to be missing between two events of that publisher.
class WildLedger {
 public:
  void enter(const shmbus::Event& event, const PayloadHead& head, std::uint64_t lost) {
    require(event.sequence() > sequence_, "a sequence that does not increase");
    if (sequence_ == 0) lost_before_ = lost_ = lost;
    require(lost >= lost_ && (sequence_ == 0 || lost - lost_ < event.sequence() - sequence_),
            "more counted as lost than there were sequences");
    lost_ = lost;
    sequence_ = event.sequence();
    ++seen_;
    if (head.last != 0) return;
    std::uint64_t& counter = counters_[head.publisher];
    require(head.counter > counter, "a publisher's events out of order, or one twice");
    if (counter != 0) missed_ += head.counter - counter - 1;
    counter = head.counter;
    require(missed_ <= lost_ - lost_before_, "events neither seen nor counted as lost");
  }

  std::uint64_t latest() const noexcept { return sequence_; }
  std::uint64_t seen() const noexcept { return seen_; }
  std::uint64_t lost() const noexcept { return lost_; }

 private:
  std::uint64_t sequence_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t lost_ = 0, lost_before_ = 0;
  std::uint64_t missed_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> counters_;  // by publisher: its latest event
};

}  // namespace

void read_wildly(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  stage.step("open the bus");
  shmbus::Bus bus = shmbus::Bus::open(stage.bus);
  stage.step("subscribe");
  shmbus::Subscriber subscriber = bus.subscriber(stage.topic_name(), {.start = shmbus::Start::oldest()});
  add(stage.board().attaches, 1);
  WildLedger ledger;
  for (bool last = false; !last;) {
    stage.at("poll");
    const std::uint64_t newest = stage.figures().events;
    const std::size_t n = subscriber.poll(
        [&](const shmbus::Event& event) {
          const PayloadHead head = read_payload(event);
          require(!last, "an event after the last");
          ledger.enter(event, head, subscriber.lost());
          last = head.last != 0;
        },
        1 + below(random, 256));
    require(subscriber.status() == shmbus::Status::ok, shmbus::to_string(subscriber.status()));
    raise_to(stage.figures().events, ledger.latest());
    if (n != 0 || ledger.latest() >= newest) stage.beat();  // it got on, or had nothing to read
    stage.at("wait");
    if (n == 0) subscriber.wait(20ms);
  }
  add(stage.board().wild_seen, ledger.seen());
  add(stage.board().wild_lost, ledger.lost());
}

}  // namespace storm
