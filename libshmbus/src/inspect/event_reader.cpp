#include "shmbus/event_reader.hpp"

#include <utility>

#include "inspect/event_reader_impl.hpp"

namespace shmbus {

EventReader::EventReader(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader& EventReader::operator=(EventReader&&) noexcept = default;
EventReader::~EventReader() = default;

EventReader::Impl& EventReader::impl() const {
  if (impl_) return *impl_;
  throw Error(ErrorCode::closed, {"EventReader", "one that reads a bus", "one that was moved from",
                                  "use the EventReader that it was moved to"});
}

const EventSnapshot* EventReader::next() { return impl().next(); }
std::uint64_t EventReader::lost() const { return impl().lost(); }
std::vector<TopicProblem> EventReader::problems() { return impl().problems(); }
bool EventReader::finished() { return impl().finished(); }

}  // namespace shmbus
