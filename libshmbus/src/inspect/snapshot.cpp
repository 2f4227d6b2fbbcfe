#include "shmbus/snapshot.hpp"

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

}  // namespace shmbus
