#pragma once

#include <algorithm>
#include <csignal>

#include "streaming_fixture.hpp"

namespace test {

/// The example platform with ml-service as a reliable reader that is stopped, and so holds video-service back.
class HeldPlatform {
 public:
  HeldPlatform() {
    Streaming::wait_until("ml-service", [&] {
      try {
        return !shmbus::Inspector{bus()}.snapshot().subscriptions.empty();
      } catch (const shmbus::Error&) {
        return false;
      }
    });
    video_.emplace(
        platform_.command("video-service", {"--events", "1000000000", "--rate", "200000", "--retain", "64"}));
    platform_.wait_until_read("ml-service", 100);
  }

  const std::string& bus() const { return platform_.bus.name(); }
  pid_t ml_pid() const { return ml_.pid(); }

  void stop_ml() {
    ml_.kill(SIGSTOP);
    Streaming::wait_until("publishers to be held back", [&] {
      const auto& subscribers = platform_.watches().subscribers;
      return std::any_of(subscribers.begin(), subscribers.end(),
                         [](const auto& s) { return s.gating_for > std::chrono::milliseconds{50}; });
    });
  }

  /// Lets ml-service read on. Publishing ends, so that the service does not fall behind again.
  void let_ml_go_on() {
    ml_.kill(SIGCONT);
    video_->kill(SIGTERM);
    video_->wait();
  }

  End end() {
    ml_.kill(SIGTERM);
    return ml_.wait();
  }

 private:
  Streaming platform_;
  ChildProcess ml_{platform_.reacting("ml-service", {"--reliable"})};
  std::optional<ChildProcess> video_;
};

}  // namespace test
