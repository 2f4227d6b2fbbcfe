#include "command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <utility>

#include "byte_size.hpp"
#include "output.hpp"
#include "program.hpp"
#include "suggestion.hpp"
#include "time_text.hpp"

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

CommandLine::CommandLine(const std::string& name, const std::string& version, const std::string& description,
                         std::vector<Synonym> synonyms)
    : app_(std::make_unique<CLI::App>(description, name)), program_(*app_), synonyms_(std::move(synonyms)) {
  app_->set_version_flag("--version", name + " " + version);
  app_->fallthrough();
  app_->get_formatter()->label("SUBCOMMAND", "VERB");
  app_->get_formatter()->label("Subcommands", "Verbs");
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
    return refuse(fmt::format("unknown verb '{}'{}", *verb, suggestion(*verb, names, synonyms_)),
                  app_->get_name() + " --help");
  }
  Output out;
  // App::help would explain the verb `help` itself.
  out.text() = about->get_formatter()->make_help(
      about, about == app_.get() ? app_->get_name() : app_->get_name() + " " + *verb, CLI::AppFormatMode::Normal);
  out.flush();
  return 0;
}

int CommandLine::run(int argc, char** argv) {
  std::optional<std::string> about;
  verb("help", "Explain the program, or one of its verbs")
      .optional_argument("VERB", text_value(about), "The verb")
      .action([&] { return help(about); });
  if (const auto status = parse(*app_, argc, argv, synonyms_)) return *status;
  for (const auto& v : verbs_) {
    if (v->app_->parsed()) return v->run_();
  }
  return refuse("a verb is missing, for example ls, sub or doctor", app_->get_name() + " --help");
}

}  // namespace shmbus::tool
