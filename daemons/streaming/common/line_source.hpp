#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace streaming {

/// Lines of text, one after another.
class LineSource {
 public:
  virtual ~LineSource() = default;

  /// The next line without its line end, valid until the next call. False at the end.
  virtual bool next(std::string_view& line) = 0;

  /// The source's name for messages: a file's path.
  virtual const std::string& name() const = 0;

  /// Number of the line returned last, from 1.
  virtual std::uint64_t number() const = 0;
};

}  // namespace streaming
