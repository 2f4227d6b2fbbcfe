#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dead_letters.hpp"
#include "event_extras.hpp"
#include "group_text.hpp"
#include "output.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "snapshot_topics.hpp"
#include "standard_error.hpp"
#include "table.hpp"
#include "time_text.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct DeadOptions {
  std::string topic;
  std::vector<std::uint64_t> numbers;
  std::optional<std::string> group;
  bool all = false;
  bool redeliver = false;
  bool drop = false;
  bool json = false;
};

struct Found {
  std::string dead_topic;
  std::vector<DeadLetter> letters;
};

std::vector<Found> find_letters(const std::string& bus, const DeadOptions& options) {
  Inspector inspector{bus};
  const BusSnapshot snapshot = inspector.snapshot();
  const auto groups = inspector.groups(snapshot);
  const auto topics = dead_letter_topics(snapshot, groups, options.topic, options.group);
  if (topics.empty()) {
    const bool known =
        std::any_of(groups.begin(), groups.end(), [&](const auto& g) { return g.topic == options.topic; });
    if (!known) find_topic(snapshot, options.topic);  // throws for a name that was mistyped
  }
  std::vector<Found> found;
  for (const std::string& topic : topics)
    found.push_back({topic, list_dead_letters(inspector, topic, options.topic, options.group)});
  return found;
}

/// The begin of a payload, on one line.
std::string payload_begin(const EventSnapshot& event) {
  constexpr std::size_t most = 60;
  const std::string text{reinterpret_cast<const char*>(event.payload.data()), std::min(event.payload.size(), most)};
  return printable(text) + (event.payload.size() > most ? "..." : "");
}

int list(const std::string& bus, const DeadOptions& options) {
  Output out;
  std::size_t count = 0;
  const Time now = std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now());
  Table table({{"NUMBER"},
               {"TIME", Table::Align::left, 4},
               {"GROUP", Table::Align::left, 0, 10},
               {"DELIVERIES", Table::Align::right, 2},
               {"REASON", Table::Align::left, 0, 12},
               {"LAST HOLDER", Table::Align::left, 3, 12},
               {"ORIGIN", Table::Align::left, 5},
               {"PAYLOAD", Table::Align::left, 1, 12}});
  for (const Found& found : find_letters(bus, options)) {
    for (const DeadLetter& letter : found.letters) {
      ++count;
      if (options.json) out.text() += dead_letter_json(letter);
      table.add({std::to_string(letter.event.sequence), clock_text(letter.event.time, now), printable(letter.group),
                 printable(letter.deliveries), printable(letter.reason), printable(letter.holder),
                 printable(letter.origin), payload_begin(letter.event)});
    }
  }
  if (!options.json) out.text() = table.text(out.columns());
  if (count == 0) hint(fmt::format("no dead letters of topic '{}' wait for a decision", options.topic));
  out.flush();
  return 0;
}

/// The dead letters that the command names. *Throws* Error where one of them does not wait for a decision.
std::pair<std::string, std::map<std::uint64_t, std::string>> choose(const std::vector<Found>& found,
                                                                    const DeadOptions& options) {
  std::vector<const Found*> with;
  for (const Found& f : found) {
    if (!f.letters.empty()) with.push_back(&f);
  }
  if (with.size() > 1) {
    throw Error(ErrorCode::invalid_option, {"dead letters of topic '" + options.topic + "'",
                                            "one topic of dead letters", "several", "name a group (--group)"});
  }
  std::map<std::uint64_t, std::string> chosen;  // the group, by number
  if (with.empty()) return {"", chosen};
  for (const DeadLetter& letter : with.front()->letters) {
    const std::uint64_t number = letter.event.sequence;
    if (options.all || std::find(options.numbers.begin(), options.numbers.end(), number) != options.numbers.end())
      chosen.emplace(number, letter.group);
  }
  return {with.front()->dead_topic, std::move(chosen)};
}

/// Publishes dead letters to the topics from which their groups take again.
class Redelivery {
 public:
  Redelivery(Bus& bus, const std::string& topic, const std::string& dead_topic) : bus_(bus), topic_(topic) {
    info_ = bus.find_topic(topic);
    if (!info_) info_ = bus.find_topic(dead_topic);
  }

  Status publish(const Event& event, const std::string& group) {
    auto place = publishers_.find(group);
    if (place == publishers_.end()) place = publishers_.emplace(group, open(group)).first;
    PublishOptions options{.timeout = std::chrono::seconds{1}, .key = event.key()};
    for (const EventHeader& header : event.headers()) {
      if (is_kept_header(header.name)) options.headers.push_back(header);
    }
    if (const TraceContext* trace = event.trace()) options.trace = *trace;
    return place->second.publish(event.payload(), options).status();
  }

 private:
  /// Of the topic's type, and as lasting; with room for the header that it did not have at first.
  Publisher open(const std::string& group) {
    TopicOptions options;
    options.accept_raw = true;
    if (!info_) return bus_.publisher(topic_ + ".retry." + group, options);
    constexpr std::size_t most = std::size_t{64} << 20;
    options.block_size = std::min(2 * info_->block_size, most);
    options.mode = info_->mode;
    options.journal = info_->journal;
    return bus_.publisher(topic_ + ".retry." + group, options, info_->type());
  }

  Bus& bus_;
  std::string topic_;
  std::optional<TopicInfo> info_;
  std::map<std::string, Publisher> publishers_;
};

