// A topic with `Journal::batch()`: each client is a process that publishes and waits until its events are durable.

#include <unistd.h>

#include <vector>

#include "durable_rate.hpp"
#include "shmbus/shmbus.hpp"

namespace {

class JournalClient final : public peers::DurableClient {
 public:
  JournalClient(const std::string& bus, const peers::DurableJob& job)
      : bus_(shmbus::Bus::open(bus, {.journals = job.at})),
        publisher_(bus_.publisher("durable", {.journal = shmbus::Journal::batch()})),
        payload_(job.size),
        outstanding_(job.outstanding) {}

  void write() override {
    std::uint64_t last = 0;
    for (unsigned i = 0; i < outstanding_; ++i) last = publisher_.publish(payload_).sequence();
    const shmbus::Status status = publisher_.wait_durable(last);
    if (status != shmbus::Status::ok) throw std::runtime_error(shmbus::to_string(status));
  }

 private:
  shmbus::Bus bus_;
  shmbus::Publisher publisher_;
  std::vector<std::byte> payload_;
  unsigned outstanding_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string bus = "bench-" + std::to_string(::getpid());
  return peers::measure_durable(
      {.name = "journal",
       .description = "shmbus, a topic with Journal::batch()",
       .client = [&](const peers::DurableJob& job) { return std::make_unique<JournalClient>(bus, job); },
       .clear = [&] { shmbus::Bus::remove(bus, shmbus::Journals::erase); }},
      argc, argv);
}
