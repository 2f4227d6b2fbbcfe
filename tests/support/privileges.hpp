#pragma once

#include <sched.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/forked_process.hpp"

namespace test {

/// Says that the rest of a test is skipped for want of something; CTest then shows the test as skipped. With
/// SHMBUS_NO_SKIP=1, as in CI, that is a failure.
void skip(const std::string& need);

/// Whether this process may become other users; if not, the test is skipped.
bool have_root();

/// A user that exists nowhere, for a forked process to become.
struct User {
  uid_t id = 65'534;
  gid_t group = 65'534;
  std::vector<gid_t> groups{};  ///< supplementary ones
};

/// Becomes the user, for good. Throws std::runtime_error.
void become(const User& user);

/// Runs a body as another user, to its end, in a forked process. Only after `have_root`.
void run_as(const User& user, const std::function<void()>& body);

/// A process in new namespaces (CLONE_NEW...), with a user namespace of its own where nothing else gives the right.
/// With CLONE_NEWPID the body is the first process of its namespace. Killing the process kills that, too, a moment
/// later. Nothing where this machine does not allow it: the test is skipped.
std::optional<ForkedProcess> in_namespaces(int flags, std::function<void(const Parent&)> body);

/// Runs a body to its end with a /dev/shm of its own, of so many bytes, where a bus may have any name.
void with_memory_of(std::size_t bytes, const std::function<void()>& body);

}  // namespace test
