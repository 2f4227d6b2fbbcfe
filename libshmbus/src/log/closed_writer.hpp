#pragma once

#include "log/writer.hpp"

namespace shmbus::log {

/// The writer of publishers that were moved from: every claim returns `closed`. It changes nothing, and so may be used
/// by any number of threads.
Writer& closed_writer() noexcept;

}  // namespace shmbus::log
