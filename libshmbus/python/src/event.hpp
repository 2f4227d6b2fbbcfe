#pragma once

#include <memory>
#include <optional>

#include "python.hpp"
#include "shmbus/event.hpp"
#include "type.hpp"

namespace shmbus::python {

/// Bytes in shared memory that Python may look at. It exists for as long as any view of it, and keeps what they lie in.
struct Buffer {
  std::byte* data = nullptr;
  std::size_t size = 0;
  bool writable = false;
  std::shared_ptr<const void> keeps{};
};

/// A buffer, and the one view of it that this module made.
///
/// V1 What Python makes from that view (a slice, an array of NumPy) keeps the Buffer. So when only this refers to the Buffer,
///    and the view is released, nothing can reach the memory any more.
class View {
 public:
  /// Returns the view; `make` makes the buffer where there is none yet.
  template <class Make>
  py::object get(Make&& make) {
    if (!buffer_) buffer_ = py::cast(Buffer(make()));
    if (!view_) view_ = py::reinterpret_steal<py::object>(PyMemoryView_FromObject(buffer_.ptr()));
    if (!view_) throw py::error_already_set();
    return view_;
  }
  /// Releases the view: reading it raises. Returns false where others made from it are left: they go on to be valid.
  bool end() noexcept;
  /// Lets the buffer keep something for as long as views of it exist.
  void keep(std::shared_ptr<const void> what) { py::cast<Buffer&>(buffer_).keeps = std::move(what); }
  /// Gives all references up. What is left of the views keeps the buffer.
  void forget() noexcept { view_ = {}, buffer_ = {}; }

 private:
  py::object buffer_, view_;
};

/// An event in the hands of Python: in place until `end`, or kept.
class EventObject {
 public:
  static constexpr const char* kUntilPoll = "use inside its handler, or until the next poll";
  static constexpr const char* kUntilItsLeaseEnds = "use until its lease ends";

  /// `valid` says in an error how long it was good for.
  explicit EventObject(const Event& event, const char* valid = kUntilPoll) noexcept : event_(&event), valid_(valid) {}
  explicit EventObject(std::shared_ptr<const RetainedEvent> kept) noexcept : event_(&**kept), kept_(std::move(kept)) {}

  /// *Throws* Failure once it has ended.
  const Event& get() const {
    if (event_ == nullptr) [[unlikely]]
      ended();
    return *event_;
  }
  /// The payload can't be read through this any more. Arrays made from it stay valid.
  void end() noexcept;
  std::shared_ptr<const RetainedEvent> keep() const;
  py::object payload();
  bool alive() const noexcept { return event_ != nullptr; }

  /// An event for the time of one call.
  class Lent {
   public:
    explicit Lent(const Event& event) : object_(std::make_shared<EventObject>(event)) {}
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() { object_->end(); }
    const std::shared_ptr<EventObject>& object() const noexcept { return object_; }

   private:
    std::shared_ptr<EventObject> object_;
  };

 private:
  [[noreturn]] void ended() const;

  const Event* event_;
  const char* valid_ = kUntilPoll;
  std::shared_ptr<const RetainedEvent> kept_;
  View view_;
};

py::object event_id(const EventId& id);
/// None without one.
py::object optional_id(const std::optional<EventId>& id);
/// The headers of an event, or of a copy of one, as pairs of name and value.
template <class Headers>
py::list header_list(const Headers& headers) {
  py::list list;
  for (const auto& header : headers) list.append(py::make_tuple(text(header.name), text(header.value)));
  return list;
}
/// What a text says as JSON.
py::object parse_json(std::string_view json);
EventId event_id_of(py::handle id);

}  // namespace shmbus::python
