#include <pybind11/stl.h>

#include "event.hpp"
#include "shmbus/scope.hpp"

namespace shmbus::python {

bool View::end() noexcept {
  if (view_) {
    // BufferError: an array of NumPy was made from it.
    PyObject* released = PyObject_CallMethod(view_.ptr(), "release", nullptr);
    if (released == nullptr) PyErr_Clear();
    Py_XDECREF(released);
    view_ = {};
  }
  return !buffer_ || Py_REFCNT(buffer_.ptr()) == 1;
}

void EventObject::ended() const {
  throw Failure{"closed", {"this event", valid_, "use later", "keep it with event.retain(), or copy what you need"}};
}

void EventObject::end() noexcept {
  view_.end();
  view_.forget();
  event_ = nullptr;
  kept_ = nullptr;
}

std::shared_ptr<const RetainedEvent> EventObject::keep() const {
  return kept_ != nullptr ? kept_ : std::make_shared<const RetainedEvent>(get().retain());
}

// Views may outlive the event, so they are of a kept one.
py::object EventObject::payload() {
  return view_.get([&] {
    kept_ = keep();
    const std::span<const std::byte> bytes = (*kept_)->payload();
    return Buffer{const_cast<std::byte*>(bytes.data()), bytes.size(), false, kept_};
  });
}

py::object event_id(const EventId& id) {
  static PyObject* type = py::object(py::module_::import("shmbus._values").attr("EventId")).release().ptr();
  return py::reinterpret_borrow<py::object>(type)(id.bus, id.topic, id.sequence);
}

py::object optional_id(const std::optional<EventId>& id) { return id ? event_id(*id) : py::none(); }

py::object parse_json(std::string_view json) {
  static PyObject* loads = py::object(py::module_::import("json").attr("loads")).release().ptr();
  return py::reinterpret_borrow<py::object>(loads)(text(json));
}

EventId event_id_of(py::handle id) {
  const auto parts = py::cast<py::tuple>(id);
  if (parts.size() != 3) throw py::type_error("an event's id: expected shmbus.EventId");
  return {py::cast<std::uint64_t>(parts[0]), py::cast<std::uint64_t>(parts[1]), py::cast<std::uint64_t>(parts[2])};
}

namespace {

/// The scopes of one thread, innermost first. They keep their events.
struct ThreadScope {
  std::unique_ptr<ThreadScope> outer;
  std::shared_ptr<const RetainedEvent> event;
  Scope scope;
  const void* owner;

  ThreadScope(std::unique_ptr<ThreadScope> o, std::shared_ptr<const RetainedEvent> e, const void* by)
      : outer(std::move(o)), event(std::move(e)), scope(**event), owner(by) {}
};
thread_local std::unique_ptr<ThreadScope> innermost;

/// `with event.scope():`
class ScopeObject {
 public:
  explicit ScopeObject(std::shared_ptr<const RetainedEvent> event) noexcept : event_(std::move(event)) {}
  void enter() { innermost = std::make_unique<ThreadScope>(std::move(innermost), event_, this); }
  void exit() {
    if (innermost == nullptr || innermost->owner != this) {
      throw Failure{"busy",
                    {"scope", "to end on its thread, before the scopes around it", "another order",
                     "use it in a with block without await or yield"}};
    }
    const std::unique_ptr<ThreadScope> ended = std::move(innermost);
    innermost = std::move(ended->outer);
  }

