#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace test {

/// A span as a collector understands it.
struct OtlpSpan {
  std::string trace, span, parent;  // hexadecimal; parent may be empty
  std::string name, tracestate;
  int kind = 0;
  std::uint32_t flags = 0;
  std::uint64_t start = 0, end = 0;
  std::map<std::string, std::string> attributes;  // numbers as text
  std::vector<std::pair<std::string, std::string>> links;  // trace, span
  int status = 0;
  std::string message;
  std::map<std::string, std::string> resource;
};

/// Reads an ExportTraceServiceRequest in OTLP's JSON as strictly as the standard allows: ids in lower-case hexadecimal of the
/// right length and not zero, enums as integers, 64-bit numbers as strings, no member that the protocol does not have,
/// no end before its start, no two spans of one id. Throws std::runtime_error, with what is wrong and where.
std::vector<OtlpSpan> read_otlp(const std::string& json);

/// Those parents that are no span of the document, as "trace/span".
std::vector<std::string> absent_parents(const std::vector<OtlpSpan>& spans);

}  // namespace test
