#pragma once

#include <memory>
#include <optional>

#include "event.hpp"
#include "python.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/publisher.hpp"
#include "type.hpp"

namespace shmbus::python {

class PublisherObject {
 public:
  PublisherObject(Publisher publisher, Type type)
      : publisher_(std::move(publisher)), type_(std::move(type)), object_("topic '" + publisher_->topic().name + "'") {}
  ~PublisherObject();

  /// *Throws* Failure.
  std::uint64_t publish(py::handle payload, py::handle timeout, py::handle headers, py::handle key,
                        py::handle traceparent);
  std::pair<std::size_t, std::uint64_t> publish_all(const py::iterable& payloads, py::handle timeout);
  const TopicInfo& topic() { return get().topic(); }
  bool durable(std::uint64_t sequence) { return get().durable(sequence); }
  void wait_durable(std::uint64_t sequence, py::handle timeout);
  JournalProgress journal() { return get().journal(); }
  void close();

  /// *Throws* Failure once it is closed.
  Publisher& get() {
    if (!publisher_) [[unlikely]]
      fail_closed("publisher of " + object_);
    return *publisher_;
  }
  const std::string& object() const noexcept { return object_; }
  bool& in_use() noexcept { return in_use_; }
  const Type& type() const noexcept { return type_; }

 private:
  void check_size(std::size_t size) const;
  std::uint64_t publish_slowly(std::span<const std::byte> payload, const PublishOptions& options);

  std::optional<Publisher> publisher_;
  Type type_;
  std::string object_;
  bool in_use_ = false;
};

/// Room for one event, to write in place. It keeps its publisher.
class LoanObject {
 public:
  LoanObject(std::shared_ptr<PublisherObject> publisher, Loan loan)
      : publisher_(std::move(publisher)), loan_(std::move(loan)) {}
  ~LoanObject() { end(); }
  py::object data();
  std::size_t size() { return get().payload().size(); }
  std::uint64_t sequence() { return get().sequence(); }
  std::uint64_t commit(py::handle used);
  void abort();
  bool open() const noexcept { return loan_.has_value(); }

 private:
  Loan& get();
  void check_views();
  void end() noexcept;

  std::shared_ptr<PublisherObject> publisher_;
  std::optional<Loan> loan_;
  View view_;
};

/// The options of `Bus.publish` and others; None stands for the default.
PublishOptions publish_options(py::handle timeout, py::handle headers, py::handle key, py::handle traceparent,
                               std::vector<std::string>& texts);

}  // namespace shmbus::python
