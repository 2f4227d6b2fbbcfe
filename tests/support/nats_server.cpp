#include "support/nats_server.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "support/http_get.hpp"
#include "support/privileges.hpp"
#include "support/time_limits.hpp"

namespace test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

void nap() { std::this_thread::sleep_for(10ms); }

std::string quoted(const std::string& text) { return '"' + text + '"'; }

}  // namespace

bool have_nats_server() {
  if (std::filesystem::exists(SHMBUS_NATS_SERVER)) return true;
  skip("nats-server (tests/run fetches it)");
  return false;
}

NatsServer::NatsServer(const NatsServerOptions& options) : NatsServer(options, {}) { wait_until_ready(); }

NatsServer::NatsServer(const NatsServerOptions& options, const Cluster& cluster) : host_(options.host) {
  write_configuration(options, cluster);
  command_ = options.before;
  command_.insert(command_.end(), {SHMBUS_NATS_SERVER, "--config", folder_.file("nats-server.conf")});
  launch();
}

void NatsServer::write_configuration(const NatsServerOptions& options, const Cluster& cluster) const {
  std::string text = "listen: " + quoted(host_ + ":" + std::to_string(port_.number())) +
                     "\nhttp: " + quoted("127.0.0.1:" + std::to_string(monitor_port_.number())) +
                     "\nlog_file: " + quoted(folder_.file("log")) + "\n";
  if (options.jetstream) {
    text += "jetstream {\n  store_dir: " + quoted(folder_.file("store")) + "\n  max_memory_store: 256MB\n";
    if (options.max_store != 0) text += "  max_file_store: " + std::to_string(options.max_store) + "\n";
    text += "}\n";
  }
  if (!cluster.name.empty()) {
    text += "server_name: " + quoted(cluster.name) +
            "\ncluster {\n  name: \"test\"\n  listen: " + quoted("127.0.0.1:" + std::to_string(cluster.port)) +
            "\n  routes: [\n";
    for (const std::uint16_t route : cluster.routes) {
      text += "    " + quoted("nats-route://127.0.0.1:" + std::to_string(route)) + "\n";
    }
    text += "  ]\n}\n";
  }
  if (!options.user.empty()) {
    text += "authorization {\n  user: " + quoted(options.user) + "\n  password: " + quoted(options.password) + "\n}\n";
  }
  if (options.tls) {
    text += "tls {\n  cert_file: " + quoted(options.tls->certificate) + "\n  key_file: " + quoted(options.tls->key) +
            "\n  ca_file: " + quoted(options.tls->ca) + "\n  verify: " + (options.verify_clients ? "true" : "false") +
            "\n}\n";
  }
  folder_.write("nats-server.conf", text + options.lines);
}

std::string NatsServer::url() const { return "nats://" + host_ + ":" + std::to_string(port_.number()); }

pid_t NatsServer::pid() const { return process_ ? process_->pid() : -1; }

void NatsServer::start() {
  launch();
  wait_until_ready();
}

void NatsServer::launch() {
  if (process_) throw std::runtime_error("the nats-server runs already");
  process_ = std::make_unique<ChildProcess>(command_);
}

void NatsServer::wait_until_ready() const {
  const Deadline deadline;
  while (monitor("/healthz").find("\"ok\"") == std::string::npos) {
    deadline.check("nats-server; it logged:\n" + log());
    nap();
  }
}

void NatsServer::kill() {
  process_->kill(SIGKILL);
  process_->wait();
  process_.reset();
}

void NatsServer::terminate() {
  process_->kill(SIGTERM);
  process_->wait();
  process_.reset();
}

void NatsServer::pause() { process_->kill(SIGSTOP); }
void NatsServer::resume() { process_->kill(SIGCONT); }

std::string NatsServer::monitor(const std::string& target) const {
  try {
    return http_get("http://127.0.0.1:" + std::to_string(monitor_port_.number()), target).body;
  } catch (const std::exception&) {
    return {};
  }
}

std::string NatsServer::log() const {
  std::ifstream file{folder_.file("log")};
  return {std::istreambuf_iterator<char>{file}, {}};
}

NatsCluster::NatsCluster(const NatsServerOptions& options) {
  NatsServer::Cluster cluster;
  for (const FreePort& port : route_ports_) cluster.routes.push_back(port.number());
  for (std::size_t i = 0; i < size; ++i) {
    cluster.name = "server-" + std::to_string(i);
    cluster.port = route_ports_.at(i).number();
    servers_.at(i).reset(new NatsServer(options, cluster));
  }
  wait_until_ready();
}

std::string NatsCluster::urls() const {
  std::string all;
  for (const auto& server : servers_) all += (all.empty() ? "" : ",") + server->url();
  return all;
}

void NatsCluster::wait_until_ready() const {
  for (const auto& server : servers_) server->wait_until_ready();
  const auto agree = [&] {
    std::string leader;
    for (const auto& server : servers_) {
      const json report = json::parse(server->monitor("/jsz"), nullptr, false);
      if (!report.is_object() || !report.contains("meta_cluster")) return false;
      const json& meta = report.at("meta_cluster");
      const std::string says = meta.value("leader", "");
      if (says.empty() || (!leader.empty() && says != leader)) return false;
      if (meta.value("cluster_size", 0) != static_cast<int>(size)) return false;
      leader = says;
    }
    return true;
  };
  const Deadline deadline;
  while (!agree()) {
    deadline.check("three servers to agree; the first one logged:\n" + servers_.front()->log());
    nap();
  }
}

std::size_t NatsCluster::leader_of(const std::string& stream) const {
  const Deadline deadline;
  for (;; nap()) {
    for (std::size_t i = 0; i < size; ++i) {
      if (!servers_.at(i)->running()) continue;
      const json report = json::parse(servers_.at(i)->monitor("/jsz?accounts=true&streams=true"), nullptr, false);
      if (!report.is_object() || !report.contains("account_details")) continue;
      for (const json& account : report.at("account_details")) {
        for (const json& detail : account.value("stream_detail", json::array())) {
          // Only the leader's own word: others may still name one that has died.
          if (detail.value("name", "") == stream && detail.contains("cluster") &&
              detail.at("cluster").value("leader", "") == "server-" + std::to_string(i)) {
            return i;
          }
        }
      }
    }
    deadline.check("a leader of " + stream);
  }
}

}  // namespace test
