#pragma once

#include <memory>
#include <string>
#include <vector>

namespace test {

/// A receiver of HTTP on the loopback address, in a thread of its own: it keeps what it is sent.
class HttpReceiver {
 public:
  struct Request {
    std::string method, target, type, body;
  };

  /// `port` 0: any free one.
  explicit HttpReceiver(unsigned short port = 0);
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;
  ~HttpReceiver();

  std::string url() const;  ///< "http://127.0.0.1:PORT"
  /// A port where nobody listens now.
  static unsigned short free_port();

  /// From now on; `retry_after` empty: without that header.
  void answer_with(unsigned status, const std::string& body, const std::string& retry_after = {});
  /// With these bytes, and the connection ends, from now on.
  void answer_with_bytes(const std::string& bytes);
  /// It takes connections and reads requests from now on, and says nothing.
  void stop_answering();
  std::vector<Request> requests() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace test
