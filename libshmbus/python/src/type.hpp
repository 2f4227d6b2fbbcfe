#pragma once

#include <cstdint>
#include <string>

#include "python.hpp"
#include "shmbus/event.hpp"
#include "shmbus/type_info.hpp"

namespace shmbus::python {

/// A type of C++ as a Python program describes it; without a name that of raw bytes.
struct Type {
  std::string name, fields;
  std::size_t size = 0, alignment = 0;
  std::uint64_t layout = 0, hash = TypeInfo::kRawBytes;

  TypeInfo info() const noexcept { return {name, size, alignment, layout, fields}; }
  bool raw() const noexcept { return name.empty(); }
  bool is(const Event& event) const noexcept { return raw() || event.is(hash, size); }
};

/// A type as a topic records it.
Type recorded_type(std::string name, std::size_t size, std::size_t alignment, std::uint64_t layout, std::string fields);

/// The type of a class of Python, of shmbus.Struct; raw bytes for None. *Throws* TypeError.
Type type_of(py::handle type);

}  // namespace shmbus::python
