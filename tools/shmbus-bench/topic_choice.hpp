#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <shmbus/options.hpp>
#include <string>
#include <vector>

#include "command_line.hpp"

namespace shmbus::bench {

/// --writers and --stamps, each "both" or one of two: which kinds of topic to measure.
struct TopicChoice {
  std::string writers = "both";
  std::string stamps = "off";
  std::size_t block_size = 0;  ///< 0: the library's default, or what a measurement needs
  std::size_t blocks = 0;

  void add_options(tool::Command& command);

  struct Kind {
    Writers writers;
    bool timestamps;
  };
  std::vector<Kind> kinds() const;
  TopicOptions options(const Kind& kind) const;
  nlohmann::ordered_json to_json() const;
};

/// "exclusive" or "shared"; with ", stamped" where it is.
std::string to_string(const TopicChoice::Kind& kind);
/// Keys: writers, timestamps.
nlohmann::ordered_json to_json(const TopicChoice::Kind& kind);

}  // namespace shmbus::bench
