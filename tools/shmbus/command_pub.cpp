#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "input.hpp"
#include "line_splitter.hpp"
#include "printable_text.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct PubOptions {
  std::string topic;
  std::optional<std::string> text;
  bool lines = false;
  bool exclusive = false;
  bool as_type = false;
  std::optional<std::uint64_t> block_size;
  std::optional<std::size_t> blocks;
};

TopicOptions topic_options(const PubOptions& options) {
  TopicOptions topic;
  if (options.block_size) topic.block_size = *options.block_size;
  if (options.blocks) topic.blocks = *options.blocks;
  if (options.exclusive) topic.writers = Writers::exclusive;
  return topic;
}

/// Options shape a topic when it is created; for one that exists they are without effect, which is said.
void compare(const TopicInfo& topic, const PubOptions& options) {
  const auto note = [&](const char* option, const auto& found) {
    complain(fmt::format("note: topic '{}' exists with {}; {} has no effect on it", topic.name, found, option));
  };
  if (options.block_size && *options.block_size != topic.block_size) {
    note("--block-size", fmt::format("blocks of {} bytes", topic.block_size));
  }
  // The library rounds up to a power of two.
  if (options.blocks && (topic.blocks < *options.blocks || topic.blocks / 2 >= *options.blocks)) {
    note("--blocks", fmt::format("{} blocks", topic.blocks));
  }
  if (options.exclusive && topic.writers != Writers::exclusive) note("--exclusive", "shared publishers");
}

[[noreturn]] void refuse_size(const TopicInfo& topic, const std::string& object, const std::string& found) {
  throw Error(ErrorCode::limit, {.object = object,
                                 .expected = fmt::format("a payload of at most {} bytes", topic.max_payload),
                                 .found = found,
                                 .remedy = fmt::format("create topic '{}' with a larger --block-size (now {})",
                                                       topic.name, topic.block_size)});
}

/// A publisher of the type that the topic carries, for --as-type.
Publisher typed_publisher(Bus& bus, const PubOptions& options) {
  const auto info = bus.find_topic(options.topic);
  if (!info || info->content != Content::typed) {
    throw Error(info ? ErrorCode::type_mismatch : ErrorCode::not_found,
                {.object = fmt::format("topic '{}', option --as-type", options.topic),
                 .expected = "a topic that carries a type",
                 .found = !info                           ? "no such topic"
                          : info->content == Content::raw ? "one of raw bytes"
                                                          : "one that carries nothing yet",
                 .remedy = "leave --as-type out"});
  }
  return bus.publisher(options.topic, topic_options(options), info->type());
}

Publisher open_publisher(Bus& bus, const PubOptions& options) {
  if (options.as_type) return typed_publisher(bus, options);
  try {
    return bus.publisher(options.topic, topic_options(options));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::type_mismatch) throw;
    throw Error(error.code(), {.object = error.object(),
                               .expected = error.expected(),
                               .found = error.found(),
                               .remedy = "with --as-type, give the bytes of one value; or choose another topic"});
  }
}

/// Subscribers take what comes for a value of the type.
void check_type_size(const TopicInfo& topic, std::size_t size, const std::string& object) {
  if (topic.content != Content::typed || size == topic.type_size) return;
  throw Error(ErrorCode::type_mismatch,
              {.object = object,
               .expected = fmt::format("the {} bytes of a '{}'", topic.type_size, printable(topic.type_name)),
               .found = fmt::format("{} bytes", size),
               .remedy = "give exactly one value, as it lies in memory"});
}

/// Waits while a reliable subscriber holds the ring back. False only when a signal ended that. `object()` names the
/// payload.
template <class Object>
bool publish(Publisher& publisher, std::string_view payload, bool as_type, Object&& object) {
  if (as_type) check_type_size(publisher.topic(), payload.size(), object());
  const PublishResult result = publisher.publish(payload);
  switch (result.status()) {
    case Status::ok:
      return true;
    case Status::back_pressured:
      if (received_signal() != 0) return false;
      break;
    case Status::too_large:
      refuse_size(publisher.topic(), object(), fmt::format("{} bytes", payload.size()));
    default:
      break;
  }
  throw Error(ErrorCode::system, {.object = object(),
                                  .expected = fmt::format("to publish it on '{}'", publisher.topic().name),
                                  .found = to_string(result.status()),
                                  .remedy = {}});
}

