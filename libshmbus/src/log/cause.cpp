#include "log/cause.hpp"

#include "log/extension_view.hpp"
#include "log/record_extensions.hpp"

namespace shmbus::log {

void Cause::inherit(const detail::EventRecord& record) noexcept {
  const ExtensionView extensions(record);
  const TraceContext* const given = extensions.trace();
  if (given == nullptr) return;
  trace_id = std::bit_cast<decltype(trace_id)>(given->trace_id);
  flags = given->flags;
  for (const EventHeader header : extensions.headers()) {
    if (header.name != kTracestate) continue;
    constexpr std::size_t kLongest = 512;  // by W3C Trace Context a longer one may be dropped
    if (header.value.size() <= kLongest) tracestate = header.value;
    break;
  }
}

}  // namespace shmbus::log
