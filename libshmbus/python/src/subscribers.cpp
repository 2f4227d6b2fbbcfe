#include "subscriber.hpp"

#include <pybind11/stl.h>

#include "shmbus/typed_subscriber.hpp"

namespace shmbus::python {

SubscriberObject::~SubscriberObject() {
  end_event();
  const py::gil_scoped_release without;
  subscriber_.reset();
}

Subscriber& SubscriberObject::get() {
  if (!subscriber_) fail_closed("subscriber of '" + pattern_ + "'");
  return *subscriber_;
}

void SubscriberObject::end_event() noexcept {
  if (current_ != nullptr) current_->end();
  current_ = nullptr;
  held_.reset();
}

bool SubscriberObject::wants(const Event& event) {
  if (type_.is(event)) return true;
  ++mismatched_;
  detail::skip_mismatched(event, type_.info());
  return false;
}

std::size_t SubscriberObject::poll(const py::function& handler, std::size_t limit) {
  Subscriber& subscriber = get();
  const InUse use(in_use_, "subscriber");
  end_event();
  return subscriber.poll(
      [&](const Event& event) {
        if (!wants(event)) return;
        const EventObject::Lent lent(event);
        handler(lent.object());
      },
      limit);
}

std::shared_ptr<EventObject> SubscriberObject::next() {
  Subscriber& subscriber = get();
  const InUse use(in_use_, "subscriber");
  end_event();
  constexpr int kMaxSkipped = 256;  // of another type, in one call
  for (int i = 0; i < kMaxSkipped; ++i) {
    // The reader stays in the event's block until its next poll.
    if (subscriber.poll([&](const Event& e) { held_.emplace(e); }, 1) == 0) return nullptr;
    if (wants(*held_)) return current_ = std::make_shared<EventObject>(*held_);
  }
  held_.reset();
  return nullptr;
}

bool SubscriberObject::wait(py::handle timeout_s) {
  Subscriber& subscriber = get();
  const InUse use(in_use_, "subscriber");
  end_event();
  bool ready = false;
  wait_in_steps(timeout(timeout_s), [&](std::chrono::nanoseconds time) {
    const auto begin = std::chrono::steady_clock::now();
    ready = subscriber.wait(time);
    // Before its time it ends where it was interrupted.
    return ready || std::chrono::steady_clock::now() - begin < time;
  });
  return ready;
}

bool SubscriberObject::acknowledge(EventObject& event) { return get().acknowledge(event.get()); }

void SubscriberObject::close() {
  const InUse use(in_use_, "subscriber");
  end_event();
  const py::gil_scoped_release without;
  subscriber_.reset();
}

void define_subscribers(py::module_& m) {
  py::class_<SubscriberObject, std::shared_ptr<SubscriberObject>>(
      m, "Subscriber",
      R"(Reads all topics that match a pattern. One thread at a time may use it: another one gets Error, `busy`. `for event in subscriber` waits for events, and ends when the subscriber is interrupted or its bus removed.)")
      .def(
          "poll", &SubscriberObject::poll, py::arg("handler"), py::arg("limit") = 256,
          R"(Hands up to `limit` events to the handler, and returns how many it took. Never waits. What the handler raises passes through, and its event counts as handled.)")
      // An event keeps its subscriber, so that `bus.subscriber(...).next()` can be read.
      .def("next", &SubscriberObject::next, py::keep_alive<0, 1>(),
           R"(Returns the next event, valid until the next call; None where there is none now.)")
      .def(
          "wait", &SubscriberObject::wait, py::arg("timeout") = py::none(),
          R"(Waits until there may be something to poll. False: the time has passed, it was interrupted, or the bus removed.)")
      .def("interrupt", &SubscriberObject::interrupt, R"(Makes every wait of this subscriber return. Any thread.)")
      .def_property_readonly("interrupted", &SubscriberObject::interrupted)
      .def(
          "fileno", [](SubscriberObject& s) { return s.get().fd(); },
          R"(Returns a descriptor for select and asyncio: readable when there may be something to poll.)")
      .def("acknowledge", &SubscriberObject::acknowledge, py::arg("event"),
           R"(Acknowledges an event of a durable subscriber, and all before it in its topic.)")
      .def_property_readonly("pattern", [](SubscriberObject& s) { return std::string(s.get().pattern()); })
      .def_property_readonly(
          "lost", [](SubscriberObject& s) { return s.get().lost(); }, R"(How many numbers were skipped unread.)")
      .def_property_readonly("delivered", [](SubscriberObject& s) { return s.get().delivered(); })
      .def_property_readonly("mismatched", &SubscriberObject::mismatched,
                             R"(How many events of another type were skipped.)")
      .def_property_readonly("topics", [](SubscriberObject& s) { return s.get().topics(); })
      .def_property_readonly("demoted", [](SubscriberObject& s) { return s.get().demoted(); })
      .def_property_readonly("standing_by", [](SubscriberObject& s) { return s.get().standing_by(); })
      .def_property_readonly(
          "status", [](SubscriberObject& s) { return status_name(s.get().status()); },
          R"("ok", "closed", "corrupt", "incomplete", ...)")
      .def_property_readonly(
          "unattached", [](SubscriberObject& s) { return unattached(s.get().unattached()); },
          R"(The matching topics that could not be attached: name, code, reason.)")
      .def_property_readonly("closed", &SubscriberObject::closed)
      .def("close", &SubscriberObject::close)
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__", [](SubscriberObject& s, py::handle, py::handle, py::handle) { s.close(); })
      .def("__iter__", [](py::object self) { return self; })
      .def(
          "__next__",
          [](SubscriberObject& s) {
            for (;;) {
              if (auto event = s.next()) return event;
              if (!s.wait(py::none())) throw py::stop_iteration();
            }
          },
          py::keep_alive<0, 1>());
}

py::list unattached(const std::vector<UnattachedTopic>& topics) {
  py::list list;
  for (const UnattachedTopic& t : topics) list.append(py::make_tuple(t.topic, to_string(t.code), t.reason));
  return list;
}

std::string status_name(Status status) {
  const std::string_view line = to_string(status);
  return std::string(line.substr(0, line.find(": ")));
}

}  // namespace shmbus::python
