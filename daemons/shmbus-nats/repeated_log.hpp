#pragma once

#include <chrono>
#include <map>
#include <string>

#include <spdlog/spdlog.h>

namespace shmbus::bridge {

/// Logs what may happen again and again: each text at once, and then at most once a minute. One thread at a time.
class RepeatedLog {
 public:
  void log(spdlog::level::level_enum level, const std::string& text) {
    const auto now = std::chrono::steady_clock::now();
    if (logged_.size() > 1000) logged_.clear();
    const auto [place, is_new] = logged_.try_emplace(text, now);
    if (!is_new && now - place->second < std::chrono::minutes{1}) return;
    place->second = now;
    spdlog::log(level, "{}", text);
  }

 private:
  std::map<std::string, std::chrono::steady_clock::time_point> logged_;
};

}  // namespace shmbus::bridge
