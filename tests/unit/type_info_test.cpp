// What may be published as a type, and what distinguishes types. tests/types checks how types are spelled.

#include <catch2/catch.hpp>

#include <array>
#include <functional>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shmbus/type_fields.hpp"
#include "shmbus/type_info.hpp"

using shmbus::Publishable;
using shmbus::type_hash;
using shmbus::type_info;
using shmbus::TypeInfo;

namespace one {
struct Watch {
  std::uint64_t user, video;
};
SHMBUS_FIELDS(Watch, user, video)
struct Pair {
  std::array<Watch, 2> watches;
};
SHMBUS_FIELDS(Pair, watches)
}  // namespace one

namespace other {
struct Watch {
  std::uint64_t video, user;
};
SHMBUS_FIELDS(Watch, video, user)
struct Pair {
  std::array<Watch, 2> watches;
};
SHMBUS_FIELDS(Pair, watches)
}  // namespace other

namespace unrecorded {
struct Watch {
  std::uint64_t user, video;
};
}  // namespace unrecorded

namespace many {
struct Wide {
  int a_field_with_a_rather_long_and_wordy_name_0, a_field_with_a_rather_long_and_wordy_name_1,
      a_field_with_a_rather_long_and_wordy_name_2, a_field_with_a_rather_long_and_wordy_name_3,
      a_field_with_a_rather_long_and_wordy_name_4, a_field_with_a_rather_long_and_wordy_name_5,
      a_field_with_a_rather_long_and_wordy_name_6, a_field_with_a_rather_long_and_wordy_name_7,
      a_field_with_a_rather_long_and_wordy_name_8, a_field_with_a_rather_long_and_wordy_name_9, last;
};
SHMBUS_FIELDS(Wide, a_field_with_a_rather_long_and_wordy_name_0, a_field_with_a_rather_long_and_wordy_name_1,
              a_field_with_a_rather_long_and_wordy_name_2, a_field_with_a_rather_long_and_wordy_name_3,
              a_field_with_a_rather_long_and_wordy_name_4, a_field_with_a_rather_long_and_wordy_name_5,
              a_field_with_a_rather_long_and_wordy_name_6, a_field_with_a_rather_long_and_wordy_name_7,
              a_field_with_a_rather_long_and_wordy_name_8, a_field_with_a_rather_long_and_wordy_name_9, last)
}  // namespace many

struct View : std::ranges::view_base {
  int* begin() const;
  int* end() const;
};

template <>
inline constexpr std::string_view shmbus::type_name<one::Watch> = "Watch";
template <>
inline constexpr std::string_view shmbus::type_name<other::Watch> = "Watch";
template <>
inline constexpr std::string_view shmbus::type_name<unrecorded::Watch> = "Watch";
template <>
inline constexpr std::string_view shmbus::type_name<one::Pair> = "Pair";
template <>
inline constexpr std::string_view shmbus::type_name<other::Pair> = "Pair";

TEST_CASE("pointers and views are not publishable", "[types]") {
  STATIC_REQUIRE_FALSE(Publishable<int*>);
  STATIC_REQUIRE_FALSE(Publishable<const char*>);
  STATIC_REQUIRE_FALSE(Publishable<void*>);
  STATIC_REQUIRE_FALSE(Publishable<std::uint64_t one::Watch::*>);
  STATIC_REQUIRE_FALSE(Publishable<void (one::Watch::*)()>);
  STATIC_REQUIRE_FALSE(Publishable<void (*)()>);
  STATIC_REQUIRE_FALSE(Publishable<void()>);
  STATIC_REQUIRE_FALSE(Publishable<void>);
  STATIC_REQUIRE_FALSE(Publishable<int&>);
  STATIC_REQUIRE_FALSE(Publishable<int&&>);
  STATIC_REQUIRE_FALSE(Publishable<std::nullptr_t>);
  STATIC_REQUIRE_FALSE(Publishable<std::string_view>);
  STATIC_REQUIRE_FALSE(Publishable<std::u16string_view>);
  STATIC_REQUIRE_FALSE(Publishable<std::span<int>>);
  STATIC_REQUIRE_FALSE(Publishable<std::span<const std::byte, 8>>);
  STATIC_REQUIRE_FALSE(Publishable<std::reference_wrapper<int>>);
  STATIC_REQUIRE_FALSE(Publishable<std::initializer_list<int>>);
  STATIC_REQUIRE_FALSE(Publishable<std::vector<int>::iterator>);
  STATIC_REQUIRE_FALSE(Publishable<View>);
  STATIC_REQUIRE_FALSE(Publishable<std::string>);
}

