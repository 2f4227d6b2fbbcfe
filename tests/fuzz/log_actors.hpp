#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "fuzz/log_image.hpp"
#include "fuzz/virtual_world.hpp"
#include "log/block_log.hpp"
#include "log/extension_view.hpp"
#include "log/reader.hpp"
#include "log/writer.hpp"

namespace fuzz {

/// The members that use a damaged log. The input chooses what they do. Checks what must hold over any bytes.
class LogActors {
 public:
  LogActors(const LogImage& image, Input& input);

  // A reader: attaches, starts, adopts, polls, looks, retains, leaves.
  void read();
  // A writer: attaches, publishes, claims, commits, aborts, leaves.
  void write();
  // What slow paths do with ports, claims and blocks that others left.
  void repair();

  /// What happens between two steps: damage now or in the middle of the next step, or time that passes.
  void disturb();

 private:
  struct Place {
    unsigned port;
    std::uint64_t node;
    shmbus::log::Reader reader;
    std::vector<int> retained;
  };
  struct Desk {
    unsigned port;
    std::uint64_t node;
    shmbus::log::Writer writer;
    std::optional<shmbus::detail::Claim> loan;
  };

  void attach_reader(std::unique_ptr<Place>& place);
  void attach_writer(std::unique_ptr<Desk>& desk);
  void check(const shmbus::detail::EventRecord& record) const;
  void check(const shmbus::log::ExtensionView& extensions, const shmbus::detail::EventRecord& record) const;
  void check(const shmbus::detail::Claim& claim) const;
  shmbus::Start start();

  const LogImage& image_;
  Input& input_;
  VirtualWorld world_;
  shmbus::log::BlockLog log_;
  std::array<std::unique_ptr<Place>, 2> places_;
  std::array<std::unique_ptr<Desk>, 2> desks_;
  std::uint64_t next_node_ = 8;
};

}  // namespace fuzz
