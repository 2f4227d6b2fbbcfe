#include "bridge_auditor.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <regex>
#include <stdexcept>

#include "support/time_limits.hpp"

namespace test {
namespace {

using namespace std::chrono_literals;

/// What a bridge adds in front of an event's own headers.
constexpr std::array<std::string_view, 4> passage{"shmbus-hops", "ce-id", "ce-source", "ce-time"};

/// The event as it arrived, without what the bridge added. Without these additions `hops` stays empty.
Scripted arrived(const shmbus::Event& event, std::uint64_t number, std::string& hops) {
  Scripted seen{.number = number, .payload = std::string{event.text()}, .key = std::string{event.key()}};
  for (const shmbus::EventHeader& header : event.headers()) seen.headers.emplace_back(header.name, header.value);
  if (event.trace() != nullptr) seen.trace = *event.trace();
  const auto same = [](const auto& header, std::string_view name) { return header.first == name; };
  if (seen.headers.size() < passage.size() ||
      !std::equal(passage.begin(), passage.end(), seen.headers.begin(),
                  [&](std::string_view name, const auto& header) { return same(header, name); })) {
    return seen;
  }
  hops = seen.headers.front().second;
  seen.headers.erase(seen.headers.begin(), seen.headers.begin() + passage.size());
  return seen;
}

std::string at(std::string_view topic, std::uint64_t number) {
  return std::string{topic} + " #" + std::to_string(number);
}

/// Checks the messages of a stream, one after the other.
class StreamCheck {
 public:
  StreamCheck(const std::string& bridge, const std::string& bus)
      : root_("shmbus." + bridge + "."), source_("shmbus://" + bridge + "/" + bus + "/") {}

  void take(const StoredMessage& message) {
    if (!message.subject.starts_with(root_)) return note(message.subject + ": an unexpected subject");
    const std::string topic = message.subject.substr(root_.size());
    const auto number = number_in(topic, message.payload);
    if (!number) return note(topic + ": no scripted event");
    const std::string here = "message " + std::to_string(message.sequence) + ", " + at(topic, *number);
    std::uint64_t& last = last_[topic];
    if (*number != last + 1) note(here + ": #" + std::to_string(last + 1) + " was next");
    last = *number;
    const Scripted event = scripted(topic, *number);
    if (message.payload != event.payload) note(here + ": another payload");
    if (!is_cloud_event(message, topic)) note(here + ": not as CloudEvents say");
    if (message.header("shmbus-hops")) note(here + ": hops, though it was not forwarded");
    const auto trace = event.trace ? std::optional{event.trace->traceparent()} : std::nullopt;
    if (message.header("traceparent") != trace) note(here + ": another trace");
    if (message.header("shmbus-key").has_value() != !event.key.empty()) note(here + ": another key");
    if (message.header("shmbus-type").has_value() != topic.ends_with(".watched")) note(here + ": another type");
    if (!event.headers.empty() && message.header("content-type") != event.headers.front().second)
      note(here + ": other headers");
  }

  /// What is wrong; empty: nothing.
  std::string problem(const Book& book) {
    for (const auto& [topic, count] : book) {
      if (last_[topic] == count) continue;
      note(topic + ": ends with #" + std::to_string(last_[topic]) + ", the book has " + std::to_string(count));
    }
    return problem_;
  }

 private:
  bool is_cloud_event(const StoredMessage& message, const std::string& topic) const {
    static const std::regex time{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z)"};
    return message.header("ce-specversion") == "1.0" && message.header("ce-type") == topic &&
           message.header("ce-source").value_or("").starts_with(source_) &&
           shmbus::EventId::parse(message.header("ce-id").value_or("")).has_value() &&
           std::regex_match(message.header("ce-time").value_or(""), time);
  }
  void note(const std::string& text) {
    if (++problems_ <= 10) problem_ += text + "\n";
  }

