#include <pybind11/stl.h>

#include "event_copy.hpp"
#include "shmbus/journal_files.hpp"
#include "topic.hpp"

namespace shmbus::python {

namespace {

std::int64_t ns(Time time) noexcept { return time.time_since_epoch().count(); }
py::object ns(const std::optional<Time>& time) { return time ? py::object(py::int_(ns(*time))) : py::none(); }

py::object value_class(const char* name) { return py::module_::import("shmbus._journal").attr(name); }
py::object numbers(const JournalNumbers& n) { return value_class("JournalNumbers")(n.first, n.last); }

template <class Element, class Make>
py::tuple tuple_of(const std::vector<Element>& elements, Make&& make) {
  py::tuple made(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) made[i] = make(elements[i]);
  return made;
}

py::object info_of(const JournalInfo& i) {
  const py::object file = value_class("JournalFile");
  return value_class("JournalInfo")(
      text(i.bus), text(i.path), topic_info(i.topic), i.in_use, i.recorded, i.first, i.last, ns(i.first_time),
      ns(i.last_time), i.bytes, i.free_bytes, tuple_of(i.files, [&](const JournalFile& f) {
        return file(text(f.name), f.bytes, f.first, f.last, ns(f.created), ns(f.last_time), f.closed, text(f.problem));
      }));
}

py::object report_of(const JournalReport& r) {
  const py::object damage = value_class("JournalDamage"), remark = value_class("JournalRemark");
  return value_class("JournalReport")(
      r.files, r.bytes, r.frames, r.events, r.first, r.last, r.closed, r.tail_bytes,
      tuple_of(r.damage, [&](const JournalDamage& d) { return damage(text(d.file), d.offset, numbers(d.numbers)); }),
      tuple_of(r.gaps, numbers), tuple_of(r.missing, numbers),
      tuple_of(r.remarks, [&](const JournalRemark& m) { return remark(text(m.file), text(m.text)); }));
}

/// The events of a journal.
class EventsObject {
 public:
  EventsObject(JournalEvents events, std::shared_ptr<const Type> type)
      : events_(std::move(events)), type_(std::move(type)) {}

  std::shared_ptr<EventCopy> next() {
    const InUse use(in_use_, "journal events");
    const py::gil_scoped_release without;
    const EventSnapshot* event = events_.next();
    return event != nullptr ? std::make_shared<EventCopy>(*event, type_) : nullptr;
  }
  std::vector<JournalStretch> take_stretches() {
    const InUse use(in_use_, "journal events");
    return events_.take_stretches();
  }
  std::uint64_t lost() {
    const InUse use(in_use_, "journal events");
    return events_.lost();
  }

 private:
  JournalEvents events_;
  std::shared_ptr<const Type> type_;
  bool in_use_ = false;
};

/// The files of a journal.
class FilesObject {
 public:
  FilesObject(const std::string& folder, const std::string& bus, const std::string& topic,
              const std::vector<uid_t>& owners)
      : files_(folder, bus, topic, owners) {}

  template <class Work>
  auto work(Work&& what) {
    const InUse use(in_use_, "journal files");
    const py::gil_scoped_release without;
    return what(files_);
  }

