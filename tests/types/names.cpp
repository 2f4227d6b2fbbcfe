// The names of types, as each compiler must spell them: compiled, never run. tests/types/run compiles it with every
// compiler that is installed.
#include <shmbus/type_fields.hpp>
#include <shmbus/type_info.hpp>

#include <array>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

using shmbus::type_hash;
using shmbus::type_name;

struct Watch {
  std::uint64_t user, video;
};

namespace {
struct Hidden {};
template <class T>
struct HiddenBox {};
enum class HiddenColour { red };
}  // namespace

namespace app {
struct Outer {
  struct Inner {};
  enum class Colour : signed char { red, green, below = -1 };
  enum Plain { first, second };
};
namespace {
struct Hidden {};
}  // namespace
template <class T>
struct Box {};
template <class T, class U = int, class... More>
struct WithDefault {};
template <class... T>
struct Pack {};
template <std::uint64_t N>
struct Sized {};
template <auto V>
struct Any {};
template <auto... V>
struct All {};
template <char C>
struct Letter {};
template <Outer::Colour C>
struct Coloured {};
template <class T, std::size_t N, bool B = true>
struct Vector {};
template <class T>
inline auto local_in(T) {
  struct Local {
    struct Part {};
  };
  return Local{};
}
template <class T>
struct Class {
  auto local(T) const {
    struct Local {};
    return Local{};
  }
};
struct Calls {
  template <class T>
  auto operator()(T) const noexcept {
    struct Local {};
    return Local{};
  }
};
}  // namespace app

// What differs between GCC and Clang.
static_assert(type_name<std::uint64_t> == "unsigned long");
static_assert(type_name<unsigned long long> == "unsigned long long");
static_assert(type_name<std::int64_t> == "long");
static_assert(type_name<short> == "short" && type_name<unsigned short> == "unsigned short");
static_assert(type_name<unsigned char> == "unsigned char" && type_name<signed char> == "signed char");
static_assert(type_name<char8_t> == "char8_t" && type_name<long double> == "long double");
static_assert(type_name<Hidden> == "(anonymous namespace)::Hidden");
static_assert(type_name<HiddenBox<Hidden>> == "(anonymous namespace)::HiddenBox<(anonymous namespace)::Hidden>");
static_assert(type_name<app::Hidden> == "app::(anonymous namespace)::Hidden");
static_assert(type_name<char[16]> == "char[16]" && type_name<Watch[2][3]> == "Watch[2][3]");
static_assert(type_name<app::Box<app::Box<char>>> == "app::Box<app::Box<char>>");
static_assert(type_name<app::Box<const char*>> == "app::Box<const char*>");
static_assert(type_name<app::Box<const char[3]>> == "app::Box<const char[3]>");
static_assert(type_name<app::WithDefault<char>> == "app::WithDefault<char, int>");
static_assert(type_name<app::WithDefault<char, long, bool>> == "app::WithDefault<char, long, bool>");
static_assert(type_name<app::Vector<char, 3>> == "app::Vector<char, (unsigned long)3, true>");
static_assert(type_name<std::array<std::uint64_t, 3>> == "std::array<unsigned long, (unsigned long)3>");
static_assert(type_name<std::chrono::nanoseconds> ==
              "std::chrono::duration<long, std::ratio<(long)1, (long)1000000000>>");
static_assert(type_name<std::chrono::system_clock> == "std::chrono::system_clock");  // the compiler inserts `_V2::`
static_assert(type_name<decltype(app::local_in(3))> == "Local");
static_assert(type_name<decltype(app::local_in(3))::Part> == "Local::Part");
static_assert(type_name<decltype(app::Class<int>{}.local(3))> == "Local");
static_assert(type_name<decltype(app::Calls{}(3))> == "Local");
static_assert(type_name<app::Box<decltype(app::local_in(3))>> == "app::Box<Local>");

// Brackets, semicolons and commas within arguments.
static_assert(type_name<app::Letter<';'>> == "app::Letter<(char)59>");
static_assert(type_name<app::Letter<']'>> == "app::Letter<(char)93>");
static_assert(type_name<app::Letter<'>'>> == "app::Letter<(char)62>");
static_assert(type_hash<app::Letter<';'>> != type_hash<app::Letter<']'>>);
static_assert(type_name<std::pair<char[2], app::Letter<';'>>> == "std::pair<char[2], app::Letter<(char)59>>");
static_assert(type_hash<std::pair<char[2], int>> != type_hash<std::pair<char[2], float>>);

