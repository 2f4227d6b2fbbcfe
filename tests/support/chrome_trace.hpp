#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// A document of Chrome's trace event format, as far as ui.perfetto.dev shows it.
struct ChromeTrace {
  struct Slice {
    long long pid = 0, tid = 0;
    std::string name;
    double begin = 0, end = 0;  // microseconds
    std::map<std::string, std::string> arguments;
  };
  struct Arrow {
    Slice from, to;
  };
  std::map<long long, std::string> processes;
  std::map<std::pair<long long, long long>, std::string> threads;
  std::vector<Slice> slices;
  std::vector<Arrow> arrows;
};

/// Reads a document by the format's rules: each slice has a length and lies beside or within the others of its thread;
/// each begin has its end; each arrow begins once and ends once, not before it began, and both ends lie in a slice of
/// their thread; processes and threads with slices have names. Throws std::runtime_error, with what is wrong.
ChromeTrace read_chrome_trace(const std::string& json);

}  // namespace test