class Decision {
 public:
  Decision(Bus& bus, const DeadOptions& options, const std::string& dead_topic,
           std::map<std::uint64_t, std::string> chosen)
      : options_(options),
        chosen_(std::move(chosen)),
        redelivery_(bus, options.topic, dead_topic),
        group_(bus.group(dead_topic, dead_letters_group,
                         {.lease = std::chrono::minutes{1},
                          .max_deliveries = 0,
                          .backoff = {},
                          .start = Start::oldest(),
                          .abandon_after = std::chrono::milliseconds{1},
                          .name = "shmbus dead"})) {}

  /// Returns how many were decided. The last acknowledgement comes after the others were given back, so that these do not
  /// count as failures of the group.
  std::size_t run() {
    std::vector<Lease> others;
    std::optional<Lease> pending;
    while (!chosen_.empty()) {
      Lease lease = group_.take(std::chrono::seconds{2});
      if (!lease) break;
      const auto found = chosen_.find(lease.event().sequence());
      if (found == chosen_.end()) {
        others.push_back(std::move(lease));
        continue;
      }
      if (pending) decide(*pending);
      to_ = found->second;
      pending = std::move(lease);
      chosen_.erase(found);
      decide_publish(*pending);
    }
    for (Lease& lease : others) static_cast<void>(lease.give_back(std::chrono::nanoseconds{0}));
    if (pending) decide(*pending);
    return decided_;
  }

  bool complete() const { return chosen_.empty() && !failed_; }

 private:
  void decide_publish(Lease& lease) {
    published_ = Status::ok;
    if (options_.redeliver) published_ = redelivery_.publish(lease.event(), to_);
  }

  void decide(Lease& lease) {
    const std::uint64_t number = lease.event().sequence();
    if (published_ != Status::ok) {
      complain(fmt::format("dead letter {}: could not be published: {}", number, to_string(published_)));
      static_cast<void>(lease.give_back(std::chrono::nanoseconds{0}));
      failed_ = true;
    } else if (const Status status = lease.acknowledge(); status != Status::ok) {
      complain(fmt::format("dead letter {}: {}: it is listed again", number, to_string(status)));
      failed_ = true;
    } else {
      ++decided_;
    }
  }

  const DeadOptions& options_;
  std::map<std::uint64_t, std::string> chosen_;
  Redelivery redelivery_;
  Group group_;
  std::string to_;
  Status published_ = Status::ok;
  std::size_t decided_ = 0;
  bool failed_ = false;
};

int decide(const std::string& bus_name, const DeadOptions& options) {
  auto [dead_topic, chosen] = choose(find_letters(bus_name, options), options);
  int status = 0;
  for (const std::uint64_t number : options.numbers) {
    if (chosen.contains(number)) continue;
    complain(fmt::format("dead letter {} of topic '{}' does not exist, or was decided before", number, options.topic));
    status = 1;
  }
  std::size_t decided = 0;
  if (!chosen.empty()) {
    Bus bus = Bus::open(bus_name, {.create = false});
    Decision decision{bus, options, dead_topic, std::move(chosen)};
    decided = decision.run();
    if (!decision.complete()) {
      complain("some could not be leased or decided: another shmbus dead works on them, or they left the ring");
      status = 1;
    }
  }
  Output out;
  out.text() = fmt::format("{} {}\n", options.redeliver ? "redelivered" : "dropped", counted(decided, "dead letter"));
  out.flush();
  return status;
}

int run(const std::string& bus, const DeadOptions& options) {
  if (!options.redeliver && !options.drop) {
    if (options.all || !options.numbers.empty()) throw UsageError("NUMBERS and --all: need --redeliver or --drop");
    return list(bus, options);
  }
  if (options.all == !options.numbers.empty()) throw UsageError("--redeliver and --drop: need NUMBERS or --all");
  return decide(bus, options);
}

}  // namespace

void add_dead(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<DeadOptions>();
  line.verb("dead", "List dead letters of a topic's groups; publish them again, or drop them")
      .argument("TOPIC", text_value(options->topic), "The topic that the groups work on")
      .optional_argument("NUMBERS",
                         list_value(options->numbers, [](std::uint64_t& number) { return whole_number(number); }),
                         "Which: their numbers in the list, with commas")
      .flag("--redeliver", options->redeliver, "Publish them again, for their group alone")
      .flag("--drop", options->drop, "Take them off the list")
      .flag("--all", options->all, "All of the list")
      .option("-g,--group", "NAME", text_value(options->group), "Only those of this group")
      .flag("-j,--json", options->json, "One JSON object per line and dead letter, with its headers")
      .exclude("--redeliver", "--drop")
      .exclude("--all", "NUMBERS")
      .explain(
          R"(An event becomes a dead letter when it was leased as often as its group allows, or a member rejected it. It is
published to TOPIC.dead, or to the topic in the group's options. What is neither redelivered nor dropped is listed,
with the group, how often it was leased, why it is dead, and its last holder. --redeliver publishes payload, key
and headers to TOPIC.retry.GROUP, from which the group's members take; ORIGIN stays the event that it was first.
What is still to be decided is kept by a group named dead-letters, made by the first decision: listing only looks.

Examples:
  shmbus dead orders.created
  shmbus dead orders.created 3,7 --redeliver
  shmbus dead orders.created --group billing --drop --all)")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
