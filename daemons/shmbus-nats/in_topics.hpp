#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "shmbus/bus.hpp"

namespace shmbus::bridge {

/// The publishers of the way in: one for each topic, made when its first event comes. One thread at a time.
class InTopics {
 public:
  explicit InTopics(Bus& bus) : bus_(bus) {}

  struct Problem {
    std::string text;
    bool passing = false;  ///< waiting may mend it
  };
  /// The publisher of a topic, for values of the type that a header describes; empty: raw bytes. Null where there is none
  /// now; `problem` then says why. A failure is remembered for a second.
  Publisher* find(const std::string& topic, std::string_view type, Problem& problem);
  /// Forgets a topic whose publisher can't be used any more.
  void forget(const std::string& topic) { topics_.erase(topic); }

 private:
  struct Topic {
    std::string type;
    std::optional<Publisher> publisher;
    Problem problem;
    std::chrono::steady_clock::time_point tried{};
  };
  Bus& bus_;
  std::map<std::string, Topic, std::less<>> topics_;
};

}  // namespace shmbus::bridge
