#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>

#include "shmbus/shmbus.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct RmOptions {
  std::optional<std::string> topic;  // an empty name is a wrong name, not the whole bus
  bool force = false;
};

bool remove_topic(const std::string& bus_name, const std::string& topic, bool force) {
  try {
    const Inspector existing{bus_name};  // Bus::open alone would create the bus
    return Bus::open(bus_name).remove_topic(topic);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found && force) return false;
    throw;
  }
}

int run(const std::string& bus_name, const RmOptions& options) {
  const bool whole_bus = !options.topic;
  const bool removed = whole_bus ? Bus::remove(bus_name) : remove_topic(bus_name, *options.topic, options.force);
  if (removed || options.force) return 0;
  throw Error(ErrorCode::not_found,
              {.object = whole_bus ? fmt::format("bus '{}'", bus_name)
                                   : fmt::format("topic '{}' on bus '{}'", *options.topic, bus_name),
               .expected = "one to remove",
               .found = "none",
               .remedy = whole_bus ? "shmbus ls --buses lists what there is" : "shmbus ls lists what there is"});
}

}  // namespace

Verb rm_verb(CLI::App& program, const std::string& bus) {
  CLI::App* app = program.add_subcommand("rm", "Remove a bus with all its topics and events, or one topic");
  const auto options = std::make_shared<RmOptions>();
  app->add_option("-t,--topic", options->topic, "Remove only this topic")->type_name("NAME");
  app->add_flag("-f,--force", options->force, "Be silent and succeed where there is nothing to remove");
  app->footer(R"(It does not ask. Programs that use the bus keep what they have mapped and are told that it was removed.

Examples:
  shmbus rm --bus streaming
  shmbus rm --topic hello.world)");
  return {app, [options, &bus] { return run(bus, *options); }};
}

}  // namespace shmbus::tool
