#pragma once

#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "platform/segment_file.hpp"

namespace shmbus::platform {

/// A range of a file in this process's address space. It stays mapped when the file's descriptor is closed,
/// until it is destroyed.
class Mapping {
 public:
  Mapping() = default;
  /// *Throws* Error.
  Mapping(const SegmentFile& file, Access access, std::uint64_t offset, std::uint64_t bytes, const std::string& object);

  /// The same for any file, by its descriptor. *Throws* Error.
  Mapping(int descriptor, Access access, std::uint64_t bytes, const std::string& object);

  std::byte* address() const noexcept { return static_cast<std::byte*>(region_.get_address()); }
  std::size_t size() const noexcept { return region_.get_size(); }

 private:
  boost::interprocess::mapped_region region_;
};

}  // namespace shmbus::platform
