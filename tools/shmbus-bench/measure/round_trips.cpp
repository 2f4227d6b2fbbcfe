#include "measure/round_trips.hpp"

#include <utility>

#include "measure/role_processes.hpp"
#include "measure/shared_value.hpp"

namespace shmbus::measure {

namespace {

class LineLink final : public Link {
 public:
  LineLink(LinePair& lines, Spin spin) : lines_(lines), spin_(spin) {}
  void ping(std::uint64_t ticks, Histogram* histogram) override {
    measure::ping(ticks, histogram, [&](std::uint64_t n) { lines_.exchange(n, spin_); });
    lines_.reset();
  }
  void pong() override { lines_.answer(spin_); }

 private:
  LinePair& lines_;
  Spin spin_;
};

class FutexLink final : public Link {
 public:
  explicit FutexLink(FutexPair& words) : words_(words) {}
  void ping(std::uint64_t ticks, Histogram* histogram) override {
    measure::ping(ticks, histogram, [&](std::uint64_t n) { words_.exchange(n); });
    words_.reset();
  }
  void pong() override { words_.answer(); }

 private:
  FutexPair& words_;
};

struct RoundFigures {
  double p50 = 0;
  double p99 = 0;
};

}  // namespace

LinkKind line_link(std::string name) {
  auto lines = std::make_shared<SharedValue<LinePair>>();
  return {.name = std::move(name),
          .make = [lines](Side, Spin spin) { return std::make_unique<LineLink>(**lines, spin); }};
}

LinkKind futex_link(std::string name) {
  auto words = std::make_shared<SharedValue<FutexPair>>();
  return {.name = std::move(name), .make = [words](Side, Spin) { return std::make_unique<FutexLink>(**words); }};
}

RoundTrips measure_round_trips(const std::vector<LinkKind>& kinds, const Plan& plan) {
  CycleClock clock;
  const SharedArray<Histogram> all(kinds.size());
  const SharedArray<RoundFigures> figures(kinds.size() * plan.rounds);
  const std::uint64_t warm_up = clock.ticks(static_cast<double>(plan.warm_up.count()));
  const std::uint64_t round = clock.ticks(static_cast<double>(plan.round.count()));

  const auto each_round = [&](Role& role, Side side, const auto& play) {
    std::vector<std::unique_ptr<Link>> links;
    for (const LinkKind& kind : kinds) links.push_back(kind.make(side, role.spin()));
    for (unsigned i = 0; i <= plan.rounds; ++i) {  // the first warms up
      for (std::size_t k = 0; k < kinds.size(); ++k) {
        role.meet();
        play(*links[k], k, i);
        if (side == Side::ping) role.advance();
      }
    }
    role.meet();  // so that neither leaves while the other reads
  };

  RoundTrips result;
  result.placement = place(2, plan.pin, plan.cores);
  RoleProcesses roles(result.placement, plan.pauses);
  roles.add("the pinging side", [&](Role& role) {
    const auto histogram = std::make_unique<Histogram>();
    each_round(role, Side::ping, [&](Link& link, std::size_t kind, unsigned number) {
      histogram->clear();  // which also touches it
      link.ping(number == 0 ? warm_up : round, histogram.get());
      if (number == 0) return;
      figures[kind * plan.rounds + number - 1] = {histogram->quantile_between(0.5, clock.step()),
                                                  histogram->quantile_between(0.99, clock.step())};
      all[kind].merge(*histogram);
    });
  });
  roles.add("the answering side",
            [&](Role& role) { each_round(role, Side::pong, [](Link& link, std::size_t, unsigned) { link.pong(); }); });
  Watch watch{.patience = plan.patience, .tick = {}};
  if (plan.progress) {
    const auto units = static_cast<double>(kinds.size() * (plan.rounds + 1));
    watch.tick = [&plan, units](std::uint64_t done) { plan.progress(static_cast<double>(done) / units); };
  }
  roles.run(watch);

  clock.calibrate();
  const double one_way = clock.ns_per_tick() / 2;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    OneWay link{.name = kinds[k].name,
                .all = distribution(all[k], one_way, clock.step()),
                .p50 = {},
                .p99 = {},
                .curve = percentile_curve(all[k], one_way)};
    for (unsigned i = 0; i < plan.rounds; ++i) {
      link.p50.add(figures[k * plan.rounds + i].p50 * one_way);
      link.p99.add(figures[k * plan.rounds + i].p99 * one_way);
    }
    result.links.push_back(std::move(link));
  }
  return result;
}

}  // namespace shmbus::measure
