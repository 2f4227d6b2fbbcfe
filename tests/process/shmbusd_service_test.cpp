// shmbusd as a service: how it is configured, where it serves, how it logs, and what it reports to a service manager.

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "shmbus/shmbus.hpp"
#include "shmbusd_fixture.hpp"
#include "support/forked_process.hpp"
#include "support/notify_socket.hpp"

using namespace std::chrono_literals;
using test::DaemonProcess;
using test::DaemonSettings;
using test::End;
using test::http_get;
using test::NotifySocket;

namespace {

test::Finished shmbusd(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SHMBUS_DAEMON);
  return test::run(std::move(arguments));
}

}  // namespace

TEST_CASE("shmbusd notifies the service manager when it is ready, reloads, and stops", "[shmbusd]") {
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

TEST_CASE("shmbusd works on where the service manager can't be notified", "[shmbusd]") {
  const test::TemporaryBus bus;
  const DaemonSettings settings;
  settings.write(bus.name());
  const std::string name = GENERATE(as<std::string>{}, "/nowhere/at/all", "relative", "");
  DaemonProcess daemon{settings.file(), {"NOTIFY_SOCKET=" + name}};
  CHECK(http_get(daemon.address()).status == 200);
  CHECK(daemon.stop() == End{});
  CHECK((daemon.count("can't be notified") != 0) == !name.empty());
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

TEST_CASE("shmbusd serves the same over a Unix socket, and replaces a socket that no process listens at", "[shmbusd]") {
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
  const test::HttpAnswer answer = http_get(daemon.address());
  CHECK(answer.status == 200);
  CHECK(answer.type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK_THAT(answer.body, Catch::Contains("shmbus_bus_readable{bus=\"" + bus.name() + "\"} 1\n"));
  CHECK(http_get(daemon.address(), "/elsewhere").status == 404);
  CHECK(http_get(daemon.address(), "/health").status == 200);
  const test::Finished second = shmbusd({"-c", settings.file()});
  CHECK(second.end == End{.status = 1});
  CHECK_THAT(second.err,
             Catch::Contains("shmbusd: metrics.listen \"unix:" + path + "\": the address is in use by shmbusd (pid " +
                             std::to_string(daemon.process().pid()) + "); end that process, or set metrics.listen"));
  CHECK(http_get(daemon.address()).status == 200);
  CHECK(daemon.stop() == End{});
  CHECK(!std::filesystem::exists(path));
  settings.folder.write("metrics.sock", "precious");
  const test::Finished third = shmbusd({"-c", settings.file()});
  CHECK(third.end == End{.status = 1});
  CHECK_THAT(third.err, Catch::Contains("there is a file of that name that is not a socket"));
  CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("shmbusd fails with a message where it can't have its port", "[shmbusd]") {
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
             Catch::Contains("shmbusd: metrics.listen \"" + listen + "\": the address is in use by shmbusd (pid " +
                             std::to_string(daemon.process().pid()) + "); end that process, or set metrics.listen"));
  CHECK(daemon.stop() == End{});
  settings.write(bus.name(), "", "", "192.0.2.1:9871");  // reserved for documentation, so no machine has it
  CHECK_THAT(shmbusd({"-c", settings.file()}).err,
             Catch::Contains("metrics.listen \"192.0.2.1:9871\": can't listen there: "));
}

TEST_CASE("shmbusd serves a page that links metrics and health, and health is good while it looks at its buses",
          "[shmbusd]") {
  const test::TemporaryBus bus;
  const shmbus::Bus own = shmbus::Bus::open(bus.name());
  const DaemonSettings settings;
  settings.write(bus.name());
  DaemonProcess daemon{settings.file()};
  const test::HttpAnswer page = http_get(daemon.address(), "/");
  CHECK(page.status == 200);
  CHECK(page.type == "text/html; charset=utf-8");
  CHECK_THAT(page.body, Catch::Contains("<a href=\"metrics\">") && Catch::Contains("<a href=\"health\">") &&
                            Catch::Contains("Buses: " + bus.name()));
  const test::HttpAnswer health = http_get(daemon.address(), "/health");
  CHECK(health.status == 200);
  CHECK_THAT(health.body, Catch::StartsWith("ok: looked at 1 bus ") && Catch::EndsWith(" ago\n"));
  CHECK(http_get(daemon.address(), "/metrics?x=y").status == 200);
  CHECK(http_get(daemon.address(), "/elsewhere").status == 404);
  CHECK(daemon.stop() == End{});
}

TEST_CASE("shmbusd logs at its start which buses it watches, and which of them exist", "[shmbusd]") {
  const test::TemporaryBus bus, missing;
  const shmbus::Bus own = shmbus::Bus::open(bus.name());
  const DaemonSettings settings;
  settings.write(bus.name() + "', '" + missing.name());
  DaemonProcess daemon{settings.file()};
  CHECK_THAT(daemon.log(), Catch::Contains("watches the buses " + bus.name() + ", " + missing.name() +
                                           "; existing now: " + bus.name() + "\n"));
  CHECK_THAT(daemon.log(), Catch::Contains("is ready, and looks every 50.0 ms\n"));
  settings.write(missing.name());
  daemon.process().kill(SIGHUP);
  daemon.wait_for("watches the buses " + missing.name() + "; existing now: none yet\n");
  CHECK(daemon.stop() == End{});
  settings.folder.write("shmbusd.toml", "reap = false\n[metrics]\nlisten = ''\n");
  DaemonProcess all{settings.file()};
  CHECK_THAT(all.log(), Catch::Contains("watches all buses of this machine; existing now: ") && Catch::Contains(bus.name()));
  CHECK(all.stop() == End{});
}

TEST_CASE("shmbusd logs with levels for the journal, and with the time elsewhere", "[shmbusd]") {
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
  CHECK_THAT(lines("JOURNAL_STREAM=1:1"), timed);  // standard error was redirected away from the journal
}

TEST_CASE("shmbusd refuses wrong arguments and configurations, and reports each mistake on its own line",
          "[shmbusd][bad_input]") {
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
  shmbus::Bus own = shmbus::Bus::open(bus.name());
  shmbus::Publisher publisher = own.publisher("t");
  shmbus::Subscriber subscriber = own.subscriber("t");
  publisher.publish("x");
  subscriber.poll([](const shmbus::Event&) {});
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
