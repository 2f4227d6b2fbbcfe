#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/child_process.hpp"

namespace test {

/// A terminal that a test types into and reads the screen of: one shell in a tmux server of its own, which ends with
/// the object, and also when the test dies.
class Tmux {
 public:
  Tmux(unsigned width, unsigned height);
  ~Tmux();
  Tmux(const Tmux&) = delete;
  Tmux& operator=(const Tmux&) = delete;

  static bool installed();

  void type(const std::string& text);  ///< as it is
  void key(const std::string& name);   ///< of tmux: "Enter", "Down", "Escape"
  /// The left button pressed and let go there, counted from 0, as terminals tell programs.
  void click(unsigned column, unsigned line);
  void resize(unsigned width, unsigned height);

  /// The screen's lines. With colours: also their escape sequences.
  std::vector<std::string> lines(bool colours = false) const;
  std::string screen(bool colours = false) const;
  /// Waits until the screen shows that; throws with the screen where that takes too long.
  void wait_for(std::string_view text) const;
  void wait_until_gone(std::string_view text) const;
  /// What a format of tmux says of the terminal, for example "#{alternate_on}".
  std::string state(const std::string& format) const;

 private:
  Finished command(std::vector<std::string> arguments) const;

  std::string socket_;
  ChildProcess server_;
};

}  // namespace test
