#include "inspect/event_copy.hpp"

#include <algorithm>

#include "log/extension_view.hpp"

namespace shmbus::detail {

void copy_event(const CopySource& source, const EventRecord& record, Time time, std::size_t max_payload,
                EventSnapshot& event) {
  if (event.topic != source.topic) event.topic = source.topic;
  event.id = {source.bus, source.id, record.sequence};
  event.sequence = record.sequence;
  event.time = time;
  event.publisher = record.port;
  event.size = record.size;
  event.payload.assign(record.payload, record.payload + std::min(record.size, max_payload));
  event.headers.clear();
  event.key.clear();
  event.trace.reset();
  event.cause.reset();
  if (record.extensions == nullptr) return;
  const log::ExtensionView extensions(record);
  for (const EventHeader header : extensions.headers())
    event.headers.push_back({std::string(header.name), std::string(header.value)});
  event.key = extensions.key();
  if (const TraceContext* trace = extensions.trace()) event.trace = *trace;
  event.cause = extensions.cause();
}

}  // namespace shmbus::detail
