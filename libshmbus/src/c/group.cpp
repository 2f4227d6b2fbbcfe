#include "shmbus/group.hpp"

#include <atomic>
#include <utility>

#include "c/bus.hpp"
#include "c/event_place.hpp"
#include "c/group_options.hpp"
#include "c/option_struct.hpp"
#include "c/topic.hpp"
#include "c/values.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

struct Member {
  Member(std::shared_ptr<Bus> b, Group g) noexcept : bus(std::move(b)), group(std::move(g)) {}
  std::shared_ptr<Bus> bus;
  Group group;
  std::atomic<bool> interrupted{false};

  void interrupt() noexcept {
    interrupted.store(true, std::memory_order_relaxed);
    group.interrupt();
  }
  bool over() const noexcept {
    return interrupted.load(std::memory_order_relaxed) || bus->interrupted() || group.status() == Status::closed;
  }
};

/// Shared, so that one thread may close it while others wait in it.
struct GroupObject {
  static constexpr Kind kKind = Kind::group;
  std::shared_ptr<Member> shared;
};

struct LeaseObject {
  static constexpr Kind kKind = Kind::lease;
  explicit LeaseObject(Lease l) : lease(std::move(l)) { place->show(lease.event()); }
  Lease lease;
  OwnPlace place;  // ends first: it shows the event of the lease
};

/// Calls `work(Member&)`.
template <class Work>
shmbus_status with_group(shmbus_group handle, Work&& work) {
  return guarded([&] {
    const std::shared_ptr<Member> member = share<GroupObject>(handle.number);
    return member == nullptr ? invalid_handle("group") : static_cast<shmbus_status>(work(*member));
  });
}

shmbus_status place_lease(Lease lease, shmbus_lease* handle, const shmbus_event** event) {
  auto object = std::make_unique<LeaseObject>(std::move(lease));
  const shmbus_event* shown = &object->place->shown;
  const shmbus_status status = open_handle(std::move(object), handle->number);
  if (status == SHMBUS_OK && event != nullptr) *event = shown;
  return status;
}

shmbus_status lease_over() noexcept {
  return fail(SHMBUS_INVALID_HANDLE, {"lease", "one that holds an event", "one that has ended, or was never taken",
                                      "end each lease once, and take the next one"});
}

/// Calls `work(LeaseObject&)`, in which the lease can't end.
template <class Work>
shmbus_status with_lease(shmbus_lease handle, Work&& work) {
  return guarded([&] {
    const HandleTable<Kind::lease>::Hold hold(handle.number);
    auto* object = static_cast<LeaseObject*>(hold.object());
    return object == nullptr ? lease_over() : static_cast<shmbus_status>(work(*object));
  });
}

shmbus_status lease_status(Status status, const EventId& event) {
  return status == Status::ok ? static_cast<shmbus_status>(SHMBUS_OK)
                              : fail(status, "lease of event", event.to_string());
}

/// Calls `work(Lease&)`, which ends it. The handle is taken away first: of two calls one finds it.
template <class Work>
shmbus_status end_lease(shmbus_lease handle, Work&& work) {
  return guarded([&] {
    const std::unique_ptr<LeaseObject> object = take<LeaseObject>(handle.number);
    if (object == nullptr) return lease_over();
    object->place->hide();
    const EventId event = object->lease.event().id();
    return lease_status(work(object->lease), event);
  });
}

}  // namespace

}  // namespace shmbus::c

using c::Member;

shmbus_status shmbus_group_open(shmbus_bus bus, const char* topic, const char* name,
                                const shmbus_group_options* options, shmbus_group* group) {
  if (group != nullptr) *group = {};
  return c::guarded([&] {
    const GroupOptions chosen = c::group_options(options);  // first: so its context is released
    if (topic == nullptr) return c::invalid_argument("topic");
    if (name == nullptr) return c::invalid_argument("name");
    if (group == nullptr) return c::invalid_argument("group");
    const std::shared_ptr<Bus> member_of = c::share<c::BusObject>(bus.number);
    if (member_of == nullptr) return c::invalid_handle("bus");
    auto object = std::make_unique<c::GroupObject>();
    object->shared = std::make_shared<Member>(member_of, member_of->group(topic, name, chosen));
    return c::open_handle(std::move(object), group->number);
  });
}

