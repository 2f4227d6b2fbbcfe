#include "support/storm_crew.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "support/time_limits.hpp"

namespace test {

namespace {
volatile std::sig_atomic_t interrupted = 0;
}

void StormCrew::interrupt() noexcept { interrupted = 1; }

StormCrew::StormCrew(std::vector<Seat> seats, std::uint64_t seed, Clock::duration hang_after)
    : random_(seed), seats_(std::move(seats)), hang_after_(hang_after), members_(seats_.size()) {}

void StormCrew::start(unsigned seat) {
  Member& member = members_[seat];
  member.stopped = false;
  member.since = Clock::now();
  member.process = make_process(seat);
}

bool StormCrew::happens(std::chrono::milliseconds on_average) {
  return chance(random_, static_cast<std::uint64_t>(on_average / kTick));
}

std::optional<unsigned> StormCrew::any_of(Harm at_least) {
  std::vector<unsigned> found;
  for (unsigned seat = 0; seat < seats_.size(); ++seat) {
    if (seats_[seat].harm >= at_least && members_[seat].process) found.push_back(seat);
  }
  if (found.empty()) return std::nullopt;
  return found[below(random_, found.size())];
}

void StormCrew::kill(unsigned seat) {
  settle(seat);  // its process may have failed a moment ago
  Member& member = members_[seat];
  note_kill(seat);
  member.process->kill();
  member.process.reset();
  member.back = Clock::now() + std::chrono::microseconds(below(random_, 60'000));
  ++kills_;
}

std::optional<unsigned> StormCrew::one_to_stop() {
  const auto seat = any_of(Harm::stops);
  return seat && !members_[*seat].stopped ? seat : std::nullopt;
}

void StormCrew::stop(unsigned seat, Clock::duration time) {
  Member& member = members_[seat];
  ::kill(member.process->pid(), SIGSTOP);
  member.stopped = true;
  member.back = Clock::now() + time;
  ++stops_;
}

void StormCrew::attend() {
  if (interrupted != 0) throw Interrupted("interrupted");
  const auto now = Clock::now();
  for (unsigned seat = 0; seat < members_.size(); ++seat) {
    Member& member = members_[seat];
    if (!member.process) {
      if (replacing_ && now >= member.back) start(seat);
      continue;
    }
    if (member.stopped && now >= member.back) {
      member.process->resume();
      member.stopped = false;
      member.since = now;
    }
    settle(seat);
  }
  watch();
}

/// Throws unless a process that has ended passed its checks.
void StormCrew::settle(unsigned seat) {
  Member& member = members_[seat];
  siginfo_t info{};
  const auto pid = static_cast<id_t>(member.process->pid());
  if (::waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
  const End end = member.process->wait();
  member.process.reset();
  const std::string who = "the " + seats_[seat].what + " (process " + std::to_string(pid) + ")";
  const std::string at = progress(seat).doing;
  require(end.signal == 0, who + " died of signal " + std::to_string(end.signal) + " at: " + at);
  require(end.status == 0, who + " failed at: " + at);
  require(!replacing_, who + " left too early");
}

void StormCrew::watch() const {
  std::string hang;
  for (unsigned seat = 0; seat < members_.size(); ++seat) {
    const Member& member = members_[seat];
    if (!member.process || member.stopped) continue;
    const Progress at = progress(seat);
    const Clock::time_point beat{std::chrono::nanoseconds(at.beat_ns)};
    if (Clock::now() - std::max(beat, member.since) < hang_after_) continue;
    hang += "\n  the " + seats_[seat].what + " (process " + std::to_string(member.process->pid()) +
            ") makes no progress, at: " + at.doing;
  }
  require(hang.empty(), "processes hang:" + hang);
}

void StormCrew::let_leave(const std::function<bool(unsigned seat)>& may_stay) {
  for (Member& member : members_) {
    if (member.stopped) member.back = Clock::now();
  }
  const auto end = Clock::now() + hang_after_;
  for (;;) {
    attend();
    std::string late;
    for (unsigned seat = 0; seat < members_.size(); ++seat) {
      if (!members_[seat].process || may_stay(seat)) continue;
      late += "\n  the " + seats_[seat].what + ", at: " + progress(seat).doing;
    }
    if (late.empty()) return;
    require(Clock::now() < end, "processes that do not leave:" + late);
    std::this_thread::sleep_for(kTick);
  }
}

void StormCrew::wait_alone(const std::string& what, ForkedProcess& process, unsigned seat) const {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0) {
    if (interrupted != 0) throw Interrupted("interrupted");
    const Progress at = progress(seat);
    require(Clock::now() - Clock::time_point{std::chrono::nanoseconds(at.beat_ns)} < hang_after_,
            what + " makes no progress, at: " + at.doing);
    std::this_thread::sleep_for(kTick);
  }
  require(process.wait() == End{}, what + " failed");
}

void print_storm_figure(const char* what, std::uint64_t figure) {
  std::printf("  %-38s %12llu\n", what, static_cast<unsigned long long>(figure));
}

}  // namespace test
