#include "measure/flow.hpp"

#include <algorithm>
#include <utility>

#include "measure/role_processes.hpp"
#include "measure/shared_value.hpp"

namespace shmbus::measure {

namespace {

template <class Ends, class Turn>
void each_round(Role& role, const Ends& ends, unsigned rounds, Turn turn) {
  for (unsigned i = 0; i <= rounds; ++i) {  // the first warms up
    for (std::size_t k = 0; k < ends.size(); ++k) {
      role.meet();
      turn(*ends[k], k, i);
      role.advance();
    }
  }
  role.meet();  // so that none leaves while another reads
}

void add_round(Flow& flow, const std::vector<Received>& all, double ns_per_tick) {
  double slowest = 0;
  double total = 0;
  for (const Received& one : all) {
    const double seconds = static_cast<double>(one.last - one.first) * ns_per_tick / 1e9;
    const double rate = seconds <= 0 ? 0 : static_cast<double>(one.events - 1) / seconds;
    slowest = total == 0 ? rate : std::min(slowest, rate);
    total += rate;
    flow.events += one.events;
    flow.lost += one.lost;
  }
  flow.rate.add(slowest);
  flow.total.add(total);
}

}  // namespace

Flows measure_flows(const std::vector<FlowKind>& kinds, unsigned senders, unsigned receivers, const Plan& plan) {
  CycleClock clock;
  const std::uint64_t warm_up = clock.ticks(static_cast<double>(plan.warm_up.count()));
  const std::uint64_t round = clock.ticks(static_cast<double>(plan.round.count()));
  const SharedArray<Received> received(kinds.size() * plan.rounds * receivers);
  const SharedArray<std::uint64_t> sent(kinds.size() * senders);
  const auto place_of = [&](std::size_t kind, unsigned number, unsigned receiver) {
    return (kind * plan.rounds + number) * receivers + receiver;
  };

  Flows result;
  result.placement = place(senders + receivers, plan.pin, plan.cores);
  RoleProcesses roles(result.placement, plan.pauses);
  for (unsigned s = 0; s < senders; ++s) {
    roles.add("sender " + std::to_string(s), [&, s](Role& role) {
      std::vector<std::unique_ptr<Sender>> ends;
      for (const FlowKind& kind : kinds) ends.push_back(kind.sender(s, role.spin()));
      each_round(role, ends, plan.rounds, [&](Sender& end, std::size_t kind, unsigned number) {
        const std::uint64_t events = end.send(number == 0 ? warm_up : round);
        if (number != 0) sent[kind * senders + s] += events;
      });
    });
  }
  for (unsigned r = 0; r < receivers; ++r) {
    roles.add("receiver " + std::to_string(r), [&, r](Role& role) {
      std::vector<std::unique_ptr<Receiver>> ends;
      for (const FlowKind& kind : kinds) ends.push_back(kind.receiver(r, role.spin()));
      each_round(role, ends, plan.rounds, [&](Receiver& end, std::size_t kind, unsigned number) {
        const Received seen = end.receive(senders);
        if (number != 0) received[place_of(kind, number - 1, r)] = seen;
      });
    });
  }
  Watch watch{.patience = plan.patience, .tick = {}};
  if (plan.progress) {
    const auto units = static_cast<double>(kinds.size() * (plan.rounds + 1) * (senders + receivers));
    watch.tick = [&plan, units](std::uint64_t done) { plan.progress(static_cast<double>(done) / units); };
  }
  roles.run(watch);

  clock.calibrate();
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    Flow flow{.name = kinds[k].name, .rate = {}, .total = {}};
    for (unsigned s = 0; s < senders; ++s) flow.sent += sent[k * senders + s];
    for (unsigned i = 0; i < plan.rounds; ++i) {
      std::vector<Received> all;
      for (unsigned r = 0; r < receivers; ++r) all.push_back(received[place_of(k, i, r)]);
      add_round(flow, all, clock.ns_per_tick());
    }
    result.flows.push_back(std::move(flow));
  }
  return result;
}

}  // namespace shmbus::measure
