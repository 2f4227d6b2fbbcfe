#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace shmbus::measure {

/// Where figures were measured. What the kernel does not say is "unknown".
struct Machine {
  std::string cpu;           ///< model name
  unsigned cores = 0;        ///< online
  unsigned allowed = 0;      ///< of them, where this process may run
  std::string architecture;  ///< "x86_64"
  std::string kernel;        ///< "Linux 6.1.0-28-amd64"
  std::string governor;      ///< of the first core's clock frequency
  std::string clock_source;
  std::string shm_huge_pages;   ///< whether shared memory gets huge pages
  std::uint64_t memory = 0;     ///< bytes
  std::uint64_t shm_bytes = 0;  ///< the size of /dev/shm
  std::uint64_t shm_free = 0;
};

Machine this_machine();

/// Some lines for people, each ended.
std::string to_text(const Machine& machine);
/// Keys are the members' names.
nlohmann::ordered_json to_json(const Machine& machine);

}  // namespace shmbus::measure
