// Publishes and checks for a long time.

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <shmbus/bus.hpp>
#include <thread>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "figure_text.hpp"
#include "measure/cycle_clock.hpp"
#include "measure/histogram.hpp"
#include "measure/progress_bar.hpp"
#include "measure/role_processes.hpp"
#include "measurement_options.hpp"
#include "process_use.hpp"
#include "report.hpp"

namespace shmbus::bench {

namespace {

using namespace std::chrono_literals;
using measure::CycleClock;
using measure::Failure;
using std::chrono::steady_clock;

struct SoakOptions {
  unsigned seconds = 60;
  std::uint64_t rate = 100'000;
  unsigned publishers = 2;
  unsigned reliable = 1;
  unsigned lossy = 1;
  std::size_t size = 64;
  std::uint64_t max_growth = std::uint64_t{8} << 20;
};

constexpr const char* kSoakHelp = R"(How it is measured:
  Publishers share a topic and publish numbered events at a rate for the given time; subscribers wait for them
  (balanced) and check each: the numbers of a publisher rise by one, or, where the subscriber is lossy, rise; a
  payload's first and last word agree; in the end a reliable subscriber has seen all, and a lossy one has seen or lost
  all. One way is by cycle counters of two cores, from before the publish to the handler, waiting included.
  Memory is looked at once a second. The run has failed (exit status 1) where a check fails, or where a process's own
  memory grows by more than --max-growth after the first quarter of the time.)";

constexpr unsigned kMostPublishers = 64;

/// An event's payload begins with this and ends with the number once more.
struct Head {
  std::uint64_t number;  ///< of this publisher's events, from 1
  std::uint64_t stamp;   ///< by the cycle counter
  std::uint64_t publisher;
};
constexpr std::size_t kSmallest = sizeof(Head) + sizeof(std::uint64_t);

/// What the processes share.
struct Board {
  std::atomic<unsigned> finished{0};  ///< publishers
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> seen{0};  ///< by all subscribers, as are the next
  std::atomic<std::uint64_t> lost{0};
};

void publish(const SoakOptions& options, const std::string& bus_name, unsigned number, std::chrono::nanoseconds time,
             Board& board, measure::Role& role) {
  constexpr auto kTurn = 1ms;  // events of a turn go out together
  Bus bus = Bus::open(bus_name);
  Publisher publisher = bus.publisher("soak");
  std::vector<std::byte> payload(options.size);
  Head head{.number = 0, .stamp = 0, .publisher = number};
  const double each_turn = static_cast<double>(options.rate) / options.publishers / 1000;
  role.meet();
  const auto began = steady_clock::now();
  auto next_sign = began;
  double due = 0;
  for (std::uint64_t turn = 1; steady_clock::now() - began < time; ++turn) {
    due = options.rate == 0 ? static_cast<double>(head.number + 256) : static_cast<double>(turn) * each_turn;
    while (static_cast<double>(head.number) < due) {
      ++head.number;
      head.stamp = CycleClock::now();
      std::memcpy(payload.data(), &head, sizeof head);
      std::memcpy(payload.data() + payload.size() - sizeof head.number, &head.number, sizeof head.number);
      if (const PublishResult result = publisher.publish(payload); !result)
        throw Failure(std::string("a publish failed: ") + to_string(result.status()));
    }
    if (steady_clock::now() >= next_sign) {
      role.advance();
      next_sign += 200ms;
    }
    if (options.rate != 0) std::this_thread::sleep_until(began + turn * kTurn);
  }
  board.published += head.number;
  ++board.finished;
  role.meet();
}

void subscribe(const SoakOptions& options, const std::string& bus_name, bool reliable, Board& board,
               measure::Histogram& times, measure::Role& role) {
  Bus bus = Bus::open(bus_name);
  Subscriber subscriber =
      bus.subscriber("soak", {.delivery = reliable ? Delivery::reliable : Delivery::lossy, .name = "soak"});
  role.meet();
  std::array<std::uint64_t, kMostPublishers> last{};
  const char* wrong = nullptr;
  const auto handler = [&](const Event& event) {
    const std::uint64_t now = CycleClock::now();
    Head head;
    std::uint64_t end = 0;
    std::memcpy(&head, event.payload().data(), sizeof head);
    std::memcpy(&end, event.payload().data() + event.payload().size() - sizeof end, sizeof end);
    times.add(now > head.stamp ? now - head.stamp : 0);
    if (end != head.number || head.publisher >= options.publishers) {
      wrong = "an event is torn";
      return;
    }
    std::uint64_t& before = last[head.publisher];
    if (head.number <= before) wrong = "an event came out of order, or twice";
    if (reliable && head.number != before + 1) wrong = "an event is missing that was not counted as lost";
    before = head.number;
  };
  const auto all_accounted = [&] {
    return board.finished.load() == options.publishers &&
           subscriber.delivered() + subscriber.lost() == board.published.load();
  };
  while (!all_accounted()) {
    if (subscriber.poll(handler) == 0) subscriber.wait(50ms);
    if (wrong != nullptr) throw Failure(wrong);
  }
  if (reliable && subscriber.lost() != 0) throw Failure(fmt::format("reliable, and lost {}", subscriber.lost()));
  board.seen += subscriber.delivered();
  board.lost += subscriber.lost();
  role.meet();
}

/// Samples resident memory once per second while the processes work.
class MemoryWatch {
 public:
  explicit MemoryWatch(std::size_t processes) : settled_(processes), most_(processes) {}

