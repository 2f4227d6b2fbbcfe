#pragma once

#include <memory>
#include <string>
#include <utility>

#include "python.hpp"
#include "shmbus/snapshot.hpp"
#include "type.hpp"

namespace shmbus::python {

/// The type that a topic records; without a name that of raw bytes.
Type topic_type(const TopicInfo& topic);

/// An event that was copied, and the type that its topic records.
class EventCopy {
 public:
  EventCopy(EventSnapshot event, std::shared_ptr<const Type> type) : event_(std::move(event)), type_(std::move(type)) {}
  const EventSnapshot& event() const noexcept { return event_; }
  const Type& type() const noexcept { return *type_; }
  std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(event_.payload.data()), event_.payload.size()};
  }
  /// As a Struct; as the recorded type for None. *Throws* Error, `type_mismatch`.
  py::object value(py::handle type) const;

 private:
  EventSnapshot event_;
  std::shared_ptr<const Type> type_;
};

}  // namespace shmbus::python
