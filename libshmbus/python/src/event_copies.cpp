#include <pybind11/stl.h>

#include "event.hpp"
#include "event_copy.hpp"

namespace shmbus::python {

Type topic_type(const TopicInfo& topic) {
  if (topic.content != Content::typed) return {};
  return recorded_type(topic.type_name, topic.type_size, topic.type_alignment, topic.type_layout, topic.type_fields);
}

py::object EventCopy::value(py::handle wanted) const {
  py::object type = py::reinterpret_borrow<py::object>(wanted);
  if (wanted.is_none()) type = py::module_::import("shmbus._struct").attr("struct_of")(*type_, event_.topic);
  const Type chosen = type_of(type);
  if (chosen.raw() || chosen.hash != type_->hash || chosen.size != event_.payload.size()) {
    throw Error(ErrorCode::type_mismatch, {"event " + std::to_string(event_.sequence) + " of '" + event_.topic + "'",
                                           "a '" + chosen.name + "' of " + std::to_string(chosen.size) + " bytes",
                                           std::to_string(event_.payload.size()) + " bytes of " +
                                               (type_->raw() ? "no recorded type" : "'" + type_->name + "'"),
                                           "read it as what its topic carries, and the whole payload"});
  }
  return type.attr("from_buffer_copy")(py::bytes(text().data(), text().size()));
}

namespace {

py::object header(const EventSnapshot& e, const std::string& name) {
  for (const HeaderSnapshot& h : e.headers) {
    if (h.name == name) return text(h.value);
  }
  return py::none();
}

}  // namespace

void define_event_copies(py::module_& m) {
  py::class_<EventCopy, std::shared_ptr<EventCopy>>(
      m, "EventSnapshot", R"(One event, copied: by an EventReader, or from the files of a journal. It stays as it is.)")
      .def_property_readonly(
          "topic", [](EventCopy& e) { return text(e.event().topic); }, R"(The topic's name.)")
      .def_property_readonly(
          "sequence", [](EventCopy& e) { return e.event().sequence; }, R"(The number within the topic, from 1.)")
      .def_property_readonly(
          "id", [](EventCopy& e) { return event_id(e.event().id); }, R"(An id that no other event of the machine has.)")
      .def_property_readonly(
          "time_ns", [](EventCopy& e) { return e.event().time.time_since_epoch().count(); },
          R"(When it was published, in nanoseconds since 1970; 0 where the topic has no time stamps.)")
      .def_property_readonly(
          "publisher", [](EventCopy& e) { return e.event().publisher; }, R"(The number of the publisher's port.)")
      .def_property_readonly(
          "size", [](EventCopy& e) { return e.event().size; },
          R"(Bytes of the whole payload, of which `max_payload` were copied at most.)")
      .def_property_readonly(
          "payload",
          [](const std::shared_ptr<EventCopy>& e) {
            const auto& bytes = e->event().payload;
            const py::object buffer = py::cast(Buffer{const_cast<std::byte*>(bytes.data()), bytes.size(), false, e});
            return py::reinterpret_steal<py::object>(PyMemoryView_FromObject(buffer.ptr()));
          },
          R"(The bytes that were copied, as a read-only memoryview.)")
      .def_property_readonly(
          "text", [](EventCopy& e) { return text(e.text()); },
          R"(The payload as text; bytes that are no UTF-8 become surrogates.)")
      .def_property_readonly(
          "headers", [](EventCopy& e) { return header_list(e.event().headers); },
          R"(The publisher's headers, in its order.)")
      .def_property_readonly(
          "key", [](EventCopy& e) { return text(e.event().key); }, R"(The publisher's key; empty without one.)")
      .def_property_readonly(
          "cause", [](EventCopy& e) { return optional_id(e.event().cause); },
          R"(The event whose handler published this one.)")
      .def_property_readonly(
          "traceparent",
          [](EventCopy& e) -> py::object {
            return e.event().trace ? py::object(text(e.event().trace->traceparent())) : py::none();
          },
          R"(The trace context, as the value of a `traceparent` header.)")
      .def_property_readonly(
          "type_name", [](EventCopy& e) { return text(e.type().name); },
          R"(The name of the type that its topic records; empty for raw bytes.)")
      .def(
          "header", [](EventCopy& e, py::handle name) { return header(e.event(), bytes_of(name, "name")); },
          py::arg("name"), R"(Returns the value of the first header of that name.)")
      .def(
          "bytes", [](EventCopy& e) { return py::bytes(e.text().data(), e.text().size()); },
          R"(Returns a copy of the payload.)")
      .def(
          "json", [](EventCopy& e) { return parse_json(e.text()); }, R"(Returns what the payload says as JSON.)")
      .def(
          "value", &EventCopy::value, py::arg("type") = py::none(),
          R"(Returns the payload as a Struct: of the type that the topic records, or of a class of your own. Raises Error, `type_mismatch`, where the topic carries another type or none.)")
      .def("__len__", [](EventCopy& e) { return e.event().payload.size(); })
      .def("__repr__", [](EventCopy& e) {
        return "<shmbus.EventSnapshot '" + e.event().topic + "' " + std::to_string(e.event().sequence) + ", " +
               std::to_string(e.event().size) + " bytes>";
      });
}

}  // namespace shmbus::python
