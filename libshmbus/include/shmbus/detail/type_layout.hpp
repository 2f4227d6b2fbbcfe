#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "shmbus/detail/header_begin.hpp"

// What is known of a type's fields, where `SHMBUS_FIELDS` describes them.
namespace shmbus::detail {

struct Fnv1a {
  std::uint64_t value = 0xcbf29ce484222325u;

  constexpr void byte(std::uint64_t b) noexcept { value = (value ^ b) * 0x100000001b3u; }
  constexpr void number(std::uint64_t n) noexcept {
    for (unsigned shift = 0; shift < 64; shift += 8) byte((n >> shift) & 0xff);
  }
  constexpr void text(std::string_view t) noexcept {
    for (char c : t) byte(static_cast<unsigned char>(c));
    number(t.size());
  }
};

// `shmbus_fields` is found by its argument, in the namespace of the type that `SHMBUS_FIELDS` names.
template <class T>
concept HasFields = requires {
  shmbus_fields(static_cast<const T*>(nullptr));
};

template <class T>
inline constexpr auto field_list = shmbus_fields(static_cast<const T*>(nullptr));

/// The hash of a type's fields; for an array, of its elements' fields.
template <class T>
struct LayoutHash {
  static constexpr std::uint64_t value() noexcept {
    if constexpr (HasFields<T>) {
      static_assert(!std::has_unique_object_representations_v<T> || field_list<T>.bytes == sizeof(T),
                    "SHMBUS_FIELDS must name every field of the type");
      return field_list<T>.hash.value == 0 ? 1 : field_list<T>.hash.value;
    }
    return 0;
  }
};
template <class T, std::size_t N>
struct LayoutHash<T[N]> : LayoutHash<T> {};
template <class T, std::size_t N>
struct LayoutHash<std::array<T, N>> : LayoutHash<T> {};
template <class T>
struct LayoutHash<std::optional<T>> : LayoutHash<T> {};

template <class T>
constexpr std::uint64_t layout_hash() noexcept {
  return LayoutHash<T>::value();
}

/// The text of a type's fields; empty without SHMBUS_FIELDS.
template <class T>
constexpr std::string_view fields_text() noexcept {
  if constexpr (HasFields<T>)
    return field_list<T>.text.view();
  else
    return {};
}

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
