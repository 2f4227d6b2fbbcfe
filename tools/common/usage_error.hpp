#pragma once

#include <span>
#include <string>

#include "suggestion.hpp"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace shmbus::tool {

/// What is wrong with a command line, in place of CLI11's own message: "unknown verb 'pubb' (did you mean 'pub'?)". `words`
/// is the command line without the program's name; `synonyms` are words that people try for a verb.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error, std::span<const char* const> words,
                        std::span<const Synonym> synonyms = {});

}  // namespace shmbus::tool