  void look(const std::vector<pid_t>& pids, bool settled) {
    for (std::size_t i = 0; i < pids.size(); ++i) {
      const ResidentMemory now = resident_memory(pids[i]);
      if (now.anonymous == 0) continue;  // it ended
      if (!settled || settled_[i] == 0) settled_[i] = now.anonymous;
      most_[i] = std::max(most_[i], now.anonymous);
      shared_ = std::max(shared_, now.shared);
    }
  }
  std::uint64_t growth() const {
    std::uint64_t growth = 0;
    for (std::size_t i = 0; i < most_.size(); ++i)
      growth = std::max(growth, most_[i] - std::min(settled_[i], most_[i]));
    return growth;
  }
  std::uint64_t most() const { return most_.empty() ? 0 : *std::max_element(most_.begin(), most_.end()); }
  std::uint64_t shared() const { return shared_; }

 private:
  std::vector<std::uint64_t> settled_;  // of each process, its own memory when a quarter of the time was over
  std::vector<std::uint64_t> most_;
  std::uint64_t shared_ = 0;
};

int run(const SoakOptions& options, const Settings& settings) {
  const BenchBus bus;
  need_shm(ring_bytes({}, 1));
  measure::ProgressBar bar("soak");
  const measure::Plan plan = bench::plan(settings, {.rounds = 1, .round_ms = 1, .warm_up_ms = 0});
  const std::chrono::nanoseconds time = settings.quick ? 500ms : std::chrono::seconds{options.seconds};
  CycleClock clock;
  const unsigned subscribers = options.reliable + options.lossy;
  const measure::SharedValue<Board> board;
  const measure::SharedArray<measure::Histogram> times(subscribers);

  const measure::Placement placement = measure::place(options.publishers + subscribers, plan.pin, plan.cores);
  measure::RoleProcesses roles(placement);
  for (unsigned i = 0; i < options.publishers; ++i) {
    roles.add(fmt::format("publisher {}", i),
              [&, i](measure::Role& role) { publish(options, bus.name(), i, time, *board, role); });
  }
  for (unsigned i = 0; i < subscribers; ++i) {
    const bool reliable = i < options.reliable;
    roles.add(
        fmt::format("{} subscriber {}", reliable ? "reliable" : "lossy", i),
        [&, i, reliable](measure::Role& role) { subscribe(options, bus.name(), reliable, *board, times[i], role); });
  }
  MemoryWatch memory(options.publishers + subscribers);
  std::uint64_t shm = 0;
  const auto began = steady_clock::now();
  const measure::Watch watch{
      .patience = plan.patience, .tick = [&](std::uint64_t) {
        bar.show(std::chrono::duration<double>(steady_clock::now() - began) / std::chrono::duration<double>(time));
      }};
  roles.start();
  do {
    memory.look(roles.pids(), steady_clock::now() - began > time / 4);
    shm = std::max(shm, shm_use(bus.name()));
  } while (!roles.keep_watch(watch, settings.quick ? 100ms : 1s));
  clock.calibrate();

  Report report(settings, plan, "soak",
                {{"seconds", std::chrono::duration<double>(time).count()},
                 {"rate", options.rate},
                 {"publishers", options.publishers},
                 {"reliable", options.reliable},
                 {"lossy", options.lossy},
                 {"size", options.size},
                 {"max_growth", options.max_growth}});
  report.placement(placement);
  RuledTable table({"soak, one way", "p50", "p90", "p99", "p99.9", "p99.99", "max", "count"});
  for (unsigned i = 0; i < subscribers; ++i) {
    const std::string name = fmt::format("{} subscriber {}", i < options.reliable ? "reliable" : "lossy", i);
    const measure::Distribution all = measure::distribution(times[i], clock.ns_per_tick(), clock.step());
    table.add({name, time_text(all.p50), time_text(all.p90), time_text(all.p99), time_text(all.p99_9),
               time_text(all.p99_99), time_text(all.max), count_text(static_cast<double>(all.count))});
    report.add(name, {}, {{"unit", "ns"}, {"distribution", measure::to_json(all)}});
    report.curve(name, percentile_curve(times[i], clock.ns_per_tick()));
  }
  report.add(table);
  report.add("account", {},
             {{"published", board->published.load()},
              {"seen", board->seen.load()},
              {"lost", board->lost.load()},
              {"events_per_second",
               static_cast<double>(board->published.load()) / std::chrono::duration<double>(time).count()},
              {"own_memory", memory.most()},
              {"own_memory_growth", memory.growth()},
              {"shared_memory", memory.shared()},
              {"shm", shm}});
  report.note(fmt::format("{} events published; {} seen, {} lost, none out of order.", board->published.load(),
                          board->seen.load(), board->lost.load()));
  report.note(
      fmt::format("Resident: {} KiB of its own at most in one process, which grew by {} KiB; {} KiB shared. The "
                  "bus takes {} KiB of /dev/shm.",
                  memory.most() >> 10, memory.growth() >> 10, memory.shared() >> 10, shm >> 10));
  if (memory.growth() > options.max_growth) {
    report.failed();
    report.note(
        fmt::format("FAILED: a process grew by {} bytes, expected {} at most", memory.growth(), options.max_growth));
  }
  report.print();
  return report.passed() ? 0 : 1;
}

}  // namespace

