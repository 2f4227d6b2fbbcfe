#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "shmbus/error.hpp"

namespace shmbus::c {

/// Copies a caller's option struct, which may be older or newer than this library's. `defaults` stands for NULL, and for what
/// an older caller does not know. *Throws* Error, `invalid_option`, where a newer caller sets what this library does not
/// know.
template <class Options>
Options given(const Options* options, const Options& defaults, const char* name) {
  Options result = defaults;
  if (options == nullptr) return result;
  std::size_t size;
  std::memcpy(&size, options, sizeof size);  // it may be shorter than the type
  if (size < sizeof size || size > 65536) {
    throw Error(ErrorCode::invalid_option, {std::string(name) + ".struct_size", "the struct's size",
                                            std::to_string(size), "begin with its _INIT"});
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(options);
  for (std::size_t i = sizeof result; i < size; ++i) {
    if (bytes[i] != 0) {
      throw Error(ErrorCode::invalid_option, {name, "options that this library (" SHMBUS_VERSION ") knows",
                                              "a newer one, set at byte " + std::to_string(i),
                                              "leave it at its default, or install a newer libshmbus"});
    }
  }
  std::memcpy(static_cast<void*>(&result), bytes, std::min(size, sizeof result));
  return result;
}

/// Writes a result to a caller's struct, as much as it has room for. *Throws* Error where its size was not set.
template <class Result>
void write_result(const Result& result, Result* to, const char* name) {
  std::size_t size;
  std::memcpy(&size, to, sizeof size);
  if (size < sizeof size || size > 65536) {
    throw Error(ErrorCode::invalid_option, {std::string(name) + ".struct_size", "the struct's size",
                                            std::to_string(size), "begin with its _INIT"});
  }
  const std::size_t known = std::min(size, sizeof result);
  std::memcpy(reinterpret_cast<unsigned char*>(to) + sizeof size,
              reinterpret_cast<const unsigned char*>(&result) + sizeof size, known - sizeof size);
  if (size > known) std::memset(reinterpret_cast<unsigned char*>(to) + known, 0, size - known);
}

inline std::string text_or_empty(const char* text) { return text != nullptr ? std::string(text) : std::string(); }

}  // namespace shmbus::c
