#pragma once

#include <string>
#include <string_view>

namespace shmbus::bridge {

/// Whether a text is "nats://[USER[:PASSWORD]@]HOST[:PORT]", or the same with tls://.
bool is_nats_url(std::string_view text);

/// Whether the URL logs in: it has a user, or a token.
bool logs_in(std::string_view url);

/// A URL as it may be shown: what it logs in with is left out.
std::string without_login(std::string_view url);

}  // namespace shmbus::bridge
