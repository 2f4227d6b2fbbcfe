#include "payload.hpp"

namespace shmbus::python {

void Payload::take(py::handle value) {
  PyObject* object = value.ptr();
  if (PyDict_Check(object) || PyList_Check(object)) {
    static PyObject* to_json = py::object(py::module_::import("shmbus._values").attr("to_json")).release().ptr();
    json_ = py::reinterpret_borrow<py::object>(to_json)(value);
    object = json_.ptr();
  }
  if (PyUnicode_Check(object)) {
    py::ssize_t size;
    const char* utf8 = PyUnicode_AsUTF8AndSize(object, &size);
    if (utf8 == nullptr) throw py::error_already_set();
    return set(utf8, size);
  }
  if (PyObject_CheckBuffer(object) == 0) {
    throw py::type_error(
        std::string("payload: expected bytes, str, dict, list, a shmbus.Struct or another buffer, found ") +
        Py_TYPE(object)->tp_name);
  }
  if (PyObject_GetBuffer(object, &view_, PyBUF_C_CONTIGUOUS) != 0) {
    view_.obj = nullptr;
    throw py::error_already_set();
  }
  set(view_.buf, view_.len);
}

}  // namespace shmbus::python
