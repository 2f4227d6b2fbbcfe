#include "platform/lasting_file.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace shmbus::platform {

LastingFile::LastingFile(SegmentFile file, std::string name)
    : name_(std::move(name)), last_(new Opened{std::move(file), nullptr}) {}

LastingFile::~LastingFile() {
  for (Opened* opened = last_.load(std::memory_order_acquire); opened != nullptr;) {
    const std::unique_ptr<Opened> ended(opened);
    opened = opened->before;
  }
}

/// Uses no lock, since a process may be forked while another thread holds it. Where two threads open the file at the
/// same time, the slower one closes its own.
SegmentFile& LastingFile::get() const noexcept {
  Opened* last = last_.load(std::memory_order_acquire);
  if (last->file.is_open()) return last->file;
  try {
    auto again = SegmentFile::open(name_, last->file.access(), last->file.object());
    if (again && again->is_same(last->file)) {
      auto opened = std::make_unique<Opened>(Opened{std::move(*again), last});
      if (last_.compare_exchange_strong(last, opened.get(), std::memory_order_acq_rel)) last = opened.release();
    }
  } catch (const std::exception&) {
    // The file stays closed.
  }
  return last->file;
}

}  // namespace shmbus::platform
