#include <pybind11/stl.h>

#include "bus.hpp"
#include "publisher.hpp"
#include "shmbus/pattern.hpp"
#include "subscriber.hpp"
#include "subscription.hpp"
#include "topic.hpp"

namespace shmbus::python {

BusObject::BusObject(const std::string& name, bool create, unsigned mode, std::string group, std::vector<uid_t> owners,
                     double stall_limit, bool causes, std::string journals, const std::string& record,
                     std::uint64_t low_space)
    : name_(name) {
  BusOptions options{.mode = mode,
                     .group = std::move(group),
                     .owners = std::move(owners),
                     .stall_limit = nanoseconds(stall_limit),
                     .create = create,
                     .causes = causes,
                     .journals = std::move(journals),
                     .low_space = low_space};
  if (record != "own" && record != "none" && record != "all") {
    throw Error(ErrorCode::invalid_option,
                {"record", "'own', 'none' or 'all'", "'" + record + "'", "choose one of them"});
  }
  options.record = record == "own" ? Record::own : record == "all" ? Record::all : Record::none;
  const py::gil_scoped_release without;
  bus_ = std::make_shared<Bus>(Bus::open(name, options));
}

void define_buses(py::module_& m) {
  py::class_<BusObject, std::shared_ptr<BusObject>>(m, "Bus")
      .def(py::init<const std::string&, bool, unsigned, std::string, std::vector<uid_t>, double, bool, std::string,
                    const std::string&, std::uint64_t>(),
           py::arg("name"), py::kw_only(), py::arg("create") = true, py::arg("mode") = 0600, py::arg("group") = "",
           py::arg("owners") = std::vector<uid_t>(), py::arg("stall_limit") = 1.0, py::arg("causes") = true,
           py::arg("journals") = "", py::arg("record") = "own", py::arg("low_space") = BusOptions{}.low_space)
      .def_property_readonly("name", &BusObject::name)
      .def_property_readonly(
          "incarnation", [](BusObject& b) { return b.get()->incarnation(); },
          R"(A random number, new each time the bus is created.)")
      .def_property_readonly(
          "node", [](BusObject& b) { return b.get()->node(); }, R"(This membership's id.)")
      .def_property_readonly("removed", [](BusObject& b) { return b.get()->removed(); })
      .def_property_readonly("interrupted", [](BusObject& b) { return b.get()->interrupted(); })
      .def_property_readonly("closed", &BusObject::closed)
      .def("_publisher",
           [](BusObject& b, const std::string& topic, py::handle type, const py::dict& options) {
             Type chosen = type_of(type);
             const TopicOptions given = topic_options(options);
             Publisher made = without_gil(b, [&](Bus& bus) { return bus.publisher(topic, given, chosen.info()); });
             return std::make_shared<PublisherObject>(std::move(made), std::move(chosen));
           })
      .def("_subscriber",
           [](BusObject& b, const std::string& pattern, py::handle type, const py::dict& options) {
             Type chosen = type_of(type);
             const SubscriberOptions given = subscriber_options(options);
             Subscriber made = without_gil(b, [&](Bus& bus) {
               return chosen.raw() ? bus.subscriber(pattern, given) : bus.subscriber(pattern, given, chosen.info());
             });
             return std::make_shared<SubscriberObject>(std::move(made), std::move(chosen));
           })
      .def("_subscribe",
           [](BusObject& b, const std::string& pattern, const py::function& handler, py::handle type,
              std::size_t workers, std::size_t queue, std::size_t queue_bytes, const std::string& group,
              const py::dict& options) {
             DispatchOptions dispatch = dispatch_options(options, group);
             dispatch.workers = workers;
             dispatch.queue = queue;
             dispatch.queue_bytes = queue_bytes;
             return SubscriptionObject::start(b.get(), pattern, handler, dispatch, type_of(type));
           })
      .def("_topic",
           [](BusObject& b, const std::string& topic, const py::dict& options) {
             const TopicOptions given = topic_options(options);
             return topic_info(without_gil(b, [&](Bus& bus) { return bus.topic(topic, given); }));
           })
      .def(
          "find_topic",
          [](BusObject& b, const std::string& topic) -> py::object {
            const auto found = without_gil(b, [&](Bus& bus) { return bus.find_topic(topic); });
            return found ? topic_info(*found) : py::none();
          },
          py::arg("topic"), R"(Returns what is recorded of a topic; None where there is none.)")
      .def(
          "remove_topic",
          [](BusObject& b, const std::string& topic, bool erase) {
            return without_gil(
                b, [&](Bus& bus) { return bus.remove_topic(topic, erase ? Journals::erase : Journals::keep); });
          },
          py::arg("topic"), py::kw_only(), py::arg("erase_journal") = false,
          R"(Removes a topic. Returns False where there is none.)")
      .def(
          "forget",
          [](BusObject& b, const std::string& durable) {
            return without_gil(b, [&](Bus& bus) { return bus.forget(durable); });
          },
          py::arg("durable"), R"(Forgets a durable subscription. Returns False where there is no such name.)")
      .def(
          "remove_group",
          [](BusObject& b, const std::string& topic, const std::string& group) {
            return without_gil(b, [&](Bus& bus) { return bus.remove_group(topic, group); });
          },
          py::arg("topic"), py::arg("group"),
          R"(Removes a group with its leases and its place in the topic. Returns False where there is none. Raises Error, `busy`, where it has a living member.)")
      .def(
          "run_until_signal",
          [](BusObject& b) { return without_gil(b, [](Bus& bus) { return bus.run_until_signal(); }); },
          R"(Waits until the process gets SIGINT or SIGTERM, and returns its number; 0 where the bus is interrupted or removed.)")
      .def(
          "interrupt", [](BusObject& b) { b.get()->interrupt(); },
          R"(Makes every waiting publish, wait and worker of this membership return.)")
      .def(
          "reap",
          [](BusObject& b) {
            const ReapReport r = without_gil(b, [](Bus& bus) { return bus.reap(); });
            py::dict report;
            report["nodes"] = r.nodes;
            report["publishers"] = r.publishers;
            report["subscribers"] = r.subscribers;
            report["subscriptions"] = r.subscriptions;
            report["segments"] = r.segments;
            return report;
          },
          R"(Cleans up what dead processes left.)")
      .def("_close", &BusObject::close)
      .def_static(
          "remove",
          [](const std::string& name, bool erase) {
            const py::gil_scoped_release without;
            return Bus::remove(name, erase ? Journals::erase : Journals::keep);
          },
          py::arg("name"), py::kw_only(), py::arg("erase_journals") = false,
          R"(Removes a bus for all. Returns False where there was none.)");
  m.def(
      "matches", [](const std::string& pattern, const std::string& topic) { return matches(pattern, topic); },
      py::arg("pattern"), py::arg("topic"), R"(Returns whether a subscriber's pattern covers a topic.)");
}

}  // namespace shmbus::python
