#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "shmbus/detail/type_layout.hpp"
#include "shmbus/publishable.hpp"
#include "shmbus/type_name.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// One field of a type, as `SHMBUS_FIELDS` describes it.
struct TypeField {
  std::string_view name;
  std::string_view type;     ///< its `type_name`
  std::size_t offset = 0;    ///< bytes
  std::size_t size = 0;      ///< bytes
  std::uint64_t layout = 0;  ///< hash of the fields of its own type; 0: it has no SHMBUS_FIELDS
};

/// The longest text of a type's fields that a topic records, in bytes.
inline constexpr std::size_t kMaxFieldsText = 511;

namespace detail {

/// `name:type@offset+size;` for each field. `...` replaces the fields that do not fit.
struct FieldsText {
  char text[kMaxFieldsText + 1] = {};
  std::size_t size = 0;
  bool cut = false;

  constexpr std::string_view view() const noexcept { return {text, size}; }

  constexpr void add(const TypeField& field) noexcept {
    NameText offset, bytes;
    offset.append(std::uint64_t{field.offset});
    bytes.append(std::uint64_t{field.size});
    constexpr std::size_t kEllipsis = 3;
    const std::size_t needed = field.name.size() + field.type.size() + offset.size + bytes.size + 4;
    if (cut) return;
    cut = needed + kEllipsis > kMaxFieldsText - size;
    if (cut) return put("...");
    put(field.name);
    put(":");
    put(field.type);
    put("@");
    put(offset.view());
    put("+");
    put(bytes.view());
    put(";");
  }

 private:
  constexpr void put(std::string_view more) noexcept {
    for (char c : more) text[size++] = c;
  }
};

struct FieldList {
  FieldsText text;
  Fnv1a hash;
  std::size_t bytes = 0;

  constexpr void add(const TypeField& field) noexcept {
    text.add(field);
    hash.text(field.name);
    hash.text(field.type);
    hash.number(field.offset);
    hash.number(field.size);
    hash.number(field.layout);
    bytes += field.size;
  }
};

template <class Field>
constexpr TypeField type_field(std::string_view name, std::size_t offset) noexcept {
  static_assert(HoldsItsValue<Field>, "a field that is a pointer or a view means nothing in another process");
  return {name, type_name<Field>, offset, sizeof(Field), layout_hash<Field>()};
}

}  // namespace detail

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"

/// Describes the fields of a type. A topic can then distinguish two layouts with the same name and size, and tools can
/// show the fields. Write it after the type, in the same namespace, with every field in order:
///
///     struct WatchStarted { std::uint64_t user_id, video_id; };
///     SHMBUS_FIELDS(WatchStarted, user_id, video_id)
///
/// *Requires* a standard-layout struct without bit-fields, of at most 256 fields. Without this macro, a type is
/// identified by its name, size and alignment alone.
// A template, so that names given to the fields' types after this point are used, too.
#define SHMBUS_FIELDS(Type, ...)                                                                                     \
  template <class ShmbusType>                                                                                        \
  requires(::std::is_same_v<ShmbusType, Type>) [[maybe_unused]] constexpr ::shmbus::detail::FieldList shmbus_fields( \
      const ShmbusType*) noexcept {                                                                                  \
    static_assert(::std::is_standard_layout_v<ShmbusType>, "SHMBUS_FIELDS needs a standard-layout type");            \
    ::shmbus::detail::FieldList shmbus_list;                                                                         \
    SHMBUS_DETAIL_EACH(ShmbusType, __VA_ARGS__)                                                                      \
    return shmbus_list;                                                                                              \
  }
#define SHMBUS_DETAIL_FIELD(Type, field) \
  shmbus_list.add(::shmbus::detail::type_field<decltype(Type::field)>(#field, offsetof(Type, field)));

// The preprocessor handles one more list element each time it scans the result again: up to 4^4 times.
#define SHMBUS_DETAIL_PARENS ()
#define SHMBUS_DETAIL_SCAN(...) \
  SHMBUS_DETAIL_SCAN4(SHMBUS_DETAIL_SCAN4(SHMBUS_DETAIL_SCAN4(SHMBUS_DETAIL_SCAN4(__VA_ARGS__))))
#define SHMBUS_DETAIL_SCAN4(...) \
  SHMBUS_DETAIL_SCAN3(SHMBUS_DETAIL_SCAN3(SHMBUS_DETAIL_SCAN3(SHMBUS_DETAIL_SCAN3(__VA_ARGS__))))
#define SHMBUS_DETAIL_SCAN3(...) \
  SHMBUS_DETAIL_SCAN2(SHMBUS_DETAIL_SCAN2(SHMBUS_DETAIL_SCAN2(SHMBUS_DETAIL_SCAN2(__VA_ARGS__))))
#define SHMBUS_DETAIL_SCAN2(...) \
  SHMBUS_DETAIL_SCAN1(SHMBUS_DETAIL_SCAN1(SHMBUS_DETAIL_SCAN1(SHMBUS_DETAIL_SCAN1(__VA_ARGS__))))
#define SHMBUS_DETAIL_SCAN1(...) __VA_ARGS__
#define SHMBUS_DETAIL_EACH(Type, ...) __VA_OPT__(SHMBUS_DETAIL_SCAN(SHMBUS_DETAIL_NEXT(Type, __VA_ARGS__)))
#define SHMBUS_DETAIL_NEXT(Type, field, ...) \
  SHMBUS_DETAIL_FIELD(Type, field) __VA_OPT__(SHMBUS_DETAIL_AGAIN SHMBUS_DETAIL_PARENS(Type, __VA_ARGS__))
#define SHMBUS_DETAIL_AGAIN() SHMBUS_DETAIL_NEXT
