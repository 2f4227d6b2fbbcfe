#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "shmbus/detail/header_begin.hpp"

// How a type is spelled in the same way by every compiler. Compilers agree on the names of classes, and on little else
// (`unsigned long` or `long unsigned int`, `{anonymous}` or `(anonymous namespace)`, default arguments shown or not).
// So only class names are taken from `__PRETTY_FUNCTION__`; the other parts of a type are spelled here.
namespace shmbus::detail {

/// A text made at compile time.
struct NameText {
  static constexpr std::size_t kCapacity = 127;

  char text[kCapacity + 1] = {};
  std::size_t size = 0;
  bool nameable = true;
  bool too_long = false;

  constexpr std::string_view view() const noexcept { return {text, size}; }

  constexpr NameText& append(std::string_view more) noexcept {
    too_long = too_long || more.size() > kCapacity - size;
    if (!too_long) {
      for (char c : more) text[size++] = c;
    }
    return *this;
  }
  constexpr NameText& append(const NameText& more) noexcept {
    nameable = nameable && more.nameable;
    too_long = too_long || more.too_long;
    return append(more.view());
  }
  constexpr NameText& append(std::uint64_t number) noexcept {
    char digits[20] = {};
    std::size_t begin = sizeof digits;
    do digits[--begin] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    return append(std::string_view(digits + begin, sizeof digits - begin));
  }
};

// GCC: "... [with T = X; std::string_view = ...]", Clang: "... [T = X]".
template <class T>
constexpr std::string_view pretty_type() noexcept {
  return __PRETTY_FUNCTION__;
}
template <template <class...> class C>
constexpr std::string_view pretty_types_template() noexcept {
  return __PRETTY_FUNCTION__;
}
template <template <auto...> class C>
constexpr std::string_view pretty_values_template() noexcept {
  return __PRETTY_FUNCTION__;
}
template <template <class, auto...> class C>
constexpr std::string_view pretty_mixed_template() noexcept {
  return __PRETTY_FUNCTION__;
}

/// Returns the only argument's name in a `__PRETTY_FUNCTION__`. A name that contains one of the separators is not
/// plain, and is refused, wherever it is cut.
constexpr std::string_view argument_of(std::string_view pretty) noexcept {
  constexpr std::string_view key = " = ";
  const std::size_t begin = pretty.find(key) + key.size();
  const std::size_t other = pretty.find("; std::string_view = ", begin);
  return pretty.substr(begin, (other != std::string_view::npos ? other : pretty.size() - 1) - begin);
}

constexpr bool in_identifier(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool reserved_identifier(std::string_view name) noexcept {
  return name.size() >= 2 && name[0] == '_' && (name[1] == '_' || (name[1] >= 'A' && name[1] <= 'Z'));
}

/// Returns the last component of the rest of a qualified name; empty where that is neither an identifier nor an
/// anonymous namespace.
constexpr std::string_view last_component(std::string_view left) noexcept {
  for (const std::string_view anonymous : {"{anonymous}", "(anonymous namespace)"}) {
    if (left.ends_with(anonymous)) return left.substr(left.size() - anonymous.size());
  }
  std::size_t begin = left.size();
  while (begin > 0 && in_identifier(left[begin - 1])) --begin;
  return left.substr(begin);
}

/// The name of a class, an enumeration or a class template, from the text that a compiler gives: identifiers joined by
/// `::`. Three things differ between compilers: anonymous namespaces; the standard library's inline namespaces, which
/// are left out; and the function that contains a local type, which only GCC shows, so it is left out, too.
constexpr NameText plain_name(std::string_view text) noexcept {
  constexpr std::size_t kMaxComponents = 64;
  std::string_view components[kMaxComponents] = {};
  std::size_t count = 0;
  NameText name;
  for (std::string_view left = text;;) {
    const std::string_view component = last_component(left);
    left.remove_suffix(component.size());
    const bool of_function = left.find('(') != std::string_view::npos;
    // "f() const::L": the identifier belongs to a function's type.
    if (count > 0 && of_function && (component.empty() || !left.ends_with("::")) && !left.ends_with('>')) break;
    if (component.empty() || count == kMaxComponents || (component[0] >= '0' && component[0] <= '9')) {
      name.nameable = false;
      return name;
    }
    components[count++] = component;
    if (left.empty()) break;
    if (!left.ends_with("::")) {
      name.nameable = false;
      return name;
    }
    left.remove_suffix(2);
  }
  const bool standard = components[count - 1] == "std";
  for (std::size_t i = count; i-- > 0;) {
    const std::string_view component = components[i];
    if (standard && i > 0 && reserved_identifier(component)) continue;
    name.append(in_identifier(component[0]) ? component : std::string_view("(anonymous namespace)"));
    if (i > 0) name.append("::");
  }
  return name;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef __int128 SignedInt128;
__extension__ typedef unsigned __int128 UnsignedInt128;
#endif

template <class T>
constexpr std::string_view arithmetic_name() noexcept {
  if constexpr (std::is_same_v<T, short>) return "short";
  if constexpr (std::is_same_v<T, unsigned short>) return "unsigned short";
  if constexpr (std::is_same_v<T, long>) return "long";
  if constexpr (std::is_same_v<T, unsigned long>) return "unsigned long";
  if constexpr (std::is_same_v<T, long long>) return "long long";
  if constexpr (std::is_same_v<T, unsigned long long>) return "unsigned long long";
#ifdef __SIZEOF_INT128__
  if constexpr (std::is_same_v<T, SignedInt128>) return "__int128";
  if constexpr (std::is_same_v<T, UnsignedInt128>) return "unsigned __int128";
#endif
  if constexpr (std::is_arithmetic_v<T> || std::is_void_v<T>) return argument_of(pretty_type<T>());  // the same by all
  return {};
}

/// The name of a type, the user's or the library's; defined where `type_name` is.
template <class T>
constexpr NameText named();

/// The value of a template's argument, with its type unless that is bool or int: `true`, `3`, `(unsigned long)3`,
/// `(app::Colour)2`.
template <auto V>
constexpr NameText spell_value() {
  using T = std::remove_cv_t<decltype(V)>;
  NameText name;
  if constexpr (std::is_same_v<T, bool>) {
    name.append(V ? "true" : "false");
  } else if constexpr (std::is_enum_v<T>) {
    constexpr auto value = static_cast<std::underlying_type_t<T>>(V);
    name.append("(").append(named<T>()).append(")");
    if constexpr (value < 0) name.append("-");
    name.append(static_cast<std::uint64_t>(value < 0 ? 0 - static_cast<std::uint64_t>(value) : value));
  } else if constexpr (std::is_integral_v<T> && sizeof(T) <= 8) {
    if constexpr (!std::is_same_v<T, int>) name.append("(").append(named<T>()).append(")");
    if constexpr (V < 0) name.append("-");
    name.append(V < 0 ? 0 - static_cast<std::uint64_t>(V) : static_cast<std::uint64_t>(V));
  } else {
    name.nameable = false;
  }
  return name;
}

struct ArgumentList {
  NameText text;
  bool first = true;
  constexpr void add(const NameText& argument) {
    text.append(std::exchange(first, false) ? "" : ", ").append(argument);
  }
};

template <class T>
struct Spelling {
  static constexpr NameText text() { return plain_name(argument_of(pretty_type<T>())); }
};

template <template <class...> class C, class... A>
struct Spelling<C<A...>> {
  static constexpr NameText text() {
    ArgumentList arguments;
    (arguments.add(named<A>()), ...);
    return plain_name(argument_of(pretty_types_template<C>())).append("<").append(arguments.text).append(">");
  }
};

template <template <auto...> class C, auto... V>
struct Spelling<C<V...>> {
  static constexpr NameText text() {
    ArgumentList arguments;
    (arguments.add(spell_value<V>()), ...);
    return plain_name(argument_of(pretty_values_template<C>())).append("<").append(arguments.text).append(">");
  }
};

template <template <class, auto...> class C, class A, auto... V>
requires(sizeof...(V) > 0) struct Spelling<C<A, V...>> {
  static constexpr NameText text() {
    ArgumentList arguments;
    arguments.add(named<A>());
    (arguments.add(spell_value<V>()), ...);
    return plain_name(argument_of(pretty_mixed_template<C>())).append("<").append(arguments.text).append(">");
  }
};

template <class T>
constexpr NameText spell() {
  NameText name;
  if constexpr (std::is_array_v<T>) {
    name = named<std::remove_all_extents_t<T>>();
    [&name]<std::size_t... I>(std::index_sequence<I...>) {
      (name.append("[").append(std::uint64_t{std::extent_v<T, I>}).append("]"), ...);
    }
    (std::make_index_sequence<std::rank_v<T>>{});
  } else if constexpr (std::is_const_v<T>) {
    name.append("const ").append(named<std::remove_const_t<T>>());
  } else if constexpr (std::is_volatile_v<T>) {
    name.append("volatile ").append(named<std::remove_volatile_t<T>>());
  } else if constexpr (std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>>) {
    name = named<std::remove_pointer_t<T>>().append("*");
  } else if constexpr (!arithmetic_name<T>().empty()) {
    name.append(arithmetic_name<T>());
  } else {
    name = Spelling<T>::text();
  }
  return name;
}

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
