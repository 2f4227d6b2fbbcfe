#include "shmbus/snapshot.hpp"

#include "shmbus/call_snapshot.hpp"

namespace shmbus {

const char* to_string(NodeState state) noexcept {
  switch (state) {
    case NodeState::alive:
      return "alive";
    case NodeState::stopped:
      return "stopped";
    case NodeState::dead:
      break;
  }
  return "dead";
}

const char* to_string(SubscriberState state) noexcept {
  switch (state) {
    case SubscriberState::spinning:
      return "spinning";
    case SubscriberState::sleeping:
      return "sleeping";
    case SubscriberState::lapped:
      return "lapped";
    case SubscriberState::gating:
      return "gating";
    case SubscriberState::stopped:
      return "stopped";
    case SubscriberState::dead:
      break;
  }
  return "dead";
}

const char* to_string(RecorderState state) noexcept {
  switch (state) {
    case RecorderState::none:
      return "none";
    case RecorderState::recording:
      return "recording";
    case RecorderState::failed:
      return "failed";
    case RecorderState::low_space:
      break;
  }
  return "low space";
}

const char* to_string(CallOutcome outcome) noexcept {
  switch (outcome) {
    case CallOutcome::running:
      return "running";
    case CallOutcome::ok:
      return "ok";
    case CallOutcome::threw:
      return "threw";
    case CallOutcome::ended_thread:
      return "ended its thread";
  }
  return "unknown";
}

}  // namespace shmbus
