// Measures groups: a lease and its acknowledgement, members that share the work, the take-over after a death. Prints one
// figure a line. tests/bench/groups builds and runs it.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/shmbus.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

double at(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.at(static_cast<std::size_t>(share * static_cast<double>(values.size() - 1)));
}

/// A bus with one topic that holds all events; removed at the end.
class Scene {
 public:
  explicit Scene(std::size_t blocks)
      : bus_(shmbus::Bus::open(name())), publisher_(bus_.publisher("work", {.blocks = blocks})) {}
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene() { shmbus::Bus::remove(name()); }

  static std::string name() {
    static const std::string made = "bench-" + std::to_string(::getpid());
    return made;
  }
  shmbus::Bus& bus() { return bus_; }
  void publish(std::size_t events, std::string_view key = {}) {
    const std::string payload(64, 'x');
    for (std::size_t i = 0; i < events; ++i)
      require(bool(key.empty() ? publisher_.publish(payload) : publisher_.publish(payload, {.key = key})), "a publish");
  }

 private:
  shmbus::Bus bus_;
  shmbus::Publisher publisher_;
};

struct Shared {
  std::atomic<std::uint32_t> ready{0}, go{0};
  std::atomic<std::uint64_t> taken_ns{0};
};

/// Memory that children share.
Shared& shared() {
  static auto* made = [] {
    void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "no memory");
    return new (memory) Shared;
  }();
  return *made;
}

template <class Work>
pid_t start(Work work) {
  const pid_t child = ::fork();
  require(child >= 0, "no process");
  if (child != 0) return child;
  try {
    work();
    ::_exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
}

void end(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a member failed");
}

std::size_t drain(shmbus::Group& group, std::size_t events) {
  std::size_t taken = 0;
  while (taken < events) {
    shmbus::Lease lease = group.try_take();
    if (!lease) break;
    require(lease.acknowledge() == shmbus::Status::ok, "an acknowledgement");
    ++taken;
  }
  return taken;
}

/// One member takes and acknowledges all.
void measure_one(int rounds, shmbus::Order order, const char* what) {
  constexpr std::size_t events = 500'000;
  std::vector<double> times;
  Scene scene(512);
  auto group = scene.bus().group("work", "one", {.order = order});
  for (int i = 0; i < rounds; ++i) {
    scene.publish(events, order == shmbus::Order::by_key ? "key" : "");
    const auto start = Clock::now();
    require(drain(group, events) == events, "an event is missing");
    times.push_back(nanoseconds_since(start) / static_cast<double>(events));
  }
  std::printf("take and acknowledge, one member, 64 B, %s: %.0f ns\n", what, at(times, 0.5));
}

/// Some members in processes of their own share what is there.
void measure_many(int rounds, unsigned members) {
  constexpr std::size_t events = 2'000'000;
  std::vector<double> rates;
  for (int i = 0; i < rounds; ++i) {
    Scene scene(1024);
    { auto group = scene.bus().group("work", "many"); }
    scene.publish(events);
    shared().ready = 0;
    shared().go = 0;
    std::vector<pid_t> children;
    for (unsigned m = 0; m < members; ++m) {
      children.push_back(start([] {
        auto bus = shmbus::Bus::open(Scene::name());
        auto group = bus.group("work", "many");
        shared().ready.fetch_add(1);
        while (shared().go.load() == 0) ::usleep(100);
        // Those that are settled by others are walked over; the last event of all ends it.
        while (drain(group, events) != 0 || group.lost() != 0) {
        }
      }));
    }
    while (shared().ready.load() != members) ::usleep(100);
    const auto start = Clock::now();
    shared().go = 1;
    for (const pid_t child : children) end(child);
    rates.push_back(static_cast<double>(events) / nanoseconds_since(start) * 1e3);
  }
  std::printf("leases of %u members in processes of their own: %.2f M/s\n", members, at(rates, 0.5));
}

std::uint64_t now_ns() { return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count()); }

/// A member is killed while it holds a lease; another one that waits takes it over.
void measure_death(int times) {
  std::vector<double> took;
  Scene scene(16);
  auto group = scene.bus().group("work", "deaths", {.max_deliveries = 0, .backoff = {}});
  for (int i = 0; i < times; ++i) {
    shared().ready = 0;
    const pid_t holder = start([] {
      auto bus = shmbus::Bus::open(Scene::name());
      auto member = bus.group("work", "deaths");
      shmbus::Lease lease = member.take();
      shared().ready = 1;
      for (;;) ::pause();
    });
    ::usleep(20'000);
    scene.publish(1);
    while (shared().ready.load() == 0) ::usleep(100);
    const pid_t waiter = start([] {
      auto bus = shmbus::Bus::open(Scene::name());
      auto member = bus.group("work", "deaths");
      shared().ready = 2;
      shmbus::Lease lease = member.take();
      shared().taken_ns = now_ns();
      require(lease.acknowledge() == shmbus::Status::ok, "an acknowledgement");
    });
    while (shared().ready.load() != 2) ::usleep(100);
    ::usleep(20'000);
    const std::uint64_t killed = now_ns();
    ::kill(holder, SIGKILL);
    end(waiter);
    ::waitpid(holder, nullptr, 0);
    took.push_back(static_cast<double>(shared().taken_ns.load() - killed) / 1e6);
  }
  std::printf("take-over after kill -9, %d times: p50 %.2f ms, longest %.2f ms\n", times, at(took, 0.5), at(took, 1));
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const std::string what = argc > 2 ? argv[2] : "all";
  if (rounds < 1 || (what != "all" && what != "one" && what != "many" && what != "death")) {
    std::fprintf(stderr, "groups: expected a number of rounds, and one, many or death\n");
    return 2;
  }
  try {
    if (what == "all" || what == "one") {
      measure_one(rounds, shmbus::Order::any, "in any order");
      measure_one(rounds, shmbus::Order::by_key, "by key, all with one key");
    }
    if (what == "all" || what == "many") {
      for (const unsigned members : {1u, 2u, 4u}) measure_many(rounds, members);
    }
    if (what == "all" || what == "death") measure_death(100);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "groups: %s\n", error.what());
    return 1;
  }
}
