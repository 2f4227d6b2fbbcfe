#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "event_output.hpp"
#include "follow.hpp"
#include "journal_places.hpp"
#include "journal_report.hpp"
#include "journal_text.hpp"
#include "output.hpp"
#include "quantity_text.hpp"
#include "shmbus/error.hpp"
#include "shmbus/journal_files.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"
#include "start_option.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct JournalOptions {
  std::string action;
  std::optional<std::string> topic;
  std::optional<std::string> folder;
  // export
  std::optional<std::string> from;
  std::optional<std::uint64_t> count;
  PrintOptions print;
  // prune
  std::optional<std::uint64_t> before;
  std::optional<std::chrono::nanoseconds> older;
  std::optional<std::uint64_t> to;
  bool yes = false;
};

Time now() { return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()); }

/// Refuses options that belong to another action, and a missing topic.
void check_options(const JournalOptions& options) {
  const bool exports = options.action == "export", prunes = options.action == "prune";
  const auto refuse = [&](bool given, const char* option, const char* action) {
    if (given) throw UsageError(fmt::format("{}: only with journal {}", option, action));
  };
  if (!exports) {
    refuse(options.from.has_value(), "--from", "export");
    refuse(options.count.has_value(), "--count", "export");
    refuse(options.print.raw, "--raw", "export");
    refuse(options.print.topic_name, "--topic-name", "export");
  }
  if (!prunes) {
    refuse(options.before.has_value(), "--before", "prune");
    refuse(options.older.has_value(), "--older", "prune");
    refuse(options.to.has_value(), "--to", "prune");
    refuse(options.yes, "--yes", "prune");
  }
  if ((exports || prunes) && !options.topic) throw UsageError(fmt::format("journal {}: needs a TOPIC", options.action));
  if (prunes && !options.before && !options.older && !options.to)
    throw UsageError("journal prune: needs --before, --older or --to");
}

/// Calls `look` for each journal that was chosen. One that can't be read is reported, and the others follow. Returns the
/// exit status.
int for_each_journal(const ChosenBus& bus, const JournalOptions& options,
                     const std::function<void(const JournalPlace&, const std::string&, JournalFiles&)>& look,
                     std::vector<JournalPlace>& places) {
  places = journal_places(bus, options.folder);
  int status = 0;
  bool found = false;
  for (const JournalPlace& place : places) {
    std::vector<std::string> topics;
    try {
      topics = journal_topics(place);
    } catch (const Error& error) {
      complain(error.what());
      status = 1;
    }
    for (const std::string& topic : topics) {
      if (options.topic && *options.topic != topic) continue;
      found = true;
      try {
        JournalFiles files(place.folder, place.bus, topic);
        look(place, topic, files);
      } catch (const Error& error) {
        complain(error.what());
        status = 1;
      }
    }
  }
  if (found || status != 0) return status;
  const std::string where = bus.given ? fmt::format("bus '{}'", bus.name) : "any bus";
  const std::string folder = bus.given        ? places.front().folder
                             : options.folder ? *options.folder
                                              : JournalFiles::default_folder();
  if (options.topic || (bus.given && !places.front().snapshot)) {
    throw Error(ErrorCode::not_found,
                {.object = options.topic ? fmt::format("the journal of topic '{}' of {}:", *options.topic, where)
                                         : fmt::format("journals of {}:", where),
                 .expected = {},
                 .found = fmt::format("there is none in '{}'", folder),
                 .remedy = "give another folder with --journals, or see shmbus journal ls"});
  }
  hint(fmt::format("no topic of {} has a journal in '{}'", where, folder));
  return 0;
}

int list(const ChosenBus& bus, const JournalOptions& options) {
  std::vector<ListedJournal> journals;
  std::vector<JournalPlace> places;
  const int status = for_each_journal(
      bus, options,
      [&](const JournalPlace& place, const std::string& topic, JournalFiles& files) {
        journals.push_back({files.info(), living_topic(place, topic)});
      },
      places);
  Output out;
  if (options.print.json) {
    for (const ListedJournal& journal : journals) out.text() += journal_line_json(journal);
  } else if (options.topic) {
    for (const ListedJournal& journal : journals) {
      if (!out.text().empty()) out.text() += '\n';
      out.text() += journal_page(journal, now(), out.columns());
    }
  } else {
    out.text() = journal_table(journals, !bus.given, now(), out.columns());
  }
  out.flush();
  return status;
}

int verify(const ChosenBus& bus, const JournalOptions& options) {
  Output out;
  bool whole = true;
  std::vector<JournalPlace> places;
  const int status = for_each_journal(
      bus, options,
      [&](const JournalPlace& place, const std::string& topic, JournalFiles& files) {
        const JournalReport report = files.verify();
        whole = whole && report.whole();
        out.text() += options.print.json ? verification_json(place.bus, topic, report)
                                         : verification_text(place.bus, topic, report);
        out.flush();
      },
      places);
  return whole ? status : 1;
}

