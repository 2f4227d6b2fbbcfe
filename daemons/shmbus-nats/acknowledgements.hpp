#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "callback_key.hpp"
#include "counters.hpp"
#include "nats_handles.hpp"
#include "state_file.hpp"
#include "wake_signal.hpp"
#include "window.hpp"

namespace shmbus::bridge {

/// The window, and what JetStream answers to it. The sending thread fills it; a thread of nats.c acknowledges.
class Acknowledgements : public std::enable_shared_from_this<Acknowledgements> {
 public:
  using Clock = std::chrono::steady_clock;
  /// How long JetStream may leave the first message of the window without an answer.
  static constexpr std::chrono::seconds patience{5};

  Acknowledgements(StateFile& state, OutCounts& counts, WakeSignal& wake) : state_(state), counts_(counts), wake_(wake) {}

  /// Begins to publish by a new context: no answer to an earlier one is heard any more. Throws NatsError.
  void begin(natsConnection* connection);
  /// Sends the message at a place of the window. Returns false where the window can't go on: `failure` says why.
  bool send(std::uint64_t place, const Message& message);

  /// Why the window can't go on; nothing while it can. An answer that is overdue counts.
  struct Failure {
    std::string reason;
    jsErrCode code{};
  };
  std::optional<Failure> failure();
  /// Waits until every message that was sent has its answer, at most `patience`, or until `give_up()`.
  template <class GiveUp>
  void drain(GiveUp give_up) {
    std::unique_lock lock(mutex_);
    const Clock::time_point end = Clock::now() + patience;
    while (unanswered_ != 0 && Clock::now() < end && !give_up())
      answered_.wait_for(lock, std::chrono::milliseconds{50});
    js_.reset();
    current_ = nullptr;
  }

  /// Uses the window under its lock.
  template <class Use>
  auto with_window(Use use) {
    const std::lock_guard lock(mutex_);
    return use(window_);
  }
  /// Asks to be woken when the window has at most `size` messages.
  void wake_at(std::size_t size) {
    const std::lock_guard lock(mutex_);
    wake_at_ = size;
    wanted_ = true;
    if (window_.size() <= size) wake_.signal();
  }
  /// Whether a message was acknowledged since `begin`.
  bool progressed() {
    const std::lock_guard lock(mutex_);
    return progressed_;
  }
  /// Sets what metrics show of the window.
  void show();

 private:
  static void on_answer(jsCtx* js, natsMsg* message, jsPubAck* ack, jsPubAckErr* error, void* closure);
  void answer(jsCtx* js, const jsPubAck* ack, const jsPubAckErr* error);
  void take_out_acknowledged();

  StateFile& state_;
  OutCounts& counts_;
  WakeSignal& wake_;
  std::unique_ptr<CallbackKey<Acknowledgements>> key_;
  JetStream js_;  // of the sending thread

  std::mutex mutex_;
  std::condition_variable answered_;
  Window window_;
  jsCtx* current_ = nullptr;  // whose answers count
  std::optional<Failure> failure_;
  std::size_t unanswered_ = 0;
  Clock::time_point waits_since_{};  // the last answer, or the first message sent after it
  std::size_t wake_at_ = 0;
  bool wanted_ = false;
  bool progressed_ = false;
};

}  // namespace shmbus::bridge
