#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "storm/roles.hpp"
#include "support/segments.hpp"
#include "support/storm_crew.hpp"

namespace storm {

struct Options {
  double seconds = 60;
  std::uint64_t seed = 0;
  unsigned publishers = 4;  ///< how many that are killed
  unsigned readers = 4;     ///< how many that are killed
};

/// Figures of the conductor that are not on the board.
struct Deeds {
  std::uint64_t started = 0;
  std::uint64_t held = 0;  ///< longest time of one round of the conductor, ns: while it waits for a killed process
  ///< to be gone, it continues no stopped process
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

/// Starts, stops, continues and kills the processes of a storm. It opens no bus itself while one of them lives. However it
/// ends, it kills them all and removes the bus. The seed decides which process is harmed when, and what each process does,
/// except for what depends on the scheduler.
class Conductor final : private test::StormCrew {
 public:
  explicit Conductor(const Options& options);
  ~Conductor() override;

  /// Throws if a check fails, and names the check.
  void run();

  const Board& board() const noexcept { return *shared_.board; }
  const Deeds& deeds() const noexcept { return deeds_; }
  std::uint64_t kills() const noexcept { return kills_; }
  std::uint64_t stops() const noexcept { return stops_; }
  const std::vector<Role>& roles() const noexcept { return roles_; }
  const std::string& bus() const noexcept { return bus_; }

  using StormCrew::interrupt;

 private:
  std::unique_ptr<test::ForkedProcess> make_process(unsigned seat) override;
  test::Progress progress(unsigned seat) const override;
  void note_kill(unsigned seat) override;

  void alone(const std::string& what, Act act);
  void rage();
  void check_figures() const;
  Stage stage(unsigned seat);

  const Options options_;
  const std::string bus_;
  const test::Segments segments_;
  Shared shared_;
  const std::vector<Role> roles_;
  Deeds deeds_;
};

}  // namespace storm
