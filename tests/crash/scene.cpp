#include "crash/scene.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <thread>

#include "crash/role_actions.hpp"
#include "crash/scene_end.hpp"
#include "crash/survivors.hpp"
#include "support/time_limits.hpp"
#include "support/segments.hpp"
#include "support/temporary_journals.hpp"

namespace crash {

using namespace std::chrono_literals;
using shmbus::platform::crash_plan;
using shmbus::platform::crash_point_id;
using test::ForkedProcess;

namespace {

enum class Turn { killed, stopped, ended };

/// Waits until a process was killed, was stopped or ended. Its status can still be waited for.
Turn turn_of(const ForkedProcess& process) {
  const test::Deadline deadline;
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) != 0) {
      throw std::runtime_error("no such process");
    }
    if (info.si_pid != 0) {
      if (info.si_code == CLD_STOPPED) return Turn::stopped;
      return info.si_code == CLD_KILLED && info.si_status == SIGKILL ? Turn::killed : Turn::ended;
    }
    deadline.check("a victim's fault");
    std::this_thread::sleep_for(100us);
  }
}

/// Consumes a stop: `waitid` returns it again and again until it is called without WNOWAIT.
void resume(ForkedProcess& process) {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WSTOPPED | WNOHANG);
  process.resume();
}

/// Creates the topics, each with some events, and fills a page of each table.
void set_stage(const std::string& name) {
  shmbus::Bus bus = shmbus::Bus::open(name, {.stall_limit = 20ms});
  const shmbus::Subscriber subscriber = bus.subscriber("none");
  for (const char* topic : {"t", "x", "s", "j", "k"}) {
    shmbus::Publisher publisher = bus.publisher(topic, topic_options(topic));
    for (std::uint64_t i = 1; i <= (*topic == 's' ? 20 : 100); ++i) publish_one(publisher, kVictim - 1, i, false);
  }
}

class Scene {
 public:
  Scene(const std::vector<Fault>& victims, Reached* reached) : victims_(victims), reached_(reached) {
    static std::atomic<unsigned> count{0};
    stage_.bus = "crash-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
    stage_.topic = role().topic;
    stage_.blocks_of_memory = role().blocks_of_memory;
    stage_.over = [this] { return signals_->over.load(); };
    for (const Fault& fault : victims) {
      if (fault.signal == SIGSTOP) signals_->stopping = true;
    }
    for (const Trap& trap : role().traps) {
      if (trap.signal == SIGSTOP) signals_->stopping = true;
    }
    stage_.polite = signals_->stopping;
  }

  std::vector<bool> play(unsigned publishers) {
    const test::Segments segments{stage_.bus}, passing{stage_.bus + "b"};
    const test::TemporaryJournals journals;
    if (ForkedProcess([&](const test::Parent&) { set_stage(stage_.bus); }).wait() != test::End{}) {
      throw std::runtime_error("the stage could not be set");
    }
    for (const Trap& trap : role().traps) spring(trap);

    std::optional<Survivors> survivors;
    const auto enter = [&] { survivors.emplace(stage_, role(), role().topic[0] == 'x' ? 1 : publishers, *signals_); };
    if (!role().late_survivors) {
      enter();
      survivors->get_on(1);
    }
    std::vector<ForkedProcess> victims;
    std::vector<Turn> turns;
    for (const Fault& fault : victims_) {
      if (fault.late) await(victims, turns, survivors);
      victims.push_back(start(*fault.role, fault.point, fault.signal, 1, fault.role->pause));
    }
    await(victims, turns, survivors);
    if (!survivors) enter();
    // A living exclusive publisher, stopped or not, is never replaced.
    const bool any_stopped = std::find(turns.begin(), turns.end(), Turn::stopped) != turns.end();
    if (!any_stopped || role().topic[0] != 'x') survivors->get_on(2);
    for (std::size_t i = 0; i < victims.size(); ++i) {
      if (victims[i].pid() > 0) resume(victims[i]);
    }
    for (ForkedProcess& process : stopped_) resume(process);
    survivors->get_on(1);
    survivors->leave();
    for (std::size_t i = 0; i < victims.size(); ++i) {
      if (victims[i].pid() > 0) end(victims[i], test::End{}, victims_[i].role->name);
    }
    for (ForkedProcess& process : stopped_) end(process, test::End{}, "stopped process");

    if (ForkedProcess([&](const test::Parent&) { check_scene_end(stage_.bus); }).wait() != test::End{}) {
      throw std::runtime_error("something was left");
    }
    check_passing_bus(passing);
    std::vector<bool> met;
    for (const Turn turn : turns) met.push_back(turn != Turn::ended);
    return met;
  }

