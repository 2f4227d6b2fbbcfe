#pragma once

#include <sched.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/forked_process.hpp"

namespace test {

/// Reports that the rest of a test is skipped because something is missing; CTest then shows the test as skipped. With
/// SHMBUS_NO_SKIP=1, as in CI, the test fails instead.
void skip(const std::string& need);

/// Whether this process may become other users; if not, the test is skipped.
bool have_root();

/// A user that exists nowhere, for a forked process to become.
struct User {
  uid_t id = 65'534;
  gid_t group = 65'534;
  std::vector<gid_t> groups{};  ///< supplementary groups
};

/// Becomes the user for the rest of the process. Throws std::runtime_error.
void become(const User& user);

/// Runs a body as another user in a forked process, to its end. *Requires* `have_root`.
void run_as(const User& user, const std::function<void()>& body);

/// A process in new namespaces (CLONE_NEW...), with its own user namespace if that is the only way to get the right. With
/// CLONE_NEWPID the body is the first process of its namespace, and killing the process kills that one, too, a moment
/// later. Returns nothing if this machine does not allow it: the test is skipped.
std::optional<ForkedProcess> in_namespaces(int flags, std::function<void(const Parent&)> body);

/// Runs a body to its end with its own /dev/shm of a given size, where a bus may have any name.
void with_memory_of(std::size_t bytes, const std::function<void()>& body);

}  // namespace test
