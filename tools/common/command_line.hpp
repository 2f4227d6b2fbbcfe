#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "suggestion.hpp"

namespace CLI {
class App;
}  // namespace CLI

// The command line of a program, with or without verbs. It hides CLI11, which is slow to compile.
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
Value choice(std::string& to, const std::vector<std::string>& words);  ///< one of these words; its present value is the default
Value existing_file(std::string& to);
Value existing_folder(std::string& to);                          ///< its present value is the default
Value milliseconds_between(std::chrono::milliseconds& to, std::uint64_t least, std::uint64_t most);

/// A whole number in these bounds. `store` is called with it.
Value whole_number_between(std::uint64_t least, std::uint64_t most, std::function<void(std::uint64_t)> store,
                           std::string preset = {});
/// The same for a number of bytes: 64, 4K, 1MiB.
Value byte_size_between(std::uint64_t least, std::uint64_t most, std::function<void(std::uint64_t)> store,
                        std::string preset = {});

template <class Integer>
Value whole_number_between(Integer& to, std::uint64_t least, std::uint64_t most) {
  return whole_number_between(
      least, most, [&to](std::uint64_t number) { to = static_cast<Integer>(number); }, std::to_string(to));
}

template <class Integer>
Value whole_number_between(std::optional<Integer>& to, std::uint64_t least, std::uint64_t most) {
  return whole_number_between(least, most, [&to](std::uint64_t number) { to = static_cast<Integer>(number); });
}

/// A list with commas, such as 64,1K. `element`, a function from T& to Value, says how each of its words is read.
template <class T, class Element>
Value list_value(std::vector<T>& to, Element element) {
  Value list;
  for (T& one : to) list.preset += (list.preset.empty() ? "" : ",") + element(one).preset;
  list.read = [&to, element](const std::string& words) {
    std::vector<T> read;
    for (std::size_t begin = 0; begin <= words.size();) {
      const std::size_t end = std::min(words.find(',', begin), words.size());
      T one{};
      if (std::string expected = element(one).read(words.substr(begin, end - begin)); !expected.empty()) return expected;
      read.push_back(std::move(one));
      begin = end + 1;
    }
    to = std::move(read);
    return std::string{};
  };
  return list;
}

/// The same, but --help shows no default value.
Value without_preset(Value value);

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
  /// Sets what the program or verb does: a function that returns the exit status and may throw UsageError, Error or
  /// std::system_error.
  Command& action(std::function<int()> run);

  std::string name() const;

 private:
  friend class CommandLine;
  CLI::App* app_;
  std::function<int()> run_;
};

/// Thrown by an action to refuse arguments: "--sort: needs --pane". CommandLine::run then prints it, and where --help is.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How a program speaks of its verbs.
struct VerbWords {
  std::vector<Synonym> synonyms{};  ///< words that people try for a verb
  std::string verb = "verb";
  std::string examples{};           ///< shown if no verb is given: "ls, sub or doctor"
};

/// A program. Without verbs its own action runs. With verbs the given verb runs, and `help` and `help VERB` are built in.
class CommandLine {
 public:
  /// There is no --version if the version is empty.
  CommandLine(const std::string& name, const std::string& version, const std::string& description, VerbWords words = {});
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Command& program() noexcept { return program_; }
  Command& verb(const std::string& name, const std::string& description);

  /// Adds a text to the --help of each verb defined so far.
  void explain_verbs(const std::string& text);

  /// Parses the command line and runs the action. Returns the exit status; it is exit_usage if arguments were refused, which
  /// one line on standard error explains.
  int run(int argc, char** argv);

 private:
  int help(const std::optional<std::string>& verb);
  std::optional<int> parse(int argc, char** argv);
  int act(const Command& command) const;
  CLI::App* find(const std::string& verb);

  std::unique_ptr<CLI::App> app_;
  Command program_;
  std::vector<std::unique_ptr<Command>> verbs_;
  VerbWords words_;
};

}  // namespace shmbus::tool
