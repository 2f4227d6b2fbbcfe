#include "in_begin.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace shmbus::bridge {
namespace {

ConsumerStart start_of(const InSituation& s, std::string& remark) {
  if (s.known_stream != 0 && s.known_stream != s.stream.created) {
    remark = "its stream was made anew; begins with its first message";
    return {.sequence = 1};
  }
  if (s.known_stream != 0 && s.taken != 0) {
    if (s.taken <= s.stream.last && s.same_message) return {.sequence = s.taken + 1};
    remark = fmt::format("its stream has lost messages that were received before, {} of them the last one; begins with its first "
                         "message, and passes over what it has",
                         s.taken);
    return {.sequence = 1};
  }
  const bool by_time = s.rule.kind == RuleStart::Kind::age;
  if (s.acknowledged && *s.acknowledged <= s.stream.last && (*s.acknowledged != 0 || !by_time))
    return {.sequence = *s.acknowledged + 1};
  if (by_time) return {.time = (s.now - s.rule.age).time_since_epoch().count()};
  // A stream that was empty when it was first received: all of it came since.
  if (s.known_stream != 0) return {.sequence = 1};
  if (s.rule.kind == RuleStart::Kind::fresh && !s.appeared) return {.sequence = s.stream.last + 1};
  return {.sequence = 1};
}

}  // namespace

InBegin in_begin(const InSituation& situation) {
  InBegin begin;
  begin.start = start_of(situation, begin.remark);
  if (begin.start.sequence > 1 && situation.stream.first > begin.start.sequence) {
    begin.lost = situation.stream.first - begin.start.sequence;
    begin.start.sequence = situation.stream.first;
  }
  return begin;
}

}  // namespace shmbus::bridge
