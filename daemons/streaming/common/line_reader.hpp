#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/line_source.hpp"

namespace shmbus::tool {
class SignalScope;
}

namespace streaming {

/// Reads a file, or standard input for "-", line by line, as they arrive. Lines end with LF or CR LF; the last one need
/// not. A byte order mark is skipped. Throws where the file cannot be opened or read.
class LineReader : public LineSource {
 public:
  /// What is longer than this is cut off: no row of ours comes near it, and a file of some other kind may have no line
  /// ends.
  static constexpr std::size_t longest_line = std::size_t{64} * 1024;

  /// With `stop`, its signal ends the lines, also while waiting for input.
  explicit LineReader(const std::string& path, const shmbus::tool::SignalScope* stop = nullptr);
  ~LineReader() override;
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  bool next(std::string_view& line) override;
  const std::string& name() const override { return name_; }
  std::uint64_t number() const override { return number_; }

 private:
  bool fill();
  bool wait_for_input() const;
  std::optional<std::size_t> find_line_feed() const;
  bool skip_rest_of_line();

  std::string name_;
  const shmbus::tool::SignalScope* stop_;
  int fd_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // what is read and not returned yet: [begin_, end_)
  std::size_t end_ = 0;
  bool at_end_ = false;
  bool cut_off_ = false;  // the line returned last goes on
  std::uint64_t number_ = 0;
};

/// Rows of a CSV file below its header: lines that are not empty. Nothing where the file is not an ordinary one, which
/// can be read but once. Throws where it cannot be opened.
std::optional<std::uint64_t> count_rows(const std::string& path);

}  // namespace streaming
