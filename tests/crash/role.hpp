#pragma once

#include <csignal>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/options.hpp"

namespace crash {

/// What one process of a scene knows.
struct Stage {
  std::string bus;
  std::string topic;
  std::uint64_t self = 0;               ///< its id as a publisher
  std::chrono::milliseconds time{300};  ///< a role ends by itself after this
  std::function<bool()> over;           ///< returns whether the scene is over
  unsigned blocks_of_memory = 0;        ///< see Role
  bool polite = false;                  ///< processes are stopped in this scene, so reliable subscribers set demote_after

  /// Returns whether the role goes on.
  template <class Step>
  void repeat(Step step) const {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!over() && std::chrono::steady_clock::now() < end) step();
  }
};

/// A process that was killed or stopped at a point of a role before the victim of a scene starts.
struct Trap {
  const char* role;
  const char* point;
  int signal = SIGKILL;
  int pass = 1;
};

/// Which processes live beside the victim.
enum Beside : unsigned {
  nobody = 0,
  publishers = 1,  ///< of the topic: 1, 2 or 4; of an exclusive topic those that wait to succeed the victim
  readers = 2,     ///< of the topic: a lossy and a reliable one
  creators = 4,    ///< a process that creates, uses and removes topics "new.N", and a standing reliable subscriber to them
  rivals = 8,      ///< a process that does the same as the victim
};

/// What a process repeats until it is killed.
struct Role {
  const char* name;
  void (*act)(const Stage&);
  const char* topic = "t";  ///< "t" is shared, "x" exclusive, "s" shared, for want of memory; "j" has a journal, "k" one
                            ///< that publishers don't wait for
  unsigned survivors = publishers | readers;
  bool late_survivors = false;  ///< the others start when the victim is dead, so that only the victim meets the traps
  std::vector<Trap> traps{};
  const char* pause = nullptr;    ///< the victim is stopped at this point first, until the others made progress
  unsigned blocks_of_memory = 0;  ///< how many blocks of each topic find memory; 0: all
};

/// Whether the victim holds publishers back while it is stopped: a member that is alone in its group does, as a reliable
/// subscriber that asked for it.
inline bool holds_back(const Role& role) { return std::string_view(role.name).find("group") != std::string_view::npos; }

const std::vector<Role>& all_roles();
const Role& role(const std::string& name);

/// Few and small blocks, so that each is reused all the time.
inline shmbus::TopicOptions topic_options(const std::string& topic) {
  const bool journaled = topic == "j" || topic == "k";
  return {.block_size = topic == "s" ? std::size_t{16384} : std::size_t{4096},
          .blocks = 4,
          .writers = topic == "x" ? shmbus::Writers::exclusive : shmbus::Writers::shared,
          .journal = journaled ? shmbus::Journal::batch() : shmbus::Journal::none(),
          .when_behind = topic == "k" ? shmbus::WhenBehind::skip : shmbus::WhenBehind::hold,
          .unrecorded_limit = std::chrono::milliseconds{20},
          .segment_file = std::uint64_t{1} << 20};
}

}  // namespace crash
