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

/// Reads a file, or standard input for "-", line by line as lines arrive. Lines end with LF or CR LF, and the last line may
/// have no end. A byte order mark is skipped. Throws if the file cannot be opened or read.
class LineReader : public LineSource {
 public:
  /// Longer lines are cut off. No valid row is nearly as long, and a file of another kind may have no line ends.
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
  bool cut_off_ = false;  // the rest of the line returned last is still to come
  std::uint64_t number_ = 0;
};

/// The number of rows of a CSV file: lines below the header that are not empty. Nothing if the file is not an ordinary one,
/// since others can be read only once. Throws if it cannot be opened.
std::optional<std::uint64_t> count_rows(const std::string& path);

}  // namespace streaming
