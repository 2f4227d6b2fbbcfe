// shmbusd at work: what it frees, of what it warns, and how it is told what to do.

#include <catch2/catch.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "shmbus/layout/registry.hpp"
#include "shmbus/shmbus.hpp"
#include "shmbusd_fixture.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"

using namespace std::chrono_literals;
using test::DaemonProcess;
using test::DaemonSettings;
using test::End;
using test::ForkedProcess;
using test::http_get;
using test::Parent;

namespace {

/// A member that publishes and subscribes until it is told to end, or killed.
ForkedProcess start_member(const std::string& bus) {
  ForkedProcess member{[bus](const Parent& parent) {
    shmbus::Bus own = shmbus::Bus::open(bus);
    shmbus::Publisher publisher = own.publisher("t");
    shmbus::Subscriber subscriber = own.subscriber("t", {.name = "reader"});
    publisher.publish("x");
    subscriber.poll([](const shmbus::Event&) {});
    parent.say();
    parent.hear();
  }};
  member.hear();
  return member;
}

bool maps_bus(pid_t pid, const std::string& bus) {
  std::ifstream maps{"/proc/" + std::to_string(pid) + "/maps"};
  const std::string text{std::istreambuf_iterator<char>{maps}, {}};
  return text.find("/shmbus." + bus + ".") != std::string::npos;
}

/// Where a service manager hears of readiness.
class NotifySocket {
 public:
  explicit NotifySocket(std::string name)
      : name_(std::move(name)), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (name_.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    test::require(::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0, "can't bind " + name_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() { ::close(fd_); }

  std::string variable() const { return "NOTIFY_SOCKET=" + name_; }

  std::string receive() const {
    pollfd arrival{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&arrival, 1, static_cast<int>(std::chrono::milliseconds{test::patience}.count())) != 1) return "nothing";
    std::array<char, 4096> text{};
    const ssize_t size = ::recv(fd_, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(size)};
  }

 private:
  std::string name_;
  int fd_;
};

test::Finished shmbusd(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SHMBUS_DAEMON);
  return test::run(std::move(arguments));
}

}  // namespace

TEST_CASE("shmbusd frees what a killed process left, and says so once", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  ForkedProcess stays = start_member(bus.name());
  ForkedProcess victim = start_member(bus.name());
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbus_nodes{bus=\"" + bus.name() + "\",state=\"alive\"} 2");
  const std::string pid = std::to_string(victim.pid());
  victim.kill();
  daemon.wait_for("freed 1 node, 2 ports, 1 subscription");
  CHECK(daemon.count("(pid " + pid + ") died and left its node") == 1);
  shmbus::Inspector inspector{bus.name()};
  CHECK(inspector.leftovers().empty());
  CHECK(inspector.snapshot().nodes.size() == 1);
  const std::string metrics = daemon.metrics();
  CHECK_THAT(metrics, Catch::Contains("\nshmbusd_reaped_nodes_total 1\n") &&
                          Catch::Contains("\nshmbusd_reaped_ports_total 2\n") &&
                          !Catch::Contains("pid=\"" + pid + "\""));
  CHECK(daemon.stop() == End{});
  CHECK(daemon.count("died and left") == 1);
  CHECK(daemon.count("freed ") == 1);
}

TEST_CASE("shmbusd that shall not reap tells what the dead left, and leaves it there", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name(), "reap = false");
  ForkedProcess victim = start_member(bus.name());
  DaemonProcess daemon{settings.file()};
  victim.kill();
  daemon.wait_for("died and left its node");
  daemon.wait_for_metrics("shmbus_nodes{bus=\"" + bus.name() + "\",state=\"dead\"} 1");
  CHECK(shmbus::Inspector{bus.name()}.leftovers().size() >= 3);
  CHECK(daemon.stop() == End{});
  CHECK(daemon.count("died and left") == 1);
}

