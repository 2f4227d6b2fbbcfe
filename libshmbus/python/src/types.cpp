#include <bit>

#include "shmbus/type_fields.hpp"
#include "type.hpp"

namespace shmbus::python {

namespace {

Type make_type(std::string name, std::size_t size, std::size_t alignment, const py::list& fields) {
  if (name.empty() || name.size() > kMaxTypeName) {
    throw Error(ErrorCode::invalid_option,
                {"type name", "1 to 127 bytes", std::to_string(name.size()), "choose another one"});
  }
  if (size == 0 || alignment > 256 || !std::has_single_bit(alignment)) {
    throw Error(ErrorCode::invalid_option,
                {"type '" + name + "'", "a size, and an alignment of at most 256",
                 std::to_string(size) + " bytes, aligned to " + std::to_string(alignment), "give it fields"});
  }
  detail::FieldList list;
  for (const py::handle item : fields) {
    const auto field = py::cast<py::tuple>(item);
    const auto field_name = py::cast<std::string>(field[0]), type = py::cast<std::string>(field[1]);
    list.add({field_name, type, py::cast<std::size_t>(field[2]), py::cast<std::size_t>(field[3]),
              field[4].is_none() ? 0 : py::cast<const Type&>(field[4]).layout});
  }
  Type type{.name = std::move(name),
            .fields = std::string(list.text.view()),
            .size = size,
            .alignment = alignment,
            .layout = fields.empty()         ? 0
                      : list.hash.value == 0 ? 1
                                             : list.hash.value};
  type.hash = type.info().hash();
  return type;
}

}  // namespace

Type recorded_type(std::string name, std::size_t size, std::size_t alignment, std::uint64_t layout,
                   std::string fields) {
  Type type{
      .name = std::move(name), .fields = std::move(fields), .size = size, .alignment = alignment, .layout = layout};
  type.hash = type.info().hash();
  return type;
}

Type type_of(py::handle type) {
  if (type.is_none()) return {};
  if (!PyType_Check(type.ptr()) || !py::hasattr(type, "__shmbus_type__")) {
    throw py::type_error("type: expected a subclass of shmbus.Struct or None, found " + std::string(py::repr(type)));
  }
  return py::cast<Type>(type.attr("__shmbus_type__"));
}

void define_types(py::module_& m) {
  py::class_<Type>(m, "Type", R"(A struct of C++, as a topic records it.)")
      .def(py::init(&make_type), py::arg("name"), py::arg("size"), py::arg("alignment"), py::arg("fields"))
      .def_static("recorded", &recorded_type, py::arg("name"), py::arg("size"), py::arg("alignment"), py::arg("layout"),
                  py::arg("fields"), R"(Returns a type as a topic records it.)")
      .def_readonly("name", &Type::name)
      .def_readonly("size", &Type::size)
      .def_readonly("alignment", &Type::alignment)
      .def_readonly("fields", &Type::fields)
      .def_readonly("layout", &Type::layout)
      .def_readonly("hash", &Type::hash);
}

}  // namespace shmbus::python
