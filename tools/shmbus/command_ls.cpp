#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "output.hpp"
#include "shmbus/inspector.hpp"
#include "standard_error.hpp"
#include "topic_table.hpp"
#include "unreadable.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct LsOptions {
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
  Output out;
  if (options.json) {
    for (const TopicSnapshot& topic : snapshot.topics) out.text() += topic_json(topic);
  } else {
    out.text() = topic_table(snapshot.topics);
  }
  if (snapshot.topics.empty() && status == 0) {
    hint(fmt::format("bus '{}' has no topic yet; the first publisher of a topic creates it", bus));
  }
  out.flush();
  return status;
}

}  // namespace

Verb ls_verb(CLI::App& program, const std::string& bus) {
  CLI::App* app = program.add_subcommand("ls", "List the topics of a bus, or the buses of this machine");
  const auto options = std::make_shared<LsOptions>();
  app->add_flag("--buses", options->buses, "List the buses of this machine instead");
  app->add_flag("-j,--json", options->json, "One JSON object a line, memory in bytes");
  app->footer(R"(RETAINED counts the events that can still be read with `sub --from`; PUBLISHERS and SUBSCRIBERS
count those that live. Looking disturbs nothing and creates nothing.

Examples:
  shmbus ls
  shmbus ls --json | jq 'select(.subscribers == 0).topic')");
  return {app, [options, &bus] { return options->buses ? list_buses(*options) : list_topics(bus, *options); }};
}

}  // namespace shmbus::tool
