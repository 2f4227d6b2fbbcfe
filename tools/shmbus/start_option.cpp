#include "start_option.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "shmbus/error.hpp"
#include "time_text.hpp"

namespace shmbus::tool {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // Start carries a signed number.
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if (error != std::errc{} || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

[[noreturn]] void refuse(std::string_view text, const char* expected) {
  throw Error(ErrorCode::invalid_option, {.object = "option --from",
                                          .expected = expected,
                                          .found = fmt::format("'{}'", text),
                                          .remedy = "see shmbus sub --help"});
}

}  // namespace

Start parse_start(std::string_view text, Time now) {
  if (text == "latest") return Start::latest();
  if (text == "oldest") return Start::oldest();
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (kind == "seq") {
    const std::optional<std::uint64_t> n = parse_number(value);
    if (!n || *n == 0) refuse(text, "a whole number from 1 after 'seq:'");
    return Start::sequence(*n);
  }
  if (kind == "last") {
    const std::optional<std::uint64_t> k = parse_number(value);
    if (!k) refuse(text, "a whole number after 'last:'");
    return Start::last(*k);
  }
  if (kind == "time") {
    const std::optional<Time> t = parse_time(value, now);
    if (!t) {
      refuse(text,
             "after 'time:' a time with its zone (2024-05-01T12:00:00Z), seconds since 1970 (1714564800.5) or an age "
             "(-5s, -10m, -2h, -1d)");
    }
    return Start::time(*t);
  }
  refuse(text, "latest, oldest, seq:N, last:K or time:T");
}

}  // namespace shmbus::tool
