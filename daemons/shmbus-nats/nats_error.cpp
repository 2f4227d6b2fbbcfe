#include "nats_error.hpp"

#include <string_view>

#include <fmt/format.h>

namespace shmbus::bridge {

std::string nats_reason(natsStatus status) {
  natsStatus last = NATS_OK;
  const char* detail = nats_GetLastError(&last);
  const std::string text = natsStatus_GetText(status);
  if (detail == nullptr || last != status) return text;
  std::string_view rest = detail;
  // "(conn.c:733): ..." says where in nats.c.
  if (const std::size_t end = rest.find("): "); rest.starts_with('(') && end != std::string_view::npos) rest.remove_prefix(end + 3);
  if (rest.empty() || rest == text) return text;
  return status == NATS_ERR ? std::string{rest} : fmt::format("{}: {}", text, rest);
}

void check(natsStatus status, const std::string& what, jsErrCode code) {
  if (status != NATS_OK) throw NatsError(status, code, what + ": " + nats_reason(status));
}

}  // namespace shmbus::bridge
