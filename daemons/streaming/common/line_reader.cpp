#include "common/line_reader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "signal_scope.hpp"

namespace streaming {
namespace {

int open_input(const std::string& path) {
  if (path == "-") return STDIN_FILENO;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    throw std::runtime_error(
        fmt::format("file '{}': expected a CSV file that can be read, found: {}; give the path of one", path,
                    std::strerror(errno)));
  }
  return fd;
}

}  // namespace

LineReader::LineReader(const std::string& path, const shmbus::tool::SignalScope* stop)
    : name_(path == "-" ? "standard input" : path), stop_(stop), fd_(open_input(path)), buffer_(2 * longest_line) {}

LineReader::~LineReader() {
  if (fd_ != STDIN_FILENO) ::close(fd_);
}

bool LineReader::next(std::string_view& line) {
  if (cut_off_ && !skip_rest_of_line()) return false;
  std::optional<std::size_t> line_feed = find_line_feed();
  while (!line_feed && !at_end_ && end_ - begin_ < longest_line) {
    if (!fill()) return false;
    line_feed = find_line_feed();
  }
  if (!line_feed && begin_ == end_) return false;

  line = {buffer_.data() + begin_, line_feed.value_or(end_) - begin_};
  begin_ += line.size() + (line_feed ? 1 : 0);
  cut_off_ = !line_feed && !at_end_;
  if (++number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

std::optional<std::size_t> LineReader::find_line_feed() const {
  const void* found = std::memchr(buffer_.data() + begin_, '\n', end_ - begin_);
  if (found == nullptr) return std::nullopt;
  return static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
}

bool LineReader::skip_rest_of_line() {
  std::optional<std::size_t> line_feed;
  while (!(line_feed = find_line_feed())) {
    begin_ = end_;
    if (at_end_ || !fill()) return false;
  }
  begin_ = *line_feed + 1;
  cut_off_ = false;
  return true;
}

// Makes room after the lines that are not returned yet, and reads there. Returns true also at the end of the input, and then
// sets at_end_; returns false when the signal came.
bool LineReader::fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  for (;;) {
    if (!wait_for_input()) return false;
    const ssize_t count = ::read(fd_, buffer_.data() + end_, buffer_.size() - end_);
    if (count > 0) {
      end_ += static_cast<std::size_t>(count);
      return true;
    }
    if (count == 0) {
      at_end_ = true;
      return true;
    }
    if (errno != EINTR && errno != EAGAIN) {
      throw std::runtime_error(fmt::format("file '{}', line {}: expected to read on, found: {}; give a CSV file", name_,
                                           number_ + 1, std::strerror(errno)));
    }
  }
}

bool LineReader::wait_for_input() const {
  if (stop_ == nullptr) return true;
  std::array<pollfd, 2> fds{pollfd{.fd = fd_, .events = POLLIN, .revents = 0},
                            pollfd{.fd = stop_->fd(), .events = POLLIN, .revents = 0}};
  while (::poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
  }
  return shmbus::tool::received_signal() == 0;
}

std::optional<std::uint64_t> count_rows(const std::string& path) {
  struct stat status {};
  if (path == "-" || (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))) return std::nullopt;
  LineReader lines(path);
  std::uint64_t rows = 0;
  std::string_view line;
  lines.next(line);
  while (lines.next(line)) rows += line.empty() ? 0 : 1;
  return rows;
}

}  // namespace streaming
