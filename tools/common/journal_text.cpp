#include "journal_text.hpp"

#include <chrono>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "time_text.hpp"

namespace shmbus::tool {

std::string journal_text(const Journal& journal) {
  switch (journal.kind()) {
    case Journal::Kind::none:
      return "none";
    case Journal::Kind::page_cache:
      return "page cache";
    case Journal::Kind::interval:
      return "interval " + duration_text(journal.period());
    case Journal::Kind::batch:
      break;
  }
  return "batch";
}

std::string parse_journal(std::string_view word, Journal& journal) {
  constexpr std::string_view interval = "interval:";
  if (word == "none") {
    journal = Journal::none();
  } else if (word == "page-cache") {
    journal = Journal::page_cache();
  } else if (word == "batch") {
    journal = Journal::batch();
  } else {
    std::optional<std::chrono::nanoseconds> period;
    if (word.starts_with(interval)) period = parse_duration(word.substr(interval.size()));
    using namespace std::chrono_literals;
    if (!period || *period < 1ms || *period > 1h)
      return "none, page-cache, batch, or interval:T with a time T from 1ms to 1h";
    journal = Journal::interval(*period);
  }
  return {};
}

std::string retention_text(const Retention& retention) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (retention.bytes != 0) add(byte_count(retention.bytes));
  if (retention.age.count() != 0) add(duration_text(retention.age));
  if (text.empty()) text = "everything";
  if (retention.acknowledged) add("and what a durable subscription has not acknowledged");
  return text;
}

std::string recorder_text(const JournalSnapshot& journal) {
  if (journal.node == 0 || !journal.alive) return "no process";
  return fmt::format("{} (pid {})", printable(journal.program), journal.pid);
}

std::string failure_text(const JournalSnapshot& journal) {
  return std::error_code(journal.error, std::generic_category()).message();
}

std::string journal_state_text(const JournalSnapshot& journal) {
  switch (journal.state) {
    case RecorderState::none:
      return "nobody records";
    case RecorderState::recording:
      return "recording";
    case RecorderState::failed:
      return "failed: " + failure_text(journal);
    case RecorderState::low_space:
      break;
  }
  return "low space";
}

std::string journal_gate_text(const TopicSnapshot& topic) {
  if (!topic.journal) return {};
  if (topic.journal->holding) return ", publishers wait for it";
  if (!topic.journal->holds) return ", publishers go on without it";
  return {};
}

bool in_trouble(const JournalSnapshot& journal) noexcept {
  return journal.holding || journal.state == RecorderState::failed || journal.state == RecorderState::low_space ||
         (journal.state == RecorderState::none && journal.unrecorded != 0);
}

std::string numbers_text(std::uint64_t first, std::uint64_t last) {
  return first == last ? fmt::format("number {}", first) : fmt::format("numbers {} to {}", first, last);
}

}  // namespace shmbus::tool
