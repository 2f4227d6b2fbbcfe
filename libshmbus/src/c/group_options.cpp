#include "c/group_options.hpp"

#include <memory>
#include <string>
#include <utility>

#include "c/event_place.hpp"
#include "c/option_struct.hpp"
#include "c/values.hpp"

namespace shmbus::c {

namespace {

/// A program's key function with its context.
struct GivenKey {
  GivenKey() = default;
  GivenKey(const GivenKey&) = delete;
  GivenKey& operator=(const GivenKey&) = delete;
  ~GivenKey() {
    if (release != nullptr) release(context);
  }

  shmbus_key function = nullptr;
  void* context = nullptr;
  void (*release)(void*) = nullptr;
};

std::function<std::string(const Event&)> key(const shmbus_group_options& o) {
  GivenKey given;  // releases where there is no memory
  given.context = o.key_context;
  given.release = o.key_release;
  const auto kept = std::make_shared<GivenKey>();
  kept->function = o.key;
  kept->context = given.context;
  kept->release = std::exchange(given.release, nullptr);
  if (kept->function == nullptr) return {};
  return [kept](const Event& event) {
    const OwnPlace place;
    place->show(event);
    return std::string(from_c(kept->function(&place->shown, kept->context)));
  };
}

}  // namespace

GroupOptions group_options(const shmbus_group_options* options) {
  const shmbus_group_options o = given(options, shmbus_group_options SHMBUS_GROUP_OPTIONS_INIT, "shmbus_group_options");
  GroupOptions result;
  result.key = key(o);
  check_choice("order", o.order, SHMBUS_ORDER_BY_KEY);
  if (o.backoff_count > std::size(o.backoff)) {
    throw Error(ErrorCode::invalid_option,
                {"backoff_count", "at most 8 times", std::to_string(o.backoff_count), "leave some out"});
  }
  result.window = o.window;
  result.in_flight = o.in_flight;
  result.lease = std::chrono::nanoseconds(o.lease);
  result.lease_most = std::chrono::nanoseconds(o.lease_most);
  result.max_deliveries = o.max_deliveries;
  result.backoff.clear();
  for (std::size_t i = 0; i < o.backoff_count; ++i) result.backoff.emplace_back(o.backoff[i]);
  result.dead_letters = text_or_empty(o.dead_letters);
  result.order = o.order == SHMBUS_ORDER_BY_KEY ? Order::by_key : Order::any;
  result.start = start(o.start, o.start_value, o.start_after);
  result.abandon_after = std::chrono::nanoseconds(o.abandon_after);
  result.wait = wait(o.wait);
  result.name = text_or_empty(o.name);
  return result;
}

}  // namespace shmbus::c