 private:
  std::shared_ptr<const RetainedEvent> event_;
};

py::object as_struct(EventObject& self, py::handle type) {
  const Type wanted = type_of(type);
  const Event& e = self.get();
  if (wanted.raw() || !wanted.is(e)) {
    throw Error(ErrorCode::type_mismatch,
                {"event " + std::to_string(e.sequence()) + " of '" + std::string(e.topic()) + "'",
                 "a '" + wanted.name + "' of " + std::to_string(wanted.size) + " bytes",
                 std::to_string(e.payload().size()) + " bytes of another type or of none",
                 "read it as what its topic carries"});
  }
  return type.attr("from_buffer_copy")(py::bytes(e.text().data(), e.text().size()));
}

}  // namespace

void define_events(py::module_& m) {
  py::class_<Buffer>(m, "Buffer", py::buffer_protocol()).def_buffer([](Buffer& b) {
    return py::buffer_info(b.data, 1, "B", 1, {static_cast<py::ssize_t>(b.size)}, {py::ssize_t{1}}, !b.writable);
  });

  py::class_<ScopeObject>(m, "Scope", R"(Makes an event the cause of what this thread publishes in a `with` block.)")
      .def("__enter__", [](ScopeObject& s) { s.enter(); })
      .def("__exit__", [](ScopeObject& s, py::handle, py::handle, py::handle) { s.exit(); });

  py::class_<EventObject, std::shared_ptr<EventObject>>(
      m, "Event",
      R"(One event, read in place. Valid inside its handler, or until its subscriber's next poll, next or wait; afterwards all of it raises Error, `closed`. `retain` keeps it.)")
      .def_property_readonly(
          "topic", [](EventObject& e) { return text(e.get().topic()); },
          R"(The topic's name, which is the event's type.)")
      .def_property_readonly(
          "sequence", [](EventObject& e) { return e.get().sequence(); },
          R"(The number within the topic, from 1; never reused.)")
      .def_property_readonly(
          "id", [](EventObject& e) { return event_id(e.get().id()); },
          R"(An id that no other event of the machine has.)")
      .def_property_readonly(
          "time_ns", [](EventObject& e) { return e.get().time().time_since_epoch().count(); },
          R"(When it was published, in nanoseconds since 1970; 0 where the topic has no time stamps.)")
      .def_property_readonly(
          "publisher", [](EventObject& e) { return e.get().publisher(); }, R"(The number of the publisher's port.)")
      .def_property_readonly(
          "payload", [](EventObject& e) { return e.get(), e.payload(); },
          R"(The bytes, in place and read-only. Once the event has ended, reading the view raises ValueError. What was made of it before, a slice or an array of NumPy, stays valid, and keeps the event's block for as long as it exists; where a subscriber already keeps eight blocks of the topic, the view is of a copy.)")
      .def_property_readonly(
          "text", [](EventObject& e) { return text(e.get().text()); },
          R"(The payload as text; bytes that are no UTF-8 become surrogates.)")
      .def_property_readonly(
          "headers", [](EventObject& e) { return header_list(e.get().headers()); },
          R"(The publisher's headers, in its order.)")
      .def_property_readonly(
          "key", [](EventObject& e) { return text(e.get().key()); }, R"(The publisher's key; empty without one.)")
      .def_property_readonly(
          "cause", [](EventObject& e) { return optional_id(e.get().cause()); },
          R"(The event whose handler published this one.)")
      .def_property_readonly(
          "traceparent",
          [](EventObject& e) -> py::object {
            const TraceContext* trace = e.get().trace();
            return trace != nullptr ? py::object(text(trace->traceparent())) : py::none();
          },
          R"(The trace context, as the value of a `traceparent` header.)")
      .def_property_readonly("alive", &EventObject::alive, R"(Whether it can still be read.)")
      .def(
          "header",
          [](EventObject& e, py::handle name) -> py::object {
            const auto value = e.get().header(bytes_of(name, "name"));
            return value ? py::object(text(*value)) : py::none();
          },
          R"(Returns the value of the first header of that name.)")
      .def(
          "bytes", [](EventObject& e) { return py::bytes(e.get().text().data(), e.get().text().size()); },
          R"(Returns a copy of the payload.)")
      .def(
          "json", [](EventObject& e) { return parse_json(e.get().text()); },
          R"(Returns what the payload says as JSON.)")
      .def(
          "value", &as_struct, py::arg("type"),
          R"(Returns a copy of the payload as a Struct. Raises Error, `type_mismatch`, where the topic carries another type.)")
      .def(
          "retain", [](EventObject& e) { return std::make_shared<EventObject>(e.keep()); },
          R"(Returns the same event to keep, on any thread, until it is released or not used any more.)")
      .def(
          "release", [](EventObject& e) { e.end(); }, R"(Ends it. Its payload can't be read through it any more.)")
      .def(
          "scope", [](EventObject& e) { return std::make_unique<ScopeObject>(e.keep()); },
          R"(`with event.scope():` makes it the cause of what this thread publishes in the block, as if its handler ran there.)")
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__", [](EventObject& e, py::handle, py::handle, py::handle) { e.end(); })
      .def("__len__", [](EventObject& e) { return e.get().payload().size(); })
      .def("__repr__", [](EventObject& e) {
        if (!e.alive()) return std::string("<shmbus.Event, ended>");
        return "<shmbus.Event '" + std::string(e.get().topic()) + "' " + std::to_string(e.get().sequence()) + ", " +
               std::to_string(e.get().payload().size()) + " bytes>";
      });
}

}  // namespace shmbus::python
