#include "support/otlp_reader.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace test {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
  throw std::runtime_error("OTLP: " + where + ": " + what);
}

void check_members(const json& object, const std::string& where, const std::set<std::string>& known) {
  if (!object.is_object()) refuse(where, "no object: " + object.dump());
  for (const auto& [name, value] : object.items()) {
    if (!known.contains(name)) refuse(where, "unknown member " + name);
  }
}

const json& member(const json& object, const char* name, const std::string& where) {
  const auto found = object.find(name);
  if (found == object.end()) refuse(where, std::string{"no member "} + name);
  return *found;
}

const json& array(const json& object, const char* name, const std::string& where) {
  const json& value = member(object, name, where);
  if (!value.is_array()) refuse(where, std::string{name} + " is no array");
  return value;
}

std::string text(const json& object, const char* name, const std::string& where) {
  const json& value = member(object, name, where);
  if (!value.is_string()) refuse(where, std::string{name} + " is no string: " + value.dump());
  return value.get<std::string>();
}

std::string id(const json& object, const char* name, std::size_t digits, const std::string& where) {
  std::string value = text(object, name, where);
  if (value.size() != digits || value.find_first_not_of("0123456789abcdef") != std::string::npos)
    refuse(where, std::string{name} + " is no id of " + std::to_string(digits) + " digits: " + value);
  if (value.find_first_not_of('0') == std::string::npos) refuse(where, std::string{name} + " is zero");
  return value;
}

std::int64_t small_number(const json& object, const char* name, std::int64_t most, const std::string& where) {
  const json& value = member(object, name, where);
  if (!value.is_number_integer()) refuse(where, std::string{name} + " is no integer: " + value.dump());
  const auto number = value.get<std::int64_t>();
  if (number < 0 || number > most) refuse(where, std::string{name} + " is out of range: " + value.dump());
  return number;
}

std::uint64_t time(const json& object, const char* name, const std::string& where) {
  const std::string value = text(object, name, where);
  if (value.empty() || value.find_first_not_of("0123456789") != std::string::npos)
    refuse(where, std::string{name} + " is no decimal number: " + value);
  return std::stoull(value);
}

std::map<std::string, std::string> attributes(const json& object, const std::string& where) {
  std::map<std::string, std::string> all;
  for (const json& attribute : array(object, "attributes", where)) {
    check_members(attribute, where + " attribute", {"key", "value"});
    const std::string key = text(attribute, "key", where);
    if (key.empty()) refuse(where, "an attribute without a name");
    const json& value = member(attribute, "value", where + " " + key);
    check_members(value, where + " " + key, {"stringValue", "intValue", "boolValue", "doubleValue"});
    if (value.size() != 1) refuse(where, key + " has " + std::to_string(value.size()) + " values");
    if (!value.contains("stringValue") && !value.contains("intValue")) refuse(where, key + " is of another kind");
    const char* const kind = value.contains("intValue") ? "intValue" : "stringValue";
    const std::string content = text(value, kind, where + " " + key);
    if (kind[0] == 'i' && (content.empty() || std::to_string(std::stoll(content)) != content))
      refuse(where, key + " is no whole number: " + content);
    if (!all.emplace(key, content).second) refuse(where, key + " is there twice");
  }
  return all;
}

OtlpSpan read_span(const json& object, const std::string& where) {
  check_members(object, where, {"traceId", "spanId", "parentSpanId", "traceState", "flags", "name", "kind",
                                "startTimeUnixNano", "endTimeUnixNano", "attributes", "links", "status"});
  OtlpSpan span;
  span.trace = id(object, "traceId", 32, where);
  span.span = id(object, "spanId", 16, where);
  if (object.contains("parentSpanId")) span.parent = id(object, "parentSpanId", 16, where);
  if (object.contains("traceState")) span.tracestate = text(object, "traceState", where);
  if (object.contains("flags"))
    span.flags = static_cast<std::uint32_t>(small_number(object, "flags", std::numeric_limits<std::uint32_t>::max(), where));
  span.name = text(object, "name", where);
  if (span.name.empty()) refuse(where, "a span without a name");
  span.kind = static_cast<int>(small_number(object, "kind", 5, where));
  span.start = time(object, "startTimeUnixNano", where);
  span.end = time(object, "endTimeUnixNano", where);
  if (span.end < span.start) refuse(where, span.name + " ends before it begins");
  span.attributes = attributes(object, where);
  if (object.contains("links")) {
    for (const json& link : array(object, "links", where)) {
      check_members(link, where + " link", {"traceId", "spanId", "traceState", "attributes", "flags"});
      span.links.emplace_back(id(link, "traceId", 32, where), id(link, "spanId", 16, where));
    }
  }
  if (object.contains("status")) {
    const json& status = object["status"];
    check_members(status, where + " status", {"code", "message"});
    span.status = static_cast<int>(small_number(status, "code", 2, where));
    if (status.contains("message")) span.message = text(status, "message", where);
  }
  return span;
}

}  // namespace

std::vector<OtlpSpan> read_otlp(const std::string& document) {
  const json request = json::parse(document);
  check_members(request, "request", {"resourceSpans"});
  std::vector<OtlpSpan> spans;
  std::set<std::string> ids;
  for (const json& of_resource : array(request, "resourceSpans", "request")) {
    check_members(of_resource, "resourceSpans", {"resource", "scopeSpans", "schemaUrl"});
    const json& resource = member(of_resource, "resource", "resourceSpans");
    check_members(resource, "resource", {"attributes", "droppedAttributesCount"});
    const auto resource_attributes = attributes(resource, "resource");
    for (const json& of_scope : array(of_resource, "scopeSpans", "resourceSpans")) {
      check_members(of_scope, "scopeSpans", {"scope", "spans", "schemaUrl"});
      const json& scope = member(of_scope, "scope", "scopeSpans");
      check_members(scope, "scope", {"name", "version", "attributes"});
      if (text(scope, "name", "scope").empty()) refuse("scope", "no name");
      for (const json& object : array(of_scope, "spans", "scopeSpans")) {
        OtlpSpan span = read_span(object, "span " + std::to_string(spans.size()));
        span.resource = resource_attributes;
        if (!ids.insert(span.trace + '/' + span.span).second) refuse(span.name, "a second span of this id");
        spans.push_back(std::move(span));
      }
    }
  }
  return spans;
}

std::vector<std::string> absent_parents(const std::vector<OtlpSpan>& spans) {
  std::set<std::string> ids;
  for (const OtlpSpan& span : spans) ids.insert(span.trace + '/' + span.span);
  std::vector<std::string> absent;
  for (const OtlpSpan& span : spans) {
    if (!span.parent.empty() && !ids.contains(span.trace + '/' + span.parent)) absent.push_back(span.trace + '/' + span.parent);
  }
  return absent;
}

}  // namespace test
