#include "c/type.hpp"

#include <bit>
#include <cstring>
#include <string>

#include "c/option_struct.hpp"
#include "shmbus/error.hpp"

namespace shmbus::c {

namespace {

constexpr int kMaxNesting = 16;

[[noreturn]] void refuse(std::string object, std::string expected, std::string found) {
  throw Error(ErrorCode::invalid_option, {std::move(object), std::move(expected), std::move(found),
                                          "describe it with SHMBUS_TYPE and SHMBUS_FIELD"});
}

std::uint64_t layout_of(const shmbus_type* type, detail::FieldList& list, int depth) {
  const shmbus_type t = given(type, shmbus_type{}, "shmbus_type");
  if (depth > kMaxNesting) refuse("shmbus_type", "at most 16 types inside each other", "more");
  if (t.fields == nullptr) return 0;
  const std::string name = text_or_empty(t.name);
  if (t.field_count > 256) refuse("type '" + name + "'", "at most 256 fields", std::to_string(t.field_count));
  std::size_t end = 0;
  for (std::size_t i = 0; i < t.field_count; ++i) {
    const shmbus_field& f = t.fields[i];
    if (f.name == nullptr || f.type == nullptr) refuse("type '" + name + "'", "fields with a name and a type", "NULL");
    if (f.size > t.size || f.offset > t.size - f.size || f.offset < end) {
      refuse("field '" + std::string(f.name) + "' of '" + name + "'",
             "a place behind the field before, inside the struct",
             std::to_string(f.size) + " bytes at " + std::to_string(f.offset));
    }
    end = f.offset + f.size;
    std::uint64_t layout = 0;
    if (f.nested != nullptr) {
      detail::FieldList inner;
      layout = layout_of(f.nested, inner, depth + 1);
    }
    list.add({f.name, f.type, f.offset, f.size, layout});
  }
  return list.hash.value == 0 ? 1 : list.hash.value;
}

}  // namespace

GivenType::GivenType(const shmbus_type* type) {
  if (type == nullptr) return;
  const shmbus_type t = given(type, shmbus_type{}, "shmbus_type");
  const std::size_t length = t.name == nullptr ? 0 : std::strlen(t.name);
  if (length == 0 || length > kMaxTypeName) refuse("type name", "1 to 127 bytes", std::to_string(length));
  if (t.size == 0) refuse("type '" + std::string(t.name) + "'", "a size", "0 bytes");
  if (t.alignment > 256 || !std::has_single_bit(t.alignment) || t.size % t.alignment != 0) {
    refuse("type '" + std::string(t.name) + "'", "an alignment that is a power of two up to 256 and divides its size",
           std::to_string(t.alignment));
  }
  const std::uint64_t layout = layout_of(type, fields_, 0);
  info_ = {std::string_view(t.name, length), t.size, t.alignment, layout, layout != 0 ? fields_.text.view() : ""};
}

}  // namespace shmbus::c
