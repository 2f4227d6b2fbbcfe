#include "link.hpp"

#include <fstream>
#include <mutex>
#include <utility>
#include <vector>

#include "callback_key.hpp"
#include "nats_error.hpp"
#include "nats_url.hpp"

namespace shmbus::bridge {
namespace {

/// How often the server is asked whether it is there. It is given up after two questions without an answer, so a link
/// that is cut in silence is noticed within 15 s.
constexpr std::int64_t ping_ms = 5000;
constexpr std::int64_t connect_ms = 5000;
constexpr std::int64_t request_ms = 5000;
constexpr std::int64_t write_ms = 10'000;

std::string line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line) || line.empty())
    throw NatsError(NATS_INVALID_ARG, static_cast<jsErrCode>(0), path + ": expected a readable file with one line");
  return line;
}

NatsOptions options_of(const NatsSettings& settings, const std::string& bridge) {
  natsOptions* made = nullptr;
  check(natsOptions_Create(&made), "options of NATS can't be made");
  NatsOptions options(made);
  std::vector<const char*> urls;
  for (const std::string& url : settings.urls) urls.push_back(url.c_str());
  const std::string label = "shmbus-nats " + bridge;
  check(natsOptions_SetServers(made, urls.data(), static_cast<int>(urls.size())), "nats.urls");
  check(natsOptions_SetName(made, label.c_str()), "name");
  check(natsOptions_SetAllowReconnect(made, false), "options");
  check(natsOptions_SetTimeout(made, connect_ms), "options");
  check(natsOptions_SetPingInterval(made, ping_ms), "options");
  check(natsOptions_SetMaxPingsOut(made, 2), "options");
  if (!settings.credentials.empty())
    check(natsOptions_SetUserCredentialsFromFiles(made, settings.credentials.c_str(), nullptr),
          "nats.credentials, " + settings.credentials);
  if (!settings.nkey.empty())
    check(natsOptions_SetNKeyFromSeed(made, settings.nkey_public.c_str(), settings.nkey.c_str()),
          "nats.nkey, " + settings.nkey);
  if (!settings.user.empty())
    check(natsOptions_SetUserInfo(
              made, settings.user.c_str(),
              settings.password_file.empty() ? "" : line_of(settings.password_file).c_str()),
          "nats.user");
  if (!settings.token_file.empty())
    check(natsOptions_SetToken(made, line_of(settings.token_file).c_str()), "nats.token_file");
  if (settings.tls)
    check(natsOptions_SetSecure(made, true), "nats.tls");
  if (!settings.ca.empty())
    check(natsOptions_LoadCATrustedCertificates(made, settings.ca.c_str()), "nats.ca, " + settings.ca);
  if (!settings.certificate.empty())
    check(natsOptions_LoadCertificatesChain(made, settings.certificate.c_str(), settings.key.c_str()),
          "nats.certificate, " + settings.certificate);
  return options;
}

}  // namespace

struct Link::State {
  explicit State(Calls its_calls) : calls(std::move(its_calls)) {}
  const Calls calls;
  std::mutex calling;  // held while one of them runs
  bool active = true;  // false: the Link is gone

  void arrived() const {
    if (!lost) calls.arrived();
  }
  std::atomic<bool> lost{false};
  mutable std::mutex mutex;
  std::string complaint;

  static void on_error(natsConnection*, natsSubscription* subscription, natsStatus status, void* closure) {
    const auto state = CallbackKey<State>::find(closure);
    if (!state) return;
    {
      const std::lock_guard lock(state->mutex);
      state->complaint = nats_reason(status);
    }
    const std::lock_guard lock(state->calling);
    if (state->active) state->calls.complaint(subscription, status);
  }
  static void on_closed(natsConnection* connection, void* closure) {
    const auto state = CallbackKey<State>::find(closure);
    if (!state) return;
    const char* last = nullptr;
    natsConnection_GetLastError(connection, &last);
    {
      const std::lock_guard lock(state->mutex);
      if (last != nullptr && *last != '\0') state->complaint = last;
    }
    state->lost.store(true);
    const std::lock_guard lock(state->calling);
    if (state->active) state->calls.lost();
  }
};

Link::Link(const NatsSettings& settings, const std::string& bridge, Calls calls)
    : reads_itself_(!settings.tls), state_(std::make_shared<State>(std::move(calls))), key_(std::make_unique<CallbackKey<State>>(state_)), loop_([this] { state_->arrived(); }) {
  const NatsOptions options = options_of(settings, bridge);
  check(natsOptions_SetErrorHandler(options.get(), State::on_error, key_->closure()), "options");
  check(natsOptions_SetClosedCB(options.get(), State::on_closed, key_->closure()), "options");
  check(natsOptions_SetSendAsap(options.get(), true), "options");  // nats.c then tells the loop at once
  if (reads_itself_) {
    loop_.use_in(options.get());
  } else {
    check(natsOptions_UseGlobalMessageDelivery(options.get(), true), "options");
    check(natsOptions_SetWriteDeadline(options.get(), write_ms), "options");
  }
  natsConnection* connected = nullptr;
  const natsStatus status = natsConnection_Connect(&connected, options.get());
  if (status != NATS_OK) {
    const std::string reason = nats_reason(status);
    loop_.abandon();
    throw NatsError(status, static_cast<jsErrCode>(0), reason);
  }
  connection_.reset(connected);
  jsOptions js_options;
  jsOptions_Init(&js_options);
  js_options.Wait = request_ms;
  jsCtx* js = nullptr;
  check(natsConnection_JetStream(&js, connected, &js_options), "JetStream can't be used");
  js_.reset(js);
  if (!reads_itself_) loop_.start();
}

Link::~Link() {
  {
    const std::lock_guard lock(state_->calling);
    state_->active = false;
  }
  js_.reset();
  natsConnection_Close(connection_.get());
  loop_.end();  // before the connection is freed
}

void Link::close() noexcept {
  if (!lost()) loop_.flush();
  natsConnection_Close(connection_.get());
}

bool Link::lost() const noexcept { return state_->lost.load(); }

std::string Link::complaint() const {
  const std::lock_guard lock(state_->mutex);
  return state_->complaint;
}

std::size_t Link::max_payload() const noexcept {
  const std::int64_t most = natsConnection_GetMaxPayload(connection_.get());
  return most > 0 ? static_cast<std::size_t>(most) : 1024 * 1024;
}

std::string Link::server() const {
  char url[256] = "";
  natsConnection_GetConnectedUrl(connection_.get(), url, sizeof url);
  return without_login(url);
}

std::vector<std::string> urls_without_secrets(const NatsSettings& settings) {
  std::vector<std::string> urls;
  for (const std::string& url : settings.urls) urls.push_back(without_login(url));
  return urls;
}

}  // namespace shmbus::bridge
