#include "shmbus/inspector.hpp"

#include <algorithm>

#include "c/call.hpp"
#include "c/option_struct.hpp"
#include "c/reader.hpp"
#include "c/snapshot_json.hpp"
#include "c/values.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

struct InspectorObject {
  static constexpr Kind kKind = Kind::inspector;
  InspectorObject(const char* bus, const std::vector<uid_t>& owners) : inspector(bus, owners) {}
  Inspector inspector;
  std::string json{};  // what was returned last
};

/// Calls `work(Inspector&)`, which returns what is shown as JSON.
template <class Work>
shmbus_status show(shmbus_inspector handle, const char** json, Work&& work) {
  if (json == nullptr) return invalid_argument("json");
  *json = "";
  return guarded([&] {
    auto* object = find<InspectorObject>(handle.number);
    if (object == nullptr) return invalid_handle("inspector");
    object->json = json_of(work(object->inspector));
    *json = object->json.c_str();
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

}  // namespace

}  // namespace shmbus::c

using c::InspectorObject;

shmbus_status shmbus_inspector_open(const char* bus, const uint32_t* owners, size_t owner_count,
                                    shmbus_inspector* inspector) {
  if (bus == nullptr) return c::invalid_argument("bus");
  if (inspector == nullptr) return c::invalid_argument("inspector");
  *inspector = {};
  return c::guarded([&] {
    return c::open_handle(std::make_unique<InspectorObject>(bus, c::owners(owners, owner_count)), inspector->number);
  });
}

shmbus_status shmbus_inspector_close(shmbus_inspector inspector) {
  return c::guarded(
      [&] { return c::take<InspectorObject>(inspector.number) ? SHMBUS_OK : c::invalid_handle("inspector"); });
}

shmbus_status shmbus_inspector_snapshot(shmbus_inspector inspector, const char** json) {
  return c::show(inspector, json, [](Inspector& i) { return i.snapshot(); });
}

shmbus_status shmbus_inspector_ring(shmbus_inspector inspector, const char* topic, const char** json) {
  if (topic == nullptr) return c::invalid_argument("topic");
  return c::show(inspector, json, [&](Inspector& i) {
    auto ring = i.ring(topic);
    if (!ring)
      throw Error(ErrorCode::not_found, {"topic '" + std::string(topic) + "'", "", "does not exist", "see shmbus ls"});
    return *std::move(ring);
  });
}

shmbus_status shmbus_inspector_calls(shmbus_inspector inspector, const char** json) {
  return c::show(inspector, json, [](Inspector& i) { return i.recorders(); });
}

shmbus_status shmbus_inspector_durables(shmbus_inspector inspector, const char** json) {
  return c::show(inspector, json, [](Inspector& i) { return i.durables(); });
}

shmbus_status shmbus_inspector_groups(shmbus_inspector inspector, const char** json) {
  return c::show(inspector, json, [](Inspector& i) { return i.groups(); });
}

shmbus_status shmbus_inspector_group_events(shmbus_inspector inspector, const char* topic, const char* group,
                                            size_t most, const char** json) {
  if (topic == nullptr) return c::invalid_argument("topic");
  if (group == nullptr) return c::invalid_argument("group");
  return c::show(inspector, json, [&](Inspector& i) { return i.group_events(topic, group, most); });
}

shmbus_status shmbus_inspector_leftovers(shmbus_inspector inspector, const char** json) {
  return c::show(inspector, json, [](Inspector& i) { return i.leftovers(); });
}

shmbus_status shmbus_inspector_events(shmbus_inspector inspector, const char* topic, size_t count, size_t max_payload,
                                      const char** json) {
  if (topic == nullptr) return c::invalid_argument("topic");
  return c::show(inspector, json, [&](Inspector& i) { return i.events(topic, count, max_payload); });
}

shmbus_status shmbus_buses(const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::guarded([&] {
    *json = c::keep_for_thread<struct Buses>(c::json_of(Inspector::buses()));
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_bus_files(const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::guarded([&] {
    *json = c::keep_for_thread<struct Files>(c::json_of(Inspector::files()));
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_reader_open(shmbus_inspector inspector, const char* pattern, const shmbus_reader_options* options,
                                 shmbus_reader* reader) {
  if (pattern == nullptr) return c::invalid_argument("pattern");
  if (reader == nullptr) return c::invalid_argument("reader");
  *reader = {};
  return c::guarded([&] {
    auto* object = c::find<InspectorObject>(inspector.number);
    if (object == nullptr) return c::invalid_handle("inspector");
    const shmbus_reader_options o =
        c::given(options, shmbus_reader_options SHMBUS_READER_OPTIONS_INIT, "shmbus_reader_options");
    return c::open_reader(
        object->inspector.read(
            pattern, c::start(o.start, o.start_value, o.start_after),
            {.max_payload = o.max_payload, .retained_only = o.retained_only, .journals = o.memory_only == 0}),
        *reader);
  });
}
