#include "nats_session.hpp"

#include <atomic>
#include <stdexcept>

namespace bench {

struct NatsSession::State {
  std::atomic<std::uint64_t> failures{0};
};

void check(natsStatus status, const std::string& what) {
  if (status != NATS_OK) throw std::runtime_error(what + ": " + natsStatus_GetText(status));
}

void NatsSession::on_acknowledged(jsCtx*, natsMsg* message, jsPubAck*, jsPubAckErr* error, void* closure) {
  if (error != nullptr) ++static_cast<State*>(closure)->failures;
  natsMsg_Destroy(message);
}

NatsSession::NatsSession(const std::string& url, std::int64_t window, bool at_once)
    : state_(std::make_shared<State>()) {
  natsOptions* made = nullptr;
  check(natsOptions_Create(&made), "options");
  const Owned<natsOptions, natsOptions_Destroy> server{made};
  check(natsOptions_SetURL(made, url.c_str()), url);
  check(natsOptions_SetSendAsap(made, at_once), "options");
  natsConnection* connection = nullptr;
  check(natsConnection_Connect(&connection, made), "connect to " + url);
  connection_.reset(connection);
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = window;
  options.PublishAsync.AckHandler = on_acknowledged;
  options.PublishAsync.AckHandlerClosure = state_.get();
  options.PublishAsync.StallWait = 30'000;
  jsCtx* js = nullptr;
  check(natsConnection_JetStream(&js, connection, &options), "JetStream");
  js_.reset(js);
}

std::uint64_t NatsSession::failures() const noexcept { return state_->failures; }

void NatsSession::make_stream(const std::string& name, const std::string& subjects, jsStorageType storage) const {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const char* all[] = {subjects.c_str()};
  config.Name = name.c_str();
  config.Subjects = all;
  config.SubjectsLen = 1;
  config.Storage = storage;
  config.Discard = js_DiscardNew;
  jsErrCode code{};
  check(js_AddStream(nullptr, js(), &config, nullptr, &code), "make " + name);
}

void NatsSession::delete_stream(const std::string& name) const {
  jsErrCode code{};
  check(js_DeleteStream(js(), name.c_str(), nullptr, &code), "delete " + name);
}

std::uint64_t NatsSession::messages(const std::string& stream) const {
  jsStreamInfo* found = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetStreamInfo(&found, js(), stream.c_str(), nullptr, &code);
  if (status == NATS_NOT_FOUND) return 0;
  check(status, "look at " + stream);
  const Owned<jsStreamInfo, jsStreamInfo_Destroy> info{found};
  return info->State.Msgs;
}

}  // namespace bench
