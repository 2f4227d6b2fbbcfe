#include <algorithm>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "storm/payload.hpp"
#include "storm/stage.hpp"

namespace storm {

using namespace std::chrono_literals;
using shmbus::Bus;
using shmbus::Error;
using shmbus::ErrorCode;
using shmbus::Publisher;
using shmbus::PublishResult;
using shmbus::Status;
using test::require;

namespace {

/// Publishes with every call that the API has, and checks each result against the auditor's record.
class Pen {
 public:
  Pen(const Stage& stage, Random& random) : stage_(stage), random_(random) {}

  /// Publishes one event or aborts a loan; nothing if a reliable reader holds it back.
  void write(Publisher& publisher) {
    stage_.beat();
    settle();
    std::size_t size = sizeof(PayloadHead) + below(random_, 400);
    switch (below(random_, 24)) {
      case 0:
        return take_loan(publisher, size, size, 0us, false);
      case 1:  // trimmed
        return take_loan(publisher, size, size + below(random_, 2000), 0us, false);
      case 2:  // held open: a process that is stopped or killed meanwhile leaves an open claim
        return take_loan(publisher, size, size, std::chrono::microseconds(below(random_, 2500)), false);
      case 3:
        return take_loan(publisher, size, size, 0us, true);
      case 4:
        size = publisher.topic().max_payload - below(random_, 64);  // it seals a block
        break;
      case 5:
        return publish(size, 1, [&](auto bytes, const PayloadHead& head) {
          return publisher.publish(bytes, {.trace = trace_of(head)});
        });
      case 6:
        return publish(size, 0, [&](auto bytes, const PayloadHead&) { return publisher.publish_for(2ms, bytes); });
      case 7:
        return publish(size, 0, [&](auto bytes, const PayloadHead&) { return publisher.try_publish(bytes); });
      case 8:
      case 9:
        return publish_several(publisher);
      default:
        break;
    }
    publish(size, 0, [&](auto bytes, const PayloadHead&) { return publisher.publish(bytes); });
  }

  /// Leaves in order, once all that it published has been audited and agrees with what the auditor saw.
  void leave() {
    while (!receipts_.empty()) {
      stage_.at("wait for the auditor");
      settle();
      std::this_thread::sleep_for(200us);
    }
    stage_.shared->published[stage_.self] = counter_ * 2 + 1;
  }

 private:
  PayloadHead head(std::uint16_t traced = 0) const {
    return {.publisher = stage_.self, .counter = counter_ + 1, .traced = traced};
  }

  template <class Publish>
  void publish(std::size_t size, std::uint16_t traced, Publish call) {
    bytes_.resize(size);
    const PayloadHead written = write_payload(bytes_, head(traced));
    const std::uint64_t before = monotonic_ns();
    const PublishResult result = call(std::span<const std::byte>(bytes_), written);
    note_hold(before);
    note(result, written);
  }

  void publish_several(Publisher& publisher) {
    const std::size_t count = 2 + below(random_, kMostAtOnce - 1);
    std::vector<std::vector<std::byte>> payloads(count);
    std::vector<PayloadHead> written;
    for (std::size_t i = 0; i < count; ++i) {
      payloads[i].resize(sizeof(PayloadHead) + below(random_, 200));
      written.push_back(write_payload(payloads[i], {.publisher = stage_.self, .counter = counter_ + 1 + i}));
    }
    const std::vector<std::span<const std::byte>> spans(payloads.begin(), payloads.end());
    std::vector<std::uint64_t> sequences(count);
    const std::uint64_t before = monotonic_ns();
    const shmbus::BatchResult result = publisher.publish_all(spans, sequences);
    note_hold(before);
    require(result.status() == Status::ok && result.published() == count,
            std::string("publishing several: ") + shmbus::to_string(result.status()));
    for (std::size_t i = 0; i < count; ++i) note({Status::ok, sequences[i]}, written[i]);
  }

  void take_loan(Publisher& publisher, std::size_t size, std::size_t room, std::chrono::microseconds hold, bool abort) {
    if (abort && stage_.topic == kShared) add(stage_.figures().aborts, 1);
    const std::uint64_t before = monotonic_ns();
    shmbus::Loan loan = publisher.loan(std::min(room, publisher.topic().max_payload));
    note_hold(before);
    require(static_cast<bool>(loan), std::string("a loan: ") + shmbus::to_string(loan.status()));
    if (hold > 0us) std::this_thread::sleep_for(hold);
    const PayloadHead written = write_payload(loan.payload().first(size), head());
    if (!abort) return note(loan.commit(size), written);
    loan.abort();
    if (stage_.topic == kShared) add(stage_.figures().aborted, 1);
  }

