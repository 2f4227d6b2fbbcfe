#pragma once

#include <cstdint>

#include "log/block_log.hpp"

namespace shmbus::log {

/// The gate of a journaled topic: the place in the ring up to which events are recorded. It belongs to the topic and not
/// to a process, so nothing leaves the ring unrecorded while recorders change. log/gate.cpp asks it.
///
/// G1 While the gate is shut (its mode is odd), no publisher opens a block that would push out the gate's block or a later
///    one. Only the process that holds the journal's lock shuts it or moves it, and only upwards; publishers open it, by
///    compare-and-swap from the mode that they saw shut.
/// G2 It moves past a block after the block's events were written.
class JournalGate {
 public:
  /// *Requires* a topic with a journal.
  explicit JournalGate(BlockLog& log) noexcept : log_(&log), words_(&log.journal()->gate) {}

  bool shut() const noexcept { return (words_->mode.load(std::memory_order_seq_cst) & 1) != 0; }
  /// The first block that is not recorded.
  std::uint64_t block() const noexcept { return words_->words.pin.load(std::memory_order_seq_cst); }
  /// Moves the gate up, and wakes publishers that it held back.
  void move(std::uint64_t block) noexcept;
  /// Shuts it at a block. The ring may have moved past that block before: look for it afterwards.
  void shut_at(std::uint64_t block) noexcept;
  /// Lets publishers go on without the journal.
  void open() noexcept;
  /// Takes back what publishers noted while no process recorded: the time of their waiting does not count on.
  void forgive() noexcept;

 private:
  BlockLog* log_;
  layout::SubscriberPort* words_;
};

}  // namespace shmbus::log
