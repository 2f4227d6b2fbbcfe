#include <pybind11/stl.h>

#include <functional>
#include <map>
#include <stdexcept>

#include "event.hpp"
#include "topic.hpp"

namespace shmbus::python {

namespace {

/// Takes options out of a dict of keyword arguments.
class Keywords {
 public:
  explicit Keywords(const py::dict& given) : left_(given.attr("copy")()) {}

  /// Calls `set(value)` where the option was given and is not None.
  template <class Set>
  void take(const char* name, Set&& set) {
    if (!left_.contains(name)) return;
    const py::object value = left_.attr("pop")(name);
    if (!value.is_none()) set(value);
  }
  template <class Value>
  void number(const char* name, Value& to) {
    take(name, [&](const py::object& value) {
      try {
        to = py::cast<Value>(value);
      } catch (const py::cast_error&) {
        throw py::type_error(std::string(name) +
                             ": a value of this type is not possible: " + std::string(py::repr(value)));
      }
    });
  }
  void seconds(const char* name, std::chrono::nanoseconds& to) {
    take(name, [&](const py::object& value) { to = timeout(value).length(); });
  }
  template <class Choice>
  void choice(const char* name, Choice& to, const std::map<std::string, Choice>& choices) {
    take(name, [&](const py::object& value) {
      const auto chosen = PyUnicode_Check(value.ptr()) ? choices.find(py::cast<std::string>(value)) : choices.end();
      if (chosen != choices.end()) {
        to = chosen->second;
        return;
      }
      std::string names;
      for (const auto& [choice_name, unused] : choices) names += (names.empty() ? "'" : ", '") + choice_name + "'";
      throw Error(ErrorCode::invalid_option,
                  {name, "one of " + names, std::string(py::repr(value)), "choose one of them"});
    });
  }
  /// *Throws* TypeError where options are left.
  void end(const char* what) const {
    for (const auto& item : left_) {
      throw py::type_error(std::string(what) + ": there is no option '" + py::cast<std::string>(py::str(item.first)) +
                           "'");
    }
  }

 private:
  py::dict left_;
};

const std::map<std::string, Journal::Kind> kJournals = {{"none", Journal::Kind::none},
                                                        {"page_cache", Journal::Kind::page_cache},
                                                        {"interval", Journal::Kind::interval},
                                                        {"batch", Journal::Kind::batch}};

const std::map<std::string, WaitStrategy> kWaits = {
    {"balanced", WaitStrategy::balanced()}, {"spin", WaitStrategy::spin()}, {"sleep", WaitStrategy::sleep()}};

std::vector<std::chrono::nanoseconds> times_of(const py::object& value, const char* name) {
  std::vector<std::chrono::nanoseconds> times;
  if (PyUnicode_Check(value.ptr()) || PySequence_Check(value.ptr()) == 0)
    throw py::type_error(std::string(name) + ": expected a list of seconds, found " + std::string(py::repr(value)));
  for (const py::handle time : value) times.push_back(timeout(time).length());
  return times;
}

/// GroupOptions::key in Python. Called by the thread that takes, and freed by any.
class KeyFunction {
 public:
  explicit KeyFunction(py::function function) : function_(std::move(function)) {}
  KeyFunction(const KeyFunction&) = delete;
  KeyFunction& operator=(const KeyFunction&) = delete;
  ~KeyFunction() {
    const py::gil_scoped_acquire with;
    function_ = {};
  }
  /// *Throws* where the function raised: the group then orders by the publisher's key, and says so.
  std::string operator()(const Event& event) const {
    const py::gil_scoped_acquire with;
    EventObject::Lent lent(event);
    try {
      return bytes_of(function_(lent.object()), "key");
    } catch (const py::error_already_set& error) {
      const std::string_view problem = error.what();  // behind its first line it shows where
      throw std::runtime_error(std::string(problem.substr(0, problem.find('\n'))));
    }
  }

