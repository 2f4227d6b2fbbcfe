// The auditor of a topic: a reliable reader from the first event to the last, which is never stopped or killed. So it sees
// every event that is committed. These are compared with what the publishers counted as published.

#include <vector>

#include "shmbus/shmbus.hpp"
#include "storm/payload.hpp"
#include "storm/subscriber_ports.hpp"
#include "storm/stage.hpp"

namespace storm {

using namespace std::chrono_literals;
using test::require;

namespace {

class Audit {
 public:
  explicit Audit(const Stage& stage)
      : stage_(stage), audit_trail_(stage.shared->audit_trails[stage.topic]), counters_(kProcesses) {}

  void enter(const shmbus::Event& event) {
    const PayloadHead head = read_payload(event);
    require(event.sequence() >= next_, "the auditor: a sequence that does not increase");
    for (; next_ < event.sequence(); ++next_) {
      audit_trail_.write(next_, 0);
      add(stage_.figures().uncommitted, 1);
    }
    audit_trail_.write(next_++, head.sum);
    add(stage_.figures().events, 1);
    last_ = head.last != 0;
    if (last_) return;
    require(head.publisher < counters_.size(), "the auditor: a publisher that nobody started");
    const std::uint64_t expected = counters_[head.publisher] + 1;
    require(head.counter == expected, "the auditor: event " + std::to_string(head.counter) + " of publisher " +
                                          std::to_string(head.publisher) + " instead of " + std::to_string(expected));
    counters_[head.publisher] = expected;
  }

  bool over() const noexcept { return last_; }

  /// Checks that exactly the published events were seen. For a publisher that left these are as many as it counted. For one
  /// that was killed they may be one batch more, since it may have died between publishing and counting.
  void check_publishers() const {
    for (std::size_t p = 0; p < counters_.size(); ++p) {
      if (counters_[p] == 0) continue;
      const std::uint64_t word = stage_.shared->published[p];
      const std::uint64_t said = word / 2;
      const bool left = word % 2 != 0;
      require(counters_[p] == said || (!left && counters_[p] > said && counters_[p] <= said + kMostAtOnce),
              "publisher " + std::to_string(p) + " published " + std::to_string(said) + " events, the auditor saw " +
                  std::to_string(counters_[p]));
    }
  }

 private:
  const Stage& stage_;
  AuditTrail& audit_trail_;
  std::uint64_t next_ = 1;
  bool last_ = false;
  std::vector<std::uint64_t> counters_;  // for each publisher its latest event
};

}  // namespace

void audit(const Stage& stage, const test::Parent& parent) {
  shmbus::Bus bus = shmbus::Bus::open(stage.bus);
  shmbus::Subscriber subscriber =
      bus.subscriber(stage.topic_name(), {.start = shmbus::Start::oldest(), .delivery = shmbus::Delivery::reliable});
  require(SubscriberPorts(stage.bus, stage.topic_name()).of(bus.node()).words.position == 1,
          "the auditor came too late");
  Audit audit(stage);
  parent.say();
  while (!audit.over()) {
    stage.step("audit");
    if (subscriber.poll([&](const shmbus::Event& event) { audit.enter(event); }) == 0) subscriber.wait(20ms);
    require(subscriber.status() == shmbus::Status::ok, shmbus::to_string(subscriber.status()));
  }
  require(subscriber.lost() == 0 && !subscriber.demoted(), "the auditor lost events");
  audit.check_publishers();
}

}  // namespace storm
