#include <pybind11/stl.h>
#include <unistd.h>

#include "group.hpp"

namespace shmbus::python {

LeaseObject::LeaseObject(Lease lease, std::shared_ptr<const std::string> group)
    : lease_(std::move(lease)),
      group_(std::move(group)),
      sequence_(lease_.event().sequence()),
      deliveries_(lease_.deliveries()),
      process_(::getpid()) {}

LeaseObject::~LeaseObject() {
  if (!alive()) return;
  end("was given back");
  const bool forked = ::getpid() != process_;  // then it is its parent's
  {
    const py::gil_scoped_release without;
    lease_ = Lease();
  }
  if (forked || _Py_IsFinalizing() != 0) return;
  const py::error_scope pending;
  const std::string said =
      text() +
      " was dropped, and its event given back; end a lease by a with block, acknowledge(), give_back() or reject()";
  if (PyErr_WarnEx(PyExc_ResourceWarning, said.c_str(), 1) != 0) PyErr_WriteUnraisable(nullptr);
}

std::string LeaseObject::text() const { return "the lease of event " + std::to_string(sequence_) + " of " + *group_; }

Lease& LeaseObject::get() {
  if (!alive()) {
    throw Failure{"closed", {text(), "", std::string(ended_) + " already", "take the next one: a lease ends once"}};
  }
  return lease_;
}

std::shared_ptr<EventObject> LeaseObject::event() {
  Lease& lease = get();
  if (event_ == nullptr) event_ = std::make_shared<EventObject>(lease.event(), EventObject::kUntilItsLeaseEnds);
  return event_;
}

void LeaseObject::end(const char* how) noexcept {
  if (event_ != nullptr) event_->end();
  event_ = nullptr;
  ended_ = how;
}

void LeaseObject::check(Status status) {
  if (status == Status::ok) return;
  if (status == Status::expired) {
    throw Failure{"expired",
                  {text(), "to be held still", "that its time is over: the event is or was leased again",
                   "ask for a longer lease=, or extend it in time"}};
  }
  if (status == Status::closed && ::getpid() != process_) {
    throw Failure{"closed",
                  {text(), "use in the process that took it", "use in a forked child",
                   "end it there; the child opens the bus again, and takes its own"}};
  }
  fail(status, text());
}

void LeaseObject::acknowledge() {
  Lease& lease = get();
  end("was acknowledged");
  check(lease.acknowledge());
}

void LeaseObject::give_back(py::handle delay) {
  Lease& lease = get();
  std::optional<std::chrono::nanoseconds> time;
  if (!delay.is_none()) time = timeout(delay).length();
  end("was given back");
  check(time ? lease.give_back(*time) : lease.give_back());
}

// It may wait for room in the topic of dead letters. The event is needed for that, and for nothing else any more.
void LeaseObject::reject(const std::string& reason) {
  Lease& lease = get();
  end("was rejected");
  Status status;
  {
    const py::gil_scoped_release without;
    status = lease.reject(reason);
  }
  if (status == Status::ok || status == Status::expired || ::getpid() != process_) return check(status);
  const std::string_view line = to_string(status);
  ended_ = "was given back";
  throw Failure{std::string(line.substr(0, line.find(": "))),
                {text(), "its dead letter to be published", std::string(line), "it was given back, and comes again"}};
}

void LeaseObject::extend(double seconds) {
  Lease& lease = get();
  const Status status = lease.extend(nanoseconds(seconds));
  if (status != Status::expired) return check(status);
  throw Failure{"expired",
                {text(), "time left", "that it has ended, or can't last longer",
                 "ask for a longer lease= or lease_most=, or extend it earlier"}};
}

void LeaseObject::leave(bool failed) {
  if (!alive()) return;
  if (!failed) return acknowledge();
  Lease& lease = get();
  end("was given back");
  static_cast<void>(lease.give_back());  // the exception says more
}

void define_leases(py::module_& m) {
  py::class_<LeaseObject, std::shared_ptr<LeaseObject>>(
      m, "Lease",
      R"(The right to handle one event of a group, until it ends: by one of its methods, by the death of the process, or when its time is over. The end of a `with` block acknowledges the event; after an exception it gives the event back, and the exception goes on. A lease that is dropped gives its event back, too, with a ResourceWarning. Any thread. It may outlive its group. An end that comes too late raises Error, `expired`: the event is or was leased again, and this result does not count.)")
      .def_property_readonly("event",
                             py::cpp_function([](LeaseObject& l) { return l.event(); }, py::keep_alive<0, 1>()),
                             R"(The event. Valid until the lease ends; `event.retain()` keeps it for longer.)")
      .def_property_readonly("deliveries", &LeaseObject::deliveries,
                             R"(How often the event was leased, this time included.)")
      .def_property_readonly("alive", &LeaseObject::alive, R"(Whether this object has not ended it yet.)")
      .def("acknowledge", &LeaseObject::acknowledge, R"(The event is done with.)")
      .def("give_back", &LeaseObject::give_back, py::arg("delay") = py::none(),
           R"(Gives the event back: it is leased again after the group's back-off, or after `delay` seconds.)")
      .def(
          "reject", [](LeaseObject& l, py::handle reason) { l.reject(bytes_of(reason, "reason")); }, py::arg("reason"),
          R"(The event can't be handled, and trying again would not help: it becomes a dead letter. `reason` travels with that, up to 1000 bytes. Where the dead letter can't be published it raises Error, and the event is given back.)")
      .def(
          "extend", &LeaseObject::extend, py::arg("time"),
          R"(The lease lasts this many seconds from now on; in all no longer than `lease_most`. Raises Error, `expired`, where it has ended or can't last longer.)")
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__", [](LeaseObject& l, py::handle type, py::handle, py::handle) { l.leave(!type.is_none()); })
      .def("__repr__", [](LeaseObject& l) { return "<shmbus.Lease, " + l.text() + (l.alive() ? ">" : ", ended>"); });
}

}  // namespace shmbus::python