shmbus_status shmbus_group_close(shmbus_group group) {
  return c::guarded([&] {
    const auto object = c::take<c::GroupObject>(group.number);
    if (object == nullptr) return c::invalid_handle("group");
    if (object->shared.use_count() > 1)
      object->shared->interrupt();  // the last thread that takes then leaves the group
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_group_take(shmbus_group group, int64_t timeout, shmbus_lease* lease, const shmbus_event** event) {
  if (event != nullptr) *event = nullptr;
  if (lease == nullptr) return c::invalid_argument("lease");
  *lease = {};
  return c::with_group(group, [&](Member& m) {
    if (Lease taken = m.group.take(c::timeout(timeout).length())) return c::place_lease(std::move(taken), lease, event);
    const bool closed = timeout == SHMBUS_FOREVER || m.over();
    return c::fail(closed ? Status::closed : Status::timed_out, "group", m.group.name());
  });
}

shmbus_status shmbus_group_try_take(shmbus_group group, shmbus_lease* lease, const shmbus_event** event) {
  if (event != nullptr) *event = nullptr;
  if (lease == nullptr) return c::invalid_argument("lease");
  *lease = {};
  return c::with_group(group, [&](Member& m) {
    if (Lease taken = m.group.try_take()) return c::place_lease(std::move(taken), lease, event);
    return m.over() ? c::fail(Status::closed, "group", m.group.name()) : static_cast<shmbus_status>(SHMBUS_NOTHING);
  });
}

shmbus_status shmbus_group_interrupt(shmbus_group group) {
  const c::HandleTable<c::Kind::group>::Hold hold(group.number);
  if (hold.object() == nullptr) return SHMBUS_INVALID_HANDLE;  // without a text: it must be async-signal-safe
  static_cast<c::GroupObject*>(hold.object())->shared->interrupt();
  return SHMBUS_OK;
}

shmbus_status shmbus_group_status(shmbus_group group) {
  return c::with_group(group, [&](Member& m) {
    const Status status = m.group.status();
    return status == Status::ok ? static_cast<shmbus_status>(SHMBUS_OK) : c::fail(status, "group", m.group.name());
  });
}

shmbus_status shmbus_group_info_of(shmbus_group group, shmbus_group_info* info) {
  if (info == nullptr) return c::invalid_argument("info");
  return c::with_group(group, [&](Member& m) {
    shmbus_group_info result SHMBUS_GROUP_INFO_INIT;
    c::copy(m.group.topic(), result.topic);
    c::copy(m.group.name(), result.name);
    result.lost = m.group.lost();
    result.cautious = m.group.cautious();
    c::copy(c::different_text(m.group.different()), result.different);
    c::write_result(result, info, "shmbus_group_info");
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_group_remove(shmbus_bus bus, const char* topic, const char* name, bool* existed) {
  if (topic == nullptr) return c::invalid_argument("topic");
  if (name == nullptr) return c::invalid_argument("name");
  return c::with_bus(bus, [&](Bus& b) {
    const bool was = b.remove_group(topic, name);
    if (existed != nullptr) *existed = was;
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_lease_acknowledge(shmbus_lease lease) {
  return c::end_lease(lease, [](Lease& l) { return l.acknowledge(); });
}

shmbus_status shmbus_lease_give_back(shmbus_lease lease) {
  return c::end_lease(lease, [](Lease& l) { return l.give_back(); });
}

shmbus_status shmbus_lease_give_back_after(shmbus_lease lease, int64_t delay) {
  return c::end_lease(lease, [&](Lease& l) { return l.give_back(c::timeout(delay).length()); });
}

shmbus_status shmbus_lease_reject(shmbus_lease lease, const char* reason) {
  return c::end_lease(lease, [&](Lease& l) { return l.reject(reason != nullptr ? reason : ""); });
}

shmbus_status shmbus_lease_extend(shmbus_lease lease, int64_t time) {
  return c::with_lease(lease, [&](c::LeaseObject& object) {
    return c::lease_status(object.lease.extend(c::timeout(time).length()), object.lease.event().id());
  });
}

shmbus_status shmbus_lease_event(shmbus_lease lease, const shmbus_event** event) {
  if (event == nullptr) return c::invalid_argument("event");
  *event = nullptr;
  return c::with_lease(lease, [&](c::LeaseObject& object) {
    *event = &object.place->shown;
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_lease_deliveries(shmbus_lease lease, uint32_t* deliveries) {
  if (deliveries == nullptr) return c::invalid_argument("deliveries");
  *deliveries = 0;
  return c::with_lease(lease, [&](c::LeaseObject& object) {
    *deliveries = object.lease.deliveries();
    return SHMBUS_OK;
  });
}
