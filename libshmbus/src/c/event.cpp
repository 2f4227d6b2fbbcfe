#include "shmbus/event.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "c/call.hpp"
#include "c/event_place.hpp"
#include "c/type.hpp"
#include "c/values.hpp"
#include "shmbus/scope.hpp"

using namespace shmbus;
using c::EventPlace;

namespace shmbus::c {

namespace {

/// An event that is kept, by a handle.
struct KeptEvent {
  static constexpr Kind kKind = Kind::kept;
  OwnPlace place;
};

/// Looks at an event by `work(const Event&)`.
template <class Work>
shmbus_status look(const shmbus_event* event, const void* result, Work&& work) {
  return guarded([&] {
    if (event == nullptr) return invalid_argument("event");
    if (result == nullptr) return invalid_argument("the result");
    const EventPlace* place = EventPlace::find(event);
    if (place == nullptr) return invalid_handle("event");
    return static_cast<shmbus_status>(work(*place->event));
  });
}

std::shared_ptr<const RetainedEvent> keep(const EventPlace& place) {
  return place.kept != nullptr ? place.kept : std::make_shared<const RetainedEvent>(place.event->retain());
}

struct OpenScope {
  OpenScope(std::shared_ptr<const RetainedEvent> e) : event(std::move(e)), scope(**event) {}
  std::shared_ptr<const RetainedEvent> event;
  Scope scope;
};

/// The scopes of one thread, each in front of those that it encloses.
struct ThreadScope {
  std::unique_ptr<ThreadScope> outer;
  OpenScope open;
  std::uint64_t number = 0;

  ThreadScope(std::unique_ptr<ThreadScope> o, std::shared_ptr<const RetainedEvent> event)
      : outer(std::move(o)), open(std::move(event)) {}
};

thread_local std::unique_ptr<ThreadScope> innermost;
thread_local std::uint64_t scopes_begun = 0;
std::atomic<std::uint64_t> threads_with_scopes{0};
thread_local std::uint64_t scope_thread = 0;

/// Numbers tell threads apart, so that a scope of another thread is refused.
std::uint64_t next_scope() noexcept {
  if (scope_thread == 0) scope_thread = threads_with_scopes.fetch_add(1, std::memory_order_relaxed) + 1;
  return scope_thread << 32 | (++scopes_begun & 0xffffffff);
}

}  // namespace

}  // namespace shmbus::c

