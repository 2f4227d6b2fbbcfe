#include "http_session.hpp"

#include <chrono>
#include <utility>

#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace shmbus::daemon {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = boost::asio::generic::stream_protocol;
using Request = http::request<http::empty_body>;
using Response = http::response<http::string_body>;

Response answer(const Request& request, const HttpPages& pages) {
  Response response{http::status::ok, request.version()};
  response.keep_alive(false);
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET, HEAD");
    response.prepare_payload();
    return response;
  }
  HttpPage page = pages.page({request.target().data(), request.target().size()});
  response.result(page.status);
  response.set(http::field::content_type, page.type);
  response.body() = std::move(page.body);
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

/// Exists until its last asynchronous operation has ended.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(HttpSocket socket, std::shared_ptr<const HttpPages> pages)
      : stream_(std::move(socket)), pages_(std::move(pages)) {}

  void start() {
    constexpr std::chrono::seconds patience{10};  // how long it waits for a client that sends nothing or does not read
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->reply();
    });
  }

 private:
  void reply() {
    response_ = answer(request_, *pages_);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code, std::size_t) {
      beast::error_code ignored;
      self->stream_.socket().shutdown(HttpSocket::shutdown_both, ignored);
    });
  }

  beast::basic_stream<Protocol> stream_;
  std::shared_ptr<const HttpPages> pages_;
  beast::flat_buffer buffer_{8192};  // the largest request
  Request request_;
  Response response_;
};

}  // namespace

void serve(HttpSocket socket, std::shared_ptr<const HttpPages> pages) {
  std::make_shared<Session>(std::move(socket), std::move(pages))->start();
}

}  // namespace shmbus::daemon
