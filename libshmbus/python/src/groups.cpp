#include <pybind11/stl.h>
#include <unistd.h>

#include "bus.hpp"
#include "group.hpp"
#include "subscriber.hpp"
#include "topic.hpp"

namespace shmbus::python {

GroupObject::GroupObject(Group group)
    : group_(std::make_shared<Group>(std::move(group))),
      object_(std::make_shared<const std::string>("group '" + std::string(group_->name()) + "' of topic '" +
                                                  std::string(group_->topic()) + "'")),
      process_(::getpid()) {}

const std::shared_ptr<Group>& GroupObject::get() const {
  if (group_ == nullptr) fail_closed(*object_);
  return group_;
}

void GroupObject::close() {
  std::shared_ptr<Group> group = std::move(group_);
  if (group == nullptr) return;
  group->interrupt();
  const py::gil_scoped_release without;
  group.reset();
}

std::shared_ptr<LeaseObject> GroupObject::take(py::handle timeout_s) {
  const std::shared_ptr<Group> group = get();
  Lease lease;
  wait_in_steps(timeout(timeout_s), [&](std::chrono::nanoseconds time) {
    const auto begin = std::chrono::steady_clock::now();
    lease = group->take(time);
    // Before its time it ends where it was interrupted.
    return static_cast<bool>(lease) || std::chrono::steady_clock::now() - begin < time;
  });
  if (lease) return std::make_shared<LeaseObject>(std::move(lease), object_);
  if (::getpid() != process_) {
    throw Failure{"closed",
                  {*object_, "use in the process that joined it", "use in a forked child",
                   "open the bus again there, and join the group"}};
  }
  return nullptr;
}

void define_groups(py::module_& m) {
  py::class_<GroupObject, std::shared_ptr<GroupObject>>(m, "Group")
      .def(py::init([](BusObject& b, const std::string& topic, const std::string& name, const py::dict& options) {
             const GroupOptions given = group_options(options);
             return std::make_shared<GroupObject>(
                 without_gil(b, [&](Bus& bus) { return bus.group(topic, name, given); }));
           }),
           py::arg("bus"), py::arg("topic"), py::arg("name"), py::arg("options"))
      .def(
          "take", &GroupObject::take, py::arg("timeout") = py::none(),
          R"(Returns the lease of the next event, and waits for one. None: `timeout` seconds have passed, the group was interrupted or closed, or the bus removed.)")
      .def("interrupt", &GroupObject::interrupt,
           R"(Makes every waiting `take` of this member return, now and in the future. Any thread.)")
      .def_property_readonly("interrupted", &GroupObject::interrupted)
      .def_property_readonly("topic", [](GroupObject& g) { return std::string(g.get()->topic()); })
      .def_property_readonly("name", [](GroupObject& g) { return std::string(g.get()->name()); })
      .def_property_readonly(
          "status", [](GroupObject& g) { return status_name(g.get()->status()); },
          R"("ok", "incomplete", "journal_failed", "corrupt", or "closed" after the removal of the bus or the group.)")
      .def_property_readonly(
          "cautious", [](GroupObject& g) { return g.get()->cautious(); },
          R"(Whether most of its leases failed lately: it then leases one event a second, until one is acknowledged.)")
      .def_property_readonly(
          "lost", [](GroupObject& g) { return g.get()->lost(); },
          R"(How many events were lost to the group: they left the ring before any member read them.)")
      .def_property_readonly(
          "different",
          [](GroupObject& g) {
            py::list list;
            for (const DifferentOption& o : g.get()->different()) list.append(py::make_tuple(o.name, o.asked, o.found));
            return list;
          },
          R"(The options that the group has otherwise than this member asked for, since it existed before: name, asked, found.)")
      .def_property_readonly("closed", &GroupObject::closed)
      .def("close", &GroupObject::close,
           R"(Leaves the group, and makes waiting calls return. Leases that are still out stay valid.)")
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__", [](GroupObject& g, py::handle, py::handle, py::handle) { g.close(); })
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", [](GroupObject& g) {
        auto lease = g.closed() ? nullptr : g.take(py::none());
        if (lease == nullptr) throw py::stop_iteration();
        return lease;
      });
}

}  // namespace shmbus::python
