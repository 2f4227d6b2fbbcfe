#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal_storm/books.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"
#include "support/storm_crew.hpp"
#include "support/temporary_folder.hpp"

namespace journal_storm {

using test::Harm;

/// A place in the storm. A process that is killed there is replaced.
struct Role {
  std::string what;
  Act act;
  unsigned topic = 0;
  unsigned name = 0;  ///< of kNames
  Harm harm = Harm::kills;
  bool reads = false;  ///< leaves with the last event; others when the storm is over
  bool first = false;  ///< the others start when it is ready
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

  Stage stage(unsigned seat);
  void alone(const std::string& what, Act act);
  void rage();
  std::optional<unsigned> one_that_records();

  const double seconds_;
  const std::string bus_;
  const test::Segments segments_;
  const test::TemporaryFolder journals_;
  Books books_;
  const std::vector<Role> roles_;
  std::uint64_t started_ = 0, recorders_killed_ = 0;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace journal_storm