 private:
  py::function function_;
};

/// All but `wait` and `name`.
GroupOptions group_options(Keywords& k) {
  GroupOptions o;
  k.number("window", o.window);
  k.number("in_flight", o.in_flight);
  k.seconds("lease", o.lease);
  k.seconds("lease_most", o.lease_most);
  k.number("max_deliveries", o.max_deliveries);
  k.take("backoff", [&](const py::object& value) { o.backoff = times_of(value, "backoff"); });
  k.number("dead_letters", o.dead_letters);
  k.choice("order", o.order, {{"any", Order::any}, {"by_key", Order::by_key}});
  k.take("start", [&](const py::object& value) { o.start = start_of(value); });
  k.seconds("abandon_after", o.abandon_after);
  k.take("key", [&](const py::object& value) {
    if (PyCallable_Check(value.ptr()) == 0)
      throw py::type_error("key: expected a function of an event, found " + std::string(py::repr(value)));
    o.key = [function = std::make_shared<const KeyFunction>(py::reinterpret_borrow<py::function>(value))](
                const Event& event) { return (*function)(event); };
  });
  return o;
}

}  // namespace

Start start_of(const py::object& value) {
  if (PyUnicode_Check(value.ptr())) {
    const auto name = py::cast<std::string>(value);
    if (name == "latest") return Start::latest();
    if (name == "oldest") return Start::oldest();
  } else if (PyTuple_Check(value.ptr())) {
    const auto pair = py::cast<py::tuple>(value);
    if (pair.size() == 2 && PyUnicode_Check(pair[0].ptr())) {
      const auto name = py::cast<std::string>(pair[0]);
      if (name == "last") return Start::last(py::cast<std::uint64_t>(pair[1]));
      if (name == "sequence") return Start::sequence(py::cast<std::uint64_t>(pair[1]));
      if (name == "time_ns") return Start::time(Time(std::chrono::nanoseconds(py::cast<std::int64_t>(pair[1]))));
      if (name == "after") return Start::after(event_id_of(pair[1]));
    }
  }
  throw Error(ErrorCode::invalid_option,
              {"start", "'latest', 'oldest', ('last', n), ('sequence', n), ('time_ns', t) or ('after', id)",
               std::string(py::repr(value)), "choose one of them"});
}

TopicOptions topic_options(const py::dict& given) {
  TopicOptions o;
  Keywords k(given);
  k.number("block_size", o.block_size);
  k.number("blocks", o.blocks);
  k.number("reserve", o.reserve);
  k.number("timestamps", o.timestamps);
  k.choice("writers", o.writers, {{"shared", Writers::shared}, {"exclusive", Writers::exclusive}});
  k.number("mode", o.mode);
  k.number("group", o.group);
  k.number("accept_raw", o.accept_raw);
  k.number("strict", o.strict);
  Journal::Kind kind = Journal::Kind::none;
  std::chrono::nanoseconds period = std::chrono::milliseconds(100);
  k.choice("journal", kind, kJournals);
  k.seconds("journal_interval", period);
  o.journal = kind == Journal::Kind::page_cache ? Journal::page_cache()
              : kind == Journal::Kind::interval ? Journal::interval(period)
              : kind == Journal::Kind::batch    ? Journal::batch()
                                                : Journal::none();
  k.number("retain_bytes", o.retain.bytes);
  k.seconds("retain_age", o.retain.age);
  k.number("retain_unacknowledged", o.retain.acknowledged);
  k.choice("when_behind", o.when_behind, {{"hold", WhenBehind::hold}, {"skip", WhenBehind::skip}});
  k.seconds("unrecorded_limit", o.unrecorded_limit);
  k.number("segment_file", o.segment_file);
  k.end("topic options");
  return o;
}

SubscriberOptions subscriber_options(const py::dict& given) {
  SubscriberOptions o;
  Keywords k(given);
  k.take("start", [&](const py::object& value) { o.start = start_of(value); });
  k.choice("delivery", o.delivery, {{"lossy", Delivery::lossy}, {"reliable", Delivery::reliable}});
  k.seconds("demote_after", o.demote_after);
  k.choice("wait", o.wait, kWaits);
  k.number("name", o.name);
  k.take("record_calls", [&](const py::object& value) { o.record_calls = py::cast<std::size_t>(value); });
  k.choice("see", o.see, {{"published", See::published}, {"durable", See::durable}});
  k.number("durable", o.durable);
  k.choice("acknowledge", o.acknowledge, {{"next_poll", Acknowledge::next_poll}, {"manual", Acknowledge::manual}});
  k.seconds("hold_for", o.hold_for);
  k.number("standby", o.standby);
  k.end("subscriber options");
  return o;
}

GroupOptions group_options(const py::dict& given) {
  Keywords k(given);
  GroupOptions o = group_options(k);
  k.choice("wait", o.wait, kWaits);
  k.number("name", o.name);
  k.end("group options");
  return o;
}

DispatchOptions dispatch_options(const py::dict& given, const std::string& group) {
  DispatchOptions o;
  if (group.empty()) {
    o.subscriber = subscriber_options(given);
    return o;
  }
  o.group = group;
  Keywords k(given);
  o.group_options = group_options(k);
  k.choice("wait", o.subscriber.wait, kWaits);
  k.number("name", o.subscriber.name);
  k.take("record_calls", [&](const py::object& value) { o.subscriber.record_calls = py::cast<std::size_t>(value); });
  k.end("options of a subscription with a group");
  return o;
}

py::object topic_info(const TopicInfo& i) {
  static PyObject* type = py::object(py::module_::import("shmbus._values").attr("TopicInfo")).release().ptr();
  py::list different;
  for (const DifferentOption& option : i.different)
    different.append(py::make_tuple(option.name, option.asked, option.found));
  const auto seconds = [](std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); };
  const char* content = i.content == Content::raw ? "raw" : i.content == Content::typed ? "typed" : "undecided";
  std::string journal = "none";
  for (const auto& [name, kind] : kJournals) {
    if (kind == i.journal.kind()) journal = name;
  }
  return py::reinterpret_borrow<py::object>(type)(
      i.name, i.id, i.block_size, i.blocks, i.max_payload, i.timestamps,
      i.writers == Writers::exclusive ? "exclusive" : "shared", i.mode, i.reserved, i.accepts_raw, journal,
      seconds(i.journal.period()), i.retain.bytes, seconds(i.retain.age), i.retain.acknowledged,
      i.when_behind == WhenBehind::skip ? "skip" : "hold", seconds(i.unrecorded_limit), i.segment_file,
      i.first_sequence, content, i.type_name, i.type_size, i.type_alignment, i.type_layout, i.type_fields,
      py::tuple(different));
}

}  // namespace shmbus::python
