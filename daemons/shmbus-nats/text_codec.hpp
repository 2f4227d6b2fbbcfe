#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shmbus::bridge {

using NamedText = std::pair<std::string, std::string>;

/// Whether NATS carries the text as a header's value unchanged: one or more printable characters
/// of ASCII, without a space at either end.
bool is_plain_value(std::string_view text) noexcept;
/// Whether it carries it as a header's name: one or more letters, digits or `-._~`.
bool is_plain_name(std::string_view text) noexcept;

/// Percent-encoding as in URIs: all bytes but letters, digits and `-._~` are written as `%XX` (RFC 3986, section 2).
std::string percent_encoded(std::string_view text);
/// The reverse. A `%` that two hexadecimal digits do not follow stays as it is.
std::string percent_decoded(std::string_view text);

/// "name=value&name=value", both percent-encoded.
std::string form_encoded(const std::vector<NamedText>& fields);
std::vector<NamedText> form_decoded(std::string_view text);

}  // namespace shmbus::bridge
