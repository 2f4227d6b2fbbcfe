#pragma once

#include <memory>
#include <optional>

#include "event.hpp"
#include "python.hpp"
#include "shmbus/subscriber.hpp"
#include "type.hpp"

namespace shmbus::python {

class SubscriberObject {
 public:
  SubscriberObject(Subscriber subscriber, Type type)
      : subscriber_(std::move(subscriber)), type_(std::move(type)), pattern_(subscriber_->pattern()) {}
  ~SubscriberObject();

  std::size_t poll(const py::function& handler, std::size_t limit);
  /// Null where there is no event now.
  std::shared_ptr<EventObject> next();
  bool wait(py::handle timeout);
  bool acknowledge(EventObject& event);
  void close();
  void interrupt() { get().interrupt(), interrupted_ = true; }
  bool interrupted() const noexcept { return interrupted_; }
  bool closed() const noexcept { return !subscriber_; }
  std::uint64_t mismatched() const noexcept { return mismatched_; }
  /// *Throws* Failure once it is closed.
  Subscriber& get();

 private:
  bool wants(const Event& event);
  void end_event() noexcept;

  std::optional<Subscriber> subscriber_;
  Type type_;
  std::string pattern_;
  std::optional<Event> held_;  // the event that `next` returned, and what Python has of it
  std::shared_ptr<EventObject> current_;
  std::uint64_t mismatched_ = 0;
  bool in_use_ = false, interrupted_ = false;
};

std::string status_name(Status status);
py::list unattached(const std::vector<UnattachedTopic>& topics);

}  // namespace shmbus::python
