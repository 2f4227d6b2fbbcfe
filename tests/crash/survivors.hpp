#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "crash/role.hpp"
#include "support/forked_process.hpp"
#include "support/shared_value.hpp"

namespace crash {

/// What the survivors of a scene share with the test.
struct Signals {
  std::atomic<bool> over{false};
  std::atomic<bool> stopping{false};                   ///< a process is stopped: survivors that wait for it by design may wait
  std::array<std::atomic<std::uint64_t>, 12> steps{};  ///< progress of each survivor
};

/// Processes that live to the end of a scene, and check what they see.
class Survivors {
 public:
  Survivors(const Stage& stage, const Role& role, unsigned publishers, Signals& signals);

  /// Waits until each survivor has made some progress. Throws if one does not.
  void get_on(std::uint64_t steps);
  /// Ends the survivors. Throws unless all checks of each passed.
  void leave();

 private:
  void add(const std::string& what, std::uint64_t step,
           std::function<void(const Stage&, std::atomic<std::uint64_t>&)> act);

  struct Member {
    std::string what;
    std::uint64_t step;  ///< how many of its own make one
    test::ForkedProcess process;
  };
  Stage stage_;
  Signals& signals_;
  std::vector<Member> members_;
};

}  // namespace crash
