#include "c/reader.hpp"

#include "c/journal_json.hpp"
#include "c/option_struct.hpp"
#include "c/snapshot_json.hpp"
#include "c/values.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

/// Calls `work(ReaderObject&)`.
template <class Work>
shmbus_status with_reader(shmbus_reader handle, Work&& work) {
  return guarded([&] {
    auto* object = find<ReaderObject>(handle.number);
    return object == nullptr ? invalid_handle("reader") : static_cast<shmbus_status>(work(*object));
  });
}

/// `e` must stay for as long as the result.
shmbus_event_copy copy_of(const EventSnapshot& e, std::vector<shmbus_header>& headers) {
  headers.clear();
  for (const HeaderSnapshot& h : e.headers) headers.push_back({to_c(h.name), to_c(h.value)});
  shmbus_event_copy copy SHMBUS_EVENT_COPY_INIT;
  copy.topic = e.topic.c_str();
  copy.id = to_c(e.id);
  copy.sequence = e.sequence;
  copy.time = e.time.time_since_epoch().count();
  copy.size = e.size;
  copy.payload = {e.payload.data(), e.payload.size()};
  copy.headers = headers.data();
  copy.header_count = headers.size();
  copy.key = to_c(e.key);
  copy.trace = to_c(e.trace.value_or(TraceContext{}));
  copy.cause = to_c(e.cause.value_or(EventId{}));
  copy.publisher = e.publisher;
  copy.has = (e.trace ? SHMBUS_HAS_TRACE : 0) | (e.cause ? SHMBUS_HAS_CAUSE : 0);
  return copy;
}

}  // namespace

}  // namespace shmbus::c

using c::ReaderObject;

shmbus_status shmbus_reader_close(shmbus_reader reader) {
  return c::guarded([&] { return c::take<ReaderObject>(reader.number) ? SHMBUS_OK : c::invalid_handle("reader"); });
}

shmbus_status shmbus_reader_next(shmbus_reader reader, const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::with_reader(reader, [&](ReaderObject& object) {
    const EventSnapshot* event = object.next();
    if (event == nullptr) return SHMBUS_NOTHING;
    object.json = c::json_of(*event);
    *json = object.json.c_str();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_reader_next_copy(shmbus_reader reader, shmbus_event_copy* event) {
  if (event == nullptr) return c::invalid_argument("event");
  return c::with_reader(reader, [&](ReaderObject& object) {
    c::write_result(shmbus_event_copy SHMBUS_EVENT_COPY_INIT, event, "shmbus_event_copy");  // before an event is taken
    const EventSnapshot* next = object.next();
    if (next == nullptr) return SHMBUS_NOTHING;
    c::write_result(c::copy_of(*next, object.headers), event, "shmbus_event_copy");
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_reader_counts(shmbus_reader reader, uint64_t* lost, bool* finished) {
  return c::with_reader(reader, [&](ReaderObject& object) {
    if (lost != nullptr) *lost = object.lost();
    auto* events = std::get_if<EventReader>(&object.source);
    if (finished != nullptr) *finished = events != nullptr && events->finished();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_reader_problems(shmbus_reader reader, const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::with_reader(reader, [&](ReaderObject& object) {
    auto* events = std::get_if<EventReader>(&object.source);
    object.json = c::json_of(events != nullptr ? events->problems() : std::vector<TopicProblem>{});
    *json = object.json.c_str();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_reader_stretches(shmbus_reader reader, const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::with_reader(reader, [&](ReaderObject& object) {
    auto* journal = std::get_if<JournalEvents>(&object.source);
    object.json = c::json_of(journal != nullptr ? journal->take_stretches() : std::vector<JournalStretch>{});
    *json = object.json.c_str();
    return SHMBUS_OK;
  });
}
