#include "shmbus/subscriber.hpp"

#include <optional>
#include <utility>

#include "c/bus.hpp"
#include "c/event_place.hpp"
#include "c/option_struct.hpp"
#include "c/snapshot_json.hpp"
#include "c/subscriber_options.hpp"
#include "c/typed_events.hpp"
#include "c/values.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

struct SubscriberObject {
  static constexpr Kind kKind = Kind::subscriber;
  SubscriberObject(Subscriber s, WantedType t) : subscriber(std::move(s)), type(std::move(t)) {}
  OwnPlace place;
  std::optional<Subscriber> subscriber;  // nothing: closed in its own handler
  WantedType type;
  std::optional<Event> next;  // what shmbus_subscriber_next returned
  std::uint64_t mismatched = 0;
  bool polling = false;
  std::string unattached;

  void end_next() noexcept {
    if (!next) return;
    place->hide();
    next.reset();
  }
};

/// Thrown by the function that hands an event to the handler, to end the poll.
struct EndPoll {};

/// While a poll runs its object may be closed: it then ends here.
class Polling {
 public:
  explicit Polling(SubscriberObject& object) noexcept : object_(&object) { object.polling = true; }
  Polling(const Polling&) = delete;
  Polling& operator=(const Polling&) = delete;
  ~Polling() {
    object_->place->hide();
    object_->polling = false;
    if (!object_->subscriber) delete object_;
  }

 private:
  SubscriberObject* object_;
};

shmbus_status nested(const SubscriberObject& object) {
  return fail(SHMBUS_BUSY,
              {"subscriber of '" + std::string(object.subscriber ? object.subscriber->pattern() : "") + "'",
               "no poll inside its own handler", "one", "return from the handler first"});
}

/// Calls `work(SubscriberObject&)`.
template <class Work>
shmbus_status with_subscriber(shmbus_subscriber handle, Work&& work) {
  return guarded([&] {
    auto* object = find<SubscriberObject>(handle.number);
    return object == nullptr ? invalid_handle("subscriber") : static_cast<shmbus_status>(work(*object));
  });
}

}  // namespace

}  // namespace shmbus::c

using c::SubscriberObject;

shmbus_status shmbus_subscriber_open(shmbus_bus bus, const char* pattern, const shmbus_subscriber_options* options,
                                     const shmbus_type* type, shmbus_subscriber* subscriber) {
  if (pattern == nullptr) return c::invalid_argument("pattern");
  if (subscriber == nullptr) return c::invalid_argument("subscriber");
  *subscriber = {};
  return c::with_bus(bus, [&](Bus& b) {
    c::WantedType wanted(type);
    const SubscriberOptions chosen = c::subscriber_options(options);
    Subscriber made = wanted.any() ? b.subscriber(pattern, chosen) : b.subscriber(pattern, chosen, wanted.info());
    return c::open_handle(std::make_unique<SubscriberObject>(std::move(made), std::move(wanted)), subscriber->number);
  });
}

