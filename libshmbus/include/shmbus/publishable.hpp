#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

namespace detail {

/// True for a type whose bytes refer to its value and do not hold it: pointers and views. Specialise it for a type of
/// your own that is not recognised here.
template <class T>
struct RefersElsewhere
    : std::bool_constant<std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_reference_v<T> ||
                         std::is_null_pointer_v<T> || std::is_function_v<T>> {};

// Checked first, since the check for a view or an iterator needs a complete class.
template <class T>
requires std::is_class_v<T>
struct RefersElsewhere<T>
    : std::bool_constant<std::ranges::view<T> || std::ranges::borrowed_range<T> || std::input_or_output_iterator<T>> {
};

template <class T, std::size_t N>
struct RefersElsewhere<T[N]> : RefersElsewhere<T> {};
template <class T>
struct RefersElsewhere<T[]> : RefersElsewhere<T> {};
template <class T, std::size_t N>
struct RefersElsewhere<std::array<T, N>> : RefersElsewhere<T> {};
template <class T>
struct RefersElsewhere<std::optional<T>> : RefersElsewhere<T> {};
template <class A, class B>
struct RefersElsewhere<std::pair<A, B>> : std::disjunction<RefersElsewhere<A>, RefersElsewhere<B>> {};
template <class... T>
struct RefersElsewhere<std::tuple<T...>> : std::disjunction<RefersElsewhere<T>...> {};
template <class... T>
struct RefersElsewhere<std::variant<T...>> : std::disjunction<RefersElsewhere<T>...> {};
template <class C, class Traits>
struct RefersElsewhere<std::basic_string_view<C, Traits>> : std::true_type {};
template <class T, std::size_t N>
struct RefersElsewhere<std::span<T, N>> : std::true_type {};
template <class T>
struct RefersElsewhere<std::reference_wrapper<T>> : std::true_type {};
template <class T>
struct RefersElsewhere<std::initializer_list<T>> : std::true_type {};

}  // namespace detail

/// An object type that is not const or volatile; so no reference, function or void.
template <class T>
concept PlainObject = std::is_object_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T>;

/// Holds its value itself: no pointer, reference, string_view, span, iterator or other view, which would be invalid in
/// another process. The elements of arrays, std::array, optional, pair, tuple and variant are checked, too, and so are
/// the fields that `SHMBUS_FIELDS` names. Other members of a class can't be checked: its author must avoid such types.
template <class T>
concept HoldsItsValue = !detail::RefersElsewhere<T>::value;

/// Aligned to at most 256 bytes, as records can be.
template <class T>
concept AlignedForRecords = alignof(T) <= 256;

/// A type that can be published as a typed event: its bytes mean the same in every process.
template <class T>
concept Publishable = PlainObject<T> && HoldsItsValue<T> && std::is_trivially_copyable_v<T> && AlignedForRecords<T>;

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
