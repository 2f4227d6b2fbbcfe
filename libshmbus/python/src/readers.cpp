#include <pybind11/stl.h>

#include <chrono>
#include <map>

#include "event_copy.hpp"
#include "reader.hpp"

namespace shmbus::python {

namespace {

constexpr auto kLookAgain = std::chrono::seconds(1);

}  // namespace

ReaderObject::ReaderObject(const std::string& bus, const std::vector<uid_t>& owners, EventReader reader)
    : inspector_(bus, owners), reader_(std::move(reader)) {}

/// The type of a topic is recorded before its first event. Only one that accepts raw bytes may get its type later.
std::shared_ptr<const Type> ReaderObject::type_of_topic(const EventId& id) {
  if (const auto known = types_.find(id.topic); known != types_.end()) return known->second;
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ >= kLookAgain || !looked_for_.contains(id.topic)) {
    looked_ = now;
    looked_for_.insert(id.topic);
    for (const TopicSnapshot& topic : inspector_.snapshot().topics) {
      if (topic.info.content != Content::undecided)
        types_[topic.info.id] = std::make_shared<const Type>(topic_type(topic.info));
    }
  }
  const auto found = types_.find(id.topic);
  return found != types_.end() ? found->second : raw_;
}

std::shared_ptr<EventCopy> ReaderObject::next() {
  const InUse use(in_use_, "event reader");
  const py::gil_scoped_release without;
  const EventSnapshot* event = reader_.next();
  if (event == nullptr) return nullptr;
  return std::make_shared<EventCopy>(*event, type_of_topic(event->id));
}

void define_readers(py::module_& m) {
  py::class_<ReaderObject, std::shared_ptr<ReaderObject>>(
      m, "EventReader",
      R"(Reads the events of all topics that match a pattern, without joining the bus: made by `Inspector.read`. It copies each event, takes no port and holds nobody back. What has left the ring of a journaled topic comes from its journal. `for event in reader` reads what is there now; a later loop may find more. One thread at a time.)")
      .def(
          "next", &ReaderObject::next,
          R"(Returns the next event; None where there is none now. Events come in the order of their times across topics, and in sequence order within a topic.)")
      .def_property_readonly("lost", &ReaderObject::lost,
                             R"(How many numbers were missed: their events left the ring before they were read.)")
      .def_property_readonly(
          "finished", &ReaderObject::finished,
          R"(Whether nothing more will come: the bus was removed; or all was read, with `retained_only`.)")
      .def_property_readonly(
          "problems",
          [](ReaderObject& r) {
            py::list list;
            for (const TopicProblem& p : r.problems())
              list.append(py::make_tuple(p.topic, to_string(p.code), p.reason));
            return list;
          },
          R"(The matching topics that can't be read at the moment: name, code, reason.)")
      .def("__iter__", [](py::object self) { return self; })
      .def("__next__", [](ReaderObject& r) {
        auto event = r.next();
        if (event == nullptr) throw py::stop_iteration();
        return event;
      });
}

}  // namespace shmbus::python