int export_events(const std::string& bus, const JournalOptions& options) {
  const JournalPlace place = journal_place(bus, options.folder);
  JournalFiles files(place.folder, place.bus, *options.topic);
  const JournalInfo info = files.info();
  const SignalScope signals;
  JournalEvents events =
      files.read(parse_start(options.from.value_or("oldest"), now()), {.incarnation = place.incarnation});
  EventOutput out{info.topic, options.print};
  const auto report = [&] {
    for (const JournalStretch& stretch : events.take_stretches()) {
      out.flush();
      complain(fmt::format("topic '{}': {}", info.topic.name, stretch_text(stretch)));
    }
  };
  std::uint64_t left = options.count.value_or(std::numeric_limits<std::uint64_t>::max());
  for (; left > 0 && received_signal() == 0; --left) {
    const EventSnapshot* event = events.next();
    report();
    if (event == nullptr) break;
    out.print(parts_of(*event));
  }
  out.flush();
  return 0;
}

std::string pruned_text(const JournalOptions& options, const std::string& bus, const PruneReport& report) {
  return fmt::format("bus '{}', topic '{}': {} {} ({}), numbers up to {}\n", bus, *options.topic,
                     options.yes ? "removed" : "would remove", counted(report.files, "file"), byte_count(report.bytes),
                     report.last);
}

std::string pruned_json(const JournalOptions& options, const std::string& bus, const PruneReport& report) {
  nlohmann::ordered_json object;
  object["bus"] = bus;
  object["topic"] = *options.topic;
  object["files"] = report.files;
  object["bytes"] = report.bytes;
  object["last"] = report.last;
  object["removed"] = options.yes;
  return object.dump() + '\n';
}

int prune(const std::string& bus, const JournalOptions& options) {
  const JournalPlace place = journal_place(bus, options.folder);
  JournalFiles files(place.folder, place.bus, *options.topic);
  PruneLimits limits{.before = options.before.value_or(0), .older_than = {}, .bytes = options.to};
  if (options.older) limits.older_than = now() - *options.older;
  const PruneReport report = files.prune(limits, !options.yes);
  Output out;
  if (options.print.json)
    out.text() = pruned_json(options, bus, report);
  else if (report.files != 0)
    out.text() = pruned_text(options, bus, report);
  out.flush();
  if (report.files == 0)
    hint("no file goes: files go whole, and the newest one stays");
  else if (!options.yes)
    hint("nothing was changed; give --yes to remove it");
  return 0;
}

int run(const ChosenBus& bus, const JournalOptions& options) {
  check_options(options);
  if (options.action == "ls") return list(bus, options);
  if (options.action == "verify") return verify(bus, options);
  if (options.action == "export") return export_events(bus.name, options);
  return prune(bus.name, options);
}

}  // namespace

void add_journal(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<JournalOptions>();
  Command& command =
      line.verb("journal", "List, check, print or prune what topics wrote to disk")
          .argument("ACTION", without_preset(choice(options->action, {"ls", "verify", "export", "prune"})),
                    "ls, verify, export or prune")
          .optional_argument("TOPIC", text_value(options->topic), "The topic; export and prune need it")
          .option("-d,--journals", "FOLDER", text_value(options->folder),
                  "Where the journals lie, if not where the bus has them")
          .option("-f,--from", "START", text_value(options->from),
                  "export: where to begin, as in shmbus sub; the oldest event")
          .option("-n,--count", "N", whole_number(options->count), "export: end after N events");
  add_print_options(command, options->print)
      .option("--before", "N", whole_number(options->before), "prune: files whose numbers are all below N")
      .option("--older", "AGE", duration_value(options->older), "prune: files whose events are all older, such as 36h")
      .option("--to", "SIZE", byte_size(options->to), "prune: the oldest files, until the rest takes at most SIZE")
      .flag("-y,--yes", options->yes, "prune: remove them, instead of only saying what would go")
      .explain(
          R"(It reads the files, and needs no bus: also after the machine has started again. The folder is the one that the
bus's creator chose; without a bus it is SHMBUS_JOURNALS, else /var/lib/shmbus for root, else
$XDG_STATE_HOME/shmbus or ~/.local/state/shmbus. Without --bus, ls and verify go through all buses.

ls      topics, numbers, times, bytes, and who records; of one TOPIC also its files. "left in use" means that the
        bus ended with the machine's memory: whoever opens it next brings the topic back.
verify  reads every byte. It names damaged frames with their numbers, missing stretches (events that left the ring
        unrecorded) and gaps (numbers that no event has). Exit status 1 if something that was recorded is damaged.
export  prints events as shmbus sub does. What is not there is named on standard error.
prune   removes the oldest files, whole; the newest stays, and no durable subscription is asked. Not while a
        process records the topic: let TopicOptions::retain do it there.

Examples:
  shmbus journal ls
  shmbus journal verify --bus shop
  shmbus journal export --bus shop orders.created --from time:-1h --json
  shmbus journal prune --bus shop orders.created --older 30d --yes)")
      .action([options, &bus] { return run(bus, *options); });
}

}  // namespace shmbus::tool
