#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "storm/roles.hpp"
#include "support/segments.hpp"

namespace storm {

struct Options {
  double seconds = 60;
  std::uint64_t seed = 0;
  unsigned publishers = 4;  ///< how many that are killed
  unsigned readers = 4;     ///< how many that are killed
};

struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Figures of the conductor that are not on the board.
struct Deeds {
  std::uint64_t started = 0;
  std::uint64_t kills = 0;
  std::uint64_t stops = 0;
  std::uint64_t held = 0;  ///< longest time of one round of the conductor, ns: while it waits for a killed process
  ///< to be gone, it continues no stopped process
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

/// Starts, stops, continues and kills the processes of a storm. It opens no bus itself while one of them lives. However it
/// ends, it kills them all and removes the bus. The seed decides which process is harmed when, and what each process does,
/// except for what depends on the scheduler.
class Conductor {
 public:
  explicit Conductor(const Options& options);
  ~Conductor();

  /// Throws if a check fails, and names the check.
  void run();

  const Board& board() const noexcept { return *shared_.board; }
  const Deeds& deeds() const noexcept { return deeds_; }
  const std::vector<Role>& roles() const noexcept { return roles_; }
  const std::string& bus() const noexcept { return bus_; }

  /// Makes `run` throw Interrupted. Async-signal-safe.
  static void interrupt() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  struct Member {
    std::unique_ptr<test::ForkedProcess> process;  // null: the seat is empty
    Clock::time_point since;                       // when it was started or continued
    Clock::time_point back;                        // when a stopped process is continued, or a killed one replaced
    bool stopped = false;
    bool left = false;  // the process left in order
  };

  void start(unsigned seat);
  void alone(const std::string& what, Act act);
  void rage();
  std::optional<unsigned> any_of(Harm at_least);
  void kill_one();
  void stop_one();
  void attend();
  void settle(unsigned seat);
  void watch() const;
  void let_leave(bool publishers_and_helpers);
  void check_figures() const;
  Stage stage(unsigned seat);

  const Options options_;
  Random random_;
  const std::string bus_;
  const test::Segments segments_;
  Shared shared_;
  const std::vector<Role> roles_;
  std::vector<Member> members_;
  bool replacing_ = true;
  Deeds deeds_;
};

}  // namespace storm
