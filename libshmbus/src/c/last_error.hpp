#pragma once

#include "shmbus/error.hpp"
#include "shmbus/shmbus.h"
#include "shmbus/status.hpp"

namespace shmbus::c {

shmbus_status status_of(Status status) noexcept;
shmbus_status status_of(ErrorCode code) noexcept;

/// Each notes the failure for shmbus_last_error, and returns its status.
shmbus_status fail(shmbus_status code, ErrorText text) noexcept;
shmbus_status fail(const Error& error) noexcept;
/// Of a thing whose function returned a status other than `ok`; `kind` and `name` form the object.
shmbus_status fail(Status status, const char* kind, std::string_view name) noexcept;
/// Of the exception that is being handled.
shmbus_status fail_of_exception() noexcept;
shmbus_status invalid_handle(const char* kind) noexcept;
shmbus_status invalid_argument(const char* name) noexcept;

}  // namespace shmbus::c
