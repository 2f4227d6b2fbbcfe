#include <fmt/format.h>

#include <memory>

#include "created.hpp"
#include "output.hpp"
#include "shmbus/shmbus.hpp"
#include "standard_error.hpp"
#include "topic_shape.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct TopicVerbOptions {
  std::string name;
  TopicShape shape;
};

int run(const std::string& bus_name, const TopicVerbOptions& options) {
  Created created(bus_name, options.name);
  Bus bus = Bus::open(bus_name);
  TopicInfo info;
  try {
    info = bus.topic(options.name, options.shape.options());
  } catch (...) {
    created.take_back(bus);
    throw;
  }
  Output out;
  const auto different = created.topic_is_new() ? std::vector<DifferentOption>{} : differences(options.shape, info);
  if (different.empty()) {
    out.text() = fmt::format("topic '{}' on bus '{}': {}: {}\n", info.name, bus_name,
                             created.topic_is_new() ? "created" : "exists already, as asked for", shape_text(info));
    out.flush();
    return 0;
  }
  complain(fmt::format("topic '{}' on bus '{}' exists with other options: {}; remove it first (shmbus rm --topic {}), or "
                       "use its options",
                       info.name, bus_name, differences_text(different), info.name));
  return 1;
}

}  // namespace

void add_topic(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<TopicVerbOptions>();
  Command& command = line.verb("topic", "Create a topic ahead of its first publisher")
                         .argument("NAME", text_value(options->name),
                                   "Tokens of letters, digits, _ and - joined by dots: video.watch_started");
  add_other_options(add_journal_options(add_size_options(command, options->shape), options->shape), options->shape)
      .explain(R"(The bus is created if it does not exist. A topic that exists stays as it is: that is printed, and where it
lacks what was asked for, each such option, with exit status 1. With --journal a process that uses the topic
writes its events to disk behind the publishers; see shmbus journal and shmbusd(8).

Examples:
  shmbus topic camera.still --block-size 16MiB --blocks 4
  shmbus topic orders.new --exclusive --reserve
  shmbus topic orders.created --journal batch --retain-age 30d)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
