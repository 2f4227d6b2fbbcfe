#include "client/dead_letters.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "client/publisher_core.hpp"
#include "layout/constants.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

namespace {
constexpr std::size_t kMostReason = 1000;  // bytes
}

/// Blocks of twice the size, so that the headers fit beside the largest event. As lasting as the topic itself.
void DeadLetters::open() {
  if (publisher_) return;
  TopicOptions options;
  options.block_size = std::min<std::size_t>(2 * of_.block_size, layout::kMaxBlockSize);
  options.mode = of_.mode;
  options.journal = of_.journal;
  options.accept_raw = true;
  publisher_.emplace(Publisher(std::make_unique<PublisherCore>(bus_, topic_, options, TypeInfo{})));
}

Status DeadLetters::publish(const Event& event, unsigned deliveries, std::string_view reason,
                            std::string_view holder) noexcept {
  const std::lock_guard lock(mutex_);
  try {
    open();
    const std::string origin = event.id().to_string(), times = std::to_string(deliveries);
    std::vector<EventHeader> headers;
    bool redelivered = false;  // it was a dead letter before: its origin stays the first event
    for (const EventHeader& header : event.headers()) {
      const bool ours = header.name == dead_letter::kGroup || header.name == dead_letter::kDeliveries ||
                        header.name == dead_letter::kReason || header.name == dead_letter::kHolder;
      redelivered = redelivered || header.name == dead_letter::kOrigin;
      if (!ours) headers.push_back(header);
    }
    if (!redelivered) headers.push_back({dead_letter::kOrigin, origin});
    headers.push_back({dead_letter::kGroup, group_});
    headers.push_back({dead_letter::kDeliveries, times});
    headers.push_back({dead_letter::kReason, reason.substr(0, kMostReason)});
    headers.push_back({dead_letter::kHolder, holder});
    PublishOptions options{.timeout = std::chrono::seconds{1}, .headers = std::move(headers), .key = event.key()};
    if (const TraceContext* trace = event.trace()) options.trace = *trace;
    const PublishResult result = publisher_->publish(event.payload(), options);
    if (!result) report(event, to_string(result.status()));
    if (result.status() == Status::closed) publisher_.reset();  // the topic was removed: it is made anew
    return result.status();
  } catch (const Error& error) {
    report(event, error.what());
    return error.code() == ErrorCode::closed ? Status::closed : Status::incomplete;
  } catch (const std::exception& error) {
    report(event, error.what());
    return Status::no_memory;
  }
}

void DeadLetters::report(const Event& event, const char* problem) noexcept {
  if (!reports_.due()) return;
  std::fprintf(
      stderr,
      "shmbus: group '%s': event %llu of topic '%.*s' could not be published to '%s': %s; it stays in the group, "
      "and this is tried again\n",
      group_.c_str(), static_cast<unsigned long long>(event.sequence()), static_cast<int>(event.topic().size()),
      event.topic().data(), topic_.text().c_str(), problem);
}

}  // namespace shmbus::detail
