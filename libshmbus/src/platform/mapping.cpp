#include "platform/mapping.hpp"

#include <boost/interprocess/exceptions.hpp>

#include "platform/system_error.hpp"

namespace shmbus::platform {

namespace bip = boost::interprocess;

namespace {

bip::mode_t mode_of(Access access) noexcept { return access == Access::read_write ? bip::read_write : bip::read_only; }

/// Boost.Interprocess's MemoryMappable of a descriptor.
struct OpenFile {
  int descriptor;
  bip::mode_t mode;
  bip::mapping_handle_t get_mapping_handle() const { return {descriptor, false}; }
  bip::mode_t get_mode() const { return mode; }
};

template <class File>
bip::mapped_region map(const File& file, Access access, std::uint64_t offset, std::uint64_t bytes,
                       const std::string& object) {
  try {
    return bip::mapped_region(file, mode_of(access), static_cast<bip::offset_t>(offset),
                              static_cast<std::size_t>(bytes));
  } catch (const bip::interprocess_exception& e) {
    throw mapping_error(e.get_native_error(), object, bytes);
  }
}

}  // namespace

Mapping::Mapping(const SegmentFile& file, Access access, std::uint64_t offset, std::uint64_t bytes,
                 const std::string& object)
    : region_(map(file, access, offset, bytes, object)) {}

Mapping::Mapping(int descriptor, Access access, std::uint64_t bytes, const std::string& object)
    : region_(map(OpenFile{descriptor, mode_of(access)}, access, 0, bytes, object)) {}

}  // namespace shmbus::platform
