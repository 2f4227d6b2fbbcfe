#include "model/watch.hpp"

#include <fmt/format.h>

#include <utility>

#include "shmbus/error.hpp"

namespace shmbus::top {

Watch::Watch(std::string bus) : bus_(std::move(bus)), inspector_(Inspector{bus_}) {}

std::optional<ComparedSnapshot> Watch::look() {
  try {
    if (!inspector_) inspector_ = Inspector{bus_};
    BusSnapshot now = inspector_->snapshot();
    if (!now.removed) {
      problem_.clear();
      ComparedSnapshot look = compare(before_ ? &*before_ : nullptr, std::move(now));
      before_ = look.bus;
      add_durables(look, durables_before_, durables(look.bus));
      durables_before_ = look.durables;
      add_groups(look, groups_before_, groups(look.bus));
      groups_before_ = look.groups;
      return look;
    }
    problem_ = fmt::format("bus '{}' was removed; waiting for a new one of that name", bus_);
  } catch (const Error& error) {
    // Its removal has been reported already.
    if (error.code() != ErrorCode::not_found || problem_.empty()) problem_ = error.what();
  }
  inspector_.reset();
  before_.reset();
  durables_before_.clear();
  groups_before_.clear();
  return std::nullopt;
}

std::vector<DurableSnapshot> Watch::durables(const BusSnapshot& bus) {
  try {
    return inspector_->durables(bus);
  } catch (const Error&) {
    // The next snapshot reports what is wrong.
  }
  return {};
}

std::vector<GroupSnapshot> Watch::groups(const BusSnapshot& bus) {
  try {
    return inspector_->groups(bus);
  } catch (const Error&) {
    // The next snapshot reports what is wrong.
  }
  return {};
}

std::optional<RingSnapshot> Watch::ring(std::string_view topic) {
  try {
    if (inspector_) return inspector_->ring(topic);
  } catch (const Error&) {
    // The next snapshot reports what is wrong.
  }
  return std::nullopt;
}

std::vector<EventSnapshot> Watch::events(std::string_view topic, std::size_t count) {
  try {
    if (inspector_) return inspector_->events(topic, count);
  } catch (const Error&) {
    // The next snapshot reports what is wrong.
  }
  return {};
}

}  // namespace shmbus::top
