#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

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

/// One process's membership of a bus: a node. Movable. May be shared by threads. Everything it gave out detaches when
/// it and they are destroyed; the bus and its events stay. One that was moved from has no name, and what may throw
/// throws Error, `closed`.
class [[nodiscard]] Bus {
 public:
  /// Creates the bus, or attaches to it. Names are `[A-Za-z0-9_-]{1,32}`. Throws Error.
  static Bus open(std::string_view name, const BusOptions& options = {});

  /// Unlinks everything of a bus. Live members keep what they mapped and are told: publishing returns `closed`. False
  /// if there was no such bus. Throws Error where it may not.
  static bool remove(std::string_view name);

  Bus(Bus&&) noexcept;
  Bus& operator=(Bus&&) noexcept;
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;
  ~Bus();

  std::string_view name() const noexcept;
  /// A random number that is new each time the bus is created: sequences compare only within one.
  std::uint64_t incarnation() const noexcept;
  /// This node's id, never given twice within the incarnation.
  std::uint64_t node() const noexcept;

  /// Creates a topic ahead of its first publisher, or adopts it as it is: `TopicInfo::different` then tells which of
  /// the options it does not have. Leaves open what it carries. Throws Error.
  TopicInfo topic(std::string_view name, const TopicOptions& options = {});
  /// What is recorded of an existing topic.
  std::optional<TopicInfo> find_topic(std::string_view name);
  /// Unlinks one topic. Its publishers are told `closed`; loans that are open may still be committed. Subscribers that
  /// have attached it read it to its end; for one that has not yet, its events are gone. False if there is no such topic.
  bool remove_topic(std::string_view name);

  /// A publisher of raw bytes. The first publisher of a topic decides whether it carries raw bytes or one type. Throws
  /// Error, for example `type_mismatch` where the topic carries a type and does not accept raw bytes
  /// (`TopicOptions::accept_raw`), or `busy` on an exclusive topic that has a publisher.
  Publisher publisher(std::string_view topic, const TopicOptions& options = {});
  /// A publisher of one type; refused with `type_mismatch` where the topic carries another, or raw bytes.
  template <Publishable T>
  TypedPublisher<T> publisher(std::string_view topic, const TopicOptions& options = {}) {
    return TypedPublisher<T>(publisher(topic, options, type_info<T>));
  }
  /// A publisher of bytes that are values of `type`, for those that know it only at run time.
  Publisher publisher(std::string_view topic, const TopicOptions& options, const TypeInfo& type);

  /// A subscriber of every topic that matches: tokens joined by dots, `*` for one token, `>` for the rest. Throws
  /// Error.
  Subscriber subscriber(std::string_view pattern, const SubscriberOptions& options = {});
  /// A subscriber of one type. Throws Error, for example `type_mismatch` where `pattern` is the name of a topic that
  /// carries another type, or raw bytes. Topics that a pattern with wildcards matches, and topics that are decided
  /// later, are attached whatever they carry: events of another shape are counted in `TypedSubscriber::mismatched`.
  template <Publishable T>
  TypedSubscriber<T> subscriber(std::string_view pattern, const SubscriberOptions& options = {}) {
    return TypedSubscriber<T>(subscriber(pattern, options, type_info<T>));
  }
  /// The same check, for those that know the type only at run time; events are handed out whatever they are.
  Subscriber subscriber(std::string_view pattern, const SubscriberOptions& options, const TypeInfo& type);

  /// Calls the handler for each event, on worker threads of its own. Throws Error, `invalid_option` where the handler
  /// is empty. The handler may be called before this returns.
  [[nodiscard]] Subscription subscribe(std::string_view pattern, Handler handler, const DispatchOptions& options = {});
  /// The same with one worker: `subscribe("video.>", handler, {.delivery = Delivery::reliable})`.
  template <std::same_as<SubscriberOptions> Options = SubscriberOptions>  // a template, so that `{}` is no question
  [[nodiscard]] Subscription subscribe(std::string_view pattern, Handler handler, const Options& options) {
    return subscribe(pattern, std::move(handler), DispatchOptions{.subscriber = options});
  }

  /// The same for values of one type: `handler(const T&)` or `handler(const T&, const Event&)`. Throws Error, for
  /// example `type_mismatch` where `pattern` is the name of a topic that carries another type, or raw bytes. Otherwise
  /// as `subscriber<T>`: an event of another shape is skipped, counted (`SubscriberSnapshot::mismatched`, `shmbus
  /// ports`), and reported on standard error, at most once a second.
  ///
  /// *Requires* a handler that can be copied; with several workers they call the same one.
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

  /// Waits until the process gets SIGINT or SIGTERM, and returns that number; or until this Bus is interrupted, or its
  /// bus removed, and returns 0. For a `main` whose work its subscriptions do:
  ///
  ///     const auto badges = bus.subscribe("video.>", handler);
  ///     return bus.run_until_signal() == 0;
  ///
  /// Meanwhile both signals are caught, whichever thread gets them, and are unblocked in this one; on return all is as
  /// it was, so a second Ctrl-C ends the process. A signal that was ignored (nohup) stays so. A removal is noticed
  /// within the bus's stall limit. Nothing is ended by this: destroying the subscriptions and the Bus is. Any thread.
  int run_until_signal();

  /// Makes every waiting publish, wait and worker of this Bus return, now and from now on. Async-signal-safe.
  void interrupt() noexcept;
  bool interrupted() const noexcept;

  /// True once the bus was removed.
  bool removed() const noexcept;

  /// Finishes what dead nodes left: claims, pins, ports, entries. Anybody's slow path does it when in the way; this
  /// does all.
  ReapReport reap();

 private:
  explicit Bus(std::shared_ptr<detail::BusCore> core) noexcept;
  detail::BusCore& core() const;
  void check_type(std::string_view pattern, const TypeInfo& type);
  std::shared_ptr<detail::BusCore> core_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
