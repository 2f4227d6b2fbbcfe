#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace shmbus::tool {

/// Cuts a stream of bytes, given in pieces of any size, into lines. Looks at each byte once, however long a line grows.
class LineSplitter {
 public:
  /// Where the next piece is to be appended.
  std::string& pending() noexcept { return pending_; }

  /// Calls `use(line)` for each complete line, without its newline. Stops early when it returns false.
  template <class Use>
  bool take_lines(Use&& use) {
    std::size_t begin = 0;
    bool more = true;
    for (std::size_t end; more && (end = pending_.find('\n', looked_at_)) != std::string::npos; begin = looked_at_) {
      looked_at_ = end + 1;
      more = use(std::string_view{pending_}.substr(begin, end - begin));
    }
    pending_.erase(0, begin);
    looked_at_ = more ? pending_.size() : 0;
    return more;
  }

  /// The unfinished line, which has no newline yet.
  std::string_view rest() const noexcept { return pending_; }

 private:
  std::string pending_;
  std::size_t looked_at_ = 0;  // no newline before this offset of pending_
};

}  // namespace shmbus::tool
