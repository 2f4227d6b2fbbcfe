#pragma once

#include <string>

namespace peers {

/// A temporary folder with room for one socket, removed with the object. It lies below TMPDIR, or /tmp.
class SocketFolder {
 public:
  SocketFolder();
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;
  ~SocketFolder();

  /// `ipc://` and a path in it.
  const std::string& ipc_address() const noexcept { return address_; }

 private:
  std::string path_;
  std::string address_;
};

}  // namespace peers
