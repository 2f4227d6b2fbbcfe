#include "c/last_error.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace shmbus::c {

namespace {

struct LastError {
  ErrorText parts;
  std::string text;
  shmbus_error shown{};
};

constexpr shmbus_error kNone{sizeof(shmbus_error), SHMBUS_OK, "", "", "", "", ""};
constexpr shmbus_error kOutOfMemory{sizeof(shmbus_error),
                                    SHMBUS_NO_MEMORY,
                                    "this process",
                                    "memory",
                                    "none left",
                                    "free some",
                                    "this process: expected memory, found none left; free some"};

// A pointer, not the texts: all that a shared library keeps for each thread lies in the little room that the loader has
// for libraries that are opened late.
thread_local std::unique_ptr<LastError> last_error;
thread_local const shmbus_error* shown = &kNone;

}  // namespace

shmbus_status status_of(Status status) noexcept { return static_cast<shmbus_status>(status); }
static_assert(static_cast<int>(Status::back_pressured) == SHMBUS_BACK_PRESSURED &&
              static_cast<int>(Status::loan_open) == SHMBUS_LOAN_OPEN &&
              static_cast<int>(Status::beyond_loan) == SHMBUS_BEYOND_LOAN &&
              static_cast<int>(Status::timed_out) == SHMBUS_TIMED_OUT &&
              static_cast<int>(Status::unacknowledged) == SHMBUS_UNACKNOWLEDGED &&
              static_cast<int>(Status::expired) == SHMBUS_EXPIRED);

shmbus_status status_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_name:
      return SHMBUS_INVALID_NAME;
    case ErrorCode::invalid_option:
      return SHMBUS_INVALID_OPTION;
    case ErrorCode::not_found:
      return SHMBUS_NOT_FOUND;
    case ErrorCode::permission:
      return SHMBUS_PERMISSION;
    case ErrorCode::untrusted:
      return SHMBUS_UNTRUSTED;
    case ErrorCode::incompatible:
      return SHMBUS_INCOMPATIBLE;
    case ErrorCode::corrupt:
      return SHMBUS_CORRUPT;
    case ErrorCode::no_memory:
      return SHMBUS_NO_MEMORY;
    case ErrorCode::limit:
      return SHMBUS_LIMIT;
    case ErrorCode::busy:
      return SHMBUS_BUSY;
    case ErrorCode::type_mismatch:
      return SHMBUS_TYPE_MISMATCH;
    case ErrorCode::stale_position:
      return SHMBUS_STALE_POSITION;
    case ErrorCode::closed:
      return SHMBUS_CLOSED;
    case ErrorCode::system:
      return SHMBUS_SYSTEM;
  }
  return SHMBUS_SYSTEM;
}

shmbus_status fail(shmbus_status code, ErrorText parts) noexcept {
  try {
    if (last_error == nullptr) last_error = std::make_unique<LastError>();
    LastError& e = *last_error;
    e.text = Error(ErrorCode::system, parts).what();
    e.parts = std::move(parts);
    e.shown = {
        sizeof(shmbus_error),   code,          e.parts.object.c_str(), e.parts.expected.c_str(), e.parts.found.c_str(),
        e.parts.remedy.c_str(), e.text.c_str()};
    shown = &e.shown;
  } catch (const std::bad_alloc&) {
    shown = &kOutOfMemory;
  }
  return code;
}

shmbus_status fail(const Error& error) noexcept {
  try {
    return fail(status_of(error.code()), {error.object(), error.expected(), error.found(), error.remedy()});
  } catch (const std::bad_alloc&) {
    shown = &kOutOfMemory;
    return SHMBUS_NO_MEMORY;
  }
}