shmbus_status shmbus_event_topic(const shmbus_event* event, const char** topic) {
  return c::look(event, topic, [&](const Event& e) {
    *topic = e.topic().data();  // of a std::string
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_event_id(const shmbus_event* event, shmbus_id* id) {
  return c::look(event, id, [&](const Event& e) {
    *id = c::to_c(e.id());
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_event_time(const shmbus_event* event, int64_t* time) {
  return c::look(event, time, [&](const Event& e) {
    *time = e.time().time_since_epoch().count();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_event_publisher(const shmbus_event* event, uint32_t* port) {
  return c::look(event, port, [&](const Event& e) {
    *port = e.publisher();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_event_is(const shmbus_event* event, const shmbus_type* type, bool* is) {
  return c::look(event, is, [&](const Event& e) {
    const c::GivenType given(type);
    const TypeInfo& info = given.info();
    *is = e.is(info.hash(), info.raw() ? e.payload().size() : info.size);
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_event_key(const shmbus_event* event, shmbus_text* key) {
  return c::look(event, key, [&](const Event& e) {
    *key = c::to_c(e.key());
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_event_header(const shmbus_event* event, const char* name, shmbus_text* value) {
  if (name == nullptr) return c::invalid_argument("name");
  return c::look(event, value, [&](const Event& e) {
    const auto found = e.header(name);
    *value = c::to_c(found.value_or(std::string_view()));
    return found ? SHMBUS_OK : SHMBUS_NOTHING;
  });
}

shmbus_status shmbus_event_headers(const shmbus_event* event, shmbus_header* headers, size_t room, size_t* count) {
  if (headers == nullptr && room != 0) return c::invalid_argument("headers");
  return c::look(event, count, [&](const Event& e) {
    *count = 0;
    for (const EventHeader& header : e.headers()) {
      if (*count < room) headers[*count] = {c::to_c(header.name), c::to_c(header.value)};
      ++*count;
    }
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_event_trace(const shmbus_event* event, shmbus_trace* trace) {
  return c::look(event, trace, [&](const Event& e) {
    const TraceContext* context = e.trace();
    if (context == nullptr) {
      *trace = {};
      return SHMBUS_NOTHING;
    }
    *trace = c::to_c(*context);
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_event_cause(const shmbus_event* event, shmbus_id* cause) {
  return c::look(event, cause, [&](const Event& e) {
    const auto found = e.cause();
    *cause = c::to_c(found.value_or(EventId{}));
    return found ? SHMBUS_OK : SHMBUS_NOTHING;
  });
}

shmbus_status shmbus_event_keep(const shmbus_event* event, shmbus_kept* kept) {
  if (event == nullptr) return c::invalid_argument("event");
  if (kept == nullptr) return c::invalid_argument("kept");
  *kept = {};
  return c::guarded([&] {
    const EventPlace* place = EventPlace::find(event);
    if (place == nullptr) return c::invalid_handle("event");
    auto object = std::make_unique<c::KeptEvent>();
    object->place->kept = c::keep(*place);
    object->place->show(**object->place->kept);
    return c::open_handle(std::move(object), kept->number);
  });
}

shmbus_status shmbus_kept_event(shmbus_kept kept, const shmbus_event** event) {
  if (event == nullptr) return c::invalid_argument("event");
  const c::HandleTable<c::Kind::kept>::Hold hold(kept.number);
  const auto* object = static_cast<const c::KeptEvent*>(hold.object());
  *event = object != nullptr ? &object->place->shown : nullptr;
  return object != nullptr ? SHMBUS_OK : c::invalid_handle("kept event");
}

shmbus_status shmbus_kept_copied(shmbus_kept kept, bool* copied) {
  if (copied == nullptr) return c::invalid_argument("copied");
  *copied = false;
  const c::HandleTable<c::Kind::kept>::Hold hold(kept.number);
  const auto* object = static_cast<const c::KeptEvent*>(hold.object());
  if (object == nullptr) return c::invalid_handle("kept event");
  *copied = object->place->kept->copied();
  return SHMBUS_OK;
}

shmbus_status shmbus_kept_release(shmbus_kept kept) {
  return c::guarded([&] { return c::take<c::KeptEvent>(kept.number) ? SHMBUS_OK : c::invalid_handle("kept event"); });
}

shmbus_status shmbus_scope_begin(const shmbus_event* event, shmbus_scope* scope) {
  if (event == nullptr) return c::invalid_argument("event");
  if (scope == nullptr) return c::invalid_argument("scope");
  *scope = {};
  return c::guarded([&] {
    const EventPlace* place = EventPlace::find(event);
    if (place == nullptr) return c::invalid_handle("event");
    auto kept = c::keep(*place);
    c::innermost = std::make_unique<c::ThreadScope>(std::move(c::innermost), std::move(kept));
    scope->number = c::innermost->number = c::next_scope();
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_scope_end(shmbus_scope scope) {
  return c::guarded([&] {
    for (const c::ThreadScope* s = c::innermost.get(); s != nullptr; s = s->outer.get()) {
      if (s->number != scope.number) continue;
      if (s != c::innermost.get()) {
        return c::fail(SHMBUS_BUSY,
                       {"scope", "this thread's innermost one", "one that encloses others", "end those first"});
      }
      // The enclosed scope is the inner one: it ends before its outer one takes its place.
      std::unique_ptr<c::ThreadScope> ended = std::move(c::innermost);
      c::innermost = std::move(ended->outer);
      return static_cast<shmbus_status>(SHMBUS_OK);
    }
    return c::invalid_handle("scope of this thread");
  });
}

shmbus_status shmbus_id_to_text(shmbus_id id, char text[SHMBUS_ID_SPACE]) {
  if (text == nullptr) return c::invalid_argument("text");
  return c::guarded([&] {
    const std::string all = c::from_c(id).to_string();
    all.copy(text, SHMBUS_ID_SPACE - 1);
    text[std::min<std::size_t>(all.size(), SHMBUS_ID_SPACE - 1)] = 0;
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_id_from_text(const char* text, shmbus_id* id) {
  if (text == nullptr) return c::invalid_argument("text");
  if (id == nullptr) return c::invalid_argument("id");
  const auto parsed = EventId::parse(text);
  *id = c::to_c(parsed.value_or(EventId{}));
  if (parsed) return SHMBUS_OK;
  return c::guarded([&] {
    return c::fail(SHMBUS_INVALID_ARGUMENT, {"event id", "bus-topic-sequence", "'" + std::string(text) + "'",
                                             "pass what shmbus_id_to_text wrote"});
  });
}

shmbus_status shmbus_trace_to_text(const shmbus_trace* trace, char text[SHMBUS_TRACEPARENT_SPACE]) {
  if (trace == nullptr) return c::invalid_argument("trace");
  if (text == nullptr) return c::invalid_argument("text");
  return c::guarded([&] {
    const std::string all = c::from_c(*trace).traceparent();
    text[all.copy(text, SHMBUS_TRACEPARENT_SPACE - 1)] = 0;
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_trace_from_text(const char* text, shmbus_trace* trace) {
  if (text == nullptr) return c::invalid_argument("text");
  if (trace == nullptr) return c::invalid_argument("trace");
  const auto parsed = TraceContext::parse(text);
  *trace = c::to_c(parsed.value_or(TraceContext{}));
  if (parsed) return SHMBUS_OK;
  return c::guarded([&] {
    return c::fail(SHMBUS_INVALID_ARGUMENT, {"trace", "00-<32 hex digits>-<16 hex digits>-<2 hex digits>",
                                             "'" + std::string(text) + "'", "pass the value of a traceparent header"});
  });
}

shmbus_status shmbus_trace_id_of(shmbus_id event, uint8_t trace_id[16]) {
  if (trace_id == nullptr) return c::invalid_argument("trace_id");
  const auto id = TraceContext::trace_id_of(c::from_c(event));
  static_assert(sizeof id == 16);
  std::memcpy(trace_id, id.data(), sizeof id);
  return SHMBUS_OK;
}
