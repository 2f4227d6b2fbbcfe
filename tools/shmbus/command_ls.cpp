#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "output.hpp"
#include "shmbus/inspector.hpp"
#include "standard_error.hpp"
#include "topic_table.hpp"
#include "snapshot_topics.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct LsOptions {
  std::optional<std::string> pattern;
  bool buses = false;
  bool json = false;
};

int list_buses(const LsOptions& options) {
  Output out;
  for (const std::string& bus : Inspector::buses()) {
    out.text() += options.json ? nlohmann::ordered_json{{"bus", bus}}.dump() : bus;
    out.text() += '\n';
  }
  out.flush();
  return 0;
}

int list_topics(const std::string& bus, const LsOptions& options) {
  BusSnapshot snapshot = Inspector{bus}.snapshot();
  const int status = drop_unreadable(snapshot);
  if (options.pattern) keep_matching(snapshot, *options.pattern);
  Output out;
  if (options.json) {
    for (const TopicSnapshot& topic : snapshot.topics) out.text() += topic_json(topic);
  } else {
    out.text() = topic_table(snapshot.topics, out.columns());
  }
  if (snapshot.topics.empty() && status == 0) {
    hint(fmt::format("bus '{}' has no topic yet; the first publisher of a topic creates it", bus));
  }
  out.flush();
  return status;
}

}  // namespace

void add_ls(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<LsOptions>();
  line.verb("ls", "List the topics of a bus, or the buses of this machine")
      .optional_argument("PATTERN", text_value(options->pattern), "Only topics that match: * is one token, > the rest")
      .flag("--buses", options->buses, "List the buses of this machine instead")
      .exclude("--buses", "PATTERN")
      .flag("-j,--json", options->json, "One JSON object per line, memory in bytes")
      .explain(R"(RETAINED counts the events that can still be read with `sub --from`; PUBS and SUBS count the publishers and
subscribers that live. On a terminal that is too narrow names are shortened, and TYPE is left out. Looking
disturbs nothing and creates nothing.

Examples:
  shmbus ls
  shmbus ls 'video.>'
  shmbus ls --json | jq 'select(.subscribers == 0).topic')")
      .action([options, &bus] { return options->buses ? list_buses(*options) : list_topics(bus.name, *options); });
}

}  // namespace shmbus::tool
