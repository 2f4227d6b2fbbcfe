#include "shmbus/bus.hpp"

#include "base/bus_name.hpp"
#include "base/pattern.hpp"
#include "base/topic_name.hpp"
#include "client/bus_core.hpp"
#include "client/bus_removal.hpp"
#include "client/forget_durable.hpp"
#include "client/group_core.hpp"
#include "client/journal_end.hpp"
#include "client/publisher_core.hpp"
#include "client/subscriber_core.hpp"
#include "platform/signal_wait.hpp"
#include "shmbus/error.hpp"

namespace shmbus {

Bus::Bus(std::shared_ptr<detail::BusCore> core) noexcept : core_(std::move(core)) {}
Bus::Bus(Bus&&) noexcept = default;
Bus& Bus::operator=(Bus&&) noexcept = default;
Bus::~Bus() = default;

Bus Bus::open(std::string_view name, const BusOptions& options) {
  return Bus(std::make_shared<detail::BusCore>(base::BusName(name), options));
}

bool Bus::remove(std::string_view name, Journals journals) {
  const base::BusName bus(name);
  detail::JournalEnd end(bus);
  const bool removed = detail::remove_bus(bus);
  journals == Journals::erase ? end.erase() : end.finish();
  return removed;
}

detail::BusCore& Bus::core() const {
  if (core_) return *core_;
  throw Error(ErrorCode::closed,
              {"Bus", "one that is open", "one that was moved from", "use the Bus that it was moved to"});
}

// A Bus without a core was moved from.
std::string_view Bus::name() const noexcept { return core_ ? core_->registry().bus().text() : std::string_view{}; }
std::uint64_t Bus::incarnation() const noexcept { return core_ ? core_->registry().recorded().incarnation : 0; }
std::uint64_t Bus::node() const noexcept { return core_ ? core_->node().id() : 0; }

TopicInfo Bus::topic(std::string_view name, const TopicOptions& options) {
  return core().open_or_create(base::TopicName(name), options, nullptr).info;
}

std::optional<TopicInfo> Bus::find_topic(std::string_view name) {
  const base::TopicName topic(name);
  core().check_open();
  const auto segment = core().find(topic, platform::Access::read_only);
  return segment ? std::optional(segment->info()) : std::nullopt;
}

bool Bus::remove_topic(std::string_view name, Journals journals) {
  const base::TopicName topic(name);
  detail::JournalEnd end(core(), topic);
  const bool removed = core().remove_topic(topic);
  journals == Journals::erase ? end.erase() : end.finish();
  return removed;
}

Publisher Bus::publisher(std::string_view topic, const TopicOptions& options) {
  return publisher(topic, options, TypeInfo{});
}

Publisher Bus::publisher(std::string_view topic, const TopicOptions& options, const TypeInfo& type) {
  core();
  return Publisher(std::make_unique<detail::PublisherCore>(core_, base::TopicName(topic), options, type));
}

Subscriber Bus::subscriber(std::string_view pattern, const SubscriberOptions& options) {
  core();
  auto core = std::make_shared<detail::SubscriberCore>(core_, base::Pattern(pattern), options);
  core->record_calls();
  return Subscriber(std::move(core));
}

Subscriber Bus::subscriber(std::string_view pattern, const SubscriberOptions& options, const TypeInfo& type) {
  Subscriber subscribed = subscriber(pattern, options);
  // After attaching, which has waited for a process that is just creating the topic.
  check_type(pattern, type);
  return subscribed;
}

void Bus::check_type(std::string_view pattern, const TypeInfo& type) {
  core().check_type(base::Pattern(pattern), type);
}

bool Bus::forget(std::string_view durable) {
  core();
  return detail::forget_durable(*core_, base::DurableName(durable));
}

Group Bus::group(std::string_view topic, std::string_view name, const GroupOptions& options) {
  core();
  return Group(std::make_shared<detail::GroupCore>(core_, base::TopicName(topic), base::GroupName(name), options));
}

bool Bus::remove_group(std::string_view topic, std::string_view name) {
  return detail::remove_group(core(), base::TopicName(topic), base::GroupName(name));
}

int Bus::run_until_signal() {
  const platform::SignalWait wait;
  const std::chrono::nanoseconds longest_sleep(core().registry().recorded().stall_limit_ns);
  for (;;) {
    const std::uint32_t rings = wait.rings();
    if (const int signal = wait.signal(); signal != 0) return signal;
    if (core_->interrupted() || !core_->open()) return 0;
    wait.sleep(rings, longest_sleep);
  }
}

void Bus::interrupt() noexcept {
  if (core_) core_->interrupt();
}
bool Bus::interrupted() const noexcept { return core_ && core_->interrupted(); }
bool Bus::removed() const noexcept { return core_ && core_->registry().removed(); }
ReapReport Bus::reap() { return core().reap(); }

}  // namespace shmbus
