#include "journal_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "journal_json.hpp"
#include "journal_text.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "table.hpp"
#include "time_text.hpp"
#include "topic_table.hpp"

namespace shmbus::tool {
namespace {

using nlohmann::ordered_json;

std::string time_or_dash(const std::optional<Time>& time, Time now) { return time ? clock_text(*time, now) : "-"; }

ordered_json time_json(const std::optional<Time>& time) {
  return time ? ordered_json(rfc3339(*time)) : ordered_json(nullptr);
}

std::string number_or_dash(std::uint64_t number) { return number == 0 ? "-" : std::to_string(number); }

/// "2 events, numbers 5 to 6"; no numbers where the bytes held no event.
std::string damage_numbers(const JournalDamage& damage) {
  if (damage.numbers.last < damage.numbers.first) return "no event";
  return numbers_text(damage.numbers.first, damage.numbers.last);
}

ordered_json ranges_json(const std::vector<JournalNumbers>& ranges) {
  ordered_json list = ordered_json::array();
  for (const JournalNumbers& range : ranges) list.push_back({{"first", range.first}, {"last", range.last}});
  return list;
}

const char* use_word(const ListedJournal& journal) {
  if (journal.living != nullptr) return to_string(journal.living->journal->state);
  if (journal.info.recorded) return "recording";
  return journal.info.in_use ? "left in use" : "closed";
}

std::string file_state(const JournalFile& file) {
  if (!file.problem.empty()) return printable(file.problem);
  return file.closed ? "closed" : "open";
}

}  // namespace

std::string use_text(const ListedJournal& journal) {
  if (journal.living == nullptr) return use_word(journal);
  const JournalSnapshot& j = *journal.living->journal;
  if (j.node == 0 || !j.alive) return journal_state_text(j);
  return fmt::format("{}: {}", journal_state_text(j), recorder_text(j));
}

std::string journal_table(const std::vector<ListedJournal>& journals, bool bus, Time now, std::size_t width) {
  std::vector<Table::Column> columns{{"TOPIC", Table::Align::left, 0, 16},
                                     {"POLICY", Table::Align::left, 3},
                                     {"FIRST"},
                                     {"LAST"},
                                     {"FROM", Table::Align::left, 2},
                                     {"TO", Table::Align::left, 1},
                                     {"FILES", Table::Align::right, 4},
                                     {"BYTES"},
                                     {"STATE", Table::Align::left}};
  if (bus) columns.insert(columns.begin(), {"BUS", Table::Align::left, 0, 8});
  Table table{std::move(columns)};
  for (const ListedJournal& journal : journals) {
    const JournalInfo& info = journal.info;
    std::vector<std::string> row{info.topic.name,
                                 journal_text(info.topic.journal),
                                 number_or_dash(info.first),
                                 number_or_dash(info.last),
                                 time_or_dash(info.first_time, now),
                                 time_or_dash(info.last_time, now),
                                 std::to_string(info.files.size()),
                                 byte_count(info.bytes),
                                 use_text(journal)};
    if (bus) row.insert(row.begin(), info.bus);
    table.add(std::move(row));
  }
  return table.text(width);
}

std::string journal_page(const ListedJournal& journal, Time now, std::size_t width) {
  const JournalInfo& info = journal.info;
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<12}{}\n", name, value);
  };
  line("topic", info.topic.name);
  line("bus", info.bus);
  line("id", fmt::format("{:016x}", info.topic.id));
  line("type", content_text(info.topic));
  line("folder", printable(info.path));
  line("policy", journal_text(info.topic.journal));
  line("retains", retention_text(info.topic.retain));
  line("state", use_text(journal));
  line("numbers", info.first == 0 ? "none" : fmt::format("{} to {}", info.first, info.last));
  line("times", fmt::format("{} to {}", time_or_dash(info.first_time, now), time_or_dash(info.last_time, now)));
  line("bytes", byte_count(info.bytes));
  line("free", byte_count(info.free_bytes));
  Table files{{{"FILE", Table::Align::left},
               {"FIRST"},
               {"LAST"},
               {"TO", Table::Align::left},
               {"BYTES"},
               {"STATE", Table::Align::left}}};
  for (const JournalFile& file : info.files) {
    files.add({file.name, std::to_string(file.first), number_or_dash(file.last), time_or_dash(file.last_time, now),
               byte_count(file.bytes), file_state(file)});
  }
  return files.empty() ? text : text + '\n' + files.text(width);
}

