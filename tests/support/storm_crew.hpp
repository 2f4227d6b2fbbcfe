#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/forked_process.hpp"

namespace test {

using Random = std::mt19937_64;
inline std::uint64_t below(Random& random, std::uint64_t n) { return random() % n; }
inline bool chance(Random& random, std::uint64_t one_in) { return below(random, one_in) == 0; }

/// Somebody ended the storm.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What may happen to a process of a storm; one that may be killed may be stopped, too.
enum class Harm { none, stops, kills };

/// What a process of a storm last showed, in memory that it shares.
struct Progress {
  std::uint64_t beat_ns;  ///< when it made progress, steady clock
  const char* doing;      ///< what it was about to do then, a string literal
};

/// The processes of a storm. Each has a seat; when it is killed, another one takes the seat. The seed decides which one is harmed
/// when, except for what depends on the scheduler.
class StormCrew {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kTick{1};

  StormCrew(const StormCrew&) = delete;
  StormCrew& operator=(const StormCrew&) = delete;
  virtual ~StormCrew() = default;

  /// Makes `attend` throw Interrupted, in all storms of this process. Async-signal-safe.
  static void interrupt() noexcept;

  struct Seat {
    std::string what;  ///< for messages
    Harm harm;
  };

 protected:
  /// A process that makes no progress for as long as `hang_after`, though it is not stopped, hangs.
  StormCrew(std::vector<Seat> seats, std::uint64_t seed, Clock::duration hang_after);

  /// Starts a process for a seat.
  virtual std::unique_ptr<ForkedProcess> make_process(unsigned seat) = 0;
  virtual Progress progress(unsigned seat) const = 0;
  /// The process at this seat is killed next.
  virtual void note_kill(unsigned) {}

  void start(unsigned seat);
  /// The pid of the process at a seat; 0: the seat is empty.
  pid_t pid(unsigned seat) const { return members_[seat].process ? members_[seat].process->pid() : 0; }
  /// Whether something happens in this tick that happens once in `on_average`.
  bool happens(std::chrono::milliseconds on_average);
  /// A seat whose process may be harmed in this way; nothing if there is none.
  std::optional<unsigned> any_of(Harm at_least);
  void kill(unsigned seat);
  /// A seat whose process may be stopped, and is not; nothing if the one that was drawn is not such.
  std::optional<unsigned> one_to_stop();
  void stop(unsigned seat, Clock::duration time);
  /// Continues stopped processes and replaces killed ones when it is time, and checks that all make progress.
  void attend();
  /// From now on killed processes are not replaced, and processes may leave.
  void end_replacing() noexcept { replacing_ = false; }
  /// Waits until all processes have left, those excepted that may stay.
  void let_leave(const std::function<bool(unsigned seat)>& may_stay);
  /// Waits for a process that does one thing while nothing else happens. It may take long, and makes progress meanwhile.
  void wait_alone(const std::string& what, ForkedProcess& process, unsigned seat) const;
  void kill_all() noexcept { members_.clear(); }

  Random random_;
  std::uint64_t kills_ = 0, stops_ = 0;

 private:
  struct Member {
    std::unique_ptr<ForkedProcess> process{};  // null: the seat is empty
    Clock::time_point since{};                 // when it was started or continued
    Clock::time_point back{};                  // when a stopped process is continued, or a killed one replaced
    bool stopped = false;
  };
  void settle(unsigned seat);
  void watch() const;

  const std::vector<Seat> seats_;
  const Clock::duration hang_after_;
  std::vector<Member> members_;
  bool replacing_ = true;
};

/// Prints a figure of a storm.
void print_storm_figure(const char* what, std::uint64_t figure);

/// The main program of a storm, `PROGRAM [SEED]`. SHMBUS_STORM_SECONDS takes the place of `seconds`.
template <class Conductor>
int run_storm(int argc, char** argv, double seconds) {
  if (const char* given = std::getenv("SHMBUS_STORM_SECONDS")) seconds = std::strtod(given, nullptr);
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : std::random_device{}();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, [](int) { StormCrew::interrupt(); });
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Conductor conductor(seconds, seed);
  std::string failure;
  int status = 0;
  try {
    conductor.run();
  } catch (const Interrupted&) {
    failure = "interrupted";
    status = 130;
  } catch (const std::exception& error) {
    failure = std::string("FAIL: ") + error.what();
    status = 1;
  }
  conductor.print_figures();
  std::printf("%s\n", status == 0 ? "PASS" : failure.c_str());
  return status;
}

}  // namespace test
