#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shmbus/snapshot.hpp"
#include "shmbus/topic_info.hpp"

// What is said of a topic's journal, in words.
namespace shmbus::tool {

/// "none", "page cache", "interval 10.0 ms" or "batch".
std::string journal_text(const Journal& journal);

/// Reads such a policy as a person gives it: none, page-cache, batch, interval:10ms. Returns an empty text, or what was
/// expected.
std::string parse_journal(std::string_view word, Journal& journal);

/// "1.0 GiB, 7d00h, nothing that a durable subscription needs"; "everything" without a limit.
std::string retention_text(const Retention& retention);

/// The process that records: "shmbusd (pid 4711)"; "no process".
std::string recorder_text(const JournalSnapshot& journal);

/// The errno value of the last failure, as the system says it.
std::string failure_text(const JournalSnapshot& journal);

/// The state in a few words: "recording", "nobody records", "failed: No space left on device", "low space".
std::string journal_state_text(const JournalSnapshot& journal);

/// What publishers have to do with it: ", publishers wait for it", ", publishers go on without it", or nothing.
std::string journal_gate_text(const TopicSnapshot& topic);

/// Whether something is wrong with it now.
bool in_trouble(const JournalSnapshot& journal) noexcept;

/// "number 5", "numbers 5 to 9".
std::string numbers_text(std::uint64_t first, std::uint64_t last);

}  // namespace shmbus::tool
