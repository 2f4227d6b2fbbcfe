// The cost of services that have nothing to do.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <shmbus/bus.hpp>

#include "bench_bus.hpp"
#include "command.hpp"
#include "figure_text.hpp"
#include "measure/progress_bar.hpp"
#include "measure/role_processes.hpp"
#include "process_use.hpp"
#include "report.hpp"

namespace shmbus::bench {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

struct IdleOptions {
  unsigned services = 7;
  unsigned seconds = 10;
};

constexpr const char* kIdleHelp = R"(How it is measured:
  Services, each a process with a publisher of its own topic, wait for events of all topics, and none comes. Every
  other service waits in Subscriber::wait, the rest on the worker thread of a subscription with a handler. After a
  second of rest, /proc says what each thread uses: processor time in clock ticks, and how often it went to sleep. Who
  waits looks after dead members once every stall limit (1 s), so one voluntary switch in that time is the rule.)";

void serve(const std::string& bus_name, unsigned number, measure::Role& role) {
  Bus bus = Bus::open(bus_name);
  const Publisher publisher = bus.publisher(fmt::format("idle.{}", number));
  const auto ignore = [](const Event&) {};
  role.meet();  // all topics are there
  if (number % 2 == 0) {
    const Subscription subscription = bus.subscribe("idle.>", ignore);
    role.advance();
    for (;;) ::pause();
  }
  Subscriber subscriber = bus.subscriber("idle.>");
  role.advance();
  for (;;) {
    subscriber.poll(ignore);
    subscriber.wait();
  }
}

/// What the threads of a service used between two looks; threads keep their order.
struct Use {
  std::size_t threads = 0;
  std::uint64_t ticks = 0;
  std::uint64_t nanoseconds = 0;
  std::uint64_t sleeps = 0;
  std::uint64_t most_sleeps = 0;  ///< of one thread
};
Use use_between(const std::vector<ThreadUse>& before, const std::vector<ThreadUse>& after) {
  Use use{.threads = after.size()};
  for (const ThreadUse& thread : after) {
    const auto was = std::find_if(before.begin(), before.end(),
                                  [&](const ThreadUse& other) { return other.thread == thread.thread; });
    if (was == before.end()) continue;
    const std::uint64_t sleeps = thread.sleeps - was->sleeps;
    use.ticks += thread.ticks - was->ticks;
    use.nanoseconds += thread.nanoseconds - was->nanoseconds;
    use.sleeps += sleeps;
    use.most_sleeps = std::max(use.most_sleeps, sleeps);
  }
  return use;
}

/// Lets the services run for some time. They never end by themselves, so an end is an error.
void rest(measure::RoleProcesses& roles, const measure::Watch& watch, steady_clock::duration time) {
  if (roles.keep_watch(watch, time)) throw measure::Failure("the services ended");
}

int run(const IdleOptions& options, const Settings& settings) {
  const BenchBus bus;
  measure::ProgressBar bar("idle");
  const measure::Plan plan = bench::plan(settings, {.rounds = 1, .round_ms = 1, .warm_up_ms = 0});
  const auto time = settings.quick ? 1s : std::chrono::seconds{options.seconds};
  const measure::Placement placement{.cores = {}, .why = "services that sleep need no core", .crowded = true};
  measure::RoleProcesses roles(placement);
  for (unsigned i = 0; i < options.services; ++i)
    roles.add(fmt::format("service {}", i), [&, i](measure::Role& role) { serve(bus.name(), i, role); });

  roles.start();
  measure::Watch watch{.patience = plan.patience, .tick = {}};
  while (roles.done() < options.services) rest(roles, watch, 10ms);
  watch.patience += time + 10s;
  rest(roles, watch, settings.quick ? 300ms : 1s);

  std::vector<std::vector<ThreadUse>> before;
  for (const pid_t pid : roles.pids()) before.push_back(threads_of(pid));
  const auto began = steady_clock::now();
  watch.tick = [&](std::uint64_t) {
    bar.show(std::chrono::duration<double>(steady_clock::now() - began) / std::chrono::duration<double>(time));
  };
  rest(roles, watch, time);
  std::vector<Use> uses;
  for (std::size_t i = 0; i < before.size(); ++i) uses.push_back(use_between(before[i], threads_of(roles.pids()[i])));
  const double seconds = std::chrono::duration<double>(steady_clock::now() - began).count();

  Report report(settings, plan, "idle", {{"services", options.services}, {"seconds", time.count()}});
  report.placement(placement);
  RuledTable table({"idle", "threads", "ticks", "CPU time", "voluntary switches", "most of a thread"});
  Use sum;
  const auto add = [&](const std::string& name, const Use& use) {
    table.add({name, std::to_string(use.threads), std::to_string(use.ticks),
               time_text(static_cast<double>(use.nanoseconds)), std::to_string(use.sleeps),
               std::to_string(use.most_sleeps)});
    report.add(name, {{"seconds", seconds}},
               {{"threads", use.threads},
                {"ticks", use.ticks},
                {"cpu_ns", use.nanoseconds},
                {"voluntary_switches", use.sleeps},
                {"most_voluntary_switches_of_a_thread", use.most_sleeps},
                {"switches_per_thread_and_stall_limit", static_cast<double>(use.most_sleeps) / seconds}});
  };
  for (std::size_t i = 0; i < uses.size(); ++i) {
    add(fmt::format("service {}, {}", i, i % 2 == 0 ? "handler" : "wait"), uses[i]);
    sum = {sum.threads + uses[i].threads, sum.ticks + uses[i].ticks, sum.nanoseconds + uses[i].nanoseconds,
           sum.sleeps + uses[i].sleeps, std::max(sum.most_sleeps, uses[i].most_sleeps)};
  }
  add("all", sum);
  report.add(table);
  report.note(
      fmt::format("In {:.2f} s; the stall limit is 1 s, a tick {} ms.", seconds, 1000 / ::sysconf(_SC_CLK_TCK)));
  report.print();
  return 0;
}

}  // namespace

void add_idle(tool::CommandLine& line, const Settings& settings) {
  auto options = std::make_shared<IdleOptions>();
  tool::Command& command = line.verb("idle", "What services without events use");
  command.option("--services", "N", tool::whole_number_between(options->services, 1, 64), "Number of services");
  command.option("--seconds", "S", tool::whole_number_between(options->seconds, 1, 86'400), "How long to measure");
  command.explain(kIdleHelp);
  set_action(command, settings, Distributions::none, [options, &settings] { return run(*options, settings); });
}

}  // namespace shmbus::bench
