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

  void type(const std::string& text);  ///< types the text literally
  void key(const std::string& name);   ///< presses a key by tmux's name: "Enter", "Down", "Escape"
  /// Clicks the left button at a place counted from 0, with the bytes that a terminal sends.
  void click(unsigned column, unsigned line);
  void resize(unsigned width, unsigned height);

  /// The screen's lines. With colours: also their escape sequences.
  std::vector<std::string> lines(bool colours = false) const;
  std::string screen(bool colours = false) const;
  /// Waits until the screen shows a text. Throws with the screen's content if that takes too long.
  void wait_for(std::string_view text) const;
  void wait_until_gone(std::string_view text) const;
  /// The value of a tmux format for this terminal, for example "#{alternate_on}".
  std::string state(const std::string& format) const;

 private:
  Finished command(std::vector<std::string> arguments) const;

  std::string socket_;
  ChildProcess server_;
};

}  // namespace test