TEST_CASE("shmbusd is no member of a bus, creates none, and lets go of one that is removed", "[shmbusd]") {
  const test::TemporaryBus bus;
  const test::Segments segments{bus.name()};
  const DaemonSettings settings;
  settings.write(bus.name());
  DaemonProcess daemon{settings.file()};
  const pid_t pid = daemon.process().pid();
  CHECK_THAT(daemon.metrics(), !Catch::Contains(bus.name()));
  CHECK(segments.all().empty());
  const std::string readable = "shmbus_bus_readable{bus=\"" + bus.name() + "\"} 1";
  for (int round = 0; round < 2; ++round) {  // a new bus of the name is seen as well
    {
      ForkedProcess member = start_member(bus.name());
      daemon.wait_for_metrics(readable);
      CHECK(shmbus::Inspector{bus.name()}.snapshot().nodes.size() == 1);
      CHECK(maps_bus(pid, bus.name()));
      member.say();
      CHECK(member.wait() == End{});
    }
    shmbus::Bus::remove(bus.name());
    test::wait_until("the daemon to let go of a removed bus", [&] { return !maps_bus(pid, bus.name()); });
    CHECK(segments.all().empty());
    CHECK_THAT(daemon.metrics(), !Catch::Contains(bus.name()));
  }
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd that is given no name finds the buses of the machine", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.folder.write("shmbusd.toml", "interval = '50ms'\nreap = false\n[metrics]\nlisten = '127.0.0.1:0'\n");
  DaemonProcess daemon{settings.file()};
  ForkedProcess member = start_member(bus.name());
  daemon.wait_for_metrics("shmbus_topic_events_total{bus=\"" + bus.name() + "\",topic=\"t\"} 1");
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd warns of a subscriber that gates for long when that begins, and when it ends", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name(), "", "[warn]\ngating = '200ms'");
  shmbus::Bus own = shmbus::Bus::open(bus.name());
  own.topic("t", {.block_size = 4096, .blocks = 2});
  shmbus::Subscriber slow = own.subscriber("t", {.delivery = shmbus::Delivery::reliable, .name = "slow"});
  DaemonProcess daemon{settings.file()};
  ForkedProcess writer{[&](const Parent& parent) {
    shmbus::Bus theirs = shmbus::Bus::open(bus.name());
    shmbus::Publisher publisher = theirs.publisher("t");
    for (int i = 0; i < 100; ++i) test::require(bool{publisher.publish(std::string(500, 'x'))}, "a publish");
    parent.say();
    parent.hear();
  }};
  daemon.wait_for("has held publishers back for");
  const std::string who = "topic 't': slow of " + shmbus::Inspector{bus.name()}.snapshot().nodes.at(0).program +
                          " (pid " + std::to_string(::getpid()) + ")";
  CHECK(daemon.count("warning: bus '" + bus.name() + "', " + who + " has held publishers back for") == 1);
  CHECK_THAT(daemon.metrics(), Catch::Contains("subscriber=\"slow\"} 1\n"));  // gating
  std::size_t read = 0;
  test::wait_until("all events", [&] {
    read += slow.poll([](const shmbus::Event&) {});
    return read == 100;
  });
  writer.hear();
  daemon.wait_for("no longer holds publishers back");
  CHECK(daemon.count(who + " no longer") == 1);
  writer.say();
  CHECK(writer.wait() == End{});
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd warns of a /dev/shm with less room than it should have", "[shmbusd]") {
  const test::TemporaryBus bus;
  const shmbus::Bus own = shmbus::Bus::open(bus.name());  // something lies there, so less than all of it is free
  const DaemonSettings settings;
  settings.write(bus.name(), "", "[warn]\nmemory = 100");
  DaemonProcess daemon{settings.file()};
  daemon.wait_for("warning: /dev/shm has ");
  settings.write(bus.name(), "", "[warn]\nmemory = 0");
  daemon.process().kill(SIGHUP);
  daemon.wait_for("left again");
  CHECK(daemon.stop() == End{});
  CHECK(daemon.count("/dev/shm has ") == 2);
}

TEST_CASE("shmbusd says that a bus can't be read, and goes on", "[shmbusd]") {
  const test::TemporaryBus bus, good;
  const test::Segments segments{bus.name()};
  { shmbus::Bus::open(bus.name()); }
  test::overwrite(segments.registry(), offsetof(shmbus::layout::RegistryHeader, version), std::uint32_t{77});
  const shmbus::Bus own = shmbus::Bus::open(good.name());
  const DaemonSettings settings;
  settings.write(bus.name() + "', '" + good.name());
  DaemonProcess daemon{settings.file()};
  daemon.wait_for("bus '" + bus.name() + "' can't be read: ");
  CHECK_THAT(daemon.metrics(), Catch::Contains("shmbus_bus_readable{bus=\"" + bus.name() + "\"} 0") &&
                                   Catch::Contains("shmbus_bus_readable{bus=\"" + good.name() + "\"} 1"));
  CHECK(daemon.stop() == End{});
  CHECK(daemon.count("can't be read") == 1);
}

