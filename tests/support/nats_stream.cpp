#include "support/nats_stream.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "support/time_limits.hpp"

namespace test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t reply_limit = 5'000;  // ms

template <class T, void (*destroy)(T*)>
struct Destroy {
  void operator()(T* object) const noexcept { destroy(object); }
};
template <class T, void (*destroy)(T*)>
using Owned = std::unique_ptr<T, Destroy<T, destroy>>;

using Message = Owned<natsMsg, natsMsg_Destroy>;
using Subscription = Owned<natsSubscription, natsSubscription_Destroy>;
using StreamInfo = Owned<jsStreamInfo, jsStreamInfo_Destroy>;
using PublishAcknowledgement = Owned<jsPubAck, jsPubAck_Destroy>;

[[noreturn]] void fail(const std::string& what, natsStatus status, int code = 0) {
  natsStatus ignored = NATS_OK;
  const char* detail = nats_GetLastError(&ignored);
  throw std::runtime_error(what + ": " + natsStatus_GetText(status) + " (" + std::to_string(code) + ") " +
                           (detail != nullptr ? detail : ""));
}

void check(const std::string& what, natsStatus status, int code = 0) {
  if (status != NATS_OK) fail(what, status, code);
}

bool is_passing(natsStatus status) {
  return status == NATS_TIMEOUT || status == NATS_NO_RESPONDERS || status == NATS_CONNECTION_DISCONNECTED ||
         status == NATS_CONNECTION_CLOSED || status == NATS_NO_SERVER;
}

