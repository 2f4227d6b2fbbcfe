#include "usage_error.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

namespace shmbus::tool {
namespace {

std::string before(std::string_view text, std::string_view end) {
  return std::string{text.substr(0, std::min(text.find(end), text.size()))};
}

/// The verb that was given; empty if there is none.
std::string given_verb(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  return verbs.empty() ? "" : verbs.front()->get_name();
}

/// The options of the program and of the verb that was given.
std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  std::vector<const CLI::Option*> all = app.get_options();
  for (const CLI::App* verb : app.get_subcommands()) {
    const auto more = verb->get_options();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::string unknown_option(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::Option* option : options_of(app)) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::string option = before(word, "=");
  const std::string verb = given_verb(app);
  return fmt::format("unknown option '{}'{}{}{}", option, verb.empty() ? "" : " of ", verb, suggestion(option, names));
}

std::string unknown_verb(const CLI::App& app, const std::string& word, std::span<const Synonym> synonyms) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  if (const std::string near = suggestion(word, names, synonyms); !near.empty())
    return fmt::format("unknown verb '{}'{}", word, near);
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return fmt::format("unknown verb '{}'; verbs: {}", word, list);
}

std::string too_many(const CLI::App& app, const std::vector<std::string>& words) {
  std::string taken;
  bool pattern = false;
  for (const CLI::Option* option : options_of(app)) {
    if (!option->get_positional()) continue;
    taken += (taken.empty() ? "" : " and ") + option->get_name(true);
    pattern = pattern || option->get_name(true) == "PATTERN";
  }
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "'" : ", '") + word + "'";
  const std::string verb = given_verb(app);
  std::string text = fmt::format("{}takes {}, found {}{}", verb.empty() ? "" : verb + " ",
                                 taken.empty() ? "no argument" : taken, taken.empty() ? "" : "also ", list);
  if (pattern) text += "; quote a pattern with * or >";
  return text;
}

/// Words that belong to no option or argument, in the order of the command line: CLI11 may reverse it.
std::string unexpected(const CLI::App& app, std::span<const char* const> words, std::span<const Synonym> synonyms) {
  std::vector<std::string> left = app.remaining(true), ordered;
  for (const std::string word : words) {
    const auto found = std::find(left.begin(), left.end(), word);
    if (found == left.end()) continue;
    ordered.push_back(word);
    left.erase(found);
  }
  ordered.insert(ordered.end(), left.begin(), left.end());
  if (ordered.empty()) return "unexpected arguments";
  const std::string& first = ordered.front();
  if (first.size() > 1 && first.front() == '-') return unknown_option(app, first);
  const bool verb_missing =
      app.get_subcommands().empty() && !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  return verb_missing ? unknown_verb(app, first, synonyms) : too_many(app, ordered);
}

}  // namespace

std::string usage_error(const CLI::App& app, const CLI::ParseError& error, std::span<const char* const> words,
                        std::span<const Synonym> synonyms) {
  const std::string_view what = error.what();
  const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (kind == CLI::ExitCodes::ExtrasError) return unexpected(app, words, synonyms);
  if (kind == CLI::ExitCodes::RequiredError) return before(what, " is required") + " is missing";
  if (kind == CLI::ExitCodes::ArgumentMismatch) {
    const std::string name = before(what, ":");
    const bool repeated = what.find("At Most") != std::string_view::npos;
    return fmt::format("option {} {}", name, repeated ? "is given more than once" : "needs a value");
  }
  if (kind == CLI::ExitCodes::ExcludesError || kind == CLI::ExitCodes::RequiresError) {
    const bool excludes = kind == CLI::ExitCodes::ExcludesError;
    const std::string_view link = excludes ? " excludes " : " requires ";
    const std::size_t at = what.find(link);
    if (at == std::string_view::npos) return std::string{what};
    const std::string_view one = what.substr(0, at), other = what.substr(at + link.size());
    return excludes ? fmt::format("{} and {} exclude each other", one, other)
                    : fmt::format("{} is given without {}", one, other);
  }
  constexpr std::string_view conversion = "Could not convert: ";
  if (what.starts_with(conversion)) {
    const std::string_view rest = what.substr(conversion.size());
    const std::string name = before(rest, " = ");
    return fmt::format("{}: expected another kind of value, found '{}'", name,
                       rest.substr(std::min(name.size() + 3, rest.size())));
  }
  return std::string{what};
}

}  // namespace shmbus::tool