std::string journal_line_json(const ListedJournal& journal) {
  const JournalInfo& info = journal.info;
  ordered_json object;
  object["bus"] = info.bus;
  object["topic"] = info.topic.name;
  object["id"] = fmt::format("{:016x}", info.topic.id);
  object["folder"] = printable(info.path);
  object["state"] = use_word(journal);
  object["program"] = nullptr;
  object["pid"] = nullptr;
  if (journal.living != nullptr && journal.living->journal->node != 0) {
    object["program"] = printable(journal.living->journal->program);
    object["pid"] = journal.living->journal->pid;
  }
  object.update(journal_policy_json(info.topic));
  object["first"] = info.first;
  object["last"] = info.last;
  object["first_time"] = time_json(info.first_time);
  object["last_time"] = time_json(info.last_time);
  object["bytes"] = info.bytes;
  object["free_bytes"] = info.free_bytes;
  object["files"] = ordered_json::array();
  for (const JournalFile& file : info.files) {
    ordered_json entry;
    entry["name"] = file.name;
    entry["first"] = file.first;
    entry["last"] = file.last;
    entry["created"] = rfc3339(file.created);
    entry["last_time"] = time_json(file.last_time);
    entry["bytes"] = file.bytes;
    entry["closed"] = file.closed;
    entry["problem"] = nullptr;
    if (!file.problem.empty()) entry["problem"] = file.problem;
    object["files"].push_back(std::move(entry));
  }
  return object.dump() + '\n';
}

std::string verification_text(const std::string& bus, const std::string& topic, const JournalReport& report) {
  std::string text = fmt::format("bus '{}', topic '{}': {}: {}", bus, topic, report.whole() ? "whole" : "NOT WHOLE",
                                 counted(report.events, "event"));
  if (report.first != 0 && report.last >= report.first) text += ", " + numbers_text(report.first, report.last);
  text += fmt::format(", in {} ({})\n", counted(report.files, "file"), byte_count(report.bytes));
  for (const JournalDamage& d : report.damage)
    text += fmt::format("  damaged: {}, in {} at byte {}\n", damage_numbers(d), d.file, d.offset);
  for (const JournalNumbers& n : report.missing)
    text += fmt::format("  missing: {}: they left the ring unrecorded\n", numbers_text(n.first, n.last));
  for (const JournalNumbers& n : report.gaps)
    text += fmt::format("  gap: {}: no event has or will have them\n", numbers_text(n.first, n.last));
  for (const JournalRemark& r : report.remarks) text += fmt::format("  file {}: {}\n", printable(r.file), r.text);
  if (report.tail_bytes != 0)
    text += fmt::format("  tail: {} behind the last frame, being written or never synced\n",
                        counted(report.tail_bytes, "byte"));
  return text;
}

std::string verification_json(const std::string& bus, const std::string& topic, const JournalReport& report) {
  ordered_json object;
  object["bus"] = bus;
  object["topic"] = topic;
  object["whole"] = report.whole();
  object["files"] = report.files;
  object["bytes"] = report.bytes;
  object["frames"] = report.frames;
  object["events"] = report.events;
  object["first"] = report.first;
  object["last"] = report.last;
  object["closed"] = report.closed;
  object["tail_bytes"] = report.tail_bytes;
  object["damage"] = ordered_json::array();
  for (const JournalDamage& d : report.damage) {
    object["damage"].push_back(
        {{"file", d.file}, {"offset", d.offset}, {"first", d.numbers.first}, {"last", d.numbers.last}});
  }
  object["missing"] = ranges_json(report.missing);
  object["gaps"] = ranges_json(report.gaps);
  object["remarks"] = ordered_json::array();
  for (const JournalRemark& r : report.remarks)
    object["remarks"].push_back({{"file", printable(r.file)}, {"text", r.text}});
  return object.dump() + '\n';
}

std::string stretch_text(const JournalStretch& stretch) {
  static constexpr auto why = [](JournalStretch::Kind kind) {
    switch (kind) {
      case JournalStretch::Kind::gap:
        return "no event has or will have them";
      case JournalStretch::Kind::missing:
        return "they left the ring unrecorded";
      case JournalStretch::Kind::damaged:
        return "their bytes are damaged";
      case JournalStretch::Kind::removed:
        break;
    }
    return "they were removed";
  };
  return fmt::format("{}: {}: {}", to_string(stretch.kind), numbers_text(stretch.numbers.first, stretch.numbers.last),
                     why(stretch.kind));
}

}  // namespace shmbus::tool
