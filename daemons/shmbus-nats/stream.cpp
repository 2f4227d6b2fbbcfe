#include "stream.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "nats_error.hpp"
#include "subjects.hpp"

namespace shmbus::bridge {
namespace {

bool is_missing(natsStatus status, jsErrCode code) {
  return status == NATS_NOT_FOUND || code == JSStreamNotFoundErr || code == JSNoMessageFoundErr;
}

std::string_view storage_text(jsStorageType storage) { return storage == js_MemoryStorage ? "memory" : "file"; }

/// How an existing stream differs from the settings in what can't be lived with; empty: not at all.
std::string differences(const jsStreamConfig& found, const NatsSettings& settings, const std::string& subject) {
  std::string text;
  const auto differ = [&text](std::string_view what, const std::string& expected, const std::string& is) {
    text += fmt::format("{}{}: expected {}, found {}", text.empty() ? "" : "; ", what, expected, is);
  };
  if (found.SubjectsLen != 1 || found.Subjects[0] != subject)
    differ("subjects", subject, found.SubjectsLen == 1 ? found.Subjects[0] : fmt::format("{} of them", found.SubjectsLen));
  const jsStorageType storage = settings.storage == Storage::memory ? js_MemoryStorage : js_FileStorage;
  if (found.Storage != storage) differ("storage", std::string{storage_text(storage)}, std::string{storage_text(found.Storage)});
  if (found.Retention != js_LimitsPolicy) differ("retention", "limits", "another policy");
  if (found.Discard != js_DiscardNew) differ("discard", "new", "old");
  if (found.Replicas != static_cast<std::int64_t>(settings.replicas))
    differ("replicas", std::to_string(settings.replicas), std::to_string(found.Replicas));
  const auto limit = [](std::int64_t value) { return value <= 0 ? std::string{"none"} : std::to_string(value); };
  if (limit(found.MaxBytes) != limit(settings.max_bytes))
    differ("max_bytes", limit(settings.max_bytes), limit(found.MaxBytes));
  if (limit(found.MaxAge) != limit(settings.max_age.count()))
    differ("max_age", limit(settings.max_age.count()) + " ns", limit(found.MaxAge) + " ns");
  for (const auto& [name, value] : {std::pair{"max_msgs", found.MaxMsgs}, {"max_msgs_per_subject", found.MaxMsgsPerSubject},
                                    {"max_msg_size", static_cast<std::int64_t>(found.MaxMsgSize)}})
    if (value > 0) differ(name, "none", std::to_string(value));
  if (found.Sealed) differ("sealed", "no", "yes");
  if (found.NoAck) differ("acknowledgements", "yes", "no");
  return text;
}

}  // namespace

std::optional<StreamState> stream_state(Link& link, const std::string& stream) {
  jsStreamInfo* found = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetStreamInfo(&found, link.js(), stream.c_str(), nullptr, &code);
  if (is_missing(status, code)) return std::nullopt;
  check(status, fmt::format("stream {} can't be looked at", stream), code);
  const JsStreamInfo info(found);
  return StreamState{info->Created, info->State.FirstSeq, info->State.LastSeq, info->State.Msgs};
}

std::int64_t stored_at(Link& link, const std::string& stream, std::uint64_t sequence) {
  natsMsg* found = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetMsg(&found, link.js(), stream.c_str(), sequence, nullptr, &code);
  if (is_missing(status, code)) return 0;
  check(status, fmt::format("message {} of stream {} can't be read", sequence, stream), code);
  const NatsMessage message(found);
  return natsMsg_GetTime(found);
}

Stream::Stream(Link& link, const NatsSettings& settings, const std::string& bridge)
    : link_(link), bridge_(bridge), name_(stream_of(bridge)) {
  const std::string subject = subject_of(bridge, ">");
  jsStreamInfo* found = nullptr;
  jsErrCode code{};
  natsStatus status = js_GetStreamInfo(&found, link_.js(), name_.c_str(), nullptr, &code);
  if (is_missing(status, code)) {
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    const std::string description = "events of the shmbus bridge " + bridge;
    const char* subjects[] = {subject.c_str()};
    config.Name = name_.c_str();
    config.Description = description.c_str();
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Discard = js_DiscardNew;
    config.Storage = settings.storage == Storage::memory ? js_MemoryStorage : js_FileStorage;
    config.Replicas = settings.replicas;
    if (settings.max_bytes > 0) config.MaxBytes = settings.max_bytes;
    if (settings.max_age.count() > 0) {
      config.MaxAge = settings.max_age.count();
      config.Duplicates = std::min<std::int64_t>(config.MaxAge, 120'000'000'000);
    }
    status = js_AddStream(&found, link_.js(), &config, nullptr, &code);
    check(status, fmt::format("stream {} can't be made", name_), code);
    made_ = true;
  } else {
    check(status, fmt::format("stream {} can't be looked at", name_), code);
  }
  const JsStreamInfo info(found);
  if (const std::string text = differences(*info->Config, settings, subject); !text.empty())
    throw StreamError(fmt::format("stream {}: {}; change the configuration, or the stream (nats stream edit {})", name_,
                                 text, name_));
  if (made_) spdlog::info("made the stream {} for {}", name_, subject);
}

StreamState Stream::state() const {
  auto state = stream_state(link_, name_);
  if (!state) throw NatsError(NATS_NOT_FOUND, JSStreamNotFoundErr, fmt::format("stream {} was deleted", name_));
  return *state;
}

std::optional<Written> Stream::written(natsStatus status, jsErrCode code, natsMsg* message,
                                       const std::string& what) const {
  if (code == JSNoMessageFoundErr || (status == NATS_NOT_FOUND && code != JSStreamNotFoundErr)) return std::nullopt;
  check(status, fmt::format("the last message of {} can't be read", what), code);
  const NatsMessage owner(message);
  const auto value = [message](const char* name) -> std::string_view {
    const char* text = nullptr;
    return natsMsgHeader_Get(message, name, &text) == NATS_OK && text != nullptr ? text : std::string_view{};
  };
  const std::string_view forwarded = value(header::writer);
  const std::size_t space = forwarded.find(' ');
  auto writer = forwarded.empty() ? Written::parse(value(header::source), value(header::id))
                                        : Written::parse(forwarded.substr(0, space), forwarded.substr(space + 1));
  if (!writer)
    throw StreamError(fmt::format("stream {}: the last message of {} is not a bridge's: it has no headers {} and {}; let nobody "
                                  "else publish there, and delete that message",
                                  name_, what, header::source, header::id));
  writer->place = natsMsg_GetSequence(message);
  return writer;
}

std::optional<Written> Stream::last_of(const std::string& topic) const {
  const std::string subject = subject_of(bridge_, topic);
  natsMsg* message = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetLastMsg(&message, link_.js(), name_.c_str(), subject.c_str(), nullptr, &code);
  return written(status, code, message, subject);
}

std::optional<Written> Stream::last() const {
  const std::string all = subject_of(bridge_, ">");
  natsMsg* message = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetLastMsg(&message, link_.js(), name_.c_str(), all.c_str(), nullptr, &code);
  return written(status, code, message, all);
}

}  // namespace shmbus::bridge
