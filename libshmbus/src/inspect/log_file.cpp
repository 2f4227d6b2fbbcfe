#include "inspect/log_file.hpp"

#include <utility>

#include "layout/segment_checks.hpp"

namespace shmbus::detail {

LogFile::LogFile(std::string name, std::string object, std::uint64_t size, std::vector<uid_t> owners)
    : name_(std::move(name)), object_(std::move(object)), size_(size), owners_(std::move(owners)) {}

const platform::SegmentFile* LogFile::open() {
  if (!file_ || !file_->is_open()) {  // the program may have closed our descriptor
    file_ = platform::SegmentFile::open(name_, platform::Access::read_only, object_);
    if (!file_) return nullptr;
    layout::check_owner(file_->state(), owners_, object_);
  }
  layout::check_size(file_->state().size, size_, object_);
  return &*file_;
}

}  // namespace shmbus::detail
