#pragma once

#include <string>
#include <vector>

#include "shmbus/journal_files.hpp"

// What JournalFiles returns, as JSON. The names are those of the structs' members.
namespace shmbus::c {

std::string json_of(const JournalInfo& info);
std::string json_of(const JournalReport& report);
std::string json_of(const std::vector<JournalStretch>& stretches);

}  // namespace shmbus::c
