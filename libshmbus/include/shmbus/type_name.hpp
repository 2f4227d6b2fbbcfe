#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace shmbus {

/// What can be published as a typed event: bytes that mean the same in every process.
template <class T>
concept Publishable = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T> && alignof(T) <= 256;

namespace detail {

template <class T>
constexpr std::string_view spelled_type_name() {
  // GCC: "... [with T = X; std::string_view = ...]", Clang: "... [T = X]".
  constexpr std::string_view text = __PRETTY_FUNCTION__;
  constexpr std::string_view key = "T = ";
  constexpr std::size_t begin = text.find(key) + key.size();
  constexpr std::size_t end = text.find_first_of(";]", begin);
  return text.substr(begin, end - begin);
}

}  // namespace detail

/// The name under which a topic records the type T. Specialise it so that services written apart, with the struct in
/// different namespaces or under different names, agree:
///
///     template <> inline constexpr std::string_view shmbus::type_name<MyWatch> = "video.WatchStarted";
///
/// At most 127 bytes.
template <class T>
inline constexpr std::string_view type_name = detail::spelled_type_name<T>();

/// A type as a topic records it.
struct TypeInfo {
  std::string_view name{};    ///< empty: the topic carries raw bytes
  std::size_t size = 0;       ///< bytes
  std::size_t alignment = 0;  ///< bytes

  /// A number that differs between different types (64-bit FNV-1a over name, size and alignment); 0 for raw bytes.
  constexpr std::uint64_t hash() const noexcept {
    if (name.empty()) return 0;
    std::uint64_t h = 0xcbf29ce484222325u;
    auto mix = [&h](std::uint64_t byte) { h = (h ^ byte) * 0x100000001b3u; };
    for (char c : name) mix(static_cast<unsigned char>(c));
    for (unsigned shift = 0; shift < 64; shift += 8) mix((size >> shift) & 0xff);
    for (unsigned shift = 0; shift < 64; shift += 8) mix((alignment >> shift) & 0xff);
    return h == 0 ? 1 : h;
  }
};

template <class T>
inline constexpr TypeInfo type_info{type_name<T>, sizeof(T), alignof(T)};

template <class T>
inline constexpr std::uint64_t type_hash = type_info<T>.hash();

}  // namespace shmbus
