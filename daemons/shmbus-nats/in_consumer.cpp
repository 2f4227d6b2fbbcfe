#include "in_consumer.hpp"

#include <memory>

#include <fmt/format.h>

#include "nats_error.hpp"
#include "settings_reader.hpp"
#include "subjects.hpp"

namespace shmbus::bridge {
namespace {

// Far more than are on their way at a time; below the number at which nats.c drops messages (it has no limit here).
constexpr std::int64_t most_unacknowledged = 8192;
constexpr std::int64_t heartbeat_ns = 5'000'000'000;
// A message that was lost on its way is delivered again after this time at the latest.
constexpr std::int64_t acknowledge_ns = 30'000'000'000;

}  // namespace

std::vector<std::string> bridges_with_streams(Link& link) {
  jsStreamNamesList* found = nullptr;
  jsErrCode code{};
  const natsStatus status = js_StreamNames(&found, link.js(), nullptr, &code);
  if (status == NATS_NOT_FOUND) return {};
  check(status, "the streams can't be listed", code);
  const JsStreamNames list(found);
  std::vector<std::string> bridges;
  for (int i = 0; i < list->Count; ++i)
    if (std::string bridge = bridge_of(list->List[i]); daemon::is_bus_name(bridge)) bridges.push_back(std::move(bridge));
  return bridges;
}

std::optional<std::uint64_t> acknowledged_by(Link& link, const std::string& stream, const std::string& consumer) {
  jsConsumerInfo* found = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetConsumerInfo(&found, link.js(), stream.c_str(), consumer.c_str(), nullptr, &code);
  if (status == NATS_NOT_FOUND || code == JSConsumerNotFoundErr) return std::nullopt;
  check(status, fmt::format("the consumer {} of stream {} can't be looked at", consumer, stream), code);
  const JsConsumerInfo info(found);
  return info->AckFloor.Stream;
}

void remove_consumer(Link& link, const std::string& stream, const std::string& consumer) {
  jsErrCode code{};
  const natsStatus status = js_DeleteConsumer(link.js(), stream.c_str(), consumer.c_str(), nullptr, &code);
  if (status != NATS_NOT_FOUND && code != JSConsumerNotFoundErr)
    check(status, fmt::format("the consumer {} of stream {} can't be deleted", consumer, stream), code);
}

void add_consumer(Link& link, const std::string& stream, const std::string& consumer, const std::string& filter,
                  const ConsumerStart& start) {
  natsInbox* inbox = nullptr;
  check(natsInbox_Create(&inbox), "an inbox can't be made");
  const std::unique_ptr<char, decltype([](char* name) { natsInbox_Destroy(name); })> owner(inbox);
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  const std::string description = "the shmbus bridge " + consumer;
  config.Durable = consumer.c_str();
  config.Description = description.c_str();
  config.DeliverSubject = inbox;
  config.DeliverPolicy = start.sequence != 0 ? js_DeliverByStartSequence : js_DeliverByStartTime;
  config.OptStartSeq = start.sequence;
  config.OptStartTime = start.sequence != 0 ? 0 : start.time;
  config.AckPolicy = js_AckAll;
  config.AckWait = acknowledge_ns;
  config.MaxAckPending = most_unacknowledged;
  config.FlowControl = true;
  config.Heartbeat = heartbeat_ns;
  config.FilterSubject = filter.c_str();
  jsErrCode code{};
  check(js_AddConsumer(nullptr, link.js(), stream.c_str(), &config, nullptr, &code),
        fmt::format("a consumer of stream {} can't be made", stream), code);
}

}  // namespace shmbus::bridge
