#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "group_storm/books.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"
#include "support/temporary_folder.hpp"

namespace group_storm {

struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class Harm { none, stops, kills };  ///< a process that may be killed may be stopped, too

/// A place in the storm. A process that is killed there is replaced.
struct Role {
  std::string what;
  Act act;
  unsigned topic = 0;
  Harm harm = Harm::kills;
  bool last = false;  ///< it starts first, and leaves when all others have left
};

/// Starts, stops, continues and kills the processes of a storm. However it ends, it kills them all, and removes the bus and
/// its journals.
class Conductor {
 public:
  Conductor(double seconds, std::uint64_t seed);
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;
  ~Conductor();

  /// Throws if a check fails, and names the check.
  void run();
  void print_figures() const;

  /// Makes `run` throw Interrupted. Async-signal-safe.
  static void interrupt() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  struct Member {
    std::unique_ptr<test::ForkedProcess> process{};  // null: the place is empty
    std::uint64_t number = 0;                        // of the process
    Clock::time_point since{};                       // when it was started or continued
    Clock::time_point back{};                        // when a stopped process is continued, or a killed one replaced
    bool stopped = false;
  };

  Stage stage(unsigned seat);
  void start(unsigned seat);
  void alone(const std::string& what, Act act);
  void rage();
  std::optional<unsigned> any_of(Harm at_least);
  void kill_one();
  void stop_one();
  void attend();
  void settle(unsigned seat);
  void watch() const;
  void let_leave(bool all);

  const double seconds_;
  Random random_;
  const std::string bus_;
  const test::Segments segments_;
  const test::TemporaryFolder journals_;
  Books books_;
  const std::vector<Role> roles_;
  std::vector<Member> members_;
  bool replacing_ = true;
  std::uint64_t started_ = 0, kills_ = 0, stops_ = 0;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace group_storm