void publish_lines(Publisher& publisher, Input& input, bool as_type) {
  LineSplitter splitter;
  std::uint64_t number = 0;
  const std::size_t most = publisher.topic().max_payload;
  const auto object = [&] { return fmt::format("line {} of standard input", number); };
  const auto publish_line = [&](std::string_view line) {
    ++number;
    return publish(publisher, line, as_type, object);
  };
  while (input.read(splitter.pending())) {
    if (!splitter.take_lines(publish_line)) return;
    if (splitter.rest().size() > most) {
      ++number;
      refuse_size(publisher.topic(), object(), fmt::format("more than {} bytes", most));
    }
  }
  if (received_signal() == 0 && !splitter.rest().empty()) publish_line(splitter.rest());
}

void publish_input(Publisher& publisher, Input& input, bool as_type) {
  std::string payload;
  const std::size_t most = publisher.topic().max_payload;
  while (input.read(payload)) {
    if (payload.size() > most) {
      refuse_size(publisher.topic(), "standard input", fmt::format("more than {} bytes", most));
    }
  }
  if (received_signal() == 0) publish(publisher, payload, as_type, [] { return "standard input"; });
}

int run(const std::string& bus_name, const PubOptions& options) {
  Bus bus = Bus::open(bus_name);
  const SignalScope signals{bus};
  Publisher publisher = open_publisher(bus, options);
  compare(publisher.topic(), options);
  if (options.text) {
    publish(publisher, *options.text, options.as_type, [] { return "TEXT"; });
    return 0;
  }
  Input input{signals.fd()};
  if (::isatty(STDIN_FILENO) == 1) {
    hint(fmt::format("{} on topic '{}'; Ctrl-D ends",
                     options.lines ? "each line you type is an event" : "what you type is one event", options.topic));
  }
  if (options.lines) {
    publish_lines(publisher, input, options.as_type);
  } else {
    publish_input(publisher, input, options.as_type);
  }
  return 0;
}

}  // namespace

Verb pub_verb(CLI::App& program, const std::string& bus) {
  CLI::App* app = program.add_subcommand("pub", "Publish events on a topic");
  const auto options = std::make_shared<PubOptions>();
  app->add_option("TOPIC", options->topic, "Tokens of letters, digits, _ and - joined by dots: video.watch_started")
      ->type_name("")
      ->required();
  CLI::Option* text =
      app->add_option("TEXT", options->text, "The payload; without it, all of standard input is one event's payload")
          ->type_name("");
  app->add_flag("-l,--lines", options->lines, "Each line of standard input, without its newline, is an event")
      ->excludes(text);
  app->add_option("--block-size", options->block_size,
                  "Bytes of a block, such as 64KiB: a power of two; bounds the payload")
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(false).description(""))
      ->check(whole_number());
  app->add_option("--blocks", options->blocks, "Blocks the ring retains")->type_name("N")->check(whole_number());
  app->add_flag("--exclusive", options->exclusive, "One publisher at a time; cheaper");
  app->add_flag("--as-type", options->as_type,
                "Publish to a topic that carries a type; each payload must be the bytes of one value");
  app->footer(R"(The bus and the topic are created if they are not there; --block-size, --blocks and --exclusive shape a
topic at that moment and not later. Events stay readable until newer ones need their room. While a
reliable subscriber holds the ring back, pub waits. A topic that carries a type refuses raw bytes, unless
it was created to accept them: see --as-type. Write -- before a TEXT that begins with a dash.

Exit status: 0 when all was published, 1 when something was not, 2 for wrong arguments.

Examples:
  shmbus pub hello.world hi
  tail -f access.log | shmbus pub web.access --lines
  shmbus pub camera.still --block-size 16MiB < still.jpg
  printf '\x2a\0\0\0' | shmbus pub thermostat.target --as-type)");
  return {app, [options, &bus] { return run(bus, *options); }};
}

}  // namespace shmbus::tool
