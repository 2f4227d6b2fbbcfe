#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <shmbus/event.hpp>
#include <shmbus/event_id.hpp>
#include <shmbus/publish_result.hpp>

#include "common/state_database.hpp"

namespace shmbus {
class Bus;
}

namespace streaming {

/// The number of the newest event of a topic; 0: none.
std::uint64_t newest_sequence(const shmbus::Bus& bus, std::string_view topic);

/// The results of a service on their way from its transactions to the bus, in the order in which they were added:
///
///     add          in the transaction of the event that a result answers: both are kept, or neither
///     publish      after its commit
///     forget       in the next transaction: the published ones leave the table `outbox`, and the table `published` names
///                  the last event that this outbox knows on their topic, its mark
///
/// A process that is killed between publishing and forgetting leaves results that may be on the bus or not. Its successor
/// reads what the topic holds behind the mark: its own results are there in order, so whatever comes behind the last one
/// found was not published. On a topic with a journal a result is forgotten only once it is durable, so the same is true after
/// the machine's crash: a result that the journal does not have is still in the outbox. That holds for as long as the topic's ring holds one of them, or all behind the mark.
class Outbox {
 public:
  /// Whether the result that was published with this number can be forgotten: no crash takes it back that its topic is
  /// to survive.
  using Kept = std::function<bool(std::uint64_t)>;
  using Bytes = std::span<const std::byte>;
  using Publish = std::function<shmbus::PublishResult(Bytes)>;

  /// *Requires*: the database and the bus outlive it.
  Outbox(
      StateDatabase& state, shmbus::Bus& bus, std::string topic, Publish publish,
      Kept kept = [](std::uint64_t) { return true; });

  /// Takes over what an earlier process, or this one before its last commit, left: all but the results that were published.
  /// Returns how many it drops: the topic was removed, so that it is unknown whether it held them. Call it first, and after
  /// each StateDatabase::roll_back; a commit follows. Throws StateError,
  /// shmbus::Error, and std::runtime_error if a publisher that lives holds up the readers of the topic.
  std::size_t resume();

  /// Makes an event the cause of the results that are added from now on. It must be valid until the last of them is added.
  void set_cause(const shmbus::Event& event);

  /// Adds a result to the open transaction. Throws StateError.
  void add(Bytes result);

  /// Removes published results in the open transaction. Throws StateError.
  void forget();

  /// To be called after each commit: what was added may be published.
  void committed();

  /// Publishes what is committed, without waiting. Returns false if the bus does not take all of it now; the rest stays.
  bool publish();

  /// Whether there are results to forget.
  bool has_published() const { return last_published_ > forgotten_; }
  std::size_t waiting() const { return committed_; }

  /// Why the last result was refused.
  shmbus::Status refusal() const { return refusal_; }

 private:
  struct Waiting {
    std::uint64_t id = 0;
    std::vector<std::byte> result;
    std::shared_ptr<shmbus::RetainedEvent> cause;  // none if an earlier process added it
  };

  /// A result that is on the bus, and in the outbox until it is durable.
  struct Published {
    std::uint64_t id = 0;
    std::uint64_t sequence = 0;
  };

  void load();
  std::size_t count_published();
  void wait_until_kept(std::uint64_t sequence) const;

  shmbus::Bus& bus_;
  std::string topic_;
  Publish publish_;
  Kept kept_;
  Statement load_;
  Statement add_;
  Statement forget_;
  Statement load_mark_;
  Statement save_mark_;

  std::deque<Waiting> waiting_;
  std::deque<Published> published_;
  std::size_t committed_ = 0;  // how many of them, from the first
  std::uint64_t last_id_ = 0;
  std::uint64_t last_published_ = 0;  // by id
  std::uint64_t forgetting_ = 0;      // in the open transaction
  std::uint64_t forgotten_ = 0;
  shmbus::EventId mark_{};
  const shmbus::Event* cause_ = nullptr;
  std::shared_ptr<shmbus::RetainedEvent> kept_cause_;
  shmbus::Status refusal_ = shmbus::Status::ok;
};

}  // namespace streaming
