// Redis Streams: each client has a connection of its own, and adds events to one stream. What the server answers is as
// durable as its `appendfsync` says.

#include <array>

#include "durable_rate.hpp"
#include "redis_connection.hpp"

namespace {

class StreamClient final : public peers::DurableClient {
 public:
  explicit StreamClient(const peers::DurableJob& job)
      : connection_(job.at), payload_(job.size, 'x'), outstanding_(job.outstanding) {}

  void write() override {
    const std::array<std::string_view, 5> words{"XADD", "durable", "*", "event", payload_};
    for (unsigned i = 0; i < outstanding_; ++i) connection_.append(words);
    for (unsigned i = 0; i < outstanding_; ++i) connection_.reply();
  }

 private:
  peers::RedisConnection connection_;
  std::string payload_;
  unsigned outstanding_;
};

}  // namespace

int main(int argc, char** argv) {
  return peers::measure_durable(
      {.name = "redis",
       .description = "Redis Streams",
       .client = [](const peers::DurableJob& job) { return std::make_unique<StreamClient>(job); }},
      argc, argv);
}
