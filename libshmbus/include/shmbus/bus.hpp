#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "shmbus/detail/layout_tag.hpp"
#include "shmbus/dispatch_options.hpp"
#include "shmbus/group.hpp"
#include "shmbus/options.hpp"
#include "shmbus/publisher.hpp"
#include "shmbus/subscriber.hpp"
#include "shmbus/subscription.hpp"
#include "shmbus/topic_info.hpp"
#include "shmbus/type_info.hpp"
#include "shmbus/typed_subscriber.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

namespace detail {
class BusCore;
}

/// What `Bus::reap` found and freed.
struct ReapReport {
  std::size_t nodes = 0;          ///< table entries of dead nodes
  std::size_t publishers = 0;     ///< publisher ports, their claims finished
  std::size_t subscribers = 0;    ///< subscriber ports, their pins cleared
  std::size_t subscriptions = 0;  ///< standing subscriptions
  std::size_t segments = 0;  ///< files of topics whose creator or remover died half-way, and topics of an earlier bus
};

/// One process's membership of a bus: a node. Movable; threads may share it. Publishers, subscribers and subscriptions
/// keep the membership open until they and the Bus are destroyed. The bus and its events stay. A Bus that was moved
/// from has no name; its functions that may throw then throw Error, `closed`.
class [[nodiscard]] Bus {
 public:
  /// Creates the bus, or attaches to it. Names are `[A-Za-z0-9_-]{1,32}`. *Throws* Error.
  SHMBUS_LAYOUT_TAG static Bus open(std::string_view name, const BusOptions& options = {});

  /// Removes a bus: unlinks all its files. Living members keep their mappings, and their publishing returns `closed`.
  /// What its rings hold for journals is recorded first; the journals stay, unless told otherwise. Returns false if there
  /// was no such bus. *Throws* Error where the right to remove it is missing.
  static bool remove(std::string_view name, Journals journals = Journals::keep);

  Bus(Bus&&) noexcept;
  Bus& operator=(Bus&&) noexcept;
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  ~Bus();

  std::string_view name() const noexcept;
  /// Returns a random number that is new each time the bus is created. Sequences are comparable only within one
  /// incarnation.
  std::uint64_t incarnation() const noexcept;
  /// Returns this node's id, never used twice within the incarnation.
  std::uint64_t node() const noexcept;

  /// Creates a topic before its first publisher, or adopts an existing topic as it is: `TopicInfo::different` then
  /// lists the options that it does not have. Does not decide the topic's type. *Throws* Error.
  TopicInfo topic(std::string_view name, const TopicOptions& options = {});
  /// Returns what is recorded of an existing topic; nothing where there is no such topic.
  std::optional<TopicInfo> find_topic(std::string_view name);
  /// Removes one topic: unlinks its files. Its publishers get `closed`; open loans may still be committed. Subscribers
  /// that have attached the topic read it to its end; for one that has not, its events are lost. Returns false if there
  /// is no such topic. Its journal stays, unless told otherwise: a topic that is made anew goes on with its numbering.
  bool remove_topic(std::string_view name, Journals journals = Journals::keep);

  /// Creates a publisher of raw bytes. The first publisher of a topic decides whether it carries raw bytes or one type.
  /// *Throws* Error, for example `type_mismatch` where the topic carries a type and does not accept raw bytes
  /// (`TopicOptions::accept_raw`), or `busy` where an exclusive topic has a publisher.
  Publisher publisher(std::string_view topic, const TopicOptions& options = {});
  /// Creates a publisher of one type. *Throws* Error, for example `type_mismatch` where the topic carries another type
  /// or raw bytes.
  template <Publishable T>
  TypedPublisher<T> publisher(std::string_view topic, const TopicOptions& options = {}) {
    return TypedPublisher<T>(publisher(topic, options, type_info<T>));
  }
  /// Creates a publisher of bytes that are values of `type`, for programs that know the type only at run time.
  Publisher publisher(std::string_view topic, const TopicOptions& options, const TypeInfo& type);

  /// Creates a subscriber of every matching topic. A pattern is tokens joined by dots, `*` for one token, `>` for the
  /// rest. *Throws* Error.
  Subscriber subscriber(std::string_view pattern, const SubscriberOptions& options = {});
  /// Creates a subscriber of one type. *Throws* Error, for example `type_mismatch` where `pattern` is the name of a
  /// topic that carries another type or raw bytes. A topic that a wildcard matches, or whose type is decided later, is
  /// attached whatever it carries: events of another type are counted in `TypedSubscriber::mismatched`.
  template <Publishable T>
  TypedSubscriber<T> subscriber(std::string_view pattern, const SubscriberOptions& options = {}) {
    return TypedSubscriber<T>(subscriber(pattern, options, type_info<T>));
  }
  /// Makes the same check, for programs that know the type only at run time. Events are handed out whatever their type.
  Subscriber subscriber(std::string_view pattern, const SubscriberOptions& options, const TypeInfo& type);

