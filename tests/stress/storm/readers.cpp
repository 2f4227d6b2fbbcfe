#include <poll.h>

#include <atomic>
#include <deque>
#include <optional>
#include <thread>

#include "shmbus/shmbus.hpp"
#include "storm/reader_ledger.hpp"
#include "storm/payload.hpp"
#include "storm/subscriber_ports.hpp"
#include "storm/stage.hpp"

namespace storm {

using namespace std::chrono_literals;
using shmbus::Bus;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Start;
using shmbus::Subscriber;
using test::require;

namespace {

inline constexpr std::uint64_t kAll = ~std::uint64_t{0};

/// How one reader reads.
struct Manner {
  shmbus::SubscriberOptions options{};
  bool by_descriptor = false;
  bool retains = false;
  bool dawdles = false;
  std::uint64_t events = kAll;  ///< it leaves after this many
};

shmbus::SubscriberOptions lossy() { return {.start = Start::oldest()}; }
shmbus::SubscriberOptions reliable() { return {.start = Start::oldest(), .delivery = Delivery::reliable}; }
/// A reader that is stopped must not hold publishers back for long.
shmbus::SubscriberOptions polite() {
  shmbus::SubscriberOptions options = reliable();
  options.demote_after = 20ms;
  return options;
}

/// Events kept beyond their handler, and checked once more before they are released.
class Kept {
 public:
  explicit Kept(const Stage& stage) : stage_(stage) {}
  void keep(const Event& event, std::uint64_t sum) {
    items_.push_back({event.retain(), sum});
    if (items_.size() > 12) let_go();
  }
  void let_go_all() {
    while (!items_.empty()) let_go();
  }

 private:
  struct Item {
    shmbus::RetainedEvent event;
    std::uint64_t sum;
  };
  void let_go() {
    require(read_payload(*items_.front().event).sum == items_.front().sum, "a retained event has become another one");
    add(stage_.board().retained, 1);
    items_.pop_front();
  }
  const Stage& stage_;
  std::deque<Item> items_;
};

/// How long an unharmed reader made no progress though there was something to read: since its latest event, or since the
/// next one was stamped. Measured on the shared topic only: while an exclusive publisher is stopped between stamp and
/// commit, there is nothing to read yet.
class Hold {
 public:
  Hold(const Stage& stage, bool is_reliable)
      : on_(stage.unharmed && stage.topic == kShared),
        longest_(is_reliable ? stage.board().held_reliable : stage.board().held_lossy) {}
  void got(const Event& event) {
    if (!on_) return;
    const auto now = std::chrono::system_clock::now();
    const auto since = std::max<shmbus::Time>(event.time(), latest_);
    if (now > since) raise_to(longest_, static_cast<std::uint64_t>((now - since).count()));
    latest_ = now;
  }

