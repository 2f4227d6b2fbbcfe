#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/options.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus {

struct NodeSnapshot {
  std::uint64_t id = 0;
  std::int32_t pid = 0;  ///< in the node's own pid namespace
  std::uint32_t uid = 0;
  std::string program;  ///< the process's name
  Time started{};
  bool alive = false;
};

struct PublisherSnapshot {
  unsigned port = 0;
  std::uint64_t node = 0;
  bool alive = false;
  bool claim_open = false;  ///< it is between claim and commit
};

struct SubscriberSnapshot {
  unsigned port = 0;
  std::uint64_t node = 0;
  bool alive = false;
  std::string name;
  Delivery delivery = Delivery::lossy;
  std::uint64_t next_sequence = 0;  ///< the event it reads next
  std::uint64_t lag = 0;            ///< events published and not read by it yet
  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  bool sleeping = false;
  bool gating = false;  ///< publishers are held back by it right now
};

struct TopicSnapshot {
  TopicInfo info;
  std::uint64_t published = 0;       ///< sequence of the newest event; 0: none yet
  std::uint64_t oldest = 0;          ///< sequence of the oldest retained event; 0: none
  std::uint64_t memory = 0;          ///< bytes of /dev/shm behind its blocks
  std::uint64_t dropped_blocks = 0;  ///< dropped early because memory was short
  std::vector<PublisherSnapshot> publishers;
  std::vector<SubscriberSnapshot> subscribers;
  std::string problem;  ///< why it could not be read; empty when it could
};

struct SubscriptionSnapshot {
  std::uint64_t id = 0;
  std::uint64_t node = 0;
  std::string pattern;
  Delivery delivery = Delivery::lossy;
};

struct BusSnapshot {
  std::string name;
  std::uint64_t incarnation = 0;
  Time created{};
  unsigned mode = 0;
  std::chrono::nanoseconds stall_limit{0};
  std::vector<NodeSnapshot> nodes;
  std::vector<TopicSnapshot> topics;  ///< by name
  std::vector<SubscriptionSnapshot> subscriptions;
};

/// Looks at a bus without becoming a node: read-only mappings, no port, no lock; looking disturbs nothing. One thread
/// at a time.
class Inspector {
 public:
  /// Throws Error, `not_found` where there is no such bus.
  explicit Inspector(std::string_view bus);
  Inspector(Inspector&&) noexcept;
  Inspector& operator=(Inspector&&) noexcept;
  ~Inspector();

  /// The bus as it is now, piece by piece: each number is right, they are not all of one instant.
  BusSnapshot snapshot();

  /// Names of the buses on this machine, sorted.
  static std::vector<std::string> buses();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shmbus
