#include <pybind11/stl.h>

#include "payload.hpp"
#include "publisher.hpp"
#include "topic.hpp"

namespace shmbus::python {

PublishOptions publish_options(py::handle timeout_s, py::handle headers, py::handle key, py::handle traceparent,
                               std::vector<std::string>& texts) {
  PublishOptions options{.timeout = timeout(timeout_s)};
  if (!headers.is_none()) {
    const py::object items =
        PyDict_Check(headers.ptr()) ? headers.attr("items")() : py::reinterpret_borrow<py::object>(headers);
    for (const py::handle item : items) {
      const auto pair = py::cast<py::tuple>(item);
      if (pair.size() != 2) throw py::type_error("headers: expected pairs of a name and a value");
      texts.push_back(bytes_of(pair[0], "a header's name"));
      texts.push_back(bytes_of(pair[1], "a header's value"));
    }
  }
  const std::size_t header_texts = texts.size();
  if (!key.is_none()) texts.push_back(bytes_of(key, "key"));
  for (std::size_t i = 0; i < header_texts; i += 2) options.headers.push_back({texts[i], texts[i + 1]});
  if (!key.is_none()) options.key = texts.back();
  if (!traceparent.is_none()) {
    options.trace = TraceContext::parse(bytes_of(traceparent, "traceparent"));
    if (!options.trace) {
      throw Error(ErrorCode::invalid_option,
                  {"traceparent", "00-<32 hex digits>-<16 hex digits>-<2 hex digits>",
                   "'" + bytes_of(traceparent, "traceparent") + "'", "see W3C Trace Context"});
    }
  }
  return options;
}

PublisherObject::~PublisherObject() {
  const py::gil_scoped_release without;
  publisher_.reset();
}

void PublisherObject::close() {
  const InUse use(in_use_, "publisher");
  const py::gil_scoped_release without;
  publisher_.reset();
}

void PublisherObject::check_size(std::size_t size) const {
  if (type_.raw() || size == type_.size) [[likely]]
    return;
  throw Error(ErrorCode::type_mismatch, {object_, "a '" + type_.name + "' of " + std::to_string(type_.size) + " bytes",
                                         std::to_string(size) + " bytes", "publish values of that shmbus.Struct"});
}

std::uint64_t PublisherObject::publish(py::handle payload, py::handle timeout, py::handle headers, py::handle key,
                                       py::handle traceparent) {
  Publisher& publisher = get();
  const InUse use(in_use_, "publisher");
  const Payload given(payload);
  check_size(given.bytes().size());
  if (headers.is_none() && key.is_none() && traceparent.is_none()) [[likely]] {
    const PublishResult result = publisher.try_publish(given.bytes());
    if (result) [[likely]]
      return result.sequence();
    if (result.status() != Status::back_pressured) fail(result.status(), object_);
  }
  std::vector<std::string> texts;
  return publish_slowly(given.bytes(), publish_options(timeout, headers, key, traceparent, texts));
}

std::uint64_t PublisherObject::publish_slowly(std::span<const std::byte> payload, const PublishOptions& options) {
  PublishOptions step = options;
  step.timeout = std::chrono::nanoseconds::zero();
  PublishResult result = publisher_->publish(payload, step);
  if (result.status() == Status::back_pressured && options.timeout.length().count() != 0) {
    wait_in_steps(options.timeout, [&](std::chrono::nanoseconds time) {
      step.timeout = time;
      const auto begin = std::chrono::steady_clock::now();
      result = publisher_->publish(payload, step);
      // Before its time it gives up where waiting longer would not help.
      return result.status() != Status::back_pressured || std::chrono::steady_clock::now() - begin < time;
    });
  }
  if (!result) fail(result.status(), object_);
  return result.sequence();
}

std::pair<std::size_t, std::uint64_t> PublisherObject::publish_all(const py::iterable& payloads, py::handle timeout_s) {
  Publisher& publisher = get();
  const InUse use(in_use_, "publisher");
  std::vector<std::unique_ptr<Payload>> given;
  std::vector<std::span<const std::byte>> bytes;
  std::vector<py::object> owners;
  for (const py::handle payload : payloads) {
    owners.push_back(py::reinterpret_borrow<py::object>(payload));
    given.push_back(std::make_unique<Payload>(payload));
    bytes.push_back(given.back()->bytes());
    check_size(bytes.back().size());
  }
  std::size_t done = 0;
  std::uint64_t first = 0;
  Status status = Status::ok;
  const auto step = [&](std::chrono::nanoseconds time) {
    const auto begin = std::chrono::steady_clock::now();
    const BatchResult result = publisher.publish_all_for(time, std::span(bytes).subspan(done));
    if (done == 0) first = result.sequence();
    done += result.published();
    status = result.status();
    return status != Status::back_pressured || std::chrono::steady_clock::now() - begin < time;
  };
  wait_in_steps(timeout(timeout_s), step);
  if (status != Status::ok) {
    ErrorText text{object_, std::to_string(bytes.size()) + " events to be published", std::to_string(done), ""};
    const std::string_view line = to_string(status);
    text.remedy = line.substr(std::min(line.size(), line.find(": ") + 2));
    throw Failure{std::string(line.substr(0, line.find(": "))), text};
  }
  return {done, first};
}

void PublisherObject::wait_durable(std::uint64_t sequence, py::handle timeout_s) {
  Publisher& publisher = get();
  const InUse use(in_use_, "publisher");
  Status status = Status::timed_out;
  wait_in_steps(timeout(timeout_s), [&](std::chrono::nanoseconds time) {
    status = publisher.wait_durable(sequence, time);
    return status != Status::timed_out;
  });
  if (status != Status::ok) fail(status, "event " + std::to_string(sequence) + " of " + object_);
}

Loan& LoanObject::get() {
  if (!loan_) fail_closed("this loan");
  return *loan_;
}

py::object LoanObject::data() {
  Loan& loan = get();
  return view_.get([&] { return Buffer{loan.payload().data(), loan.payload().size(), true, nullptr}; });
}

void LoanObject::check_views() {
  if (view_.end()) return;
  throw Failure{"busy",
                {"this loan", "no view of it any more", "arrays or slices that were made from it",
                 "delete them before commit: they could change what is published"}};
}

std::uint64_t LoanObject::commit(py::handle used) {
  Loan& loan = get();
  check_views();
  const PublishResult result = used.is_none() ? loan.commit() : loan.commit(py::cast<std::size_t>(used));
  if (result.status() == Status::beyond_loan) fail(result.status(), publisher_->object());
  view_.forget();
  loan_.reset();
  if (!result) fail(result.status(), publisher_->object());
  return result.sequence();
}

void LoanObject::abort() {
  get();
  check_views();
  end();
}

// What is left of its views may still be written: then the room stays loaned for as long as they exist.
void LoanObject::end() noexcept {
  if (!loan_) return;
  if (view_.end()) {
    view_.forget();
    loan_.reset();
    return;
  }
  auto kept =
      std::make_shared<std::pair<std::shared_ptr<PublisherObject>, std::optional<Loan>>>(publisher_, std::move(loan_));
  view_.keep(std::move(kept));
  view_.forget();
  loan_.reset();
}

void define_publishers(py::module_& m) {
  py::class_<LoanObject, std::shared_ptr<LoanObject>>(
      m, "Loan",
      R"(Room for one event, to write in place. The end of a `with` block publishes it, or gives it back after an exception.)")
      .def_property_readonly("data", &LoanObject::data, R"(The bytes to write. Their content is indeterminate.)")
      .def_property_readonly("sequence", &LoanObject::sequence, R"(The number that the event will have.)")
      .def("__len__", &LoanObject::size)
      .def(
          "commit", [](LoanObject& loan, py::handle used) { return loan.commit(used); }, py::arg("used") = py::none(),
          R"(Publishes the first `used` bytes, or all, and returns the event's number. Raises Error, `busy`, while slices or arrays made from `data` exist.)")
      .def("abort", &LoanObject::abort, R"(Gives the room back without publishing.)")
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__", [](LoanObject& loan, py::handle type, py::handle, py::handle) {
        if (!loan.open()) return;
        if (type.is_none()) {
          loan.commit(py::none());
        } else {
          loan.abort();
        }
      });

  py::class_<PublisherObject, std::shared_ptr<PublisherObject>>(
      m, "Publisher", R"(Publishes to one topic. One thread at a time may use it: another one gets Error, `busy`.)")
      .def(
          "publish", &PublisherObject::publish, py::arg("payload"), py::kw_only(), py::arg("timeout") = py::none(),
          py::arg("headers") = py::none(), py::arg("key") = py::none(), py::arg("traceparent") = py::none(),
          R"(Publishes one event, and returns its number within the topic. Waits while a reliable subscriber holds the ring back, for `timeout` seconds at most; then raises Error, `back_pressured`.)")
      .def(
          "publish_all",
          [](PublisherObject& p, const py::iterable& payloads, py::handle timeout) {
            return p.publish_all(payloads, timeout).first;
          },
          py::arg("payloads"), py::kw_only(), py::arg("timeout") = py::none(),
          R"(Publishes all, in order, which is quicker than one by one. Returns how many.)")
      .def(
          "loan",
          [](const std::shared_ptr<PublisherObject>& p, std::size_t size, py::handle timeout_s, py::handle headers,
             py::handle key, py::handle traceparent) {
            Publisher& publisher = p->get();
            const InUse use(p->in_use(), "publisher");
            std::vector<std::string> texts;
            PublishOptions options = publish_options(timeout_s, headers, key, traceparent, texts);
            const Timeout whole = options.timeout;
            options.timeout = std::chrono::nanoseconds::zero();
            std::optional<Loan> loan = publisher.loan(size, options);
            if (loan->status() == Status::back_pressured && whole.length().count() != 0) {
              wait_in_steps(whole, [&](std::chrono::nanoseconds time) {
                options.timeout = time;
                const auto begin = std::chrono::steady_clock::now();
                loan.emplace(publisher.loan(size, options));
                return loan->status() != Status::back_pressured || std::chrono::steady_clock::now() - begin < time;
              });
            }
            if (!*loan) fail(loan->status(), p->object());
            return std::make_shared<LoanObject>(p, std::move(*loan));
          },
          py::arg("size"), py::kw_only(), py::arg("timeout") = py::none(), py::arg("headers") = py::none(),
          py::arg("key") = py::none(), py::arg("traceparent") = py::none(),
          R"(Loans room for an event of up to `size` bytes.)")
      .def_property_readonly("topic", [](PublisherObject& p) { return topic_info(p.topic()); })
      .def("durable", &PublisherObject::durable, py::arg("sequence"),
           R"(Returns whether an event survives what the topic's journal promises.)")
      .def("wait_durable", &PublisherObject::wait_durable, py::arg("sequence"), py::arg("timeout") = py::none(),
           R"(Waits for that. Raises Error: `timed_out`, `journal_failed`, `not_recorded` or `closed`.)")
      .def_property_readonly(
          "journal",
          [](PublisherObject& p) {
            const JournalProgress progress = p.journal();
            return py::make_tuple(progress.recorded, progress.durable);
          },
          R"(The numbers up to which events are recorded, and durable.)")
      .def("close", &PublisherObject::close)
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__", [](PublisherObject& p, py::handle, py::handle, py::handle) { p.close(); });
}

}  // namespace shmbus::python