 private:
  const Role& role() const { return *victims_.front().role; }

  ForkedProcess start(const Role& role, const std::string& point, int signal, int pass, const char* pause) {
    Stage stage = stage_;
    stage.topic = role.topic;
    stage.self = kVictim + started_++ % 15;
    if (point.empty()) stage.time = std::chrono::milliseconds{60};
    auto* flags = reached_ != nullptr && point.empty() ? reached_->flags() : nullptr;
    return ForkedProcess([=, &role](const test::Parent&) {
      limit_memory(stage);
      crash_plan.reached = flags;
      if (!point.empty()) {
        crash_plan.signal = signal;
        crash_plan.pass = pass;
        crash_plan.point = crash_point_id(point);
      }
      if (pause != nullptr) crash_plan.pause = crash_point_id(pause);
      role.act(stage);
    });
  }

  /// Waits until each victim has died or stopped.
  void await(std::vector<ForkedProcess>& victims, std::vector<Turn>& turns, std::optional<Survivors>& survivors) {
    for (std::size_t i = turns.size(); i < victims.size(); ++i) {
      const Role& role = *victims_[i].role;
      Turn turn = turn_of(victims[i]);
      if (turn == Turn::stopped && role.pause != nullptr && paused_.insert(i).second) {
        if (survivors) survivors->get_on(1);
        resume(victims[i]);
        turn = turn_of(victims[i]);
      }
      if (turn == Turn::ended) end(victims[i], test::End{}, role.name);
      if (turn == Turn::killed) end(victims[i], test::End{.status = 0, .signal = SIGKILL}, role.name);
      turns.push_back(turn);
    }
  }

  void spring(const Trap& trap) {
    ForkedProcess process = start(crash::role(trap.role), trap.point, trap.signal, trap.pass, nullptr);
    const Turn turn = turn_of(process);
    if (turn == Turn::ended)
      throw std::runtime_error(std::string("a trap was not met: ") + trap.role + " at " + trap.point);
    if (turn == Turn::stopped) {
      stopped_.push_back(std::move(process));
    } else {
      process.wait();
    }
  }

  void end(ForkedProcess& process, const test::End& expected, const std::string& what) {
    if (process.wait() != expected) throw std::runtime_error(what + " did not end well");
  }

  /// Checks that the bus that roles create and remove works, and can be removed completely.
  void check_passing_bus(const test::Segments& segments) {
    const std::string name = stage_.bus + "b";
    const auto body = [&](const test::Parent&) {
      shmbus::Bus bus = shmbus::Bus::open(name);
      test::require(bus.publisher("t").publish("x").status() == shmbus::Status::ok, "a new bus does not work");
      bus.reap();
    };
    if (ForkedProcess(body).wait() != test::End{}) throw std::runtime_error("a new bus could not be made");
    if (ForkedProcess([&](const test::Parent&) { shmbus::Bus::remove(name); }).wait() != test::End{} ||
        !segments.all().empty()) {
      throw std::runtime_error("a removed bus left " + segments.all().front());
    }
  }

  const std::vector<Fault>& victims_;
  Reached* reached_;
  test::SharedValue<Signals> signals_;
  Stage stage_;
  std::vector<ForkedProcess> stopped_;
  unsigned started_ = 0;
  std::set<std::size_t> paused_;  // victims that were stopped once, so that others overtake them
};

}  // namespace

std::vector<bool> play(const std::vector<Fault>& victims, unsigned publishers, Reached* reached) {
  return Scene(victims, reached).play(publishers);
}

}  // namespace crash
