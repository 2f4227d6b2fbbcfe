#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "support/child_process.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_folder.hpp"

namespace test {

/// A rule of a bridge's configuration: `out_rule(">")`, `out_rule("video.>", "delivery = 'lossy'")`.
std::string out_rule(const std::string& topics, const std::string& more = {});
/// `in_rule("'a', 'b'", ">")`.
std::string in_rule(const std::string& from, const std::string& topics = ">", const std::string& more = {});

/// How a bridge is configured and started.
struct BridgeSettings {
  std::string name;
  std::string bus;
  std::string url;                     ///< of the server, or several, separated by commas
  std::string rules;                   ///< see `out_rule`
  std::string nats{};                  ///< more lines of the table [nats]
  std::string top{};                   ///< more lines before all tables
  std::string listen = "127.0.0.1:0";  ///< empty: no metrics
  std::vector<std::string> before{};   ///< words before the command, for example to start it in a namespace
};

/// The built daemon shmbus-nats, with its configuration and log in a temporary folder. It is killed by its pid when the
/// object is destroyed, and also when the test dies. Everything that waits throws std::runtime_error, with the log, after a
/// time that no healthy run needs.
class Bridge {
 public:
  /// Writes the configuration; does not start it.
  explicit Bridge(BridgeSettings settings);
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;
  ~Bridge();

  /// Starts it, and waits until it serves its bus and is connected.
  void start();
  /// Starts it, and waits until it receives from an origin. What is published later comes in, whatever its rule's start.
  void start_receiving();
  /// Starts it, and does not wait. `program`: another one with the same arguments; `environment`: arguments of env(1).
  void launch(const std::vector<std::string>& environment = {}, const std::string& program = {},
              const std::vector<std::string>& arguments = {});
  void wait_until_connected();
  bool running() const noexcept { return process_ != nullptr; }
  pid_t pid() const { return process_->pid(); }

  void kill();         ///< SIGKILL
  End stop();          ///< SIGTERM
  End wait();          ///< for its own end
  bool ended() const;  ///< whether it has ended by itself, and `wait` returns at once
  void signal(int number) { process_->kill(number); }

  /// All that it logged in all its runs.
  std::string log() const;
  /// All since the last start.
  std::string log_of_run() const { return log().substr(run_); }
  /// Waits until the log of this run holds the text, `times` times.
  void wait_for(std::string_view text, std::size_t times = 1) const;
  std::size_t count(std::string_view text) const;
  /// How many events it has published again in all its runs, since it could not see how the first attempt ended.
  std::size_t undecided() const;

  std::string metrics() const;
  std::string health() const;
  /// The sum of the metric's values, over all origins. Throws if there is none.
  double metric(const std::string& name) const;
  void wait_for_metric(const std::string& name, double at_least) const;

  /// May be changed before a start, or before SIGHUP: `write` puts it into the file.
  BridgeSettings& settings() noexcept { return settings_; }
  void write() const;
  std::string file() const { return folder_.file("shmbus-nats.toml"); }
  const TemporaryFolder& folder() const noexcept { return folder_; }

 private:
  std::string address() const;
  std::string get(const std::string& target) const;

  TemporaryFolder folder_;
  BridgeSettings settings_;
  std::size_t run_ = 0;  ///< where the log of this run begins
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace test
