#include "http_post.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <system_error>
#include <utility>

namespace shmbus::tracing {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t largest_reply = std::size_t{64} << 10;

/// One request and its reply, step by step.
class Exchange {
 public:
  Exchange(const HttpUrl& url, const std::string& type, const std::string& body, std::chrono::milliseconds patience)
      : url_(url), resolver_(context_), stream_(context_), patience_(patience) {
    request_.method(http::verb::post);
    request_.target(url.target);
    request_.version(11);
    request_.set(http::field::host, url.authority());
    request_.set(http::field::user_agent, "shmbus/" SHMBUS_VERSION);
    request_.set(http::field::content_type, type);
    request_.keep_alive(false);
    request_.body() = body;
    request_.prepare_payload();
    parser_.body_limit(largest_reply);
  }

  HttpReply run() {
    resolver_.async_resolve(url_.host, url_.port, [this](beast::error_code error, const auto& found) {
      if (failed("resolving its host", error)) return;
      stream_.expires_after(patience_);  // for all that follows
      stream_.async_connect(found, [this](beast::error_code e, const auto&) {
        if (!failed("connecting", e)) send();
      });
    });
    // The timer of the stream does not bound the search for the host's name.
    context_.run_for(patience_ * 2);
    if (!done_ && !error_) error_ = beast::error::timeout;
    if (error_) throw std::system_error(std::error_code(error_), "http://" + url_.authority() + url_.target + ": " + step_);
    const auto& reply = parser_.get();
    return {.status = reply.result_int(),
            .reason = std::string{reply.reason()},
            .retry_after = std::string{reply[http::field::retry_after]},
            .body = reply.body().substr(0, largest_reply)};
  }

 private:
  void send() {
    http::async_write(stream_, request_, [this](beast::error_code error, std::size_t) {
      if (!failed("sending", error)) receive();
    });
  }

  void receive() {
    http::async_read(stream_, buffer_, parser_, [this](beast::error_code error, std::size_t) {
      // The status is what counts; a body that is too long is left where it is.
      if (error == http::error::body_limit && parser_.is_header_done()) error = {};
      if (failed("reading the reply", error)) return;
      done_ = true;
      beast::error_code ignored;
      stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    });
  }

  bool failed(const char* step, beast::error_code error) {
    step_ = step;
    error_ = error;
    return static_cast<bool>(error);
  }

  const HttpUrl& url_;
  asio::io_context context_{1};
  asio::ip::tcp::resolver resolver_;
  beast::tcp_stream stream_;
  std::chrono::milliseconds patience_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  const char* step_ = "resolving its host";
  beast::error_code error_;
  bool done_ = false;
};

}  // namespace

HttpReply http_post(const HttpUrl& url, const std::string& type, const std::string& body,
                    std::chrono::milliseconds patience) {
  return Exchange{url, type, body, patience}.run();
}

}  // namespace shmbus::tracing
