#pragma once

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/child_process.hpp"
#include "support/http_get.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_folder.hpp"

namespace test {

/// A configuration with a short interval, one bus, and metrics at a free port.
struct DaemonSettings {
  TemporaryFolder folder;

  std::string file() const { return folder.file("shmbusd.toml"); }

  /// `top` holds the keys outside of tables, `tables` all tables but the metrics.
  void write(const std::string& bus, const std::string& top = {}, const std::string& tables = {},
             const std::string& listen = "127.0.0.1:0") const {
    folder.write("shmbusd.toml", "interval = '50ms'\nbuses = ['" + bus + "']\n" + top + "\n" + tables +
                                     "\n[metrics]\nlisten = '" + listen + "'\n");
  }
};

/// The built daemon, running; `log` gives what it has logged.
class DaemonProcess {
 public:
  /// `environment` holds arguments of env(1).
  explicit DaemonProcess(const std::string& file, std::vector<std::string> environment = {})
      : process_(command(file, std::move(environment))) {
    wait_for("is ready");
  }

  void wait_for(std::string_view text) { process_.wait_for_output(text); }
  /// Waits until the log holds a text `times` times.
  void wait_for(std::string_view text, std::size_t times) {
    const Deadline deadline;
    for (std::size_t lines = 0; count(text) < times;) {
      deadline.check(std::string{text} + "; logged so far:\n" + log());
      lines = std::max(lines, static_cast<std::size_t>(std::count(log().begin(), log().end(), '\n')));
      process_.wait_for_lines(lines + 1);
    }
  }
  std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = log().find(text, at)) != std::string::npos; at += text.size()) ++found;
    return found;
  }

  /// The address at which the metrics were served last.
  std::string address() const {
    static constexpr std::string_view before = "metrics at ";
    const std::size_t at = log().rfind(before);
    if (at == std::string::npos) throw std::runtime_error("no address in the log:\n" + log());
    const std::size_t begin = at + before.size();
    return log().substr(begin, log().find('\n', begin) - begin);
  }
  std::string metrics() const { return http_get(address()).body; }
  /// Waits until the metrics hold the text.
  void wait_for_metrics(std::string_view text) const {
    wait_until(std::string{text}, [&] {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
      return metrics().find(text) != std::string::npos;
    });
  }

  End stop() {
    process_.kill(SIGTERM);
    return process_.wait();
  }

  ChildProcess& process() noexcept { return process_; }
  const std::string& log() const noexcept { return process_.out(); }

 private:
  static std::vector<std::string> command(const std::string& file, std::vector<std::string> environment) {
    std::vector<std::string> words{"/usr/bin/env"};
    words.insert(words.end(), environment.begin(), environment.end());
    // Its log comes by standard output, where a test can wait for a text.
    words.insert(words.end(), {"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1", SHMBUS_DAEMON, "--config", file});
    return words;
  }

  ChildProcess process_;
};

}  // namespace test
