#include "bridge_author.hpp"

#include <cstring>
#include <span>
#include <stdexcept>

#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"

namespace test {
namespace {

constexpr std::uint64_t odd = 10;  // every tenth event has a key and headers that NATS can't carry as they are

std::string as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Watched watched(std::uint64_t number) {
  return {.number = number, .user = number % 1000, .check = ~number * 0x9e3779b97f4a7c15u};
}

shmbus::TraceContext trace_of(std::uint64_t number) {
  shmbus::TraceContext trace{.flags = shmbus::TraceContext::kSampled};
  std::memcpy(trace.trace_id.data(), &number, sizeof number);
  trace.trace_id.back() = std::byte{1};
  std::memcpy(trace.parent_id.data(), &number, sizeof number);
  return trace;
}

}  // namespace

Scripted scripted(std::string_view topic, std::uint64_t number) {
  Scripted event{.number = number};
  if (topic.ends_with(".watched")) {
    const Watched value = watched(number);
    event.payload = as_text(std::as_bytes(std::span{&value, 1}));
  } else if (topic.ends_with(".placed")) {
    std::vector<std::uint64_t> words(1 + number % 40);
    SelfChecking::fill(words, number);
    event.payload = as_text(std::as_bytes(std::span{words}));
    event.key = "user-" + std::to_string(number % 97);
    event.headers = {{"content-type", "application/x-words"}, {"number", std::to_string(number)}};
    if (number % odd == 0) {
      event.key += " \xc3\xa9%/\r\n";
      event.headers.insert(event.headers.end(),
                           {{"a name: \xc3\xa9", "two\r\nlines"}, {"number", ""}, {"ce-id", "mine"}});
    }
  } else {
    event.payload = "seen " + std::to_string(number);
    event.trace = trace_of(number);
  }
  return event;
}

std::optional<std::uint64_t> number_in(std::string_view topic, std::string_view payload) {
  if (topic.ends_with(".seen")) {
    if (!payload.starts_with("seen ")) return std::nullopt;
    return std::stoull(std::string{payload.substr(5)});
  }
  std::uint64_t number = 0;
  if (payload.size() < sizeof number) return std::nullopt;
  std::memcpy(&number, payload.data(), sizeof number);
  return number;
}

Author::Author(shmbus::Bus& bus, const std::string& name, const shmbus::TopicOptions& options)
    : name_(name),
      topics_{name + ".watched", name + ".placed", name + ".seen"},
      watched_(bus.publisher<Watched>(topics_[0], options)),
      placed_(bus.publisher(topics_[1], options)),
      seen_(bus.publisher(topics_[2], options)) {
  for (const std::string& topic : topics_) book_[topic] = 0;
}

shmbus::PublishResult Author::publish_next(const std::string& topic, shmbus::Timeout timeout) {
  const std::uint64_t number = book_[topic] + 1;
  const Scripted event = scripted(topic, number);
  shmbus::PublishOptions options{.timeout = timeout, .trace = event.trace, .key = event.key};
  for (const auto& [name, value] : event.headers) options.headers.push_back({name, value});
  const shmbus::PublishResult result = &topic == &topics_[0]   ? watched_.publish(watched(number), options)
                                       : &topic == &topics_[1] ? placed_.publish(event.payload, options)
                                                               : seen_.publish(event.payload, options);
  if (result.status() == shmbus::Status::ok) book_[topic] = number;
  return result;
}

void Author::publish(std::uint64_t events) {
  for (std::uint64_t i = 0; i < events; ++i) {
    const std::string& topic = topics_[turn_++ % topics_.size()];
    const shmbus::PublishResult result = publish_next(topic, patience);
    if (result.status() != shmbus::Status::ok) {
      throw std::runtime_error(topic + " #" + std::to_string(book_[topic] + 1) + ": " +
                               std::string{shmbus::to_string(result.status())});
    }
  }
}

bool Author::try_publish() {
  return publish_next(topics_[2], std::chrono::nanoseconds::zero()).status() == shmbus::Status::ok;
}

BusyAuthor::BusyAuthor(Author& author, unsigned rate) : author_(author) {
  thread_ = std::thread([this, rate] {
    try {
      constexpr std::chrono::milliseconds step{5};
      const std::uint64_t each = std::max<std::uint64_t>(1, rate * step.count() / 1000);
      for (auto next = std::chrono::steady_clock::now(); !stop_; next += step) {
        std::this_thread::sleep_until(next);
        author_.publish(each);
      }
    } catch (const std::exception& error) {
      problem_ = error.what();
    }
  });
}

BusyAuthor::~BusyAuthor() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void BusyAuthor::stop() {
  stop_ = true;
  thread_.join();
  if (!problem_.empty()) throw std::runtime_error(problem_);
}

}  // namespace test