void add_soak(tool::CommandLine& line, const Settings& settings) {
  auto options = std::make_shared<SoakOptions>();
  tool::Command& command = line.verb("soak", "Publish and check events at a rate for a long time");
  command.option("--seconds", "S", tool::whole_number_between(options->seconds, 1, 100'000'000), "How long to run");
  command.option("--rate", "N", tool::whole_number_between(options->rate, 0, 1'000'000'000),
                 "Events per second of all publishers together; 0: as many as possible");
  command.option("--publishers", "N", tool::whole_number_between(options->publishers, 1, kMostPublishers),
                 "How many publishers");
  command.option("--reliable", "N", tool::whole_number_between(options->reliable, 0, 32), "How many reliable subscribers");
  command.option("--lossy", "N", tool::whole_number_between(options->lossy, 0, 32), "How many lossy subscribers");
  command.option("--size", "BYTES", byte_size(options->size, kSmallest, 128 * 1024), "The payload");
  command.option("--max-growth", "BYTES", byte_size(options->max_growth, 0, std::uint64_t{1} << 40),
                 "How much a process's own memory may grow before the run fails");
  command.explain(kSoakHelp);
  set_action(command, settings, Distributions::drawn, [options, &settings] { return run(*options, settings); });
}

}  // namespace shmbus::bench
