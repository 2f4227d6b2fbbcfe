#pragma once

#include <cstddef>
#include <string_view>

#include "shmbus/detail/type_spelling.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// The longest type name a topic records, in bytes.
inline constexpr std::size_t kMaxTypeName = detail::NameText::kCapacity;

namespace detail {

template <class T>
inline constexpr NameText type_spelling = spell<T>();

template <class T>
constexpr std::string_view spelled_type_name() {
  static_assert(type_spelling<T>.nameable,
                "this type has no name that all compilers spell alike (a lambda, an unnamed type, a member of a class "
                "template, or a template with unusual parameters): specialise shmbus::type_name for it");
  static_assert(!type_spelling<T>.too_long,
                "this type's name has more than 127 bytes: specialise shmbus::type_name for it");
  return type_spelling<T>.view();
}

}  // namespace detail

/// The name under which a topic records the type T: the same from GCC and Clang, for example `app::Watch`,
/// `unsigned long`, `std::array<app::Watch, (unsigned long)3>`. Specialise it where services have the struct in
/// different namespaces or under different names, so that they agree:
///
///     template <> inline constexpr std::string_view shmbus::type_name<MyWatch> = "video.WatchStarted";
///
/// *Requires* 1 to 127 bytes. A type without a name that all compilers spell alike, or with a longer one, does not
/// compile until it is specialised.
///
/// The name of a type in an anonymous namespace contains `(anonymous namespace)`; the name of a type local to a
/// function does not contain that function. Two such types with the same name differ by size, alignment and fields
/// alone (`SHMBUS_FIELDS`). Specialise the name of a type in an inline namespace of your own: GCC spells that
/// namespace, and Clang does not.
template <class T>
inline constexpr std::string_view type_name = detail::spelled_type_name<T>();

namespace detail {

template <class T>
constexpr NameText named() {
  NameText text;
  text.append(type_name<T>);
  return text;
}

}  // namespace detail

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