 private:
  JournalFiles files_;
  bool in_use_ = false;
};

PruneLimits prune_limits(std::uint64_t before, py::handle older_than_ns, py::handle bytes) {
  PruneLimits limits{.before = before};
  if (!older_than_ns.is_none())
    limits.older_than = Time(std::chrono::nanoseconds(py::cast<std::int64_t>(older_than_ns)));
  if (!bytes.is_none()) limits.bytes = py::cast<std::uint64_t>(bytes);
  return limits;
}

}  // namespace

void define_journals(py::module_& m) {
  py::class_<EventsObject>(
      m, "JournalEvents",
      R"(The events of a journal, in the order of their numbers: made by `JournalFiles.read`. `for` reads what is there now; where a process records meanwhile, a later loop may find more. One thread at a time.)")
      .def(
          "next", &EventsObject::next,
          R"(Returns the next event; None where there is none now. Raises Error where the files can't be read: the next call tries again.)")
      .def(
          "take_stretches",
          [](EventsObject& e) {
            const py::object stretch = value_class("JournalStretch");
            py::list list;
            for (const JournalStretch& s : e.take_stretches())
              list.append(stretch(to_string(s.kind), numbers(s.numbers)));
            return list;
          },
          R"(Returns what stood between the events since the last call: numbers that the journal does not hold, and why.)")
      .def_property_readonly(
          "lost", &EventsObject::lost,
          R"(How many numbers were passed that events had, and that are not there: missing, damaged and removed ones.)")
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", [](EventsObject& e) {
        auto event = e.next();
        if (event == nullptr) throw py::stop_iteration();
        return event;
      });

  py::class_<FilesObject>(
      m, "JournalFiles",
      R"(The journal of one topic, in `folder`/`bus`/`topic`: looks at its files, and needs no bus; also on another machine. It follows no link, reads files of accepted owners alone, and believes nothing that it has not checked. One thread at a time.)")
      .def(py::init<const std::string&, const std::string&, const std::string&, const std::vector<uid_t>&>(),
           py::arg("folder"), py::arg("bus"), py::arg("topic"), py::arg("owners") = std::vector<uid_t>())
      .def(
          "info", [](FilesObject& f) { return info_of(f.work([](JournalFiles& j) { return j.info(); })); },
          R"(Returns what the journal is, and how far it reaches.)")
      .def(
          "verify", [](FilesObject& f) { return report_of(f.work([](JournalFiles& j) { return j.verify(); })); },
          R"(Reads and checks every byte, and changes nothing.)")
      .def(
          "read",
          [](FilesObject& f, const py::object& start, py::handle max_payload, std::uint64_t incarnation) {
            JournalReadOptions options{.incarnation = incarnation};
            if (!max_payload.is_none()) options.max_payload = py::cast<std::size_t>(max_payload);
            const Start from = start_of(start);
            return f.work([&](JournalFiles& j) {
              auto type = std::make_shared<const Type>(topic_type(j.info().topic));
              return EventsObject(j.read(from, options), std::move(type));
            });
          },
          py::arg("start") = "oldest", py::kw_only(), py::arg("max_payload") = py::none(), py::arg("incarnation") = 0,
          R"(Reads the events from `start` on: "oldest", ("last", n), ("sequence", n), ("time_ns", t) or ("after", id). `max_payload`: bytes of each payload that are copied. `incarnation`: of the bus, for the ids of events; files do not know it.)")
      .def(
          "prune",
          [](FilesObject& f, std::uint64_t before, py::handle older_than_ns, py::handle bytes, bool only_look) {
            const PruneLimits limits = prune_limits(before, older_than_ns, bytes);
            const PruneReport r = f.work([&](JournalFiles& j) { return j.prune(limits, only_look); });
            return value_class("PruneReport")(r.files, r.bytes, r.last);
          },
          py::kw_only(), py::arg("before") = 0, py::arg("older_than_ns") = py::none(), py::arg("bytes") = py::none(),
          py::arg("only_look") = false,
          R"(Removes the oldest segment files, whole, for as long as one of these holds: all numbers of the file are below `before`; all its events are older than `older_than_ns`, in nanoseconds since 1970; the files take more than `bytes`. With `only_look` it only reports. Durable subscriptions and groups are not asked. Raises Error, `busy`, while a process records the topic.)")
      .def_static(
          "default_folder", [] { return text(JournalFiles::default_folder()); },
          R"(Returns where this process's buses have their journals by default. Empty without a home.)")
      .def_static(
          "buses", [](const std::string& folder) { return JournalFiles::buses(folder); }, py::arg("folder"),
          R"(Returns the names of the buses that have a folder there, sorted.)")
      .def_static(
          "topics",
          [](const std::string& folder, const std::string& bus, const std::vector<uid_t>& owners) {
            return JournalFiles::topics(folder, bus, owners);
          },
          py::arg("folder"), py::arg("bus"), py::arg("owners") = std::vector<uid_t>(),
          R"(Returns the topics of a bus that have a folder there, sorted.)");
}

}  // namespace shmbus::python
