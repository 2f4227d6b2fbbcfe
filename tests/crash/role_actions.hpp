#pragma once

#include "crash/event_checker.hpp"
#include "crash/role.hpp"

namespace crash {

/// Publishes one event, in turn copied, extended, loaned, trimmed, and now and then as an aborted loan. Returns false if
/// nothing was published.
bool publish_one(shmbus::Publisher& publisher, std::uint64_t self, std::uint64_t number, bool may_abort);

inline constexpr std::size_t kBatch = 6;
/// Publishes events from `number` on as a batch, and returns how many.
std::size_t publish_several(shmbus::Publisher& publisher, std::uint64_t self, std::uint64_t number);

shmbus::SubscriberOptions reliable(const Stage& stage);
/// Passes all new events to the checker. Waits a moment if there are none.
std::size_t read_some(shmbus::Subscriber& subscriber, EventChecker& checker);

/// Uses a bus that others may remove at any time.
template <class Step>
void on_a_passing_bus(Step step) {
  try {
    step();
  } catch (const shmbus::Error& error) {
    test::require(error.code() == shmbus::ErrorCode::closed || error.code() == shmbus::ErrorCode::busy, error.what());
  }
}

/// Limits the memory that the calling process finds to what the role says.
void limit_memory(const Stage& stage);

// What roles do that publish: publisher_actions.cpp.
void publish(const Stage& stage);
void publish_alone_and_steadily(const Stage& stage);
void publish_batches_alone_and_steadily(const Stage& stage);
void hold_a_loan(const Stage& stage);
void publish_beside_an_orphan(const Stage& stage);
void wait_for_the_disk(const Stage& stage);
void record_on_a_full_disk(const Stage& stage);

// What roles do that read: reader_actions.cpp.
void read_lossy(const Stage& stage);
void read_reliably(const Stage& stage);
void read_and_retain(const Stage& stage);
void read_by_descriptor(const Stage& stage);
void fall_behind(const Stage& stage);
void record_calls(const Stage& stage);
void hold_a_place(const Stage& stage);
void read_durably(const Stage& stage);
void listen_to_new_topics(const Stage& stage);
void subscribe_and_leave(const Stage& stage);
void lag_and_catch_up(const Stage& stage);

// What roles do that create, remove and repair topics and buses: bus_actions.cpp.
void come_and_go(const Stage& stage);
void create_topics(const Stage& stage);
void create_and_remove_one_topic(const Stage& stage);
void make_and_remove_a_bus(const Stage& stage);
void lose_a_registry(const Stage& stage);
void record_types(const Stage& stage);
void reap(const Stage& stage);
void revive_a_bus(const Stage& stage);
void share_a_group(const Stage& stage);
void share_a_group_by_key(const Stage& stage);
void fall_behind_a_group(const Stage& stage);
void revive_a_group(const Stage& stage);

}  // namespace crash
