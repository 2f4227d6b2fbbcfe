#include "bridge.hpp"

#include <poll.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nats/nats.h>
#include <spdlog/spdlog.h>

#include "in_flow.hpp"
#include "out_flow.hpp"
#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::bridge {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds look_time{100};  // between two looks for the bus, or for the lock
constexpr std::chrono::seconds proven{10};           // a link that held for so long does not make the next one wait

std::vector<std::uint64_t> topic_ids(const Settings& settings) {
  std::vector<std::uint64_t> ids;
  for (const TopicSnapshot& topic : Inspector(settings.bus, settings.owners).snapshot().topics) ids.push_back(topic.info.id);
  return ids;
}

}  // namespace

Bridge::Bridge(Settings settings, Counters& counters, bool take_over)
    : settings_(std::move(settings)), counters_(counters), take_over_(take_over), worker_([this] { work(); }) {}

Bridge::~Bridge() {
  ended_ = true;
  wake_.signal();
  {
    const std::lock_guard lock(link_mutex_);
    if (link_ != nullptr) link_->close();  // so that a request returns at once
  }
  worker_.join();
  counters_.connected = counters_.standby = counters_.bus_open = false;
}

void Bridge::rest(std::chrono::nanoseconds time) {
  const auto end = Clock::now() + time;
  while (!ended_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return;
    pollfd descriptor{wake_.descriptor(), POLLIN, 0};
    if (::poll(&descriptor, 1, static_cast<int>(left)) > 0) wake_.clear();
  }
}

void Bridge::work() noexcept {
  while (!ended_) {
    try {
      serve_bus();
    } catch (const std::exception& error) {
      counters_.trouble(Part::link, error.what());
      repeated_.log(spdlog::level::err, error.what());
      rest(delay_.next());
    }
    counters_.bus_open = false;
  }
}

void Bridge::serve_bus() {
  std::optional<Bus> bus = wait_for_bus();
  if (!bus) return;
  std::optional<StateFile> state = wait_for_turn(*bus);
  if (!state) return;
  state->adopt_bus(bus->incarnation(), topic_ids(settings_));
  counters_.bus_open = true;
  serve_links(*bus, *state);
  if (!bus->removed()) return;
  spdlog::info("the bus {} was removed", settings_.bus);
  state->remove();
}

std::optional<Bus> Bridge::wait_for_bus() {
  while (!ended_) {
    try {
      return Bus::open(settings_.bus, {.owners = settings_.owners, .create = false, .causes = false});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      repeated_.log(spdlog::level::info, fmt::format("waits for the bus {}: a service creates it", settings_.bus));
    }
    rest(look_time);
  }
  return std::nullopt;
}

std::optional<StateFile> Bridge::wait_for_turn(Bus& bus) {
  while (!ended_ && !bus.removed()) {
    if (std::optional<StateFile> state = StateFile::open(settings_.bus, settings_.name)) {
      if (counters_.standby.exchange(false)) spdlog::info("takes over: the other bridge {} has ended", settings_.name);
      return state;
    }
    if (!counters_.standby.exchange(true))
      spdlog::info("stands by: another bridge {} serves the bus {}", settings_.name, settings_.bus);
    rest(look_time);
  }
  counters_.standby = false;
  return std::nullopt;
}

/// While it exists, the end of the bridge closes the link.
class Bridge::Use {
 public:
  Use(Bridge& bridge, Link& link) : bridge_(bridge) { set(&link); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { set(nullptr); }

 private:
  void set(Link* link) {
    const std::lock_guard lock(bridge_.link_mutex_);
    bridge_.link_ = link;
  }
  Bridge& bridge_;
};

void Bridge::serve_links(Bus& bus, StateFile& state) {
  OutFlow out(bus, settings_, state, counters_, wake_, take_over_);
  InFlow in(bus, settings_, state, counters_);
  const auto ended = [&] { return ended_ || bus.removed(); };
  while (!ended()) {
    const std::unique_ptr<Link> link = connect(in);
    if (!link) {
      rest(delay_.next());
      continue;
    }
    const auto began = Clock::now();
    const Use use(*this, *link);
    struct End {
      InFlow& in;
      Counters& counters;
      ~End() {
        in.end();
        counters.connected = false;
      }
    } const end{in, counters_};
    in.begin(*link);
    while (!ended() && !link->lost()) carry_out(out, *link, ended);
    if (ended()) return;
    const std::string complaint = link->complaint();
    const std::string trouble = fmt::format("the connection to NATS was lost{}{}", complaint.empty() ? "" : ": ", complaint);
    counters_.trouble(Part::link, trouble);
    spdlog::warn("{}", trouble);
    announced_ = false;
    if (Clock::now() - began > proven) delay_.reset();
    rest(delay_.next());
  }
}

void Bridge::carry_out(OutFlow& out, Link& link, const std::function<bool()>& ended) {
  try {
    out.run(link, ended);
  } catch (const std::exception& error) {
    if (link.lost()) return;  // that is what it met
    counters_.trouble(Part::out, error.what());
    repeated_.log(spdlog::level::err, error.what());
    rest(delay_.next());
  }
}

std::unique_ptr<Link> Bridge::connect(InFlow& in) {
  try {
    auto link = std::make_unique<Link>(
        settings_.nats, settings_.name,
        Link::Calls{.lost = [this] { wake_.signal(); },
                    .complaint = [&in](const natsSubscription* its, natsStatus status) { in.complain(its, status); },
                    .arrived = [&in] { in.receive(); }});
    ++counters_.connects;
    counters_.server(link->server());
    for (const Part part : {Part::link, Part::out, Part::in}) counters_.trouble(part, {});
    counters_.connected = true;
    if (!std::exchange(announced_, true)) spdlog::info("connected to {}", link->server());
    warn_of_sync();
    return link;
  } catch (const std::exception& error) {
    ++counters_.connect_failures;
    const std::string trouble =
        fmt::format("NATS can't be reached at {}: {}", fmt::join(urls_without_secrets(settings_.nats), ", "), error.what());
    counters_.trouble(Part::link, trouble);
    repeated_.log(spdlog::level::warn, trouble);
    return nullptr;
  }
}

void Bridge::warn_of_sync() {
  if (settings_.out.empty() || settings_.nats.replicas > 1 || std::exchange(warned_of_sync_, true)) return;
  spdlog::warn("JetStream acknowledges events before they are on the server's disk, by default up to two minutes before; a power "
               "failure of the server may lose them. nats.replicas = 3 on a cluster avoids that");
}

}  // namespace shmbus::bridge
