#include "c/bus.hpp"

#include "c/option_struct.hpp"
#include "c/values.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

BusOptions bus_options(const shmbus_bus_options* options) {
  const shmbus_bus_options o = given(options, shmbus_bus_options SHMBUS_BUS_OPTIONS_INIT, "shmbus_bus_options");
  check_choice("record", o.record, SHMBUS_RECORD_ALL);
  BusOptions result{.mode = o.mode,
                    .group = text_or_empty(o.group),
                    .owners = owners(o.owners, o.owner_count),
                    .stall_limit = std::chrono::nanoseconds(o.stall_limit),
                    .create = !o.attach_only,
                    .causes = !o.no_causes,
                    .journals = text_or_empty(o.journals),
                    .record = o.record == SHMBUS_RECORD_NONE  ? Record::none
                              : o.record == SHMBUS_RECORD_ALL ? Record::all
                                                              : Record::own};
  if (o.low_space != 0) result.low_space = o.low_space;
  return result;
}

}  // namespace

}  // namespace shmbus::c

shmbus_status shmbus_bus_open(const char* name, const shmbus_bus_options* options, shmbus_bus* bus) {
  if (name == nullptr) return c::invalid_argument("name");
  if (bus == nullptr) return c::invalid_argument("bus");
  *bus = {};
  return c::guarded([&] {
    auto object = std::make_unique<c::BusObject>();
    object->shared = std::make_shared<Bus>(Bus::open(name, c::bus_options(options)));
    return c::open_handle(std::move(object), bus->number);
  });
}

shmbus_status shmbus_bus_close(shmbus_bus bus) {
  return c::guarded([&] { return c::take<c::BusObject>(bus.number) ? SHMBUS_OK : c::invalid_handle("bus"); });
}

shmbus_status shmbus_bus_remove(const char* name, bool erase_journals, bool* existed) {
  if (name == nullptr) return c::invalid_argument("name");
  return c::guarded([&] {
    const bool was = Bus::remove(name, erase_journals ? Journals::erase : Journals::keep);
    if (existed != nullptr) *existed = was;
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_bus_info_of(shmbus_bus bus, shmbus_bus_info* info) {
  if (info == nullptr) return c::invalid_argument("info");
  return c::with_bus(bus, [&](Bus& b) {
    shmbus_bus_info result SHMBUS_BUS_INFO_INIT;
    b.name().copy(result.name, sizeof result.name - 1);
    result.incarnation = b.incarnation();
    result.node = b.node();
    result.interrupted = b.interrupted();
    result.removed = b.removed();
    c::write_result(result, info, "shmbus_bus_info");
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_bus_interrupt(shmbus_bus bus) {
  const c::HandleTable<c::Kind::bus>::Hold hold(bus.number);
  if (hold.object() == nullptr) return SHMBUS_INVALID_HANDLE;  // without a text: it must be async-signal-safe
  static_cast<c::BusObject*>(hold.object())->shared->interrupt();
  return SHMBUS_OK;
}

shmbus_status shmbus_bus_run_until_signal(shmbus_bus bus, int* signal) {
  return c::with_bus(bus, [&](Bus& b) {
    const int number = b.run_until_signal();
    if (signal != nullptr) *signal = number;
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_bus_reap(shmbus_bus bus, shmbus_reaped* reaped) {
  return c::with_bus(bus, [&](Bus& b) {
    const ReapReport report = b.reap();
    if (reaped != nullptr) {
      const shmbus_reaped result{sizeof(shmbus_reaped), report.nodes,         report.publishers,
                                 report.subscribers,    report.subscriptions, report.segments};
      c::write_result(result, reaped, "shmbus_reaped");
    }
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_bus_forget(shmbus_bus bus, const char* durable, bool* existed) {
  if (durable == nullptr) return c::invalid_argument("durable");
  return c::with_bus(bus, [&](Bus& b) {
    const bool was = b.forget(durable);
    if (existed != nullptr) *existed = was;
    return SHMBUS_OK;
  });
}
