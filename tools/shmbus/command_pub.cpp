#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "blocking_process.hpp"
#include "created.hpp"
#include "input.hpp"
#include "line_splitter.hpp"
#include "printable_text.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"
#include "topic_shape.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct PubOptions {
  std::string topic;
  std::optional<std::string> text;
  bool lines = false;
  bool as_type = false;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string key;
  std::optional<TraceContext> trace;
  TopicShape shape;

  bool has_extras() const noexcept { return !headers.empty() || !key.empty() || trace; }
};

/// `extras`: headers, a key or a trace stand in the block beside the payload.
[[noreturn]] void refuse_size(const TopicInfo& topic, bool extras, const std::string& object,
                              const std::string& found) {
  throw Error(ErrorCode::limit, {.object = object,
                                 .expected = fmt::format("a payload of at most {} bytes{}", topic.max_payload,
                                                         extras ? ", together with its headers, key and trace" : ""),
                                 .found = extras ? found + " of payload alone" : found,
                                 .remedy = fmt::format("topic '{}' must be created with a larger --block-size than {}",
                                                       topic.name, topic.block_size)});
}

/// A publisher of the type that the topic carries, for --as-type.
Publisher typed_publisher(Bus& bus, const PubOptions& options) {
  const auto info = bus.find_topic(options.topic);
  if (!info || info->content != Content::typed) {
    throw Error(info ? ErrorCode::type_mismatch : ErrorCode::not_found,
                {.object = fmt::format("topic '{}', option --as-type:", options.topic),
                 .expected = {},
                 .found = !info                           ? "the topic does not exist, so it has no type"
                          : info->content == Content::raw ? "the topic carries raw bytes"
                                                          : "the topic carries nothing yet",
                 .remedy = "leave --as-type out"});
  }
  return bus.publisher(options.topic, options.shape.options(), info->type());
}

