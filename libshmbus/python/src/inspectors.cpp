#include <pybind11/stl.h>

#include "c/snapshot_json.hpp"
#include "python.hpp"
#include "reader.hpp"
#include "shmbus/inspector.hpp"
#include "topic.hpp"

namespace shmbus::python {

namespace {

/// What Inspector shows, as JSON: the Python part makes objects of it.
class InspectorObject {
 public:
  InspectorObject(const std::string& bus, const std::vector<uid_t>& owners)
      : bus_(bus), owners_(owners), inspector_(bus, owners) {}

  template <class Show>
  py::str show(Show&& what) {
    const InUse use(in_use_, "inspector");
    std::string json;
    {
      const py::gil_scoped_release without;
      json = c::json_of(what(inspector_));
    }
    return text(json);
  }

  std::shared_ptr<ReaderObject> read(const std::string& pattern, const py::object& start, py::handle max_payload,
                                     bool retained_only, bool journals) {
    const InUse use(in_use_, "inspector");
    EventReaderOptions options{.retained_only = retained_only, .journals = journals};
    if (!max_payload.is_none()) options.max_payload = py::cast<std::size_t>(max_payload);
    const Start from = start_of(start);
    const py::gil_scoped_release without;
    return std::make_shared<ReaderObject>(bus_, owners_, inspector_.read(pattern, from, options));
  }

 private:
  std::string bus_;
  std::vector<uid_t> owners_;
  Inspector inspector_;
  bool in_use_ = false;
};

}  // namespace

void define_inspectors(py::module_& m) {
  py::class_<InspectorObject>(m, "InspectorJson")
      .def(py::init<const std::string&, const std::vector<uid_t>&>(), py::arg("bus"),
           py::arg("owners") = std::vector<uid_t>())
      .def("snapshot", [](InspectorObject& o) { return o.show([](Inspector& i) { return i.snapshot(); }); })
      .def("calls", [](InspectorObject& o) { return o.show([](Inspector& i) { return i.recorders(); }); })
      .def("durables", [](InspectorObject& o) { return o.show([](Inspector& i) { return i.durables(); }); })
      .def(
          "read",
          [](InspectorObject& o, const std::string& pattern, const py::object& start, py::handle max_payload,
             bool retained_only,
             bool journals) { return o.read(pattern, start, max_payload, retained_only, journals); },
          py::arg("pattern"), py::arg("start"), py::arg("max_payload"), py::arg("retained_only"), py::arg("journals"))
      .def("groups", [](InspectorObject& o) { return o.show([](Inspector& i) { return i.groups(); }); })
      .def(
          "group_events",
          [](InspectorObject& o, const std::string& topic, const std::string& group, std::size_t most) {
            return o.show([&](Inspector& i) { return i.group_events(topic, group, most); });
          },
          py::arg("topic"), py::arg("group"), py::arg("most"))
      .def("leftovers", [](InspectorObject& o) { return o.show([](Inspector& i) { return i.leftovers(); }); })
      .def(
          "ring",
          [](InspectorObject& o, const std::string& topic) {
            return o.show([&](Inspector& i) {
              auto ring = i.ring(topic);
              if (!ring)
                throw Error(ErrorCode::not_found, {"topic '" + topic + "'", "", "does not exist", "see snapshot()"});
              return *std::move(ring);
            });
          },
          py::arg("topic"))
      .def(
          "events",
          [](InspectorObject& o, const std::string& topic, std::size_t count, std::size_t max_payload) {
            return o.show([&](Inspector& i) { return i.events(topic, count, max_payload); });
          },
          py::arg("topic"), py::arg("count"), py::arg("max_payload"));
  m.def(
      "bus_files",
      [] {
        py::list list;
        for (const BusFiles& f : Inspector::files())
          list.append(py::make_tuple(f.bus, f.files, f.memory, f.owner, f.has_registry));
        return list;
      },
      R"(Returns the files in /dev/shm that have a bus's name, by bus: the bus, how many, their bytes, their owner's number, and whether a process can join it; if not, `Bus.remove` removes them.)");
  m.def(
      "buses", [] { return Inspector::buses(); }, R"(Returns the names of the buses on this machine, sorted.)");
}

}  // namespace shmbus::python
