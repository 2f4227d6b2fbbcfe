// A pull consumer of a NATS JetStream stream in memory. Acknowledgements are sent, and not waited for.

#include <stdexcept>

#include "nats_session.hpp"
#include "queue_rate.hpp"

namespace {

void fill(const peers::QueueJob& job) {
  const bench::NatsSession session(job.at);
  if (session.messages("queue") != 0) session.delete_stream("queue");
  session.make_stream("queue", "queue", js_MemoryStorage);
  jsConsumerConfig consumer;
  jsConsumerConfig_Init(&consumer);
  consumer.Durable = "workers";
  consumer.AckPolicy = js_AckExplicit;
  jsErrCode code{};
  bench::check(js_AddConsumer(nullptr, session.js(), "queue", &consumer, nullptr, &code), "make the consumer");
  const std::string payload(64, 'x');
  for (std::uint64_t i = 0; i < job.events; ++i) {
    bench::check(js_PublishAsync(session.js(), "queue", payload.data(), static_cast<int>(payload.size()), nullptr),
                 "publish");
  }
  bench::check(js_PublishAsyncComplete(session.js(), nullptr), "publish");
  if (session.messages("queue") != job.events) throw std::runtime_error("not all messages were stored");
}

void work(const peers::QueueJob& job, const std::string&, shmbus::measure::Role& role) {
  const bench::NatsSession session(job.at, 4096, job.batch == 1);
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = "queue";
  options.Consumer = "workers";
  natsSubscription* made = nullptr;
  jsErrCode code{};
  bench::check(js_PullSubscribe(&made, session.js(), "queue", "workers", nullptr, &options, &code), "subscribe");
  const bench::Owned<natsSubscription, natsSubscription_Destroy> subscription{made};
  role.meet();
  for (;;) {
    natsMsgList fetched{};
    const natsStatus status = natsSubscription_Fetch(&fetched, made, static_cast<int>(job.batch), 1000, &code);
    if (status == NATS_TIMEOUT) return;
    bench::check(status, "fetch");
    for (int i = 0; i < fetched.Count; ++i) bench::check(natsMsg_Ack(fetched.Msgs[i], nullptr), "acknowledge");
    role.advance(static_cast<std::uint64_t>(fetched.Count));
    natsMsgList_Destroy(&fetched);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return peers::measure_queue({.name = "jetstream",
                               .description = "NATS JetStream, a pull consumer",
                               .batches = true,
                               .fill = fill,
                               .work = work},
                              argc, argv);
}