TEST_CASE("arrays, optionals and pairs of pointers and views are not publishable", "[types]") {
  STATIC_REQUIRE_FALSE(Publishable<int* [3]>);
  STATIC_REQUIRE_FALSE(Publishable<std::array<const char*, 3>>);
  STATIC_REQUIRE_FALSE(Publishable<std::array<std::array<std::string_view, 2>, 3>>);
  STATIC_REQUIRE_FALSE(Publishable<std::optional<std::string_view>>);
  STATIC_REQUIRE_FALSE(Publishable<std::pair<int, int*>>);
  STATIC_REQUIRE_FALSE(Publishable<std::tuple<int, std::span<int>>>);
  STATIC_REQUIRE_FALSE(Publishable<std::variant<int, int*>>);
}

TEST_CASE("a const or volatile type is not publishable: it would differ from the type without const or volatile",
          "[types]") {
  STATIC_REQUIRE_FALSE(Publishable<const int>);
  STATIC_REQUIRE_FALSE(Publishable<volatile one::Watch>);
}

TEST_CASE("values are publishable", "[types]") {
  STATIC_REQUIRE(Publishable<int>);
  STATIC_REQUIRE(Publishable<double[4]>);
  STATIC_REQUIRE(Publishable<one::Watch>);
  STATIC_REQUIRE(Publishable<std::array<one::Watch, 3>>);
  STATIC_REQUIRE(Publishable<std::optional<std::array<char, 8>>>);
  STATIC_REQUIRE(Publishable<std::chrono::nanoseconds>);
  STATIC_REQUIRE(Publishable<std::variant<int, one::Watch>>);
}

TEST_CASE("two layouts under one name and size have different hashes", "[types]") {
  REQUIRE(type_info<one::Watch>.name == type_info<other::Watch>.name);
  REQUIRE(type_info<one::Watch>.size == type_info<other::Watch>.size);
  CHECK(type_hash<one::Watch> != type_hash<other::Watch>);
  CHECK(type_hash<one::Watch> != type_hash<unrecorded::Watch>);
  CHECK(type_info<unrecorded::Watch>.fields.empty());
  CHECK(type_info<one::Watch>.fields == "user:unsigned long@0+8;video:unsigned long@8+8;");
}

TEST_CASE("two layouts of a member's type give the outer type different hashes", "[types]") {
  REQUIRE(type_info<one::Pair>.fields == type_info<other::Pair>.fields);
  CHECK(type_hash<one::Pair> != type_hash<other::Pair>);
  CHECK(type_hash<std::array<one::Watch, 2>> != type_hash<std::array<other::Watch, 2>>);
}

TEST_CASE("fields beyond what a topic records are left out of the text, but not of the hash", "[types]") {
  const std::string_view text = type_info<many::Wide>.fields;
  CHECK(text.size() <= shmbus::kMaxFieldsText);
  CHECK(text.ends_with(";..."));
  CHECK(type_info<many::Wide>.layout != 0);
}

TEST_CASE("no type has the hash of raw bytes or of nothing", "[types]") {
  CHECK(TypeInfo{}.hash() == TypeInfo::kRawBytes);
  CHECK(type_hash<int> > TypeInfo::kRawBytes);
  CHECK(type_hash<int> != type_hash<unsigned>);
}
