#include "shmbus/group.hpp"

#include "client/group_core.hpp"

namespace shmbus {

Group::Group(std::shared_ptr<detail::GroupCore> core) noexcept : core_(std::move(core)) {}
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;
Group::~Group() = default;

// A Group without a core was moved from.
Lease Group::take_for(std::chrono::nanoseconds timeout) { return core_ ? core_->take(timeout) : Lease(); }
void Group::interrupt() noexcept {
  if (core_) core_->interrupt();
}
std::string_view Group::topic() const noexcept { return core_ ? core_->topic().text() : std::string_view{}; }
std::string_view Group::name() const noexcept { return core_ ? core_->name().text() : std::string_view{}; }
Status Group::status() const noexcept { return core_ ? core_->status() : Status::closed; }
bool Group::cautious() const noexcept { return core_ && core_->cautious(); }
std::uint64_t Group::lost() const noexcept { return core_ ? core_->lost() : 0; }
std::vector<DifferentOption> Group::different() const {
  return core_ ? core_->different() : std::vector<DifferentOption>{};
}

}  // namespace shmbus
