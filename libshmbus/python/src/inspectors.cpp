#include <pybind11/stl.h>

#include "c/snapshot_json.hpp"
#include "python.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::python {

namespace {

/// What Inspector shows, as JSON: the Python part makes objects of it.
class InspectorObject {
 public:
  InspectorObject(const std::string& bus, const std::vector<uid_t>& owners) : inspector_(bus, owners) {}

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

 private:
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
      "buses", [] { return Inspector::buses(); }, R"(Returns the names of the buses on this machine, sorted.)");
}

}  // namespace shmbus::python
