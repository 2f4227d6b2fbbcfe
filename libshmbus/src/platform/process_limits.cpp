#include "platform/process_limits.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

namespace shmbus::platform {

namespace {

/// Returns nothing where there is no limit.
std::optional<std::uint64_t> limit_of(int resource) {
  struct rlimit limit {};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return std::nullopt;
  return limit.rlim_cur;
}

std::uint64_t number_in(const char* path) {
  std::uint64_t number = 0;
  std::ifstream(path) >> number;
  return number;
}

std::uint64_t address_space() {
  return number_in("/proc/self/statm") * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t mappings() {
  std::ifstream maps("/proc/self/maps");
  return static_cast<std::uint64_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

std::string text(std::uint64_t bytes) { return std::to_string(bytes) + " bytes"; }

}  // namespace

std::optional<Error> mapping_limit(int error, const std::string& object, std::uint64_t bytes) {
  const std::string expected = text(bytes) + " of address space";
  if (error == EAGAIN) {
    const auto most = limit_of(RLIMIT_MEMLOCK);
    return Error(
        ErrorCode::limit,
        {object, expected,
         "mlockall(MCL_FUTURE) locks all that is mapped, and RLIMIT_MEMLOCK is " +
             (most ? text(*most) : std::string("reached")),
         "raise the limit of locked memory (ulimit -l; systemd: LimitMEMLOCK=), give the process CAP_IPC_LOCK, "
         "or call mlockall after opening its topics"});
  }
  if (error != ENOMEM) return std::nullopt;
  if (const auto most = limit_of(RLIMIT_AS); most && address_space() + bytes > *most) {
    return Error(
        ErrorCode::limit,
        {object, expected, "RLIMIT_AS is " + text(*most) + ", of which " + text(address_space()) + " are in use",
         "raise the limit of address space (ulimit -v; systemd: LimitAS=): it counts what topics reserve, not "
         "what they use; or create topics with fewer or smaller blocks"});
  }
  if (const std::uint64_t most = number_in("/proc/sys/vm/max_map_count"); most != 0 && mappings() + 8 > most) {
    return Error(ErrorCode::limit, {object, expected, "vm.max_map_count is " + std::to_string(most) + ", all in use",
                                    "raise it (sysctl vm.max_map_count), or open fewer topics"});
  }
  return std::nullopt;
}

void check_file_size(const std::string& object, std::uint64_t bytes) {
  const auto most = limit_of(RLIMIT_FSIZE);
  if (!most || bytes <= *most) return;
  throw Error(ErrorCode::limit,
              {object, "a file of " + text(bytes) + " of address space", "RLIMIT_FSIZE is " + text(*most),
               "raise the limit of file sizes (ulimit -f; systemd: LimitFSIZE=), have a process without it create the "
               "bus and its topics, or use fewer or smaller blocks"});
}

}  // namespace shmbus::platform
