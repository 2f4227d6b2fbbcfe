#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shmbus/journal_files.hpp"
#include "shmbus/snapshot.hpp"

// What `shmbus journal` prints of a journal's files.
namespace shmbus::tool {

/// A journal, and its topic where the bus lives.
struct ListedJournal {
  JournalInfo info;
  const TopicSnapshot* living = nullptr;
};

/// "recording: shmbusd (pid 4711)", "nobody records", "left in use", "closed".
std::string use_text(const ListedJournal& journal);

/// A table with a row for each; `bus`: with the name of the bus. `width` as in Table.
std::string journal_table(const std::vector<ListedJournal>& journals, bool bus, Time now, std::size_t width = 0);
/// All that is known of one, and a table of its files.
std::string journal_page(const ListedJournal& journal, Time now, std::size_t width = 0);
/// One JSON object and a newline.
std::string journal_line_json(const ListedJournal& journal);

/// What `verify` found: a line for the whole, and one for each range and remark.
std::string verification_text(const std::string& bus, const std::string& topic, const JournalReport& report);
std::string verification_json(const std::string& bus, const std::string& topic, const JournalReport& report);

/// "numbers 5 to 9 are missing: they were never recorded"
std::string stretch_text(const JournalStretch& stretch);

}  // namespace shmbus::tool
