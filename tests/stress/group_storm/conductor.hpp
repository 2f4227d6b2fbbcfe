#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "group_storm/books.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"
#include "support/storm_crew.hpp"
#include "support/temporary_folder.hpp"

namespace group_storm {

using test::Harm;

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
class Conductor final : private test::StormCrew {
 public:
  Conductor(double seconds, std::uint64_t seed);
  ~Conductor() override;

  /// Throws if a check fails, and names the check.
  void run();
  void print_figures() const;

 private:
  std::unique_ptr<test::ForkedProcess> make_process(unsigned seat) override;
  test::Progress progress(unsigned seat) const override;
  void note_kill(unsigned seat) override { books_.doomed[numbers_[seat]] = 1; }

  Stage stage(unsigned seat);
  void alone(const std::string& what, Act act);
  void rage();

  const double seconds_;
  const std::string bus_;
  const test::Segments segments_;
  const test::TemporaryFolder journals_;
  Books books_;
  const std::vector<Role> roles_;
  std::vector<std::uint64_t> numbers_;  // of the processes, by seat
  std::uint64_t started_ = 0;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace group_storm
