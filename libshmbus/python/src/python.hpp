#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <string>

#include "shmbus/error.hpp"
#include "shmbus/status.hpp"
#include "shmbus/timeout.hpp"

// What all parts of the module use.
namespace shmbus::python {

namespace py = pybind11;

/// Becomes shmbus.Error in Python, as Error does. `code` is the name of an error or a status.
struct Failure {
  std::string code;
  ErrorText text;
};

/// *Throws* Failure for a status other than `ok`.
[[noreturn]] void fail(Status status, const std::string& object);
[[noreturn]] void fail_closed(const std::string& object);
[[noreturn]] void fail_busy(const std::string& object);

/// None: no bound. *Throws* TypeError.
Timeout timeout(py::handle seconds);
std::chrono::nanoseconds nanoseconds(double seconds);

/// Calls `step(time)` without the GIL until it returns true or the timeout has passed, for at most 100 ms at a time, and handles
/// signals in between: so Ctrl-C ends a wait. Returns what the last step returned.
template <class Step>
bool wait_in_steps(Timeout timeout, Step&& step) {
  constexpr std::chrono::nanoseconds kStep = std::chrono::milliseconds(100);
  const bool bounded = timeout.length() != Timeout::unlimited().length();
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const auto passed = std::chrono::steady_clock::now() - begin;
    const auto left = bounded ? std::max(timeout.length() - passed, std::chrono::nanoseconds::zero()) : kStep;
    bool done;
    {
      const py::gil_scoped_release without;
      done = step(std::min(left, kStep));
    }
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (done || (bounded && left <= kStep)) return done;
  }
}

/// Notes that a call is inside an object that one thread at a time may use, also where it has given the GIL away.
class InUse {
 public:
  InUse(bool& flag, const char* what) : flag_(flag) {
    if (flag_) fail_busy(what);
    flag_ = true;
  }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;
  ~InUse() { flag_ = false; }

 private:
  bool& flag_;
};

/// Text that need not be UTF-8: other bytes survive as surrogates.
inline py::str text(std::string_view bytes) {
  PyObject* s = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "surrogateescape");
  if (s == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(s);
}
/// The bytes of a text as `text` makes it, or of bytes.
std::string bytes_of(py::handle value, const char* what);

void define_errors(py::module_& m);
void define_types(py::module_& m);
void define_events(py::module_& m);
void define_event_copies(py::module_& m);
void define_readers(py::module_& m);
void define_journals(py::module_& m);
void define_publishers(py::module_& m);
void define_subscribers(py::module_& m);
void define_subscriptions(py::module_& m);
void define_leases(py::module_& m);
void define_groups(py::module_& m);
void define_buses(py::module_& m);
void define_inspectors(py::module_& m);

}  // namespace shmbus::python