TEST_CASE("shmbusd tells the service manager that it is ready, reads again, and stops", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  const bool abstract = GENERATE(false, true);
  const NotifySocket manager{abstract ? "@" + bus.name() : settings.folder.file("notify")};
  DaemonProcess daemon{settings.file(), {manager.variable()}};
  CHECK(manager.receive() == "READY=1");
  daemon.process().kill(SIGHUP);
  CHECK_THAT(manager.receive(), Catch::Matches("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  CHECK(manager.receive() == "READY=1");
  CHECK(daemon.stop() == End{});
  CHECK(manager.receive() == "STOPPING=1");
}

TEST_CASE("shmbusd works on where the service manager can't be told", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  const std::string name = GENERATE(as<std::string>{}, "/nowhere/at/all", "relative", "");
  DaemonProcess daemon{settings.file(), {"NOTIFY_SOCKET=" + name}};
  CHECK(http_get(daemon.address()).status == 200);
  CHECK(daemon.stop() == End{});
  CHECK((daemon.count("can't be told") != 0) == !name.empty());
}

TEST_CASE("SIGHUP makes shmbusd read its configuration again, and a bad one changes nothing", "[shmbusd]") {
  const test::TemporaryBus bus, other;
  const shmbus::Bus first = shmbus::Bus::open(bus.name()), second = shmbus::Bus::open(other.name());
  const DaemonSettings settings;
  settings.write(bus.name());
  DaemonProcess daemon{settings.file()};
  const std::string address = daemon.address();
  CHECK_THAT(daemon.metrics(), Catch::Contains(bus.name()) && !Catch::Contains(other.name()));

  settings.folder.write("shmbusd.toml", "buses = ['" + other.name() + "']\nintervall = '1s'\nreap = 5\n");
  daemon.process().kill(SIGHUP);
  daemon.wait_for("the configuration stays as it was");
  CHECK_THAT(daemon.log(), Catch::Contains("error: " + settings.file() + ":2:1: intervall: unknown key") &&
                               Catch::Contains("error: " + settings.file() + ":3:8: reap: expected true or false"));
  CHECK_THAT(http_get(address).body, Catch::Contains(bus.name()) && !Catch::Contains(other.name()));

  settings.write(other.name());
  daemon.process().kill(SIGHUP);
  daemon.wait_for("again, metrics at", 1);
  CHECK(daemon.address() == address);
  CHECK_THAT(daemon.metrics(), !Catch::Contains(bus.name()) && Catch::Contains(other.name()));

  const std::string socket = "unix:" + settings.folder.file("metrics.sock");
  settings.write(other.name(), "", "", socket);
  daemon.process().kill(SIGHUP);
  daemon.wait_for("again, metrics at", 2);
  CHECK(daemon.address() == socket);
  CHECK_THAT(daemon.metrics(), Catch::Contains(other.name()));
  CHECK_THROWS(http_get(address));

  settings.write(other.name(), "", "", "unix:/nowhere/at/all");
  daemon.process().kill(SIGHUP);
  daemon.wait_for("the configuration stays as it was", 2);
  CHECK(http_get(socket).status == 200);

  settings.write(other.name(), "", "", "");
  daemon.process().kill(SIGHUP);
  daemon.wait_for("no metrics");
  CHECK_THROWS(http_get(socket));
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd serves the same over a Unix socket, and replaces one that nobody listens at", "[shmbusd]") {
  const test::TemporaryBus bus;
  const shmbus::Bus own = shmbus::Bus::open(bus.name());
  const DaemonSettings settings;
  const std::string path = settings.folder.file("metrics.sock");
  settings.write(bus.name(), "", "", "unix:" + path);
  {
    DaemonProcess dies{settings.file()};
    dies.process().kill(SIGKILL);
    dies.process().wait();
  }
  CHECK(std::filesystem::is_socket(path));
  DaemonProcess daemon{settings.file()};
  const test::HttpAnswer answer = test::http_get(daemon.address());
  CHECK(answer.status == 200);
  CHECK(answer.type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK_THAT(answer.body, Catch::Contains("shmbus_bus_readable{bus=\"" + bus.name() + "\"} 1\n"));
  CHECK(test::http_get(daemon.address(), "/elsewhere").status == 404);
  const test::Finished second = shmbusd({"-c", settings.file()});
  CHECK(second.end == End{.status = 1});
  CHECK_THAT(second.err,
             Catch::Contains("shmbusd: metrics.listen \"unix:" + path + "\": expected an address that is free"));
  CHECK(test::http_get(daemon.address()).status == 200);
  CHECK(daemon.stop() == End{});
  CHECK(!std::filesystem::exists(path));
  settings.folder.write("metrics.sock", "precious");
  CHECK(shmbusd({"-c", settings.file()}).end == End{.status = 1});
  CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("shmbusd that can't have its port says so, and fails", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  DaemonProcess daemon{settings.file()};
  const std::string port = daemon.address().substr(std::string{"http://127.0.0.1:"}.size());
  const std::string listen = "127.0.0.1:" + port.substr(0, port.find('/'));
  settings.write(bus.name(), "", "", listen);
  const test::Finished second = shmbusd({"-c", settings.file()});
  CHECK(second.end == End{.status = 1});
  CHECK_THAT(second.err,
             Catch::Contains("shmbusd: metrics.listen \"" + listen + "\": expected an address that is free"));
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd writes levels for the journal, and the time for everybody else", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  const auto lines = [&](const std::string& variable) {
    const std::string script = "exec env " + variable + " " + SHMBUS_DAEMON + " -c " + settings.file() + " 2>&1";
    test::ChildProcess daemon{{"/bin/sh", "-c", script}};
    daemon.wait_for_output("is ready");
    daemon.kill(SIGTERM);
    CHECK(daemon.wait() == End{});
    return daemon.out();
  };
  CHECK_THAT(lines("JOURNAL_STREAM=$(stat -L -c %d:%i /proc/$$/fd/1)"), Catch::Matches("(<6>[a-z][^\n]*\n)+"));
  const auto timed = Catch::Matches("([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}[+-][0-9:]{5} info: [^\n]*\n)+");
  CHECK_THAT(lines(""), timed);
  CHECK_THAT(lines("JOURNAL_STREAM=1:1"), timed);  // it was redirected
}

TEST_CASE("shmbusd refuses wrong arguments and configurations, each mistake on a line", "[shmbusd][bad_input]") {
  const DaemonSettings settings;
  CHECK(shmbusd({"--nonsense"}).end == End{.status = 2});
  settings.folder.write("shmbusd.toml", "a = 1\nb = 2\n");
  const bool check = GENERATE(false, true);
  std::vector<std::string> arguments{"-c", settings.file()};
  if (check) arguments.push_back("--check");
  const test::Finished refused = shmbusd(arguments);
  CHECK(refused.end == End{.status = 2});
  CHECK(refused.out == "");
  CHECK_THAT(refused.err,
             Catch::Matches(settings.file() + ":1:1: a: [^\n]*\n" + settings.file() + ":2:1: b: [^\n]*\n"));
  settings.write("b");
  CHECK(shmbusd({"--check", "-c", settings.file()}).end == End{});
}

TEST_CASE("the manual page of shmbusd is well-formed, and names every option, key and metric", "[shmbusd]") {
  const std::string path = SHMBUS_DAEMON_SOURCES "/shmbusd.8";
  if (test::run({"/bin/sh", "-c", "command -v groff"}).end == End{}) {
    const test::Finished groff = test::run({"/bin/sh", "-c", "groff -man -ww -z -Tutf8 " + path});
    CHECK(groff.end == End{});
    CHECK(groff.err == "");
  }
  std::ifstream file{path};
  std::string page{std::istreambuf_iterator<char>{file}, {}};
  page = std::regex_replace(page, std::regex{R"(\\-)"}, "-");
  for (const char* word : {"--config", "--check", "--help", "--version", "interval", "buses", "owners", "reap",
                           "warn.gating", "warn.memory", "metrics.listen", "log.level"}) {
    CAPTURE(word);
    CHECK_THAT(page, Catch::Contains(word));
  }
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  ForkedProcess member = start_member(bus.name());
  DaemonProcess daemon{settings.file()};
  daemon.wait_for_metrics("shmbus_subscriber_delivery_latency_seconds_count");
  std::istringstream lines{daemon.metrics()};
  std::size_t families = 0;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, std::regex{"# TYPE (shmbus\\w+) \\w+"})) continue;
    ++families;
    CAPTURE(line);
    CHECK_THAT(page, Catch::Contains(match[1].str()));
  }
  CHECK(families > 30);
  CHECK(daemon.stop() == End{});
}
