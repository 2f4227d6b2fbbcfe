#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bridge_author.hpp"
#include "shmbus/shmbus.hpp"
#include "support/nats_stream.hpp"

namespace test {

/// Reads a bus in a thread of its own, and checks each scripted event: that it is the next one of its topic, and equal to
/// what its author published, payload, key, headers and trace.
class Auditor {
 public:
  /// `pattern`: the topics to read; `prefix`: what their names have before the author's. It holds publishers back rather
  /// than miss an event.
  explicit Auditor(const std::string& bus, const std::string& pattern = ">", const std::string& prefix = {});
  Auditor(const Auditor&) = delete;
  Auditor& operator=(const Auditor&) = delete;
  ~Auditor();

  /// Waits until all events of the book were read. Throws std::runtime_error, with what is missing or wrong.
  void wait_for(const Book& book);
  /// Waits as above, then a little longer, and throws if there was anything wrong or more than the book has. Events that
  /// came twice in a row are allowed up to this number: for a bridge that counted them as undecided.
  void check(const Book& book, std::uint64_t undecided = 0);

  /// How many events of a topic came so far.
  std::uint64_t read(const std::string& topic) const;
  /// Number of the first event of a topic that came; 0: none.
  std::uint64_t first(const std::string& topic) const;
  /// Accepts that a topic does not begin with its first event.
  void begins_anywhere() { anywhere_ = true; }
  /// Bridges that the last event of a topic has passed: "a,b"; empty where it was published on this bus.
  std::string hops(const std::string& topic) const;
  /// What is wrong; empty: nothing.
  std::string problem() const;

 private:
  struct Topic {
    std::uint64_t first = 0, next = 1, repeated = 0, events = 0;
    std::string hops{};
  };
  void take(const shmbus::Event& event);
  void note(const std::string& problem);

  std::string prefix_;  ///< before the topic's own name
  mutable std::mutex mutex_;
  std::map<std::string, Topic, std::less<>> topics_;
  std::string problem_;
  unsigned problems_ = 0;
  std::atomic<bool> anywhere_{false};
  std::atomic<bool> stop_{false};
  shmbus::Bus bus_;
  shmbus::Subscriber subscriber_;
  std::thread thread_;
};

/// Waits until the bridge's stream holds all events of the book, and checks it: each once, in the order of its topic, as
/// CloudEvents say. Throws std::runtime_error with what is wrong.
void check_stream(NatsClient& client, const std::string& bridge, const std::string& bus, const Book& book);

}  // namespace test
