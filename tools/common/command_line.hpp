#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "suggestion.hpp"

namespace CLI {
class App;
}  // namespace CLI

// The command line of a program with verbs. It hides CLI11, which is slow to compile.
namespace shmbus::tool {

/// A variable that a word of the command line sets.
struct Value {
  /// Stores the word's value. Returns an empty text, or what was expected if the word is invalid: "a whole number".
  std::function<std::string(const std::string& word)> read;
  std::string preset{};  ///< the default value, for --help; empty: not shown
};

// The variables must exist until the program has run.
Value text_value(std::string& to);             ///< its present value is the default
Value text_value(std::optional<std::string>& to);
Value whole_number(std::uint64_t& to, std::string preset = {});
Value whole_number(std::optional<std::uint64_t>& to);
Value byte_size(std::optional<std::uint64_t>& to);               ///< 65536, 64K, 64KiB, 16M, 16MiB
Value number_between(double& to, double least, double most);     ///< its present value is the default
Value duration_value(std::optional<std::chrono::nanoseconds>& to);  ///< 500ms, 2s, 1.5h
Value file_mode(std::optional<unsigned>& to);                    ///< octal: 0640

/// A program, or one of its verbs.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  /// Adds an argument without an option, by its position. Help and errors show its name in capitals.
  Command& argument(const std::string& name, Value value, const std::string& help);
  Command& optional_argument(const std::string& name, Value value, const std::string& help);
  /// An option with a value: "-n,--count"; `label` names the value.
  Command& option(const std::string& names, const std::string& label, Value value, const std::string& help);
  /// The same; without the option the environment variable gives the value.
  Command& option(const std::string& names, const std::string& label, const std::string& variable, Value value,
                  const std::string& help);
  /// One that may be given several times, each with a value.
  Command& repeatable_option(const std::string& names, const std::string& label, Value value, const std::string& help);
  Command& flag(const std::string& names, bool& value, const std::string& help);
  /// Refuses two of them together, given by their names: "--lines", "TEXT".
  Command& exclude(const std::string& one, const std::string& other);
  /// Refuses the first without the second.
  Command& require(const std::string& one, const std::string& other);
  /// Sets the text that --help shows after the options.
  Command& explain(const std::string& text);
  /// Sets what the verb does: a function that returns the exit status and may throw Error or std::system_error.
  Command& action(std::function<int()> run);

 private:
  friend class CommandLine;
  CLI::App* app_;
  std::function<int()> run_;
};

/// A program with verbs. The given verb runs. `help` and `help VERB` are built in.
class CommandLine {
 public:
  /// `synonyms` are words that people try for a verb.
  CommandLine(const std::string& name, const std::string& version, const std::string& description,
              std::vector<Synonym> synonyms = {});
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Command& program() noexcept { return program_; }
  Command& verb(const std::string& name, const std::string& description);

  /// Adds a text to the --help of each verb defined so far.
  void explain_verbs(const std::string& text);

  /// Parses the command line and runs the verb. Returns the exit status.
  int run(int argc, char** argv);

 private:
  int help(const std::optional<std::string>& verb);
  CLI::App* find(const std::string& verb);

  std::unique_ptr<CLI::App> app_;
  Command program_;
  std::vector<std::unique_ptr<Command>> verbs_;
  std::vector<Synonym> synonyms_;
};

}  // namespace shmbus::tool
