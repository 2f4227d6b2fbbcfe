#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "output.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "snapshot_topics.hpp"
#include "topic_table.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct RmOptions {
  std::optional<std::string> topic;  // an empty name is a wrong name, not the whole bus
  bool force = false;
  bool journal = false;

  Journals journals() const { return journal ? Journals::erase : Journals::keep; }
};

/// The processes that use a bus or topic: "shmbus sub (pid 4711), player (pid 4712) and 3 more".
class Users {
 public:
  void add(const std::string& program, std::int32_t pid) {
    const std::string user = fmt::format("{} (pid {})", printable(program), pid);
    for (const std::string& known : users_) {
      if (known == user) return;  // a process may hold several ports
    }
    users_.push_back(user);
  }

  /// Throws Error if there is one.
  void refuse(const std::string& object) const {
    if (users_.empty()) return;
    constexpr std::size_t most = 5;
    std::string list;
    for (std::size_t i = 0; i < std::min(users_.size(), most); ++i) list += (i == 0 ? "" : ", ") + users_[i];
    if (users_.size() > most) list += fmt::format(" and {} more", users_.size() - most);
    throw Error(ErrorCode::busy, {.object = object,
                                  .expected = {},
                                  .found = "is in use by " + list,
                                  .remedy = "end that first, or give --force"});
  }

 private:
  std::vector<std::string> users_;
};

Users users_of(const BusSnapshot& bus) {
  Users users;
  for (const NodeSnapshot& node : bus.nodes) {
    if (node.alive) users.add(node.program, node.pid);
  }
  return users;
}

Users users_of(const TopicSnapshot& topic) {
  Users users;
  for (const PublisherSnapshot& p : topic.publishers) {
    if (p.alive) users.add(p.program, p.pid);
  }
  for (const SubscriberSnapshot& s : topic.subscribers) {
    if (s.alive) users.add(s.program, s.pid);
  }
  return users;
}

void report(const std::string& what) {
  Output out;
  out.text() = what + '\n';
  out.flush();
}

std::string found_text(const TopicSnapshot& topic) {
  return topic.problem.empty() ? fmt::format(" ({}, {})", counted(retained(topic), "retained event"),
                                             byte_count(topic.memory))
                               : "";
}

/// A snapshot of the bus; nothing if it can't be read, for example because it is of another version.
std::optional<BusSnapshot> look_at(const std::string& bus) {
  try {
    return Inspector{bus}.snapshot();
  } catch (const Error& error) {
    // For an invalid name, or where the system refuses, removing gives the same error.
    return std::nullopt;
  }
}

int remove_topic(const std::string& bus_name, const std::string& name, const RmOptions& options) {
  const bool force = options.force;
  const std::optional<BusSnapshot> bus = look_at(bus_name);
  const TopicSnapshot* topic = nullptr;
  if (bus) {
    for (const TopicSnapshot& t : bus->topics) topic = t.info.name == name ? &t : topic;
  }
  if (topic != nullptr && !force)
    users_of(*topic).refuse(fmt::format("topic '{}' of bus '{}'", name, bus_name));
  try {
    if (Bus::open(bus_name, {.create = false}).remove_topic(name, options.journals())) {
      report(fmt::format("removed topic '{}' of bus '{}'{}", name, bus_name, topic != nullptr ? found_text(*topic) : ""));
      return 0;
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found && force) return 0;
    throw;
  }
  if (!force) find_topic(bus.value_or(BusSnapshot{}), name);  // throws
  return 0;
}

int remove_bus(const std::string& name, const RmOptions& options) {
  const bool force = options.force;
  const std::optional<BusSnapshot> bus = look_at(name);
  std::string memory, topics;
  for (const BusFiles& files : Inspector::files()) {
    if (files.bus == name) memory = byte_count(files.memory);
  }
  if (bus) {
    if (!force) users_of(*bus).refuse(fmt::format("bus '{}'", name));
    topics = counted(bus->topics.size(), "topic") + ", ";
  }
  if (Bus::remove(name, options.journals())) {
    report(fmt::format("removed bus '{}'{}", name, memory.empty() ? "" : fmt::format(" ({}{})", topics, memory)));
    return 0;
  }
  if (!force) Inspector{name};  // throws an error that names the existing buses
  return 0;
}

int run(const std::string& bus_name, const RmOptions& options) {
  return options.topic ? remove_topic(bus_name, *options.topic, options) : remove_bus(bus_name, options);
}

}  // namespace

void add_rm(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<RmOptions>();
  line.verb("rm", "Remove a bus with all its topics and events, or one topic")
      .option("-t,--topic", "NAME", text_value(options->topic), "Remove only this topic")
      .flag("-f,--force", options->force, "Remove what is in use, and succeed where there is nothing to remove")
      .flag("--journal", options->journal, "Remove what was written to disk, too")
      .explain(R"(It refuses, and names the processes, while live members use the bus, or live publishers or subscribers the
topic; with --force it does not ask. Programs that use what was removed keep what they have mapped, and learn
that it was removed. What was removed is printed. Journals stay, and a topic that is made anew goes on with their
numbering; with --journal they go, too.

Examples:
  shmbus rm --bus streaming
  shmbus rm --topic hello.world)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
