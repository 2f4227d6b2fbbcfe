#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "event_copy.hpp"
#include "python.hpp"
#include "shmbus/event_reader.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::python {

/// An EventReader, and the types of the topics that it reads.
class ReaderObject {
 public:
  /// *Throws* Error.
  ReaderObject(const std::string& bus, const std::vector<uid_t>& owners, EventReader reader);

  /// Null where there is no event now.
  std::shared_ptr<EventCopy> next();
  template <class Ask>
  auto ask(Ask&& what) {
    const InUse use(in_use_, "event reader");
    const py::gil_scoped_release without;
    return what(reader_);
  }
  std::uint64_t lost() {
    return ask([](EventReader& r) { return r.lost(); });
  }
  bool finished() {
    return ask([](EventReader& r) { return r.finished(); });
  }
  std::vector<TopicProblem> problems() {
    return ask([](EventReader& r) { return r.problems(); });
  }

 private:
  std::shared_ptr<const Type> type_of_topic(const EventId& id);

  Inspector inspector_;  // of its own: the other one may be in use
  EventReader reader_;
  std::unordered_map<std::uint64_t, std::shared_ptr<const Type>> types_;  // by incarnation of the topic
  std::set<std::uint64_t> looked_for_;
  std::chrono::steady_clock::time_point looked_{};
  std::shared_ptr<const Type> raw_ = std::make_shared<const Type>();
  bool in_use_ = false;
};

}  // namespace shmbus::python