shmbus_status fail(Status status, const char* kind, std::string_view name) noexcept {
  try {
    // "code: what is wrong; what to do", or "code: what to do"
    const std::string_view line = to_string(status);
    const std::size_t colon = std::min(line.find(": "), line.size()), split = line.find("; ");
    const std::string_view remedy =
        split != line.npos ? line.substr(split + 2) : line.substr(std::min(colon + 2, line.size()));
    std::string object(kind);
    if (!name.empty()) object.append(" '").append(name).append("'");
    return fail(status_of(status),
                {std::move(object), "ok", std::string(line.substr(0, split != line.npos ? split : colon)),
                 std::string(remedy)});
  } catch (const std::bad_alloc&) {
    shown = &kOutOfMemory;
    return status_of(status);
  }
}

shmbus_status fail_of_exception() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return fail(error);
  } catch (const std::bad_alloc&) {
    shown = &kOutOfMemory;
    return SHMBUS_NO_MEMORY;
  } catch (const std::exception& error) {
    try {
      return fail(SHMBUS_SYSTEM, {"this call", "no exception", error.what(), "report it"});
    } catch (const std::bad_alloc&) {
      shown = &kOutOfMemory;
    }
  } catch (...) {
    return fail(SHMBUS_SYSTEM, {"this call", "no exception", "one of an unknown type", "catch it in the handler"});
  }
  return SHMBUS_SYSTEM;
}

shmbus_status invalid_handle(const char* kind) noexcept {
  return fail(SHMBUS_INVALID_HANDLE,
              {kind, "one that is open", "one that was closed, or was never opened", "open it first"});
}

shmbus_status invalid_argument(const char* name) noexcept {
  return fail(SHMBUS_INVALID_ARGUMENT, {name, "a pointer", "NULL", "pass it"});
}

}  // namespace shmbus::c

using namespace shmbus;

const shmbus_error* shmbus_last_error(void) { return c::shown; }

const char* shmbus_status_name(shmbus_status status) {
  switch (status) {
    case SHMBUS_OK:
      return "ok";
    case SHMBUS_BACK_PRESSURED:
      return "back_pressured";
    case SHMBUS_TOO_LARGE:
      return "too_large";
    case SHMBUS_NO_MEMORY:
      return "no_memory";
    case SHMBUS_LOAN_OPEN:
      return "loan_open";
    case SHMBUS_CLOSED:
      return "closed";
    case SHMBUS_CORRUPT:
      return "corrupt";
    case SHMBUS_INCOMPLETE:
      return "incomplete";
    case SHMBUS_BEYOND_LOAN:
      return "beyond_loan";
    case SHMBUS_JOURNAL_FAILED:
      return "journal_failed";
    case SHMBUS_NOT_RECORDED:
      return "not_recorded";
    case SHMBUS_TIMED_OUT:
      return "timed_out";
    case SHMBUS_RETRYING:
      return "retrying";
    case SHMBUS_UNACKNOWLEDGED:
      return "unacknowledged";
    case SHMBUS_EXPIRED:
      return "expired";
    case SHMBUS_INVALID_NAME:
      return "invalid_name";
    case SHMBUS_INVALID_OPTION:
      return "invalid_option";
    case SHMBUS_NOT_FOUND:
      return "not_found";
    case SHMBUS_PERMISSION:
      return "permission";
    case SHMBUS_UNTRUSTED:
      return "untrusted";
    case SHMBUS_INCOMPATIBLE:
      return "incompatible";
    case SHMBUS_LIMIT:
      return "limit";
    case SHMBUS_BUSY:
      return "busy";
    case SHMBUS_TYPE_MISMATCH:
      return "type_mismatch";
    case SHMBUS_STALE_POSITION:
      return "stale_position";
    case SHMBUS_SYSTEM:
      return "system";
    case SHMBUS_NOTHING:
      return "nothing";
    case SHMBUS_INVALID_HANDLE:
      return "invalid_handle";
    case SHMBUS_INVALID_ARGUMENT:
      return "invalid_argument";
    case SHMBUS_HANDLER_FAILED:
      return "handler_failed";
    default:
      return "unknown";
  }
}

const char* shmbus_version(void) { return SHMBUS_VERSION; }
