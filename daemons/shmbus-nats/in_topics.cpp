#include "in_topics.hpp"

#include <chrono>

#include <fmt/format.h>

#include "message_headers.hpp"
#include "shmbus/error.hpp"

namespace shmbus::bridge {
namespace {

constexpr std::chrono::seconds retry{1};

/// Whether a failure may pass by itself: for want of memory, ports or descriptors, or while the topic is made or removed.
bool may_pass(ErrorCode code) {
  return code == ErrorCode::no_memory || code == ErrorCode::limit || code == ErrorCode::busy || code == ErrorCode::system;
}

}  // namespace

Publisher* InTopics::find(const std::string& name, std::string_view type, Problem& problem) {
  const auto place = topics_.find(name);
  Topic& topic = place != topics_.end() ? place->second : topics_[name];
  if (topic.publisher && topic.type == type) return &*topic.publisher;
  const auto now = std::chrono::steady_clock::now();
  if (!topic.problem.text.empty() && topic.type == type && now - topic.tried < retry) {
    problem = topic.problem;
    return nullptr;
  }
  topic.publisher.reset();
  topic.problem = {};
  topic.type = type;
  topic.tried = now;
  try {
    if (type.empty()) {
      topic.publisher.emplace(bus_.publisher(name));
    } else if (const auto parsed = parse_type(type)) {
      topic.publisher.emplace(bus_.publisher(name, TopicOptions{}, parsed->type()));
    } else {
      topic.problem.text = fmt::format("its type can't be read: {}", type);
    }
  } catch (const Error& error) {
    topic.problem = {error.what(), may_pass(error.code())};
  }
  if (topic.publisher) return &*topic.publisher;
  problem = topic.problem;
  return nullptr;
}

}  // namespace shmbus::bridge
