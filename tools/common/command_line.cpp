#include "command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <span>
#include <utility>

#include "byte_size.hpp"
#include "output.hpp"
#include "program.hpp"
#include "suggestion.hpp"
#include "time_text.hpp"
#include "usage_error.hpp"

namespace shmbus::tool {
namespace {

std::optional<std::uint64_t> parse_whole(std::string_view text, int base = 10) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Stores the value that `parse` returns for the word.
template <class To, class Parse>
Value parsed(To& to, Parse parse, std::string expected, std::string preset = {}) {
  return {[&to, parse, expected = std::move(expected)](const std::string& word) {
            const auto value = parse(word);
            if (!value) return expected;
            to = *value;
            return std::string{};
          },
          std::move(preset)};
}

/// The same for a number within bounds.
Value bounded(std::optional<std::uint64_t> (*parse)(std::string_view), std::uint64_t least, std::uint64_t most,
              std::function<void(std::uint64_t)> store, std::string expected, std::string preset) {
  return {[=, store = std::move(store), expected = std::move(expected)](const std::string& word) {
            const auto value = parse(word);
            if (!value || *value < least || *value > most) return expected;
            store(*value);
            return std::string{};
          },
          std::move(preset)};
}

/// Stores a text that fulfils a condition.
template <class Condition>
Value checked_text(std::string& to, Condition holds, std::string expected) {
  const auto parse = [holds](const std::string& word) { return holds(word) ? std::optional(word) : std::nullopt; };
  return parsed(to, parse, std::move(expected), to);
}

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return list;
}

std::string capital(std::string word, bool all) {
  for (char& c : word) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (!all) break;
  }
  return word;
}

int print_and_succeed(const std::string& text) {
  Output out;
  out.text() = text;
  out.flush();
  return 0;
}

/// Stores what a word means, or refuses it by the option's name.
auto word_reader(const std::string& names, Value& value) {
  return [names, read = std::move(value.read)](const std::string& word) {
    const std::string expected = read(word);
    if (expected.empty()) return;
    const std::size_t last = names.rfind(',');
    throw CLI::ValidationError(last == std::string::npos ? names : names.substr(last + 1),
                               fmt::format("expected {}, found '{}'", expected, word));
  };
}

CLI::Option& add(CLI::App& app, const std::string& names, Value value, const std::string& help) {
  CLI::Option* option = app.add_option_function<std::string>(names, word_reader(names, value), help);
  if (!value.preset.empty()) option->default_str(value.preset);
  return *option;
}

CLI::Option* named(CLI::App& app, const std::string& name) { return app.get_option(name); }

}  // namespace

Value text_value(std::string& to) {
  return parsed(
      to, [](const std::string& word) { return std::optional(word); }, "text", to);
}

Value text_value(std::optional<std::string>& to) {
  return parsed(
      to, [](const std::string& word) { return std::optional(word); }, "text");
}

Value whole_number(std::uint64_t& to, std::string preset) {
  return parsed(
      to, [](const std::string& word) { return parse_whole(word); }, "a whole number", std::move(preset));
}

Value whole_number(std::optional<std::uint64_t>& to) {
  return parsed(
      to, [](const std::string& word) { return parse_whole(word); }, "a whole number");
}

Value byte_size(std::optional<std::uint64_t>& to) {
  return parsed(to, parse_byte_size, "a number of bytes, such as 65536, 64K or 16M");
}

Value number_between(double& to, double least, double most) {
  const auto parse = [least, most](const std::string& word) -> std::optional<double> {
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    // The comparison is false for NaN.
    if (error != std::errc{} || end != word.data() + word.size() || !(number >= least && number <= most)) return {};
    return number;
  };
  return parsed(to, parse, fmt::format("a number from {} to {}", least, most), fmt::format("{}", to));
}

Value duration_value(std::optional<std::chrono::nanoseconds>& to) {
  return parsed(to, parse_duration, "a length of time, such as 500ms, 2s or 1.5h");
}

Value file_mode(std::optional<unsigned>& to) {
  const auto parse = [](const std::string& word) -> std::optional<unsigned> {
    const auto mode = parse_whole(word, 8);
    if (!mode || *mode > 0777) return {};
    return static_cast<unsigned>(*mode);
  };
  return parsed(to, parse, "a file mode in octal, such as 0640");
}

Value choice(std::string& to, const std::vector<std::string>& words) {
  const auto known = [words](const std::string& word) { return std::find(words.begin(), words.end(), word) != words.end(); };
  return checked_text(to, known, joined(words));
}

Value existing_file(std::string& to) {
  const auto is_file = [](const std::string& path) {
    std::error_code none;
    return std::filesystem::exists(path, none) && !std::filesystem::is_directory(path, none);
  };
  return checked_text(to, is_file, "a file that exists");
}

Value existing_folder(std::string& to) {
  const auto is_folder = [](const std::string& path) {
    std::error_code none;
    return std::filesystem::is_directory(path, none);
  };
  return checked_text(to, is_folder, "a folder that exists");
}

Value milliseconds_between(std::chrono::milliseconds& to, std::uint64_t least, std::uint64_t most) {
  return whole_number_between(
      least, most, [&to](std::uint64_t count) { to = std::chrono::milliseconds{count}; }, std::to_string(to.count()));
}

Value whole_number_between(std::uint64_t least, std::uint64_t most, std::function<void(std::uint64_t)> store,
                           std::string preset) {
  return bounded([](std::string_view word) { return parse_whole(word); }, least, most, std::move(store),
                 fmt::format("a whole number from {} to {}", least, most), std::move(preset));
}

