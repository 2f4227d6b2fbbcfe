#include "tmux.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "support/time_limits.hpp"

namespace test {
namespace {

std::string new_socket() {
  static std::atomic<unsigned> count{0};
  return "shmbus-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

Tmux::Tmux(unsigned width, unsigned height)
    : socket_(new_socket()),
      // tmux runs in the foreground, so that it is a child that ends with the test.
      server_({"/usr/bin/env", "-u", "TMUX", "-u", "NO_COLOR", "LC_ALL=C.UTF-8", "tmux", "-L", socket_, "-f",
               "/dev/null", "-D"}) {
  wait_until("tmux", [&] {
    return command({"new-session", "-d", "-x", std::to_string(width), "-y", std::to_string(height),
                    "env PS1='ready> ' bash --norc --noprofile"})
               .end == End{};
  });
  wait_for("ready>");
}

Tmux::~Tmux() {
  const std::string path = state("#{socket_path}");
  command({"kill-server"});
  std::error_code ignored;
  if (!path.empty()) std::filesystem::remove(path, ignored);
}

bool Tmux::installed() { return run({"/bin/bash", "-c", "command -v tmux"}).end == End{}; }

Finished Tmux::command(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"/usr/bin/env", "tmux", "-L", socket_, "-N"});
  return run(std::move(arguments));
}

void Tmux::type(const std::string& text) { command({"send-keys", "-l", text}); }

void Tmux::key(const std::string& name) { command({"send-keys", name}); }

void Tmux::click(unsigned column, unsigned line) {
  const auto hex = [](unsigned byte) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%02x", byte);
    return std::string{text.data()};
  };
  // xterm's first format of mouse events, in which the button and two coordinates are one character each: press and release.
  for (const char* button : {"20", "23"})
    command({"send-keys", "-H", "1b", "5b", "4d", button, hex(33 + column), hex(33 + line)});
}

void Tmux::resize(unsigned width, unsigned height) {
  command({"resize-window", "-x", std::to_string(width), "-y", std::to_string(height)});
}

std::string Tmux::screen(bool colours) const {
  std::vector<std::string> arguments{"capture-pane", "-p"};
  if (colours) arguments.emplace_back("-e");
  return command(std::move(arguments)).out;
}

std::vector<std::string> Tmux::lines(bool colours) const {
  std::vector<std::string> all;
  std::istringstream stream{screen(colours)};
  for (std::string line; std::getline(stream, line);) all.push_back(line);
  return all;
}

void Tmux::wait_for(std::string_view text) const {
  for (const Deadline deadline; screen().find(text) == std::string::npos;)
    deadline.check("'" + std::string{text} + "' on the screen:\n" + screen());
}

void Tmux::wait_until_gone(std::string_view text) const {
  for (const Deadline deadline; screen().find(text) != std::string::npos;)
    deadline.check("'" + std::string{text} + "' to leave the screen:\n" + screen());
}

std::string Tmux::state(const std::string& format) const {
  return without_newline(command({"display-message", "-p", format}).out);
}

}  // namespace test