  void note(const PublishResult& result, const PayloadHead& written) {
    if (result.status() == Status::back_pressured) return;  // the next event gets this number
    require(result.status() == Status::ok, std::string("a publish: ") + shmbus::to_string(result.status()));
    stage_.shared->published[stage_.self] = ++counter_ * 2;
    if (stage_.topic < kAudited) receipts_.push_back({result.sequence(), written.sum});
  }

  void settle() {
    if (receipts_.empty()) return;
    const std::uint64_t audited = stage_.audit_trail().audited();
    for (; !receipts_.empty() && receipts_.front().sequence <= audited; receipts_.pop_front()) {
      const auto& receipt = receipts_.front();
      require(stage_.audit_trail().read(receipt.sequence).sum == receipt.sum,
              "the auditor saw another event than was published at sequence " + std::to_string(receipt.sequence));
      add(stage_.board().receipts, 1);
    }
  }

  void note_hold(std::uint64_t since) {
    if (stage_.unharmed) raise_to(stage_.board().held_publisher, monotonic_ns() - since);
  }

  struct Receipt {
    std::uint64_t sequence;
    std::uint64_t sum;
  };
  const Stage& stage_;
  Random& random_;
  std::vector<std::byte> bytes_;
  std::deque<Receipt> receipts_;
  std::uint64_t counter_ = 0;
};

bool storming(const Stage& stage) { return stage.phase() == Phase::storm; }

/// Publishes a burst and then pauses, so that readers meet both a stream and the end of the log.
void write_burst(const Stage& stage, Publisher& publisher, Pen& pen, Random& random) {
  stage.step("publish");
  for (std::uint64_t left = 1 + below(random, 40); left != 0; --left) pen.write(publisher);
  stage.step("rest");
  std::this_thread::sleep_for(std::chrono::microseconds(200 + below(random, 3000)));
}

}  // namespace

void publish(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  Pen pen(stage, random);
  while (storming(stage)) {
    stage.step("open the bus");
    Bus bus = Bus::open(stage.bus);
    add(stage.board().attaches, 1);
    for (bool stay = true; stay && storming(stage); stay = !chance(random, 4)) {
      stage.step("attach a publisher");
      Publisher publisher = bus.publisher(stage.topic_name(), topic_options(stage.topic));
      for (std::uint64_t bursts = 1 + below(random, 200); bursts != 0 && storming(stage); --bursts) {
        write_burst(stage, publisher, pen, random);
      }
    }
  }
  pen.leave();
}

/// Takes the exclusive right when it is free, and gives it up after a while.
void publish_exclusively(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  Pen pen(stage, random);
  Bus bus = Bus::open(stage.bus);
  add(stage.board().attaches, 1);
  while (storming(stage)) {
    stage.step("ask for the exclusive right");
    std::optional<Publisher> publisher;
    try {
      publisher.emplace(bus.publisher(stage.topic_name(), topic_options(stage.topic)));
    } catch (const Error& error) {
      require(error.code() == ErrorCode::busy, error.what());
    }
    if (publisher) {
      for (std::uint64_t bursts = 1 + below(random, 30); bursts != 0 && storming(stage); --bursts) {
        write_burst(stage, *publisher, pen, random);
      }
      publisher.reset();
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500 + below(random, 2000)));
  }
  pen.leave();
}

void publish_last(const Stage& stage, const test::Parent&) {
  Bus bus = Bus::open(stage.bus);
  stage.step("reap");
  bus.reap();
  for (unsigned topic = 0; topic < kTopics.size(); ++topic) {
    stage.step("publish the last event");
    std::array<std::byte, sizeof(PayloadHead)> bytes;
    write_payload(bytes, {.publisher = stage.self, .counter = 1, .last = 1});
    const PublishResult result = bus.publisher(kTopics[topic]).publish(bytes);
    require(result.status() == Status::ok, std::string("the last event: ") + shmbus::to_string(result.status()));
  }
}

}  // namespace storm
