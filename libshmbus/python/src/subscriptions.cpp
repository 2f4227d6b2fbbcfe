#include "subscription.hpp"

#include <pybind11/stl.h>

#include <set>
#include <stdexcept>

#include "shmbus/typed_subscriber.hpp"
#include "subscriber.hpp"

namespace shmbus::python {

namespace {

/// All subscriptions. Guarded by the GIL.
std::set<SubscriptionObject*>& running() {
  static auto* all = new std::set<SubscriptionObject*>();
  return *all;
}

/// Keeps the interpreter's state of a worker thread between its handler calls: to make one takes longer than a short handler.
class WorkerState {
 public:
  WorkerState() : acquired_(std::make_unique<py::gil_scoped_acquire>()), state_(PyEval_SaveThread()) {}
  WorkerState(const WorkerState&) = delete;
  WorkerState& operator=(const WorkerState&) = delete;
  ~WorkerState() {
    if (_Py_IsFinalizing() != 0) {  // it has freed that
      static_cast<void>(acquired_.release());
      return;
    }
    PyEval_RestoreThread(state_);
    acquired_.reset();
  }

 private:
  std::unique_ptr<py::gil_scoped_acquire> acquired_;
  PyThreadState* state_;
};

/// A function of Python that is called on worker threads.
class Handler {
 public:
  Handler(py::function function, Type type) : function_(std::move(function)), type_(std::move(type)) {}
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  ~Handler() {
    const py::gil_scoped_acquire with;
    function_ = {};
  }

  /// *Throws* where the function raised: so the dispatcher counts it.
  void operator()(const Event& event) const {
    if (!type_.is(event)) {
      detail::skip_mismatched(event, type_.info());
      return;
    }
    std::string problem;
    thread_local const WorkerState state;
    {
      const py::gil_scoped_acquire with;
      problem = call(event);
    }
    if (!problem.empty()) throw std::runtime_error(problem);
  }

 private:
  /// Returns what the function raised.
  std::string call(const Event& event) const {
    const EventObject::Lent lent(event);
    try {
      function_(lent.object());
      return {};
    } catch (py::error_already_set& error) {
      std::string problem = error.what();
      problem.resize(std::min(problem.find('\n'), problem.size()));
      try {
        py::module_::import("shmbus._values")
            .attr("log_handler_error")(function_, error.type(), error.value(),
                                       error.trace() ? error.trace() : py::none());
      } catch (py::error_already_set& unlogged) {
        unlogged.discard_as_unraisable("shmbus: logging what a handler raised");
      }
      return problem.empty() ? "an exception" : problem;
    }
  }

  py::function function_;
  Type type_;
};

}  // namespace

std::shared_ptr<SubscriptionObject> SubscriptionObject::start(const std::shared_ptr<Bus>& bus,
                                                              const std::string& pattern, py::function function,
                                                              const DispatchOptions& options, Type type) {
  const TypeInfo info = type.info();
  const bool raw = type.raw();
  auto handler = std::make_shared<const Handler>(std::move(function), type);
  const auto call = [handler](const Event& event) { (*handler)(event); };
  std::optional<Subscription> subscription;
  {
    const py::gil_scoped_release without;
    handler.reset();  // its last owner may end on a worker
    subscription.emplace(raw ? bus->subscribe(pattern, call, options) : bus->subscribe(pattern, call, options, info));
  }
  auto object = std::make_shared<SubscriptionObject>(std::move(*subscription));
  running().insert(object.get());
  return object;
}

SubscriptionObject::~SubscriptionObject() {
  running().erase(this);
  const py::gil_scoped_release without;
  subscription_.stop();
  [[maybe_unused]] const Subscription ended = std::move(subscription_);
}

bool SubscriptionObject::stop(py::handle timeout_s) {
  return wait_in_steps(timeout(timeout_s), [&](std::chrono::nanoseconds time) {
    const auto begin = std::chrono::steady_clock::now();
    // In its own handler it does not wait.
    return subscription_.stop(time) || std::chrono::steady_clock::now() - begin < time;
  });
}

bool SubscriptionObject::wait(py::handle timeout_s) {
  bool ended = false;
  wait_in_steps(timeout(timeout_s), [&](std::chrono::nanoseconds time) {
    const auto begin = std::chrono::steady_clock::now();
    ended = subscription_.wait(time);
    return ended || std::chrono::steady_clock::now() - begin < time;
  });
  return ended;
}

void stop_all() {
  const std::set<SubscriptionObject*> all = running();
  for (SubscriptionObject* subscription : all) {
    if (running().contains(subscription)) subscription->stop(py::none());
  }
}

void define_subscriptions(py::module_& m) {
  py::class_<SubscriptionObject, std::shared_ptr<SubscriptionObject>>(m, "Subscription",
                                                                      R"(A running handler. Any thread may use it.)")
      .def("stop", &SubscriptionObject::stop, py::arg("timeout") = py::none(),
           R"(Ends it, and waits for handlers that run. Inside its own handler it does not wait.)")
      .def("wait", &SubscriptionObject::wait, py::arg("timeout") = py::none(), R"(Waits until it has ended.)")
      .def_property_readonly("handled", [](SubscriptionObject& s) { return s.get().handled(); })
      .def_property_readonly("handler_errors", [](SubscriptionObject& s) { return s.get().handler_errors(); })
      .def_property_readonly("lost", [](SubscriptionObject& s) { return s.get().lost(); })
      .def_property_readonly("demoted", [](SubscriptionObject& s) { return s.get().demoted(); })
      .def_property_readonly("standing_by", [](SubscriptionObject& s) { return s.get().standing_by(); })
      .def_property_readonly(
          "status", [](SubscriptionObject& s) { return status_name(s.get().status()); },
          R"("ok", "retrying", "unacknowledged", "incomplete", "corrupt", or "closed" once it has ended.)")
      .def_property_readonly(
          "unattached", [](SubscriptionObject& s) { return unattached(s.get().unattached()); },
          R"(The matching topics that could not be attached: name, code, reason.)")
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__", [](SubscriptionObject& s, py::handle, py::handle, py::handle) { s.stop(py::none()); });
  m.def("_stop_all", &stop_all);
}

}  // namespace shmbus::python
