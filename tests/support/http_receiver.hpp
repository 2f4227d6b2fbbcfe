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

  HttpReceiver();
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;
  ~HttpReceiver();

  std::string url() const;  ///< "http://127.0.0.1:PORT"
  void answer_with(unsigned status, const std::string& body);
  /// It takes connections and reads requests from now on, and says nothing.
  void stop_answering();
  std::vector<Request> requests() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace test
