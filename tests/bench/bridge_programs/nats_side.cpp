// What nats.c does by itself.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <thread>

#include "measures.hpp"
#include "nats_session.hpp"

namespace bench {
namespace {

/// The headers that the bridge gives an event of a topic without a type, key, trace or headers.
class Headers {
 public:
  explicit Headers(const Job& job) : source_("shmbus://bench/" + job.bus + "/0123456789abcdef") {}

  void set(natsMsg* message, std::uint64_t number) {
    char text[64];
    natsMsgHeader_Set(message, "ce-specversion", "1.0");
    std::snprintf(text, sizeof text, "0123456789abcdef-fedcba9876543210-%llu",
                  static_cast<unsigned long long>(number + 1));
    natsMsgHeader_Set(message, "ce-id", text);
    natsMsgHeader_Set(message, "ce-source", source_.c_str());
    natsMsgHeader_Set(message, "ce-type", "bench.events");
    set_time(text, sizeof text);
    natsMsgHeader_Set(message, "ce-time", text);
    std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(number));
    natsMsgHeader_Set(message, "Nats-Expected-Last-Sequence", text);
  }

 private:
  void set_time(char* text, std::size_t size) {
    std::timespec time{};
    std::timespec_get(&time, TIME_UTC);
    if (time.tv_sec != second_) {
      second_ = time.tv_sec;
      std::tm utc{};
      ::gmtime_r(&time.tv_sec, &utc);
      std::strftime(clock_, sizeof clock_, "%Y-%m-%dT%H:%M:%S", &utc);
    }
    std::snprintf(text, size, "%s.%09ldZ", clock_, time.tv_nsec);
  }

  std::string source_;
  std::time_t second_ = -1;
  char clock_[32] = "";
};

constexpr const char* topic = ".bench.events";

Owned<natsMsg, natsMsg_Destroy> made(const std::string& subject, Headers& headers, std::uint64_t number,
                                     const std::vector<char>& payload) {
  natsMsg* message = nullptr;
  check(natsMsg_Create(&message, subject.c_str(), nullptr, payload.data(), static_cast<int>(payload.size())),
        "message");
  headers.set(message, number);
  return Owned<natsMsg, natsMsg_Destroy>{message};
}

/// Into the window.
void publish(const NatsSession& session, const std::string& subject, Headers& headers, std::uint64_t number,
             const std::vector<char>& payload) {
  natsMsg* message = made(subject, headers, number, payload).release();
  check(js_PublishMsgAsync(session.js(), &message, nullptr), "publish");
}

/// At once: what is published into the window waits for a thread of nats.c for a millisecond.
void publish_at_once(const NatsSession& session, const std::string& subject, Headers& headers, std::uint64_t number,
                     const std::vector<char>& payload) {
  const auto message = made(subject, headers, number, payload);
  check(js_PublishMsg(nullptr, session.js(), message.get(), nullptr, nullptr), "publish");
}

}  // namespace

void publish_by_nats(const Job& job) {
  const NatsSession session{job.url};
  const std::string root = "bench." + job.stream;
  session.make_stream(job.stream, root + ".>");
  Headers headers{job};
  const std::vector<char> payload(job.size, 'x');
  const std::string subject = root + topic;
  const std::int64_t began = now_ns();
  for (std::uint64_t i = 0; i < job.count; ++i) publish(session, subject, headers, i, payload);
  check(js_PublishAsyncComplete(session.js(), nullptr), "acknowledgements");
  const std::int64_t ended = now_ns();
  const std::uint64_t stored = session.messages(job.stream);
  session.delete_stream(job.stream);
  if (session.failures() != 0 || stored != job.count) throw std::runtime_error("not all messages were stored");
  print_rate(job.count, ended - began);
}

void time_by_nats(const Job& job) {
  const NatsSession sender{job.url}, receiver{job.url};
  const std::string root = "bench." + job.stream;
  sender.make_stream(job.stream, root + ".>");
  struct Arrived {
    Times times;
    std::atomic<std::uint64_t> count{0};
  } arrived{.times = Times(job.count)};
  const auto on_message = [](natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    auto& mine = *static_cast<Arrived*>(closure);
    mine.times.add(age(natsMsg_GetData(message)));
    natsMsg_Ack(message, nullptr);
    natsMsg_Destroy(message);
    mine.count.fetch_add(1, std::memory_order_release);
  };
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = job.stream.c_str();
  options.ManualAck = true;
  options.Config.AckPolicy = js_AckAll;
  options.Config.DeliverPolicy = js_DeliverAll;
  natsSubscription* made = nullptr;
  jsErrCode code{};
  check(js_Subscribe(&made, receiver.js(), (root + ".>").c_str(), on_message, &arrived, nullptr, &options, &code),
        "subscribe");
  {
    const Owned<natsSubscription, natsSubscription_Destroy> subscription{made};
    Headers headers{job};
    std::vector<char> payload = stamped(job.size);
    const std::string subject = root + topic;
    auto next = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < job.count;
         ++i, next += std::chrono::nanoseconds{std::chrono::seconds{1}} / job.rate) {
      std::this_thread::sleep_until(next);
      stamp(payload);
      publish_at_once(sender, subject, headers, i, payload);
    }
    const std::int64_t end = now_ns() + 30'000'000'000;
    while (arrived.count.load(std::memory_order_acquire) < job.count) {
      if (now_ns() > end) throw std::runtime_error("not all messages arrived");
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }
  sender.delete_stream(job.stream);
  arrived.times.print();
}

}  // namespace bench
