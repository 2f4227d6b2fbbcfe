// The library's descriptors and threads in a user's process: never a standard stream, no signal taken, nothing leaked.

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using test::ForkedProcess;
using test::Parent;
using test::require;

namespace {

/// Closes the standard streams until it is destroyed, and then restores them so that a failed test can report.
class NoStandardStreams {
 public:
  NoStandardStreams() {
    for (int fd = 0; fd < 3; ++fd) {
      kept_[fd] = ::fcntl(fd, F_DUPFD_CLOEXEC, 100);
      ::close(fd);
    }
  }
  ~NoStandardStreams() {
    for (int fd = 0; fd < 3; ++fd) ::dup2(kept_[fd], fd);
  }

 private:
  int kept_[3];
};

/// One use of everything that opens a descriptor.
void use_all(const std::string& name) {
  shmbus::Bus bus = shmbus::Bus::open(name);
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
  shmbus::Subscriber subscriber = bus.subscriber("t");
  subscriber.fd();
  for (int i = 0; i < 500; ++i) require(bool{publisher.publish("some event")}, "publish");
  subscriber.poll([](const Event&) {});
  shmbus::Inspector inspector(name);
  inspector.snapshot();
  inspector.leftovers();
  bus.publisher("removed");
  bus.reap();
  bus.remove_topic("removed");
  std::size_t open = 0;
  for (int fd = 0; fd < 3; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  require(open == 0, std::to_string(open) + " standard streams are ours now");
}

std::size_t descriptors() {
  const std::filesystem::directory_iterator folder("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

std::size_t threads() {
  const std::filesystem::directory_iterator folder("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

void require_limit(const std::function<void()>& use) {
  try {
    use();
  } catch (const shmbus::Error& error) {
    require(error.code() == shmbus::ErrorCode::limit, error.what());
    require(!error.remedy().empty(), error.what());
    return;
  }
  require(false, "it needed nothing");
}

/// Keeps this process from starting threads until it is destroyed: there is no room for another stack.
class NoThreads {
 public:
  NoThreads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, std::size_t{1} << 47);
    require(::pthread_setattr_default_np(&attributes) == 0, "the size of stacks");
    ::pthread_attr_destroy(&attributes);
  }
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};

}  // namespace

TEST_CASE("in a program without standard streams no descriptor of the library becomes one", "[descriptor]") {
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    const NoStandardStreams closed;
    use_all(name.name());
  }};
  CHECK(process.wait() == test::End{});
}

TEST_CASE("messages on closed standard streams never reach a segment", "[descriptor]") {
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    const NoStandardStreams closed;
    std::atomic<bool> end{false};
    std::atomic<unsigned> written{0};
    std::thread writer([&] {
      const std::string message(200, '#');
      while (!end) {
        for (int fd : {1, 2}) written += ::pwrite(fd, message.data(), message.size(), 0) > 0 ? 1u : 0u;
      }
    });
    try {
      for (int i = 0; i < 20; ++i) use_all(name.name());
    } catch (...) {
      end = true;
      writer.join();
      throw;
    }
    end = true;
    writer.join();
    require(written == 0, "a message was written into one of our files");
  }};
  CHECK(process.wait() == test::End{});
  CHECK(shmbus::Inspector(name.name()).snapshot().topics.size() == 1);
}

TEST_CASE("the library's threads take no signal of the process", "[descriptor]") {
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Subscriber subscriber = bus.subscriber("t");
    subscriber.fd();  // its thread is started while the program still lets signals through
    require(threads() == 2, "a thread of ours");
    sigset_t term;
    ::sigemptyset(&term);
    ::sigaddset(&term, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
    const int signals = ::signalfd(-1, &term, SFD_CLOEXEC);
    for (int i = 0; i < 20; ++i) {
      require(::kill(::getpid(), SIGTERM) == 0, "kill");
      signalfd_siginfo taken{};
      require(::read(signals, &taken, sizeof taken) == sizeof taken && taken.ssi_signo == SIGTERM, "signalfd");
    }
    ::close(signals);
  }};
  CHECK(process.wait() == test::End{});
}

TEST_CASE("where no thread can be started, fd() throws, leaks nothing, and works later", "[descriptor]") {
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    shmbus::Subscriber subscriber = bus.subscriber("t");
    const std::size_t before = descriptors();
    {
      const NoThreads limit;
      for (int i = 0; i < 20; ++i) require_limit([&] { subscriber.fd(); });
    }
    require(descriptors() == before, "leaked descriptors: " + std::to_string(descriptors() - before));
    require(subscriber.fd() > 2, "fd");
  }};
  CHECK(process.wait() == test::End{});
}

TEST_CASE("where no descriptor is free, every call throws, leaks nothing, and works later", "[descriptor]") {
  const test::TemporaryBus name;
  ForkedProcess process{[&](const Parent&) {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    bus.topic("t");
    struct Use {
      const char* what;
      std::function<void()> body;
    };
    const std::vector<Use> uses{
        {"open a bus", [&] { shmbus::Bus::open(name.name()); }},
        {"open a topic", [&] { bus.publisher("t"); }},
        {"create a topic", [&] { bus.publisher("u"), bus.remove_topic("u"); }},
        {"subscribe", [&] { bus.subscriber("t"); }},
        {"fd", [&] { bus.subscriber(">").fd(); }},
        {"remove a topic", [&] { bus.topic("v"), bus.remove_topic("v"); }},
        {"inspect", [&] { shmbus::Inspector{name.name()}; }},
    };
    for (const Use& use : uses) {
      const std::size_t before = descriptors();
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      const rlim_t enough = limit.rlim_cur;
      // First the limit forbids the lowest free descriptor, then the one after it, and so on.
      const int lowest = ::open("/", O_PATH | O_CLOEXEC);
      ::close(lowest);
      for (rlim_t spare = 0;; ++spare) {
        limit.rlim_cur = static_cast<rlim_t>(lowest) + spare;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        std::string refused;
        try {
          use.body();
        } catch (const shmbus::Error& error) {
          refused = error.what();
          if (error.code() != shmbus::ErrorCode::limit) refused = "wrong code: " + refused;
        }
        limit.rlim_cur = enough;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        require(!refused.starts_with("wrong code"), std::string(use.what) + ": " + refused);
        require(descriptors() == before,
                std::string(use.what) + " with " + std::to_string(spare) + " to spare leaked: " + refused);
        if (refused.empty()) break;
        require(spare < 100, refused);
      }
    }
  }};
  CHECK(process.wait() == test::End{});
}
