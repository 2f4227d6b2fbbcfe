#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <shmbus/journal.hpp>

#include "command_line.hpp"

namespace streaming {

/// The options that the six reacting services share.
struct ServiceOptions {
  std::string bus = "default";
  std::string state;             ///< empty: none
  std::string report;            ///< empty: none
  std::string movies;            ///< empty: genres are made up
  std::string journal = "none";  ///< of the topic of results
  std::uint64_t until = 0;
  bool reliable = false;
  std::chrono::milliseconds save_interval{100};
  std::chrono::milliseconds linger{10};
  std::chrono::milliseconds work{0};
  std::string serve;  ///< empty: read the bus
  std::chrono::milliseconds service_time{300};
};

/// `--bus`, which every program of the platform has.
void add_bus_option(shmbus::tool::Command& program, std::string& bus);

/// `--journal`, whose words are those of `journal_named`.
void add_journal_option(shmbus::tool::Command& program, std::string& journal, const std::string& help);

/// The journal that `none`, `page_cache` or `batch` names.
shmbus::Journal journal_named(const std::string& name);

void add_service_options(shmbus::tool::Command& program, ServiceOptions& options);

}  // namespace streaming
