#include "bridge_fixture.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/http_get.hpp"
#include "support/proc_stat.hpp"
#include "support/time_limits.hpp"

namespace test {
namespace {

void nap() { std::this_thread::sleep_for(std::chrono::milliseconds{10}); }

std::size_t count_in(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size()) ++found;
  return found;
}

}  // namespace

std::string out_rule(const std::string& topics, const std::string& more) {
  return "[[out]]\ntopics = '" + topics + "'\n" + more + "\n";
}

std::string in_rule(const std::string& from, const std::string& topics, const std::string& more) {
  return "[[in]]\nfrom = [" + from + "]\ntopics = '" + topics + "'\n" + more + "\n";
}

Bridge::Bridge(BridgeSettings settings) : settings_(std::move(settings)) { write(); }

Bridge::~Bridge() {
  process_.reset();
  std::error_code ignored;  // what it keeps between two runs
  std::filesystem::remove("/dev/shm/shmbus-nats." + settings_.bus + "." + settings_.name, ignored);
}

void Bridge::write() const {
  std::string urls = "'" + settings_.url + "'";
  for (std::size_t at = 0; (at = urls.find(',', at)) != std::string::npos; at += 4) urls.replace(at, 1, "', '");
  folder_.write("shmbus-nats.toml", "name = '" + settings_.name + "'\nbus = '" + settings_.bus + "'\n" + settings_.top +
                                        "\n[nats]\nurls = [" + urls + "]\n" + settings_.nats + "\n" + settings_.rules +
                                        "\n[metrics]\nlisten = '" + settings_.listen + "'\n");
}

void Bridge::start() {
  launch();
  wait_until_connected();
}

void Bridge::start_receiving() {
  launch();
  wait_for(": receives ");
}

void Bridge::launch(const std::vector<std::string>& environment, const std::string& program,
                    const std::vector<std::string>& arguments) {
  if (process_) throw std::runtime_error("the bridge runs already");
  run_ = log().size();
  std::vector<std::string> words = settings_.before;
  words.emplace_back("/usr/bin/env");
  words.insert(words.end(), environment.begin(), environment.end());
  words.insert(words.end(), {"/bin/sh", "-c", "log=$1; shift; exec \"$0\" \"$@\" >>\"$log\" 2>&1",
                             program.empty() ? SHMBUS_BRIDGE : program, folder_.file("log"), "--config", file()});
  words.insert(words.end(), arguments.begin(), arguments.end());
  process_ = std::make_unique<ChildProcess>(words);
}

void Bridge::wait_until_connected() { wait_for("connected to "); }

void Bridge::kill() {
  process_->kill(SIGKILL);
  process_->wait();
  process_.reset();
}

End Bridge::stop() {
  process_->kill(SIGTERM);
  return wait();
}

End Bridge::wait() {
  try {
    const End end = process_->wait();
    process_.reset();
    return end;
  } catch (const std::exception& error) {
    throw std::runtime_error(std::string{error.what()} + "; it logged:\n" + log());
  }
}

bool Bridge::ended() const { return state_in("/proc/" + std::to_string(process_->pid())) == 'Z'; }

std::string Bridge::log() const {
  std::ifstream file{folder_.file("log")};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::size_t Bridge::count(std::string_view text) const { return count_in(log_of_run(), text); }

std::size_t Bridge::undecided() const { return count_in(log(), " is published again: "); }

void Bridge::wait_for(std::string_view text, std::size_t times) const {
  const Deadline deadline;
  while (count(text) < times) {
    deadline.check(std::string{text} + "; the bridge logged:\n" + log());
    nap();
  }
}

std::string Bridge::address() const {
  wait_for("metrics at ");
  static constexpr std::string_view before = "metrics at ";
  const std::string text = log_of_run();
  const std::size_t begin = text.rfind(before) + before.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string Bridge::get(const std::string& target) const {
  try {
    return http_get(address(), target).body;
  } catch (const std::exception& error) {
    throw std::runtime_error(address() + ": " + error.what() + (ended() ? "; it has ended" : "") + "; it logged:\n" +
                             log());
  }
}

std::string Bridge::metrics() const { return get("/metrics"); }
std::string Bridge::health() const { return get("/health"); }

double Bridge::metric(const std::string& name) const {
  const std::string all = metrics();
  std::istringstream lines{all};
  double sum = 0;
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || line.size() == name.size()) continue;
    if (line[name.size()] != '{' && line[name.size()] != ' ') continue;
    sum += std::stod(line.substr(line.rfind(' ') + 1));
    found = true;
  }
  if (!found) throw std::runtime_error("no metric " + name + " in:\n" + all);
  return sum;
}

void Bridge::wait_for_metric(const std::string& name, double at_least) const {
  const Deadline deadline;
  for (double value = 0; (value = metric(name)) < at_least; nap()) {
    deadline.check(name + " of at least " + std::to_string(at_least) + "; it is " + std::to_string(value) +
                   "; the bridge logged:\n" + log());
  }
}

}  // namespace test