// Values, also equal numbers of different types.
static_assert(type_name<app::Any<3>> == "app::Any<3>" && type_name<app::Any<3u>> == "app::Any<(unsigned int)3>");
static_assert(type_name<app::Any<-3l>> == "app::Any<(long)-3>");
static_assert(type_name<app::Sized<~std::uint64_t{0}>> == "app::Sized<(unsigned long)18446744073709551615>");
static_assert(type_name<app::Any<INT64_MIN>> == "app::Any<(long)-9223372036854775808>");
static_assert(type_name<app::Any<app::Outer::Colour::green>> == "app::Any<(app::Outer::Colour)1>");
static_assert(type_name<app::Coloured<app::Outer::Colour::below>> == "app::Coloured<(app::Outer::Colour)-1>");
static_assert(type_name<app::Any<app::Outer::second>> == "app::Any<(app::Outer::Plain)1>");
static_assert(type_name<app::Any<HiddenColour::red>> == "app::Any<((anonymous namespace)::HiddenColour)0>");
static_assert(type_name<app::All<1, 'a', true>> == "app::All<1, (char)97, true>");
static_assert(type_name<app::Pack<>> == "app::Pack<>" && type_name<app::Pack<int, Watch>> == "app::Pack<int, Watch>");

// What every compiler spells alike.
static_assert(type_name<Watch> == "Watch" && type_name<app::Outer::Inner> == "app::Outer::Inner");
static_assert(type_name<std::byte> == "std::byte" && type_name<std::optional<int>> == "std::optional<int>");
static_assert(type_name<std::variant<int, Watch>> == "std::variant<int, Watch>");
static_assert(type_name<std::complex<double>> == "std::complex<double>");
static_assert(type_name<std::bitset<8>> == "std::bitset<(unsigned long)8>");

// A name that the user gave a type also appears inside other names.
struct Renamed {
  int value;
};
template <>
inline constexpr std::string_view shmbus::type_name<Renamed> = "video.Renamed";
static_assert(type_name<std::array<Renamed, 2>> == "std::array<video.Renamed, (unsigned long)2>");

// Fields: the same hash and the same text.
namespace app {
struct Event {
  std::uint32_t id;
  char tag[4];
  std::array<std::uint16_t, 2> pair;
  Outer::Colour colour;
};
SHMBUS_FIELDS(Event, id, tag, pair, colour)
}  // namespace app
static_assert(shmbus::type_info<app::Event>.fields ==
              "id:unsigned int@0+4;tag:char[4]@4+4;pair:std::array<unsigned short, (unsigned long)2>@8+4;"
              "colour:app::Outer::Colour@12+1;");
static_assert(type_hash<app::Event> == 0x9bb5c26e34ec3523);

#ifdef SHMBUS_REFUSED
struct {
  int value;
} unnamed;
namespace app {
template <class T>
struct Holder {
  struct Member {};
};
template <template <class> class C>
struct Takes {};
}  // namespace app
struct
    NameOfAHundredAndTwentyEightBytes_______________________________________________________________________________________________ {
};
struct Partly {
  int told, untold;
};
struct Pointed {
  const char* text;
};
constexpr auto lambda = [] {};
#if SHMBUS_REFUSED == 1
constexpr auto name = type_name<decltype(unnamed)>;
#elif SHMBUS_REFUSED == 2
constexpr auto name = type_name<decltype(lambda)>;
#elif SHMBUS_REFUSED == 3
constexpr auto name = type_name<app::Holder<int>::Member>;
#elif SHMBUS_REFUSED == 4
constexpr auto name = type_name<app::Takes<app::Box>>;
#elif SHMBUS_REFUSED == 5
constexpr auto name = type_name<
    NameOfAHundredAndTwentyEightBytes_______________________________________________________________________________________________>;
#elif SHMBUS_REFUSED == 6
SHMBUS_FIELDS(Partly, told)
constexpr auto hash = type_hash<Partly>;
#elif SHMBUS_REFUSED == 7
SHMBUS_FIELDS(Pointed, text)
constexpr auto hash = type_hash<Pointed>;
#endif
#endif