 private:
  const bool on_;
  Word& longest_;
  shmbus::Time latest_ = std::chrono::system_clock::now();
};

void close_ledger(const Stage& stage, ReaderLedger& ledger, bool lossless, std::uint64_t lost = 0) {
  while (!ledger.settle()) {
    stage.at("wait for the auditor");
    std::this_thread::sleep_for(200us);
  }
  const Balance b = ledger.close(lossless, lost);
  Board& board = stage.board();
  add(board.ledgers, 1);
  add(board.seen, b.seen);
  add(board.lost, b.lost);
  add(board.excess, b.excess());
  add(board.stepped_over, b.stepped_over);
  if (!stage.survives) return;
  Seat& seat = board.seats[stage.seat];
  seat.seen = b.seen;
  seat.lost = b.lost;
  seat.audited = b.audited;
  seat.uncommitted = b.uncommitted;
}

void wait_for_more(Subscriber& subscriber, const Manner& manner) {
  if (!manner.by_descriptor) {
    subscriber.wait(20ms);
    return;
  }
  pollfd ready{.fd = subscriber.fd(), .events = POLLIN, .revents = 0};
  ::poll(&ready, 1, 20);
}

/// Reads to the last event, or to the reader's limit.
void read(const Stage& stage, const Manner& manner, Random& random) {
  stage.step("open the bus");
  Kept kept(stage);  // they outlive subscriber and bus
  {
    Bus bus = Bus::open(stage.bus);
    const SubscriberPorts view(stage.bus, stage.topic_name());
    stage.step("subscribe");
    Subscriber subscriber = bus.subscriber(stage.topic_name(), manner.options);
    add(stage.board().attaches, 1);
    const auto& port = view.of(bus.node());
    const bool lossless = manner.options.delivery == Delivery::reliable;
    // Where its range begins: requested events that are gone by then count as lost. A start at a time is found while reading,
    // so that range begins with its first event.
    std::optional<ReaderLedger> ledger;
    if (manner.options.start.kind() != Start::Kind::time) {
      ledger.emplace(stage.audit_trail(), port.words.position - subscriber.lost(), subscriber.lost(), true);
    }
    Hold hold(stage, lossless);
    std::uint64_t seen = 0;
    bool last = false;
    const auto handle = [&](const Event& event) {
      const PayloadHead head = read_payload(event);
      require(!last, "an event after the last");
      hold.got(event);
      if (!ledger) ledger.emplace(stage.audit_trail(), event.sequence(), subscriber.lost(), true);
      ledger->enter(event.sequence(), head.sum, subscriber.lost(), port.lapped);
      if (manner.retains && chance(random, 16)) kept.keep(event, head.sum);
      last = head.last != 0;
    };
    while (!last && seen < manner.events) {
      stage.at("poll");
      const std::uint64_t audited = stage.audit_trail().audited();
      const bool closing = stage.phase() == Phase::closing;
      const std::size_t n = subscriber.poll(handle, 1 + below(random, 256));
      require(subscriber.status() == shmbus::Status::ok, shmbus::to_string(subscriber.status()));
      seen += n;
      if (ledger) ledger->settle();
      if (n != 0 || !ledger || ledger->latest() >= audited) stage.beat();  // it made progress, or had nothing to read
      stage.at("wait");
      const bool may_leave = manner.events != kAll && stage.phase() == Phase::storm;
      if (n == 0 && may_leave && chance(random, 50)) break;
      // It took a dead reader's seat so late that it began behind the last event: no event will come.
      if (closing && n == 0 && seen == 0) break;
      if (n == 0) wait_for_more(subscriber, manner);
      if (manner.dawdles && chance(random, 8))
        std::this_thread::sleep_for(std::chrono::microseconds(below(random, 20000)));
    }
    if (ledger) close_ledger(stage, *ledger, lossless && !subscriber.demoted());
    stage.step("unsubscribe");
  }
  kept.let_go_all();
}

void read_so(const Stage& stage, const Manner& manner) {
  Random random(stage.seed);
  read(stage, manner, random);
}

Start any_start(const Stage& stage, Random& random) {
  const std::uint64_t about = stage.audit_trail().audited();
  switch (below(random, 5)) {
    case 0:
      return Start::oldest();
    case 1:
      return Start::last(below(random, 2000));
    case 2:  // a sequence that has left the ring, is retained, or is not published yet
      return Start::sequence(std::max<std::uint64_t>(2000, about + below(random, 500)) - below(random, 2000));
    case 3:
      return Start::time(std::chrono::system_clock::now() - std::chrono::milliseconds(below(random, 50)));
    default:
      return Start::latest();
  }
}

Manner any_manner(Random& random) {
  Manner manner;
  manner.options = chance(random, 2) ? polite() : lossy();
  manner.by_descriptor = chance(random, 4);
  manner.retains = chance(random, 3);
  manner.dawdles = chance(random, 4);
  if (chance(random, 3)) manner.options.wait = shmbus::WaitStrategy::sleep();
  return manner;
}

}  // namespace

void read_lossy(const Stage& stage, const test::Parent&) { read_so(stage, {.options = lossy()}); }
void read_reliably(const Stage& stage, const test::Parent&) { read_so(stage, {.options = reliable()}); }
void read_politely(const Stage& stage, const test::Parent&) { read_so(stage, {.options = polite()}); }
void read_slowly(const Stage& stage, const test::Parent&) { read_so(stage, {.options = lossy(), .dawdles = true}); }
void read_by_descriptor(const Stage& stage, const test::Parent&) {
  read_so(stage, {.options = lossy(), .by_descriptor = true});
}
void read_and_retain(const Stage& stage, const test::Parent&) { read_so(stage, {.options = lossy(), .retains = true}); }

/// A reader that is killed, of a random kind.
void read_as_any(const Stage& stage, const test::Parent& parent) {
  Random random(stage.seed);
  if (chance(random, 6)) return dispatch(stage, parent);
  Manner manner = any_manner(random);
  manner.options.start = any_start(stage, random);
  read(stage, manner, random);
}

void come_and_go(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  while (stage.phase() == Phase::storm) {
    Manner manner = any_manner(random);
    manner.options.start = any_start(stage, random);
    manner.events = 1 + below(random, 3000);
    read(stage, manner, random);
    std::this_thread::sleep_for(std::chrono::microseconds(below(random, 10000)));
  }
}

/// A handler on a worker thread. It does not know what was lost before each event, so only the total must balance.
void dispatch(const Stage& stage, const test::Parent&) {
  stage.step("open the bus");
  Bus bus = Bus::open(stage.bus);
  const std::uint64_t begin = stage.audit_trail().audited() + 1;
  ReaderLedger ledger(stage.audit_trail(), begin, 0, false);
  std::atomic<std::uint64_t> handled{0}, latest{begin - 1};
  std::atomic<bool> last{false};
  stage.step("subscribe");
  const auto handle = [&](const Event& event) {
    try {
      const PayloadHead head = read_payload(event);
      ledger.enter(event.sequence(), head.sum, 0, 0);
      ledger.settle();
      latest = event.sequence();
      ++handled;
      if (head.last != 0) last = true;
    } catch (const std::exception& error) {  // a handler may throw; here it must not
      std::fprintf(stderr, "a handler: %s\n", error.what());
      std::_Exit(1);
    }
  };
  shmbus::Subscription subscription =
      bus.subscribe(stage.topic_name(), handle, {.subscriber = {.start = Start::sequence(begin)}, .queue = 64});
  add(stage.board().attaches, 1);
  for (std::uint64_t before = 0; !last; std::this_thread::sleep_for(1ms)) {
    stage.at("handle events");
    const std::uint64_t audited = stage.audit_trail().audited(), now = handled;
    if (now != before || latest >= audited) stage.beat();
    before = now;
  }
  while (subscription.handled() != handled) std::this_thread::sleep_for(1ms);  // its handler has returned
  close_ledger(stage, ledger, false, subscription.lost());
}

}  // namespace storm
