#include "dispatch/dispatcher.hpp"

#include <cstdio>
#include <exception>

#include "platform/clock.hpp"
#include "shmbus/error.hpp"
#include "shmbus/subscriber_poll.hpp"

namespace shmbus::detail {

namespace {

constexpr std::size_t kMaxWorkers = 64;

void check_options(const DispatchOptions& options) {
  const auto refuse = [](const char* what, const char* expected, std::size_t found) {
    throw Error(ErrorCode::invalid_option, {what, expected, std::to_string(found), "choose a number in that range"});
  };
  if (options.workers < 1 || options.workers > kMaxWorkers)
    refuse("dispatch option workers", "1 to 64", options.workers);
  if (options.queue < 1 || options.queue > (1u << 20)) refuse("dispatch option queue", "1 to 1048576", options.queue);
}

}  // namespace

Dispatcher::Dispatcher(std::shared_ptr<BusCore> bus, Subscriber subscriber, Handler handler,
                       const DispatchOptions& options)
    : bus_(std::move(bus)),
      subscriber_(std::move(subscriber)),
      handler_(std::move(handler)),
      queue_((check_options(options), options.queue)),
      room_(static_cast<moodycamel::LightweightSemaphore::ssize_t>(options.queue)) {
  try {
    workers_.reserve(options.workers);
    for (std::size_t i = 0; i < options.workers; ++i) workers_.emplace_back([this] { work(); });
    poller_ = std::thread([this] { poll(); });
  } catch (...) {
    end();
    throw;
  }
}

Dispatcher::~Dispatcher() {
  if (bus_->node().forked()) {
    // The child has none of these threads: only their handles, which must not be destroyed.
    new std::thread(std::move(poller_));
    new std::vector<std::thread>(std::move(workers_));
    return;
  }
  end();
}

/// Of those threads that were started.
void Dispatcher::end() noexcept {
  stop_.store(true, std::memory_order_release);
  room_.signal();
  subscriber_.interrupt();
  if (poller_.joinable()) poller_.join();
  for (std::size_t i = 0; i < workers_.size(); ++i) queue_.enqueue(Item{});
  for (std::thread& worker : workers_) worker.join();
}

void Dispatcher::poll() {
  while (!stopping()) {
    // Places first: with a full queue there is no polling, so the lag shows and nothing is dropped here.
    constexpr std::int64_t kBatch = 256, kMicroseconds = 1'000'000;
    const auto places = room_.waitMany(kBatch, kMicroseconds);
    if (places <= 0) continue;
    const auto polled = static_cast<std::int64_t>(subscriber_.poll(
        [&](const Event& event) { queue_.enqueue(Item{event.retain()}); }, static_cast<std::size_t>(places)));
    lost_.store(subscriber_.lost(), std::memory_order_relaxed);
    if (polled < places) room_.signal(places - polled);
    if (polled != 0) continue;
    if (subscriber_.status() == Status::closed) return;
    subscriber_.wait();
  }
}

void Dispatcher::work() {
  for (Item item;;) {
    queue_.wait_dequeue(item);
    if (!item) return;
    if (!stop_.load(std::memory_order_acquire)) {
      const HandlerScope scope(&bus_->node());
      handle(**item);
    }
    item.reset();  // unpins its block before the place is given back
    room_.signal();
  }
}

void Dispatcher::handle(const Event& event) noexcept {
  try {
    handler_(event);
  } catch (const std::exception& e) {
    report(event, e.what());
  } catch (...) {
    report(event, "something that is no std::exception");
  }
  handled_.fetch_add(1, std::memory_order_relaxed);
}

/// At most once a second: an error in every event must not become a flood.
void Dispatcher::report(const Event& event, const char* what) noexcept {
  event.reader_->reader.count_handler_error();
  const std::uint64_t count = errors_.fetch_add(1, std::memory_order_relaxed) + 1;
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const std::uint64_t now = platform::monotonic_ns();
  std::uint64_t last = reported_ns_.load(std::memory_order_relaxed);
  if (last != 0 && now - last < kSecond) return;
  if (!reported_ns_.compare_exchange_strong(last, now, std::memory_order_relaxed)) return;
  std::fprintf(stderr, "shmbus: the handler of topic '%.*s' threw at sequence %llu: %s (%llu so far)\n",
               static_cast<int>(event.topic().size()), event.topic().data(),
               static_cast<unsigned long long>(event.sequence()), what, static_cast<unsigned long long>(count));
}

}  // namespace shmbus::detail