  std::string root_, source_, problem_;
  unsigned problems_ = 0;
  std::map<std::string, std::uint64_t> last_;
};

}  // namespace

Auditor::Auditor(const std::string& bus, const std::string& pattern, const std::string& prefix)
    : prefix_(prefix),
      bus_(shmbus::Bus::open(bus)),
      subscriber_(bus_.subscriber(
          pattern, {.start = shmbus::Start::oldest(), .delivery = shmbus::Delivery::reliable, .name = "auditor"})) {
  thread_ = std::thread([this] {
    while (!stop_) {
      subscriber_.poll([this](const shmbus::Event& event) { take(event); });
      subscriber_.wait(20ms);
      if (subscriber_.lost() != 0) note("the auditor lost events");
    }
  });
}

Auditor::~Auditor() {
  stop_ = true;
  subscriber_.interrupt();
  thread_.join();
}

void Auditor::note(const std::string& problem) {
  const std::lock_guard lock{mutex_};
  if (++problems_ <= 10) problem_ += problem + "\n";
}

void Auditor::take(const shmbus::Event& event) {
  std::string topic{event.topic()};
  if (!topic.starts_with(prefix_)) return note(topic + ": an unexpected topic");
  topic.erase(0, prefix_.size());
  const auto number = number_in(topic, event.text());
  if (!number) return note(topic + ": no scripted event");
  std::string hops;
  const Scripted seen = arrived(event, *number, hops);
  if (seen != scripted(topic, *number)) note(at(topic, *number) + " arrived different");
  if (topic.ends_with(".watched") && event.as<Watched>() == nullptr) note(at(topic, *number) + " has lost its type");
  std::uint64_t next = 0;
  bool again = false;
  {
    const std::lock_guard lock{mutex_};
    Topic& mine = topics_[topic];
    if (mine.first == 0) {
      mine.first = *number;
      if (anywhere_) mine.next = *number;
    }
    mine.hops = hops;
    ++mine.events;
    next = mine.next;
    again = *number + 1 == next;
    if (again) {
      ++mine.repeated;
    } else {
      mine.next = *number + 1;
    }
  }
  if (*number != next && !again) note(at(topic, *number) + " came where #" + std::to_string(next) + " was next");
}

std::uint64_t Auditor::read(const std::string& topic) const {
  const std::lock_guard lock{mutex_};
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : found->second.events;
}

std::uint64_t Auditor::first(const std::string& topic) const {
  const std::lock_guard lock{mutex_};
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : found->second.first;
}

std::string Auditor::hops(const std::string& topic) const {
  const std::lock_guard lock{mutex_};
  const auto found = topics_.find(topic);
  return found == topics_.end() ? "" : found->second.hops;
}

std::string Auditor::problem() const {
  const std::lock_guard lock{mutex_};
  return problem_;
}

void Auditor::wait_for(const Book& book) {
  const Deadline deadline;
  for (;; std::this_thread::sleep_for(5ms)) {
    std::string missing;
    {
      const std::lock_guard lock{mutex_};
      if (!problem_.empty()) throw std::runtime_error(problem_);
      for (const auto& [topic, count] : book) {
        const std::uint64_t next = topics_[topic].next;
        if (next <= count)
          missing += topic + ": #" + std::to_string(next) + " of " + std::to_string(count) + " is next\n";
      }
    }
    if (missing.empty()) return;
    deadline.check("events to arrive:\n" + missing);
  }
}

void Auditor::check(const Book& book, std::uint64_t undecided) {
  wait_for(book);
  std::this_thread::sleep_for(200ms);  // whatever comes twice, comes soon
  const std::lock_guard lock{mutex_};
  std::string problem = problem_;
  std::uint64_t repeated = 0;
  for (const auto& [topic, mine] : topics_) {
    repeated += mine.repeated;
    const auto listed = book.find(topic);
    const std::uint64_t count = listed == book.end() ? 0 : listed->second;
    if (mine.next != count + 1) {
      problem +=
          topic + ": ended with #" + std::to_string(mine.next - 1) + ", the book has " + std::to_string(count) + "\n";
    }
  }
  if (repeated > undecided) {
    problem += std::to_string(repeated) + " events came twice, the bridge counted " + std::to_string(undecided) + "\n";
  }
  if (!problem.empty()) throw std::runtime_error(problem);
}

void check_stream(NatsClient& client, const std::string& bridge, const std::string& bus, const Book& book) {
  const std::string name = "shmbus_" + bridge;
  std::uint64_t all = 0;
  for (const auto& [topic, count] : book) all += count;
  const auto end = std::chrono::steady_clock::now() + patience;
  for (std::uint64_t stored = 0; stored < all && std::chrono::steady_clock::now() < end;
       std::this_thread::sleep_for(20ms)) {
    const auto state = client.stream(name);
    stored = state ? state->messages : 0;
  }
  StreamCheck check{bridge, bus};
  client.read_stream(name, [&](const StoredMessage& message) { check.take(message); });
  const std::string problem = check.problem(book);
  if (!problem.empty()) throw std::runtime_error("stream " + name + ":\n" + problem);
}

}  // namespace test
