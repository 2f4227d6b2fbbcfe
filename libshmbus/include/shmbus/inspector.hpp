#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shmbus/leftover.hpp"
#include "shmbus/snapshot.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Looks at a bus without becoming a node: read-only mappings, no port, no lock; looking disturbs nothing. It keeps
/// what it mapped from one look to the next, so that the later ones are cheap. One thread at a time. One that was
/// moved from throws Error, `closed`.
class [[nodiscard]] Inspector {
 public:
  /// Throws Error: `not_found` where there is no such bus; `corrupt`, `incompatible` or `untrusted` where its registry
  /// is not what it should be. `owners` as in BusOptions.
  explicit Inspector(std::string_view bus, const std::vector<uid_t>& owners = {});
  Inspector(Inspector&&) noexcept;
  Inspector& operator=(Inspector&&) noexcept;
  ~Inspector();

  /// The bus as it is now, piece by piece: each number is right, they are not all of one instant. A topic that can't be
  /// read says why in `problem`. Throws Error, `corrupt`, where somebody cut the registry short.
  BusSnapshot snapshot();

  /// The ring of a topic as it is now; nothing where there is no such topic. Throws Error where it can't be read.
  std::optional<RingSnapshot> ring(std::string_view topic);

  /// Copies the last events that the topic retains, oldest first: at most `count`, and of each payload at most
  /// `max_payload` bytes. It takes no port and pins nothing, so publishers may overwrite an event while it is read; that
  /// event is then left out. Reads a few MiB at most: where more lies between, it returns earlier events, and the next
  /// call goes on from there. Empty where there is no such topic, or its log may not be read. *Throws* Error where it
  /// can't be read.
  std::vector<EventSnapshot> events(std::string_view topic, std::size_t count, std::size_t max_payload = 4096);

  /// What dead processes left, as `Bus::reap` would find it: that clears it away. It lists /dev/shm, and so costs more
  /// than a look. Throws Error as `snapshot` does.
  std::vector<Leftover> leftovers();

  /// Names of the buses on this machine, sorted.
  static std::vector<std::string> buses();
  /// All that bears a bus's name in /dev/shm, by bus, with those buses that nobody can join.
  static std::vector<BusFiles> files();

 private:
  class Impl;
  Impl& impl() const;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