Publisher open_publisher(Bus& bus, const PubOptions& options) {
  if (options.as_type) return typed_publisher(bus, options);
  try {
    return bus.publisher(options.topic, options.shape.options());
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

/// Reports which processes hold publishers of the topic back, in the words of `shmbus who`.
void report_held_back(const std::string& bus, const std::string& topic) {
  Inspector inspector{bus};
  for (const BlockingProcess& process : find_blocking_processes(inspector, inspector.snapshot())) {
    if (process.what == BlockingProcess::What::ring && process.topic == topic)
      complain("waiting: " + blocking_process_line(process));
  }
}

/// The error for a removal: says whether the bus or the topic was removed.
std::string closed_text(const Bus& bus, const std::string& topic) {
  if (bus.removed()) return fmt::format("bus '{}' was removed; publish again to create a new one", bus.name());
  return fmt::format("topic '{}' was removed; publish again to create a new one", topic);
}

/// Publishes payloads one by one.
class PayloadPublisher {
 public:
  PayloadPublisher(Bus& bus, const PubOptions& options)
      : bus_(&bus), publisher_(open_publisher(bus, options)), as_type_(options.as_type), extras_(options.has_extras()) {
    for (const auto& [name, value] : options.headers) with_.headers.push_back({name, value});
    with_.key = options.key;
    with_.trace = options.trace;
  }

  const TopicInfo& topic() const noexcept { return publisher_.topic(); }

  [[noreturn]] void refuse_size(const std::string& object, const std::string& found) const {
    tool::refuse_size(topic(), extras_, object, found);
  }

  /// Waits while a reliable subscriber holds the ring back, and after a second reports which one. Returns false only if a
  /// signal ended the wait. `object()` names the payload.
  template <class Object>
  bool publish(std::string_view payload, Object&& object) {
    using namespace std::chrono_literals;
    if (as_type_) check_type_size(topic(), payload.size(), object());
    with_.timeout = 1s;
    PublishResult result = publisher_.publish(payload, with_);
    if (result.status() == Status::back_pressured && received_signal() == 0) {
      report_held_back(std::string{bus_->name()}, topic().name);
      with_.timeout = Timeout::unlimited();
      result = publisher_.publish(payload, with_);
    }
    switch (result.status()) {
      case Status::ok:
        return true;
      case Status::back_pressured:
        if (received_signal() != 0) return false;
        break;
      case Status::too_large:
        refuse_size(object(), fmt::format("{} bytes", payload.size()));
      case Status::closed:
        throw Error(ErrorCode::closed,
                    {.object = object() + ":", .expected = {}, .found = closed_text(*bus_, topic().name), .remedy = {}});
      default:
        break;
    }
    throw Error(ErrorCode::system, {.object = object(),
                                    .expected = fmt::format("to publish it on '{}'", topic().name),
                                    .found = to_string(result.status()),
                                    .remedy = {}});
  }

 private:
  Bus* bus_;
  Publisher publisher_;
  bool as_type_;
  bool extras_;
  PublishOptions with_;  // refers to the options of the verb
};

void publish_lines(PayloadPublisher& publisher, Input& input) {
  LineSplitter splitter;
  std::uint64_t number = 0;
  const std::size_t most = publisher.topic().max_payload;
  const auto object = [&] { return fmt::format("line {} of standard input", number); };
  const auto publish_line = [&](std::string_view line) {
    ++number;
    return publisher.publish(line, object);
  };
  while (input.read(splitter.pending())) {
    if (!splitter.take_lines(publish_line)) return;
    if (splitter.rest().size() > most) {
      ++number;
      publisher.refuse_size(object(), fmt::format("more than {} bytes", most));
    }
  }
  if (received_signal() == 0 && !splitter.rest().empty()) publish_line(splitter.rest());
}

void publish_input(PayloadPublisher& publisher, Input& input) {
  std::string payload;
  const std::size_t most = publisher.topic().max_payload;
  while (input.read(payload)) {
    if (payload.size() > most) {
      publisher.refuse_size("standard input", fmt::format("more than {} bytes", most));
    }
  }
  if (received_signal() == 0) publisher.publish(payload, [] { return std::string{"standard input"}; });
}

void publish_all(PayloadPublisher& publisher, const PubOptions& options, const SignalScope& signals) {
  if (options.text) {
    publisher.publish(*options.text, [] { return std::string{"TEXT"}; });
    return;
  }
  Input input{signals.fd()};
  if (::isatty(STDIN_FILENO) == 1) {
    hint(fmt::format("{} on topic '{}'; Ctrl-D ends",
                     options.lines ? "each line you type is an event" : "what you type is one event", options.topic));
  }
  if (options.lines) {
    publish_lines(publisher, input);
  } else {
    publish_input(publisher, input);
  }
}

int run(const std::string& bus_name, const PubOptions& options) {
  Created created(bus_name, options.topic);
  Bus bus = Bus::open(bus_name);
  const SignalScope signals{bus};
  try {
    PayloadPublisher publisher(bus, options);
    // Options shape a topic when it is created; for one that exists they are without effect.
    const auto different = differences(options.shape, publisher.topic());
    if (!created.topic_is_new() && !different.empty())
      complain(fmt::format("note: topic '{}' exists already: no effect of {}", options.topic, differences_text(different)));
    publish_all(publisher, options, signals);
  } catch (...) {
    created.take_back(bus);
    throw;
  }
  return 0;
}

}  // namespace

namespace {

/// NAME=VALUE; a value may be empty, and hold further `=`.
Value header_value(std::vector<std::pair<std::string, std::string>>& to) {
  return {[&to](const std::string& word) {
    const std::size_t sign = word.find('=');
    if (sign == std::string::npos || sign == 0) return std::string{"NAME=VALUE, with a name"};
    to.emplace_back(word.substr(0, sign), word.substr(sign + 1));
    return std::string{};
  }};
}

Value traceparent_value(std::optional<TraceContext>& to) {
  return {[&to](const std::string& word) {
    to = TraceContext::parse(word);
    if (to) return std::string{};
    return std::string{
        "a W3C traceparent, 00-<32 hex digits>-<16 hex digits>-<2 hex digits> in lower case and not all zeros"};
  }};
}

}  // namespace

void add_pub(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<PubOptions>();
  Command& command =
      line.verb("pub", "Publish events on a topic")
          .argument("TOPIC", text_value(options->topic),
                    "Tokens of letters, digits, _ and - joined by dots: video.watch_started")
          .optional_argument("TEXT", text_value(options->text),
                             "The payload; without it, all of standard input is one event's payload")
          .flag("-l,--lines", options->lines, "Each line of standard input, without its newline, is an event")
          .exclude("--lines", "TEXT")
          .repeatable_option("--header", "NAME=VALUE", header_value(options->headers),
                             "A header that travels with each event; may be given several times")
          .option("--key", "TEXT", text_value(options->key), "What each event is about, for example a user's id")
          .option("--traceparent", "TEXT", traceparent_value(options->trace),
                  "The W3C trace context that each event carries");
  add_journal_options(add_size_options(command, options->shape), options->shape)
      .flag("--as-type", options->as_type,
            "Publish to a topic that carries a type; each payload must be the bytes of one value")
      .explain(R"(The bus and the topic are created if they do not exist. --block-size, --blocks, --exclusive and those of
a journal apply only to a new topic; shmbus topic has more options. A pub that fails before it has published anything leaves no
new topic or bus. Events stay readable until newer ones need their room. While a reliable subscriber holds
the ring back, pub waits, and after a second reports which one. A topic that carries a type refuses
raw bytes, unless it was created to accept them: see --as-type. Write -- before a TEXT that begins with a dash.

Exit status: 0 when all was published, 1 when something was not, 2 for wrong arguments.

Examples:
  shmbus pub hello.world hi
  shmbus pub orders.new '{"total": 12}' --header content-type=json --key user-42
  tail -f access.log | shmbus pub web.access --lines
  shmbus pub camera.still --block-size 16MiB < still.jpg
  printf '\x2a\0\0\0' | shmbus pub thermostat.target --as-type)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
