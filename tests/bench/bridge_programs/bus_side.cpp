// What a bus with its bridges does.

#include <chrono>
#include <cstdio>
#include <memory>
#include <span>
#include <stdexcept>
#include <thread>

#include "measures.hpp"
#include "nats_session.hpp"
#include "shmbus/shmbus.hpp"

namespace bench {
namespace {

constexpr const char* topic = "bench.events";

std::span<const std::byte> bytes(const std::vector<char>& payload) { return std::as_bytes(std::span{payload}); }

/// Waits until streams hold so many messages together.
void wait_for(const NatsSession& session, const std::vector<std::string>& streams, std::uint64_t count) {
  const std::int64_t end = now_ns() + 300'000'000'000;
  for (;;) {
    std::uint64_t stored = 0;
    for (const std::string& stream : streams) stored += session.messages(stream);
    if (stored >= count) return;
    if (now_ns() > end) throw std::runtime_error("not all events were stored");
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

}  // namespace

void hold_buses(const Job& job) {
  std::vector<shmbus::Bus> buses;
  for (const std::string& name : job.buses) buses.push_back(shmbus::Bus::open(name));
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  for (const std::string& name : job.buses) shmbus::Bus::remove(name);
}

void publish_by_bus(const Job& job) {
  const NatsSession session{job.url};
  shmbus::Bus bus = shmbus::Bus::open(job.bus);
  shmbus::Publisher publisher = bus.publisher(topic);
  const std::vector<char> payload(job.size, 'x');
  const std::int64_t began = now_ns();
  for (std::uint64_t i = 0; i < job.count; ++i) {
    if (publisher.publish(bytes(payload)).status() != shmbus::Status::ok) throw std::runtime_error("publish failed");
  }
  wait_for(session, {job.stream}, job.count);
  print_rate(job.count, now_ns() - began);
}

void publish_by_many(const Job& job) {
  const NatsSession session{job.url};
  std::vector<shmbus::Bus> buses;
  std::vector<shmbus::Publisher> publishers;
  std::vector<std::string> streams;
  for (const std::string& name : job.buses) {
    publishers.push_back(buses.emplace_back(shmbus::Bus::open(name)).publisher(topic));
    streams.push_back("shmbus_" + name);
  }
  const std::vector<char> payload(job.size, 'x');
  const std::int64_t began = now_ns();
  for (std::uint64_t i = 0; i < job.count; ++i) {
    if (publishers[i % publishers.size()].publish(bytes(payload)).status() != shmbus::Status::ok)
      throw std::runtime_error("publish failed");
  }
  wait_for(session, streams, job.count);
  print_rate(job.count, now_ns() - began);
}

void time_by_buses(const Job& job) {
  shmbus::Bus near = shmbus::Bus::open(job.bus), far = shmbus::Bus::open(job.far_bus);
  shmbus::Publisher publisher = near.publisher(topic);
  shmbus::Subscriber subscriber = far.subscriber(topic);
  Times times{job.count};
  std::thread reader{[&] {
    const std::int64_t end = now_ns() + 300'000'000'000;
    while (times.count() < job.count && now_ns() < end) {
      subscriber.poll([&](const shmbus::Event& event) { times.add(age(event.text().data())); });
      subscriber.wait(std::chrono::milliseconds{100});
    }
  }};
  std::vector<char> payload = stamped(job.size);
  auto next = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < job.count; ++i, next += std::chrono::nanoseconds{std::chrono::seconds{1}} / job.rate) {
    std::this_thread::sleep_until(next);
    stamp(payload);
    publisher.publish(bytes(payload));
  }
  reader.join();
  if (times.count() < job.count) throw std::runtime_error("not all events arrived");
  times.print();
}

}  // namespace bench