/// Repeats a question for as long as the server, or the stream's leader, is away.
template <class Ask>
void ask(const std::string& what, Ask question) {
  const Deadline deadline;
  for (;;) {
    jsErrCode code{};
    const natsStatus status = question(&code);
    if (status == NATS_OK) return;
    // 10008: JetStream is not available at the moment.
    if (!is_passing(status) && static_cast<int>(code) != 10'008) fail(what, status, static_cast<int>(code));
    deadline.check(what);
    std::this_thread::sleep_for(20ms);
  }
}

jsStreamConfig configuration(const StreamOptions& options, std::vector<const char*>& subjects) {
  for (const std::string& subject : options.subjects) subjects.push_back(subject.c_str());
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = options.name.c_str();
  config.Subjects = subjects.data();
  config.SubjectsLen = static_cast<int>(subjects.size());
  config.Replicas = options.replicas;
  config.Storage = options.memory ? js_MemoryStorage : js_FileStorage;
  config.MaxBytes = options.max_bytes;
  config.MaxMsgs = options.max_messages;
  config.MaxMsgSize = options.max_message_size;
  config.Discard = options.discard_new ? js_DiscardNew : js_DiscardOld;
  return config;
}

std::uint64_t stream_sequence(natsMsg* message) {
  jsMsgMetaData* found = nullptr;
  check("a message's sequence", natsMsg_GetMetaData(&found, message));
  const Owned<jsMsgMetaData, jsMsgMetaData_Destroy> data{found};
  return data->Sequence.Stream;
}

StoredMessage stored(natsMsg* message, std::uint64_t sequence) {
  StoredMessage result{.sequence = sequence, .subject = natsMsg_GetSubject(message)};
  result.payload.assign(natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  const char** names = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(message, &names, &count) != NATS_OK) return result;
  for (int i = 0; i < count; ++i) {
    const char** values = nullptr;
    int of_name = 0;
    if (natsMsgHeader_Values(message, names[i], &values, &of_name) != NATS_OK) continue;
    for (int j = 0; j < of_name; ++j) result.headers.emplace_back(names[i], values[j]);
    std::free(static_cast<void*>(values));
  }
  std::free(static_cast<void*>(names));
  std::stable_sort(result.headers.begin(), result.headers.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return result;
}

}  // namespace

std::optional<std::string> StoredMessage::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

class NatsClient::Impl {
 public:
  Impl(const std::string& urls, const NatsLogin& login) {
    natsOptions* made = nullptr;
    check("natsOptions_Create", natsOptions_Create(&made));
    options_.reset(made);
    std::vector<std::string> each;
    for (std::size_t at = 0; at <= urls.size();) {
      const std::size_t end = std::min(urls.find(',', at), urls.size());
      each.push_back(urls.substr(at, end - at));
      at = end + 1;
    }
    std::vector<const char*> servers;
    for (const std::string& url : each) servers.push_back(url.c_str());
    check("servers", natsOptions_SetServers(made, servers.data(), static_cast<int>(servers.size())));
    check("reconnect", natsOptions_SetMaxReconnect(made, -1));
    check("reconnect wait", natsOptions_SetReconnectWait(made, 20));
    if (!login.user.empty()) check("user", natsOptions_SetUserInfo(made, login.user.c_str(), login.password.c_str()));
    if (!login.ca.empty() || !login.certificate.empty()) check("TLS", natsOptions_SetSecure(made, true));
    if (!login.ca.empty()) check("authority", natsOptions_LoadCATrustedCertificates(made, login.ca.c_str()));
    if (!login.certificate.empty()) {
      check("certificate", natsOptions_LoadCertificatesChain(made, login.certificate.c_str(), login.key.c_str()));
    }
    natsConnection* connection = nullptr;
    check("connect to " + urls, natsConnection_Connect(&connection, made));
    connection_.reset(connection);
    jsOptions settings;
    jsOptions_Init(&settings);
    settings.Wait = reply_limit;
    jsCtx* context = nullptr;
    check("JetStream", natsConnection_JetStream(&context, connection, &settings));
    context_.reset(context);
  }

  jsCtx* js() const noexcept { return context_.get(); }

  using Visit = std::function<void(const StoredMessage& message)>;
  /// Reads from `sequence` on, until `count` is 0 or nothing has come for a while. Returns the next sequence.
  std::uint64_t read(const std::string& name, std::uint64_t sequence, std::uint64_t& count, const Visit& visit) {
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Stream = name.c_str();
    options.Ordered = true;
    options.Config.DeliverPolicy = js_DeliverByStartSequence;
    options.Config.OptStartSeq = sequence;
    natsSubscription* made = nullptr;
    jsErrCode code{};
    const natsStatus status = js_SubscribeSync(&made, js(), ">", nullptr, &options, &code);
    if (is_passing(status)) return sequence;
    check("read " + name, status, static_cast<int>(code));
    const Subscription subscription{made};
    while (count != 0) {
      natsMsg* next = nullptr;
      if (natsSubscription_NextMsg(&next, made, 2'000) != NATS_OK) break;
      const Message message{next};
      const std::uint64_t at = stream_sequence(next);
      if (at < sequence) continue;
      visit(stored(next, at));
      --count;
      sequence = at + 1;
    }
    return sequence;
  }

 private:
  Owned<natsOptions, natsOptions_Destroy> options_;
  Owned<natsConnection, natsConnection_Destroy> connection_;
  Owned<jsCtx, jsCtx_Destroy> context_;
};

NatsClient::NatsClient(const std::string& urls, const NatsLogin& login) : impl_(std::make_unique<Impl>(urls, login)) {}
NatsClient::~NatsClient() = default;

void NatsClient::create_stream(const StreamOptions& options) {
  std::vector<const char*> subjects;
  jsStreamConfig config = configuration(options, subjects);
  ask("create " + options.name,
      [&](jsErrCode* code) { return js_AddStream(nullptr, impl_->js(), &config, nullptr, code); });
}

void NatsClient::update_stream(const StreamOptions& options) {
  std::vector<const char*> subjects;
  jsStreamConfig config = configuration(options, subjects);
  ask("update " + options.name,
      [&](jsErrCode* code) { return js_UpdateStream(nullptr, impl_->js(), &config, nullptr, code); });
}

void NatsClient::delete_stream(const std::string& name) {
  ask("delete " + name, [&](jsErrCode* code) { return js_DeleteStream(impl_->js(), name.c_str(), nullptr, code); });
}

void NatsClient::purge_stream(const std::string& name) {
  ask("purge " + name, [&](jsErrCode* code) { return js_PurgeStream(impl_->js(), name.c_str(), nullptr, code); });
}

void NatsClient::purge_stream(const std::string& name, std::uint64_t last) {
  jsOptions options;
  jsOptions_Init(&options);
  options.Stream.Purge.Sequence = last + 1;
  ask("purge " + name, [&](jsErrCode* code) { return js_PurgeStream(impl_->js(), name.c_str(), &options, code); });
}

std::optional<StreamState> NatsClient::stream(const std::string& name) {
  jsStreamInfo* found = nullptr;
  bool missing = false;
  ask("look at " + name, [&](jsErrCode* code) {
    const natsStatus status = js_GetStreamInfo(&found, impl_->js(), name.c_str(), nullptr, code);
    missing = status == NATS_NOT_FOUND;
    return missing ? NATS_OK : status;
  });
  if (missing) return std::nullopt;
  const StreamInfo info{found};
  const jsStreamConfig& config = *info->Config;
  StreamState state{.messages = info->State.Msgs,
                    .bytes = info->State.Bytes,
                    .first = info->State.FirstSeq,
                    .last = info->State.LastSeq,
                    .max_age = config.MaxAge};
  if (info->Cluster != nullptr && info->Cluster->Leader != nullptr) state.leader = info->Cluster->Leader;
  state.options = {.name = name,
                   .subjects = {},
                   .replicas = static_cast<int>(config.Replicas),
                   .memory = config.Storage == js_MemoryStorage,
                   .max_bytes = config.MaxBytes,
                   .max_messages = config.MaxMsgs,
                   .max_message_size = config.MaxMsgSize,
                   .discard_new = config.Discard == js_DiscardNew};
  for (int i = 0; i < config.SubjectsLen; ++i) state.options.subjects.emplace_back(config.Subjects[i]);
  return state;
}

std::vector<ConsumerState> NatsClient::consumers(const std::string& stream) {
  jsConsumerInfoList* found = nullptr;
  bool none = false;
  ask("consumers of " + stream, [&](jsErrCode* code) {
    const natsStatus status = js_Consumers(&found, impl_->js(), stream.c_str(), nullptr, code);
    none = status == NATS_NOT_FOUND;
    return none ? NATS_OK : status;
  });
  if (none) return {};
  const Owned<jsConsumerInfoList, jsConsumerInfoList_Destroy> list{found};
  std::vector<ConsumerState> all;
  for (int i = 0; i < list->Count; ++i) {
    const jsConsumerInfo& info = *list->List[i];
    if (info.Config->Durable == nullptr) continue;
    all.push_back({.name = info.Name, .acknowledged = info.AckFloor.Stream, .pending = info.NumPending});
  }
  return all;
}

void NatsClient::delete_consumer(const std::string& stream, const std::string& consumer) {
  ask("delete consumer " + consumer,
      [&](jsErrCode* code) { return js_DeleteConsumer(impl_->js(), stream.c_str(), consumer.c_str(), nullptr, code); });
}

std::uint64_t NatsClient::publish(const std::string& subject, std::string_view payload,
                                  const StoredMessage::Headers& headers) {
  natsMsg* made = nullptr;
  check("message", natsMsg_Create(&made, subject.c_str(), nullptr, payload.data(), static_cast<int>(payload.size())));
  const Message message{made};
  for (const auto& [name, value] : headers) check("header", natsMsgHeader_Add(made, name.c_str(), value.c_str()));
  jsPubAck* stored = nullptr;
  jsErrCode code{};
  check("publish to " + subject, js_PublishMsg(&stored, impl_->js(), made, nullptr, &code), static_cast<int>(code));
  const PublishAcknowledgement acknowledgement{stored};
  return acknowledgement->Sequence;
}

void NatsClient::delete_message(const std::string& stream, std::uint64_t sequence) {
  ask("delete a message of " + stream,
      [&](jsErrCode* code) { return js_DeleteMsg(impl_->js(), stream.c_str(), sequence, nullptr, code); });
}

std::vector<StoredMessage> NatsClient::read_stream(const std::string& name) {
  std::vector<StoredMessage> all;
  read_stream(name, [&](const StoredMessage& message) { all.push_back(message); });
  return all;
}

void NatsClient::read_stream(const std::string& name, const std::function<void(const StoredMessage& message)>& visit) {
  const std::optional<StreamState> state = stream(name);
  if (!state) throw std::runtime_error("there is no stream " + name);
  std::uint64_t left = state->messages;
  unsigned silences = 0;
  for (std::uint64_t next = std::max<std::uint64_t>(state->first, 1); left != 0;) {
    const std::uint64_t before = next;
    next = impl_->read(name, next, left, visit);
    silences = next == before ? silences + 1 : 0;
    if (silences > 20) {
      throw std::runtime_error(std::to_string(left) + " messages of " + name + " can't be read, from " +
                               std::to_string(next));
    }
  }
}

}  // namespace test
