// A consumer group of Redis Streams. One by one, each XREADGROUP and each XACK is answered before the next; otherwise one
// XACK for all events travels with the next XREADGROUP.

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "queue_rate.hpp"
#include "redis_connection.hpp"

namespace {

using Words = std::vector<std::string_view>;

const redisReply& part(const redisReply& reply, std::size_t index) {
  if (reply.type != REDIS_REPLY_ARRAY || index >= reply.elements) throw std::runtime_error("unexpected reply");
  return *reply.element[index];
}

void fill(const peers::QueueJob& job) {
  peers::RedisConnection connection(job.at);
  const auto run = [&](const Words& words, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) connection.append(words);
    for (std::uint64_t i = 0; i < times; ++i) connection.reply();
  };
  run({"DEL", "queue"}, 1);
  run({"XGROUP", "CREATE", "queue", "workers", "0", "MKSTREAM"}, 1);
  const std::string payload(64, 'x');
  for (std::uint64_t done = 0; done < job.events; done += 1000) {
    run({"XADD", "queue", "*", "event", payload}, std::min<std::uint64_t>(job.events - done, 1000));
  }
}

void work(const peers::QueueJob& job, const std::string& name, shmbus::measure::Role& role) {
  peers::RedisConnection connection(job.at);
  const std::string count = std::to_string(job.batch);
  std::size_t unanswered = 0;  // acknowledgements
  const auto finish = [&] {
    if (unanswered == 0) return;
    if (connection.reply()->integer != static_cast<long long>(unanswered)) throw std::runtime_error("XACK failed");
    role.advance(unanswered);
    unanswered = 0;
  };
  role.meet();
  for (;;) {
    connection.append(Words{"XREADGROUP", "GROUP", "workers", name, "COUNT", count, "STREAMS", "queue", ">"});
    finish();
    const peers::RedisReply reply = connection.reply();
    if (reply->type == REDIS_REPLY_NIL) return;
    const redisReply& events = part(part(*reply, 0), 1);
    Words acknowledge{"XACK", "queue", "workers"};
    for (std::size_t i = 0; i < events.elements; ++i) acknowledge.emplace_back(part(part(events, i), 0).str);
    connection.append(acknowledge);
    unanswered = events.elements;
    if (job.batch == 1) finish();
  }
}

}  // namespace

int main(int argc, char** argv) {
  return peers::measure_queue({.name = "redis_group",
                               .description = "Redis Streams, a consumer group",
                               .batches = true,
                               .fill = fill,
                               .work = work},
                              argc, argv);
}
