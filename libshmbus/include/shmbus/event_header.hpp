#pragma once

#include <string_view>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// A name with a value that travels with an event, beside its payload: "content-type", "json". Both may be any bytes; a
/// value may be empty. shmbus carries them and does not look inside.
struct EventHeader {
  std::string_view name;
  std::string_view value;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
