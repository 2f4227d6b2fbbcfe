#pragma once

#include <string>

#include "command_line.hpp"

namespace shmbus::tool {

/// The bus that --bus or SHMBUS_BUS names.
struct ChosenBus {
  std::string name = "default";
  bool given = false;
};

// Each function adds a verb to the command line. `bus` is set before the verb runs, and must outlive it.
void add_ls(CommandLine& line, const ChosenBus& bus);
void add_info(CommandLine& line, const ChosenBus& bus);
void add_ports(CommandLine& line, const ChosenBus& bus);
void add_stat(CommandLine& line, const ChosenBus& bus);
void add_pub(CommandLine& line, const ChosenBus& bus);
void add_sub(CommandLine& line, const ChosenBus& bus);
void add_hz(CommandLine& line, const ChosenBus& bus);
void add_tail(CommandLine& line, const ChosenBus& bus);
void add_replay(CommandLine& line, const ChosenBus& bus);
void add_trace(CommandLine& line, const ChosenBus& bus);
void add_topic(CommandLine& line, const ChosenBus& bus);
void add_journal(CommandLine& line, const ChosenBus& bus);
void add_who(CommandLine& line, const ChosenBus& bus);
void add_durable(CommandLine& line, const ChosenBus& bus);
void add_groups(CommandLine& line, const ChosenBus& bus);
void add_group(CommandLine& line, const ChosenBus& bus);
void add_take(CommandLine& line, const ChosenBus& bus);
void add_dead(CommandLine& line, const ChosenBus& bus);
void add_doctor(CommandLine& line, const ChosenBus& bus);
void add_gc(CommandLine& line, const ChosenBus& bus);
void add_forget(CommandLine& line, const ChosenBus& bus);
void add_rm(CommandLine& line, const ChosenBus& bus);

}  // namespace shmbus::tool
