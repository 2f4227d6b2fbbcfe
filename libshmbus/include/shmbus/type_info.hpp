#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shmbus/detail/type_layout.hpp"
#include "shmbus/type_name.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// A type as a topic records it.
struct TypeInfo {
  /// The hash that a topic of raw bytes records; no type has it.
  static constexpr std::uint64_t kRawBytes = 1;

  std::string_view name{};    ///< at most 127 bytes; empty: raw bytes
  std::size_t size = 0;       ///< bytes
  std::size_t alignment = 0;  ///< bytes
  std::uint64_t layout = 0;   ///< a hash of its fields' names, types, offsets and sizes; 0: without SHMBUS_FIELDS
  std::string_view fields{};  ///< `name:type@offset+size;` for each field, cut at 511 bytes

  constexpr bool raw() const noexcept { return name.empty(); }

  /// Returns a number that differs between different types: 64-bit FNV-1a over name, size and alignment, and the hash
  /// of the fields where there is one. Never 0; `kRawBytes` for raw bytes.
  constexpr std::uint64_t hash() const noexcept {
    if (name.empty()) return kRawBytes;
    detail::Fnv1a h;
    for (char c : name) h.byte(static_cast<unsigned char>(c));
    h.number(size);
    h.number(alignment);
    if (layout != 0) h.number(layout);
    return h.value <= kRawBytes ? h.value + 2 : h.value;
  }
};

template <class T>
inline constexpr TypeInfo type_info{type_name<T>, sizeof(T), alignof(T), detail::layout_hash<T>(),
                                    detail::fields_text<T>()};

namespace detail {

template <class T>
constexpr std::uint64_t checked_type_hash() noexcept {
  static_assert(!type_name<T>.empty() && type_name<T>.size() <= kMaxTypeName,
                "shmbus::type_name must have 1 to 127 bytes");
  return type_info<T>.hash();
}

}  // namespace detail

template <class T>
inline constexpr std::uint64_t type_hash = detail::checked_type_hash<T>();

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
