#pragma once

#include <cstdint>
#include <string>

#include "settings.hpp"

namespace shmbus::bridge {

/// A topic of the bus on its way out.
struct OutTopic {
  std::uint64_t id = 0;
  std::string name;
  std::string subject;
  std::string type;                  ///< as the header has it
  const OutRule* rule = nullptr;     ///< the first that matches; null: none
  bool begun = false;                ///< the stream was asked for its position
  std::uint64_t read = 0;            ///< the last event that was put into the window, or that needs not be
  bool passed_over = false;          ///< what was read last is not sent, and its position does not say so yet
  Time not_before{};                 ///< events of an earlier time are not sent
};

}  // namespace shmbus::bridge