Value byte_size_between(std::uint64_t least, std::uint64_t most, std::function<void(std::uint64_t)> store,
                        std::string preset) {
  return bounded(parse_byte_size, least, most, std::move(store),
                 fmt::format("bytes from {} to {}, as 64, 4K or 1M", least, most), std::move(preset));
}

Value without_preset(Value value) {
  value.preset.clear();
  return value;
}

Command& Command::argument(const std::string& name, Value value, const std::string& help) {
  add(*app_, name, std::move(value), help).type_name("")->required();
  return *this;
}

Command& Command::optional_argument(const std::string& name, Value value, const std::string& help) {
  add(*app_, name, std::move(value), help).type_name("");
  return *this;
}

Command& Command::option(const std::string& names, const std::string& label, Value value, const std::string& help) {
  add(*app_, names, std::move(value), help).type_name(label);
  return *this;
}

Command& Command::option(const std::string& names, const std::string& label, const std::string& variable, Value value,
                         const std::string& help) {
  add(*app_, names, std::move(value), help).type_name(label)->envname(variable);
  return *this;
}

Command& Command::repeatable_option(const std::string& names, const std::string& label, Value value,
                                    const std::string& help) {
  const auto read = [read = word_reader(names, value)](const std::vector<std::string>& words) {
    for (const std::string& word : words) read(word);
  };
  app_->add_option_function<std::vector<std::string>>(names, read, help)->type_name(label)->allow_extra_args(false);
  return *this;
}

Command& Command::flag(const std::string& names, bool& value, const std::string& help) {
  app_->add_flag(names, value, help);
  return *this;
}

Command& Command::exclude(const std::string& one, const std::string& other) {
  named(*app_, one)->excludes(named(*app_, other));
  return *this;
}

Command& Command::require(const std::string& one, const std::string& other) {
  named(*app_, one)->needs(named(*app_, other));
  return *this;
}

Command& Command::explain(const std::string& text) {
  app_->footer(text);
  return *this;
}

Command& Command::action(std::function<int()> run) {
  run_ = std::move(run);
  return *this;
}

std::string Command::name() const { return app_->get_name(); }

CommandLine::CommandLine(const std::string& name, const std::string& version, const std::string& description,
                         VerbWords words)
    : app_(std::make_unique<CLI::App>(description, name)), program_(*app_), words_(std::move(words)) {
  if (!version.empty()) app_->set_version_flag("--version", name + " " + version);
  app_->fallthrough();
  app_->get_formatter()->label("SUBCOMMAND", capital(words_.verb, true));
  app_->get_formatter()->label("Subcommands", capital(words_.verb, false) + "s");
  app_->require_subcommand(0, 1);  // so that a later word is never taken for a second verb
}

CommandLine::~CommandLine() = default;

Command& CommandLine::verb(const std::string& name, const std::string& description) {
  verbs_.push_back(std::make_unique<Command>(*app_->add_subcommand(name, description)));
  return *verbs_.back();
}

CLI::App* CommandLine::find(const std::string& verb) {
  for (const auto& v : verbs_) {
    if (v->app_->get_name() == verb) return v->app_;
  }
  return nullptr;
}

void CommandLine::explain_verbs(const std::string& text) {
  for (const auto& v : verbs_) v->app_->footer(v->app_->get_footer() + text);
}

int CommandLine::help(const std::optional<std::string>& verb) {
  CLI::App* about = verb ? find(*verb) : app_.get();
  if (about == nullptr) {
    std::vector<std::string> names;
    for (const auto& v : verbs_) names.push_back(v->app_->get_name());
    return refuse(fmt::format("unknown {} '{}'{}", words_.verb, *verb, suggestion(*verb, names, words_.synonyms)),
                  app_->get_name() + " --help");
  }
  // App::help would explain the verb `help` itself.
  return print_and_succeed(about->get_formatter()->make_help(
      about, about == app_.get() ? app_->get_name() : app_->get_name() + " " + *verb, CLI::AppFormatMode::Normal));
}

/// Returns the exit status if the program is done then: it printed help or its version, or refused the arguments.
std::optional<int> CommandLine::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return print_and_succeed(app_->help());  // of the verb, if there is one
  } catch (const CLI::CallForVersion& version) {
    return print_and_succeed(std::string{version.what()} + '\n');
  } catch (const CLI::ParseError& error) {
    const auto verbs = app_->get_subcommands();
    const std::span<const char* const> words(argv + 1, static_cast<std::size_t>(std::max(argc - 1, 0)));
    return refuse(usage_error(*app_, error, words, words_.synonyms),
                  app_->get_name() + (verbs.empty() ? "" : " " + verbs.front()->get_name()) + " --help");
  }
}

int CommandLine::act(const Command& command) const {
  try {
    return command.run_();
  } catch (const UsageError& error) {
    return refuse(error.what(), app_->get_name() + " --help");
  }
}

int CommandLine::run(int argc, char** argv) {
  std::optional<std::string> about;
  if (!verbs_.empty()) {
    verb("help", fmt::format("Explain the program, or one of its {}s", words_.verb))
        .optional_argument(capital(words_.verb, true), text_value(about), fmt::format("The {}", words_.verb))
        .action([&] { return help(about); });
  }
  if (const auto status = parse(argc, argv)) return *status;
  if (verbs_.empty()) return act(program_);
  for (const auto& v : verbs_) {
    if (v->app_->parsed()) return act(*v);
  }
  return refuse(fmt::format("a {} is missing, for example {}", words_.verb, words_.examples), app_->get_name() + " --help");
}

}  // namespace shmbus::tool