  /// Forgets a durable subscription: its name, pattern and positions (SubscriberOptions::durable). Returns false where
  /// there is no such name. *Throws* Error, for example `busy` where a subscriber holds the name, or `invalid_name`.
  bool forget(std::string_view durable);

  /// Joins a group: a work queue over one topic. The first member creates it. *Throws* Error, for example `invalid_option`,
  /// or `limit` where the group has 64 members.
  Group group(std::string_view topic, std::string_view name, const GroupOptions& options = {});
  /// Removes a group with its leases and its place in the topic. Returns false where there is none. *Throws* Error, for
  /// example `busy` where it has a living member.
  bool remove_group(std::string_view topic, std::string_view name);

  /// Calls the handler for each event, on worker threads of its own. The handler may be called before this function
  /// returns. *Throws* Error, for example `invalid_option` where the handler is empty.
  [[nodiscard]] Subscription subscribe(std::string_view pattern, Handler handler, const DispatchOptions& options = {});
  /// Makes the same check as `subscribe<T>`, for programs that know the type only at run time. The handler gets events
  /// whatever their type: see Event::is.
  [[nodiscard]] Subscription subscribe(std::string_view pattern, Handler handler, const DispatchOptions& options,
                                       const TypeInfo& type) {
    check_type(pattern, type);
    return subscribe(pattern, std::move(handler), options);
  }
  /// Does the same with one worker: `subscribe("video.>", handler, {.delivery = Delivery::reliable})`.
  template <std::same_as<SubscriberOptions> Options = SubscriberOptions>  // a template, so that `{}` is not ambiguous
  [[nodiscard]] Subscription subscribe(std::string_view pattern, Handler handler, const Options& options) {
    return subscribe(pattern, std::move(handler), DispatchOptions{.subscriber = options});
  }

  /// Does the same for values of one type: `handler(const T&)` or `handler(const T&, const Event&)`. Topics are
  /// attached as by `subscriber<T>`. An event of another type is skipped, counted (`SubscriberSnapshot::mismatched`,
  /// `shmbus ports`), and reported on standard error at most once per second. *Throws* Error, for example
  /// `type_mismatch` where `pattern` is the name of a topic that carries another type or raw bytes.
  ///
  /// *Requires* a handler that can be copied. Several workers call the same handler.
  template <Publishable T, TypedHandler<T> F>
  [[nodiscard]] Subscription subscribe(std::string_view pattern, F handler, const DispatchOptions& options = {}) {
    check_type(pattern, type_info<T>);
    return subscribe(pattern, Handler([handler = std::move(handler)](const Event& event) mutable {
                       detail::hand_out<T>(handler, event);
                     }),
                     options);
  }
  template <Publishable T, std::same_as<SubscriberOptions> Options = SubscriberOptions, TypedHandler<T> F>
  [[nodiscard]] Subscription subscribe(std::string_view pattern, F handler, const Options& options) {
    return subscribe<T>(pattern, std::move(handler), DispatchOptions{.subscriber = options});
  }

  /// Waits until the process gets SIGINT or SIGTERM, and returns the signal's number. Returns 0 when this Bus is
  /// interrupted or its bus is removed. For a `main` whose subscriptions do the work:
  ///
  ///     const auto badges = bus.subscribe("video.>", handler);
  ///     return bus.run_until_signal() == 0;
  ///
  /// During the wait both signals are caught, whichever thread gets them, and are unblocked in this thread. On return
  /// the former settings are restored, so a second Ctrl-C ends the process. A signal that was ignored (nohup) stays
  /// ignored. A removal is noticed within the bus's stall limit. This function ends no subscription: destroy the
  /// subscriptions and the Bus for that. Any thread.
  int run_until_signal();

  /// Makes every waiting publish, wait and worker of this Bus return, now and in the future. Async-signal-safe.
  void interrupt() noexcept;
  bool interrupted() const noexcept;

  /// Returns whether the bus was removed.
  bool removed() const noexcept;

  /// Cleans up everything that dead nodes left: claims, pins, ports and entries. The slow paths of publishers and
  /// subscribers clean up only what hinders them.
  ReapReport reap();

 private:
  explicit Bus(std::shared_ptr<detail::BusCore> core) noexcept;
  detail::BusCore& core() const;
  void check_type(std::string_view pattern, const TypeInfo& type);
  std::shared_ptr<detail::BusCore> core_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
