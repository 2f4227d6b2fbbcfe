#include <cmath>
#include <exception>

#include "python.hpp"

namespace shmbus::python {

namespace {

void set_error(const std::string& code, const ErrorText& parts) {
  try {
    const py::object type = py::module_::import("shmbus._error").attr("Error");
    const py::object error =
        type(code, text(parts.object), text(parts.expected), text(parts.found), text(parts.remedy));
    PyErr_SetObject(type.ptr(), error.ptr());
  } catch (py::error_already_set& e) {
    e.restore();
  }
}

}  // namespace

void fail(Status status, const std::string& object) {
  // "code: what is wrong; what to do", or "code: what to do"
  const std::string_view line = to_string(status);
  const std::size_t colon = std::min(line.find(": "), line.size()), split = line.find("; ");
  const std::string_view remedy =
      split != line.npos ? line.substr(split + 2) : line.substr(std::min(colon + 2, line.size()));
  throw Failure{std::string(line.substr(0, colon)),
                {object, "ok", std::string(line.substr(0, split != line.npos ? split : colon)), std::string(remedy)}};
}

void fail_closed(const std::string& object) { throw Failure{"closed", {object, "", "is closed", "open it again"}}; }

void fail_busy(const std::string& object) {
  throw Failure{"busy", {object, "one thread at a time", "a second one", "give each thread its own, or use a lock"}};
}

std::chrono::nanoseconds nanoseconds(double seconds) {
  if (std::isnan(seconds)) throw py::value_error("a time: expected a number of seconds, found nan");
  if (seconds >= 9.2e9) return std::chrono::nanoseconds::max();
  return std::chrono::nanoseconds(seconds <= 0 ? 0 : static_cast<std::int64_t>(seconds * 1e9));
}

Timeout timeout(py::handle seconds) {
  if (seconds.is_none()) return Timeout::unlimited();
  const double value = PyFloat_AsDouble(seconds.ptr());
  if (value == -1.0 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return nanoseconds(value);
}

std::string bytes_of(py::handle value, const char* what) {
  if (PyBytes_Check(value.ptr())) return std::string(py::reinterpret_borrow<py::bytes>(value));
  if (PyUnicode_Check(value.ptr())) {
    PyObject* encoded = PyUnicode_AsEncodedString(value.ptr(), "utf-8", "surrogateescape");
    if (encoded == nullptr) throw py::error_already_set();
    return std::string(py::reinterpret_steal<py::bytes>(encoded));
  }
  throw py::type_error(std::string(what) + ": expected str or bytes, found " + Py_TYPE(value.ptr())->tp_name);
}

void define_errors(py::module_&) {
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const Error& e) {
      set_error(to_string(e.code()), {e.object(), e.expected(), e.found(), e.remedy()});
    } catch (const Failure& f) {
      set_error(f.code, f.text);
    }
  });
}

}  // namespace shmbus::python
