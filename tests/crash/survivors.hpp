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

/// What the survivors of a scene and the test tell each other.
struct Signals {
  std::atomic<bool> over{false};
  std::atomic<bool> stopping{false};                   ///< a process is stopped: what waits for it by design may
  std::array<std::atomic<std::uint64_t>, 12> steps{};  ///< how far each survivor got
};

/// Processes that live through a scene, and check what they see.
class Survivors {
 public:
  Survivors(const Stage& stage, const Role& role, unsigned publishers, Signals& signals);

  /// Waits until each got on by so much. Throws when one does not.
  void get_on(std::uint64_t steps);
  /// Ends them; throws unless each is content.
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
