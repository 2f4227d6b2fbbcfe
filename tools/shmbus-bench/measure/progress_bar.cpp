#include "measure/progress_bar.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace shmbus::measure {

namespace {

void say(const std::string& text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

ProgressBar::ProgressBar(std::string what) : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (shown_) say("\r\x1b[K");
}

void ProgressBar::show(double share) {
  using namespace std::chrono_literals;
  constexpr int kWidth = 40;
  const auto passed = std::chrono::steady_clock::now() - began_;
  if (!terminal_ || passed < 1s) return;
  const double part = std::clamp(share, 0.0, 1.0);
  const int full = static_cast<int>(part * kWidth);
  const auto seconds = std::chrono::duration<double>(passed).count();
  const std::string left = part > 0.02 ? fmt::format(", {:.0f} s left", seconds / part - seconds) : "";
  say(fmt::format("\r\x1b[K{} [{:=<{}}{:<{}}] {:3.0f}%{}", what_, "", full, "", kWidth - full, part * 100, left));
  shown_ = true;
}

}  // namespace shmbus::measure