shmbus_status shmbus_subscriber_close(shmbus_subscriber subscriber) {
  return c::guarded([&] {
    std::unique_ptr<SubscriberObject> object = c::take<SubscriberObject>(subscriber.number);
    if (object == nullptr) return c::invalid_handle("subscriber");
    object->end_next();
    object->subscriber.reset();
    if (object->polling) static_cast<void>(object.release());  // Polling ends it
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

namespace shmbus::c {

namespace {

shmbus_status poll(SubscriberObject& object, shmbus_handler handler, void* context, std::size_t limit,
                   std::size_t& count) {
  if (object.polling) return nested(object);
  object.end_next();
  EventPlace& place = *object.place;
  const Polling polling(object);
  try {
    if (object.type.any()) [[likely]] {
      object.subscriber->poll(
          [&](const Event& event) {
            place.show(event);
            ++count;
            if (handler(&place.shown, context) != 0) [[unlikely]]
              throw EndPoll();
          },
          limit);
    } else {
      object.subscriber->poll(
          [&](const Event& event) {
            ++count;
            if (!object.type.take(event)) {
              ++object.mismatched;
              return;
            }
            place.show(event);
            if (handler(&place.shown, context) != 0) throw EndPoll();
          },
          limit);
    }
  } catch (const EndPoll&) {
    return fail(SHMBUS_HANDLER_FAILED, {"poll", "a handler that returns 0", "another result", "see the handler"});
  }
  return SHMBUS_OK;
}

}  // namespace

}  // namespace shmbus::c

shmbus_status shmbus_subscriber_poll(shmbus_subscriber subscriber, shmbus_handler handler, void* context, size_t limit,
                                     size_t* events) {
  if (events != nullptr) *events = 0;
  auto* object = c::find<SubscriberObject>(subscriber.number);
  if (object == nullptr) return c::invalid_handle("subscriber");
  if (handler == nullptr) return c::invalid_argument("handler");
  std::size_t count = 0;
  const shmbus_status status = c::guarded([&] { return c::poll(*object, handler, context, limit, count); });
  if (events != nullptr) *events = count;
  return status;
}

shmbus_status shmbus_subscriber_next(shmbus_subscriber subscriber, const shmbus_event** event) {
  if (event == nullptr) return c::invalid_argument("event");
  *event = nullptr;
  return c::with_subscriber(subscriber, [&](SubscriberObject& object) {
    if (object.polling) return c::nested(object);
    object.end_next();
    constexpr int kMaxSkipped = 256;  // of another type, in one call
    for (int i = 0; i < kMaxSkipped; ++i) {
      // The reader stays in the event's block until its next poll.
      if (object.subscriber->poll([&](const Event& e) { object.next.emplace(e); }, 1) == 0) break;
      if (object.type.take(*object.next)) {
        object.place->show(*object.next);
        *event = &object.place->shown;
        return static_cast<shmbus_status>(SHMBUS_OK);
      }
      ++object.mismatched;
      object.next.reset();
    }
    return static_cast<shmbus_status>(SHMBUS_NOTHING);
  });
}

shmbus_status shmbus_subscriber_wait(shmbus_subscriber subscriber, int64_t timeout) {
  return c::with_subscriber(subscriber, [&](SubscriberObject& object) {
    if (object.polling) return c::nested(object);
    object.end_next();
    const auto begin = std::chrono::steady_clock::now();
    if (object.subscriber->wait(c::timeout(timeout).length())) return static_cast<shmbus_status>(SHMBUS_OK);
    const bool passed =
        timeout != SHMBUS_FOREVER && std::chrono::steady_clock::now() - begin >= c::timeout(timeout).length();
    return c::fail(passed ? Status::timed_out : Status::closed, "subscriber of", object.subscriber->pattern());
  });
}

shmbus_status shmbus_subscriber_interrupt(shmbus_subscriber subscriber) {
  const c::HandleTable<c::Kind::subscriber>::Hold hold(subscriber.number);
  if (hold.object() == nullptr) return SHMBUS_INVALID_HANDLE;  // without a text: it must be async-signal-safe
  static_cast<SubscriberObject*>(hold.object())->subscriber->interrupt();
  return SHMBUS_OK;
}

shmbus_status shmbus_subscriber_descriptor(shmbus_subscriber subscriber, int* descriptor) {
  if (descriptor == nullptr) return c::invalid_argument("descriptor");
  *descriptor = -1;
  return c::with_subscriber(subscriber, [&](SubscriberObject& object) {
    *descriptor = object.subscriber->fd();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_subscriber_acknowledge(shmbus_subscriber subscriber, const shmbus_event* event) {
  if (event == nullptr) return c::invalid_argument("event");
  return c::with_subscriber(subscriber, [&](SubscriberObject& object) {
    const c::EventPlace* place = c::EventPlace::find(event);
    if (place == nullptr) return c::invalid_handle("event");
    if (object.subscriber->acknowledge(*place->event)) return static_cast<shmbus_status>(SHMBUS_OK);
    return c::fail(SHMBUS_NOT_FOUND, {"event " + place->event->id().to_string(), "one that this subscriber handed out",
                                      "another one", "acknowledge it where it came from"});
  });
}

shmbus_status shmbus_subscriber_status(shmbus_subscriber subscriber) {
  return c::with_subscriber(subscriber, [&](SubscriberObject& object) {
    const Status status = object.subscriber->status();
    return status == Status::ok ? static_cast<shmbus_status>(SHMBUS_OK)
                                : c::fail(status, "subscriber of", object.subscriber->pattern());
  });
}

shmbus_status shmbus_subscriber_counts_of(shmbus_subscriber subscriber, shmbus_subscriber_counts* counts) {
  if (counts == nullptr) return c::invalid_argument("counts");
  return c::with_subscriber(subscriber, [&](SubscriberObject& object) {
    const Subscriber& s = *object.subscriber;
    shmbus_subscriber_counts result SHMBUS_SUBSCRIBER_COUNTS_INIT;
    result.delivered = s.delivered();
    result.lost = s.lost();
    result.mismatched = object.mismatched;
    result.topics = s.topics();
    result.demoted = s.demoted();
    result.standing_by = s.standing_by();
    c::write_result(result, counts, "shmbus_subscriber_counts");
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_subscriber_unattached(shmbus_subscriber subscriber, const char** json) {
  if (json == nullptr) return c::invalid_argument("json");
  *json = "";
  return c::with_subscriber(subscriber, [&](SubscriberObject& object) {
    object.unattached = c::json_of(object.subscriber->unattached());
    *json = object.unattached.c_str();
    return SHMBUS_OK;
  });
}
