#include "durable_json.hpp"

#include "printable_text.hpp"

namespace shmbus::tool {

nlohmann::ordered_json durable_json(const DurableSnapshot& d) {
  nlohmann::ordered_json object;
  object["durable"] = d.name;
  object["pattern"] = printable(d.pattern);
  object["held"] = d.held;
  object["node"] = d.node;
  object["pid"] = d.pid;
  object["program"] = printable(d.program);
  object["standing_by"] = d.standing_by;
  object["behind"] = d.behind;
  object["dropped"] = d.dropped;
  if (!d.problem.empty()) object["problem"] = printable(d.problem);
  object["topics"] = nlohmann::ordered_json::array();
  for (const DurableTopicSnapshot& t : d.topics) {
    nlohmann::ordered_json topic;
    topic["topic"] = t.topic;
    topic["acknowledged"] = t.acknowledged;
    topic["published"] = t.published;
    topic["behind"] = t.behind;
    topic["dropped"] = t.dropped;
    if (!t.problem.empty()) topic["problem"] = printable(t.problem);
    object["topics"].push_back(std::move(topic));
  }
  return object;
}

}  // namespace shmbus::tool
