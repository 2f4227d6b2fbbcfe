#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "shmbus/shmbus.hpp"

namespace test {

/// An event of the topic NAME.watched, which is typed.
struct Watched {
  std::uint64_t number = 0;
  std::uint64_t user = 0;
  std::uint64_t check = 0;
};

/// An event without its bus. All of it follows from its topic and its number, so that every reader can check it.
struct Scripted {
  using Headers = std::vector<std::pair<std::string, std::string>>;

  std::uint64_t number = 0;
  std::string payload{};
  std::string key{};
  Headers headers{};
  std::optional<shmbus::TraceContext> trace{};

  friend bool operator==(const Scripted&, const Scripted&) = default;
};

/// Event `number`, from 1, of a topic: NAME.watched has a type, NAME.placed has keys and headers, NAME.seen has a trace.
Scripted scripted(std::string_view topic, std::uint64_t number);

/// The number that a payload of the topic carries; nothing where it carries none.
std::optional<std::uint64_t> number_in(std::string_view topic, std::string_view payload);

/// The book: how many events of each topic were published.
using Book = std::map<std::string, std::uint64_t>;

/// Publishes scripted events to the three topics of a name, in turn, and keeps the book.
class Author {
 public:
  Author(shmbus::Bus& bus, const std::string& name, const shmbus::TopicOptions& options = {});

  /// Publishes so many events. Throws std::runtime_error if a subscriber holds one back for longer than a healthy run
  /// needs.
  void publish(std::uint64_t events);
  /// Publishes the next event of NAME.seen, unless it is held back. Returns whether it did.
  bool try_publish();

  const Book& book() const noexcept { return book_; }
  const std::string& name() const noexcept { return name_; }

 private:
  shmbus::PublishResult publish_next(const std::string& topic, shmbus::Timeout timeout);

  std::string name_;
  std::vector<std::string> topics_;
  shmbus::TypedPublisher<Watched> watched_;
  shmbus::Publisher placed_, seen_;
  Book book_;
  std::uint64_t turn_ = 0;
};

/// Lets an author publish in a thread of its own, so many events per second, until `stop`.
class BusyAuthor {
 public:
  BusyAuthor(Author& author, unsigned rate);
  ~BusyAuthor();

  /// Throws what ended the thread early, if something did.
  void stop();

 private:
  Author& author_;
  std::atomic<bool> stop_{false};
  std::string problem_;
  std::thread thread_;
};

}  // namespace test
