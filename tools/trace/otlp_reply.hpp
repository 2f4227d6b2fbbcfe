#pragma once

#include <cstdint>
#include <string>

#include "http_post.hpp"

namespace shmbus::tracing {

/// What a collector answered to an ExportTraceServiceRequest.
struct OtlpReply {
  bool taken = false;           ///< all of it, or all but `rejected_spans`
  bool try_again = false;       ///< it was not taken, and may be later: 429, 502, 503 or 504
  std::int64_t rejected_spans = 0;
  std::string words;            ///< what went wrong: "503 Service Unavailable: ..."; empty where nothing did
};

OtlpReply read_otlp_reply(const HttpReply& reply);

}  // namespace shmbus::tracing
