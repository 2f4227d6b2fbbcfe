#include "otlp_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "printable_text.hpp"

namespace shmbus::tracing {
namespace {

using nlohmann::json;

/// Protobuf's JSON has 64-bit numbers in quotes; readers accept both.
std::int64_t number_of(const json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  std::int64_t number = 0;
  if (const auto* text = value.get_ptr<const std::string*>()) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

std::string member_text(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// The words of the reply's body: the message of a google.rpc.Status, else its begin.
std::string body_words(const std::string& body, const json& document) {
  constexpr std::size_t most = 200;
  std::string words = member_text(document, "message");
  if (words.empty()) words = body.substr(0, body.find_first_of("\r\n"));
  return tool::printable(words.substr(0, most));
}

/// nlohmann/json is recursive: a body that is nested deeper than any reply is not parsed.
json parse(const std::string& body) {
  constexpr auto deepest = 100;
  int depth = 0;
  for (const char c : body) {
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    if (depth > deepest) return {};
  }
  return json::parse(body, nullptr, false);
}

}  // namespace

OtlpReply read_otlp_reply(const HttpReply& reply) {
  const json document = parse(reply.body);
  OtlpReply result;
  if (reply.status >= 200 && reply.status < 300) {
    result.taken = true;
    const auto partial = document.is_object() ? document.find("partialSuccess") : document.end();
    if (partial == document.end() || !partial->is_object()) return result;
    if (const auto rejected = partial->find("rejectedSpans"); rejected != partial->end())
      result.rejected_spans = std::max<std::int64_t>(number_of(*rejected), 0);
    const std::string message = member_text(*partial, "errorMessage");
    if (result.rejected_spans != 0) result.words = fmt::format("it rejected {} spans: ", result.rejected_spans);
    result.words += tool::printable(message);
    return result;
  }
  result.try_again = reply.status == 429 || (reply.status >= 502 && reply.status <= 504);
  result.words = fmt::format("{} {}", reply.status, tool::printable(reply.reason));
  if (const std::string words = body_words(reply.body, document); !words.empty()) result.words += ": " + words;
  return result;
}

}  // namespace shmbus::tracing
