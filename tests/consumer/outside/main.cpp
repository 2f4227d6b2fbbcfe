// The example of the documentation, word for word. This file supplies what the example leaves undefined.

#include <shmbus/shmbus.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace {
using namespace std::chrono_literals;

const std::string streaming = "outside-" + std::to_string(getpid());  // "streaming" in the documentation
const std::array<char, 16> buffer{};
const std::span<const std::byte> bytes = std::as_bytes(std::span{buffer});
const std::byte image[1000]{};
const std::size_t used = sizeof image;
std::uint64_t recommended_to = 0;

template <typename Status>
void report(Status) {
  std::fputs("try_publish was refused\n", stderr);
  std::abort();
}
void recommend(std::uint64_t user_id) { recommended_to = user_id; }
void award_badge(std::uint64_t) {}
void watch(int) {}
}  // namespace

struct AtExit {
  ~AtExit() {
    shmbus::Bus::remove(streaming);
    if (recommended_to == 42) return;
    std::fputs("the subscriber did not see what was published\n", stderr);
    std::_Exit(EXIT_FAILURE);
  }
} at_exit;

struct WatchStarted { std::uint64_t user_id; std::uint64_t video_id; };      // trivially copyable

int main() {
  shmbus::Bus bus = shmbus::Bus::open(streaming);                            // create or attach; throws shmbus::Error

  // publish: typed, raw, in place
  auto started = bus.publisher<WatchStarted>("video.watch_started");
  started.publish({.user_id = 42, .video_id = 7});                            // PublishResult: status and sequence

  shmbus::Publisher raw = bus.publisher("log.line", {.writers = shmbus::Writers::exclusive});
  raw.publish(std::string_view{"hello"});
  raw.publish(std::as_bytes(std::span{buffer}));                              // waits while a reliable subscriber holds the ring back
  raw.publish_for(100ms, bytes);                                              // waits that long at most
  if (auto r = raw.try_publish(bytes); !r) report(r.status());                // never waits
  if (shmbus::Loan loan = raw.loan(4096)) {                                   // write in place; aborted if not committed
    std::memcpy(loan.payload().data(), image, used);
    loan.commit(used);                                                        // PublishResult; at most what was loaned
  }

  // read: poll, wait, or both from an event loop
  shmbus::Subscriber sub = bus.subscriber("video.*", {.start = shmbus::Start::oldest()});
  std::size_t n = sub.poll([](const shmbus::Event& e) {                       // up to 256 events, in place
    if (auto* w = e.as<WatchStarted>()) recommend(w->user_id);
  }, 256);
  if (n == 0) sub.wait(std::chrono::milliseconds{100});                       // true: look again
  sub.lost();                                                                 // exact number of events missed so far
  int fd = sub.fd();                                                          // readable when there is something to poll
  watch(fd);                                                                  // supplied: or the compiler calls fd unused

  // handlers on worker threads: the event bus of the textbook
  shmbus::Subscription s = bus.subscribe("video.watch_started",
                                         [](const shmbus::Event& e) { award_badge(e.as<WatchStarted>()->user_id); });
}                                                                             // everything detaches here; the bus and its events stay
