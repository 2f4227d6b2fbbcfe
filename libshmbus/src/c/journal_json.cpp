#include "c/journal_json.hpp"

#include "c/json_writer.hpp"
#include "c/snapshot_json.hpp"

namespace shmbus::c {

namespace {

std::int64_t time_ns(Time time) noexcept { return time.time_since_epoch().count(); }
std::optional<std::int64_t> time_ns(const std::optional<Time>& time) noexcept {
  return time ? std::optional(time_ns(*time)) : std::nullopt;
}

void add_ranges(JsonWriter& w, std::string_view name, const std::vector<JournalNumbers>& ranges) {
  w.array(name, [&] {
    for (const JournalNumbers& n : ranges) w.object([&] { w("first", n.first), w("last", n.last); });
  });
}

}  // namespace

std::string json_of(const JournalInfo& i) {
  JsonWriter w;
  w.object([&] {
    w("bus", i.bus), w("path", i.path);
    w.object("topic", [&] { members_of(w, i.topic); });
    w("in_use", i.in_use), w("recorded", i.recorded), w("first", i.first), w("last", i.last);
    w("first_time", time_ns(i.first_time)), w("last_time", time_ns(i.last_time)), w("bytes", i.bytes);
    w("free_bytes", i.free_bytes);
    w.array("files", [&] {
      for (const JournalFile& f : i.files) {
        w.object([&] {
          w("name", f.name), w("bytes", f.bytes), w("first", f.first), w("last", f.last);
          w("created", time_ns(f.created)), w("last_time", time_ns(f.last_time)), w("closed", f.closed);
          w("problem", f.problem);
        });
      }
    });
  });
  return w.take();
}

std::string json_of(const JournalReport& r) {
  JsonWriter w;
  w.object([&] {
    w("files", r.files), w("bytes", r.bytes), w("frames", r.frames), w("events", r.events), w("first", r.first);
    w("last", r.last), w("closed", r.closed), w("tail_bytes", r.tail_bytes);
    w.array("damage", [&] {
      for (const JournalDamage& d : r.damage) {
        w.object(
            [&] { w("file", d.file), w("offset", d.offset), w("first", d.numbers.first), w("last", d.numbers.last); });
      }
    });
    add_ranges(w, "gaps", r.gaps), add_ranges(w, "missing", r.missing);
    w.array("remarks", [&] {
      for (const JournalRemark& m : r.remarks) w.object([&] { w("file", m.file), w("text", m.text); });
    });
    w("whole", r.whole());
  });
  return w.take();
}

std::string json_of(const std::vector<JournalStretch>& stretches) {
  JsonWriter w;
  w.array([&] {
    for (const JournalStretch& s : stretches) {
      w.object([&] { w("kind", to_string(s.kind)), w("first", s.numbers.first), w("last", s.numbers.last); });
    }
  });
  return w.take();
}

}  // namespace shmbus::c
