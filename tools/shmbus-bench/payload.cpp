// Events of 64 bytes to 8 MiB, copied into the bus or written in place.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "bench_bus.hpp"
#include "bus_ends.hpp"
#include "command.hpp"
#include "figure_text.hpp"
#include "measure/progress_bar.hpp"
#include "measurement_options.hpp"
#include "report.hpp"

namespace shmbus::bench {

namespace {

struct PayloadOptions {
  std::vector<std::size_t> sizes = {64, 1024, 4096, 65'536, 1 << 20, 8 << 20};
  std::string how = "both";
  std::string what = "both";
  std::string touch = "all";
  std::string writers = "exclusive";
  std::size_t block_size = std::size_t{16} << 20;
  std::size_t blocks = 4;
};

constexpr const char* kPayloadHelp = R"(How it is measured:
  One way is as in `latency`, with poll alone; its ratio is to the smallest payload of the same kind. The rate is as in
  `throughput`. "copied": the publisher has the bytes in a buffer of its own, and `publish` copies them; "loaned": it
  writes them in place. With --touch all the reader reads every byte, and a loaned payload is written whole; with
  --touch ends the first and the last word are written and read, and must agree.
  A rate depends on how much memory the ring goes round in: (blocks + 1) times the block size.)";

/// What all cases of one run have in common.
BusEnds ends_of(const PayloadOptions& options, const std::string& bus, std::size_t size, bool loaned) {
  BusEnds ends{.bus = bus, .topic = "payload"};
  ends.options.block_size = options.block_size;
  ends.options.blocks = options.blocks;
  ends.options.timestamps = false;
  ends.options.writers = options.writers == "shared" ? Writers::shared : Writers::exclusive;
  ends.size = size;
  ends.touch = touch_named(options.touch);
  ends.loaned = loaned;
  ends.batch = 16;
  return ends;
}

/// Kinds of one way of writing, by size.
struct Group {
  bool loaned;
  std::vector<std::size_t> sizes;
};

std::string name_of(std::size_t size, bool loaned) {
  return fmt::format("{}, {}", size_text(size), loaned ? "loaned" : "copied");
}

void measure_latency(const PayloadOptions& options, const Group& group, const measure::Plan& plan, Report& report) {
  const BenchBus bus;
  std::vector<measure::LinkKind> links;
  for (const std::size_t size : group.sizes) {
    BusEnds ends = ends_of(options, bus.name(), size, group.loaned);
    ends.topic = fmt::format("payload.{}", links.size());
    ends.batch = 1;
    need_shm(ring_bytes(ends.options, 2 * group.sizes.size()));
    links.push_back(bus_link(name_of(size, group.loaned), ends));
  }
  const measure::RoundTrips result = measure_round_trips(links, plan);
  report.placement(result.placement);
  measure::OneWay smallest = result.links.front();
  smallest.name = size_text(group.sizes.front());
  OneWayTable table(&smallest);
  for (std::size_t i = 0; i < links.size(); ++i) {
    table.add(report, result.links[i],
              {{"kind", "latency"}, {"how", group.loaned ? "loaned" : "copied"}, {"size", group.sizes[i]}});
  }
  report.add(table.table());
}

void measure_rate(const PayloadOptions& options, const Group& group, const measure::Plan& plan, Report& report) {
  const BenchBus bus;
  std::vector<measure::FlowKind> kinds;
  for (const std::size_t size : group.sizes) {
    BusEnds ends = ends_of(options, bus.name(), size, group.loaned);
    ends.topic = fmt::format("payload.{}", kinds.size());
    need_shm(ring_bytes(ends.options, group.sizes.size()));
    kinds.push_back(bus_flow(name_of(size, group.loaned), ends));
  }
  const measure::Flows result = measure_flows(kinds, 1, 1, plan);
  report.placement(result.placement);
  RuledTable table({"rate", "bytes/s", "min", "max", "events/s"});
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const measure::Flow& flow = result.flows[i];
    const auto size = static_cast<double>(group.sizes[i]);
    measure::Rounds bytes;
    for (const double rate : flow.rate.values()) bytes.add(rate * size);
    table.add({flow.name, count_text(bytes.median()) + (bytes.noisy() ? " noisy" : ""), count_text(bytes.min()),
               count_text(bytes.max()), count_text(flow.rate.median())});
    report.add(flow.name, {{"kind", "rate"}, {"how", group.loaned ? "loaned" : "copied"}, {"size", group.sizes[i]}},
               {{"events", flow.events},
                {"events_per_second", measure::to_json(flow.rate)},
                {"bytes_per_second", measure::to_json(bytes)}});
  }
  report.add(table);
}

int run(const PayloadOptions& options, const Settings& settings) {
  std::vector<std::size_t> sizes = options.sizes;
  std::sort(sizes.begin(), sizes.end());
  check_fits(ends_of(options, {}, sizes.back(), false).options, sizes.back());
  std::vector<Group> groups;
  if (options.how != "loaned") groups.push_back({false, sizes});
  if (options.how != "copied") groups.push_back({true, sizes});

  measure::ProgressBar bar("payload");
  measure::Plan plan = bench::plan(settings, {.rounds = 5, .round_ms = 200, .warm_up_ms = 500});
  const double parts = static_cast<double>(groups.size()) * (options.what == "both" ? 2 : 1);
  double finished = 0;
  plan.progress = [&](double share) { bar.show((finished + share) / parts); };
  Report report(settings, plan, "payload",
                {{"sizes", sizes},
                 {"how", options.how},
                 {"what", options.what},
                 {"touch", options.touch},
                 {"writers", options.writers},
                 {"block_size", options.block_size},
                 {"blocks", options.blocks}});
  for (const Group& group : groups) {
    if (options.what != "rate") measure_latency(options, group, plan, report), ++finished;
    if (options.what != "latency") measure_rate(options, group, plan, report), ++finished;
  }
  report.print();
  return 0;
}

}  // namespace

void add_payload(tool::CommandLine& line, const Settings& settings) {
  auto options = std::make_shared<PayloadOptions>();
  tool::Command& command = line.verb("payload", "The cost of larger events, copied and written in place");
  add_sizes_option(command, options->sizes);
  command.option("--how", "HOW", tool::choice(options->how, {"copied", "loaned", "both"}),
                 "How events are written: copied, loaned or both");
  command.option("--what", "WHAT", tool::choice(options->what, {"latency", "rate", "both"}),
                 "What is measured: latency, rate or both");
  add_touch_option(command, options->touch);
  command.option("--writers", "WRITERS", tool::choice(options->writers, {"exclusive", "shared"}),
                 "The topics' writers: exclusive or shared");
  command.option("--block-size", "BYTES", byte_size(options->block_size, 4096, std::uint64_t{64} << 20),
                 "The topics' block size, a power of two");
  command.option("--blocks", "N", tool::whole_number_between(options->blocks, 2, 65'536), "The topics' number of blocks");
  command.explain(kPayloadHelp);
  set_action(command, settings, Distributions::drawn, [options, &settings] { return run(*options, settings); });
}

}  // namespace shmbus::bench
