#include "platform/mapping.hpp"

#include <boost/interprocess/exceptions.hpp>

#include "platform/system_error.hpp"

namespace shmbus::platform {

namespace bip = boost::interprocess;

Mapping::Mapping(const SegmentFile& file, Access access, std::uint64_t offset, std::uint64_t bytes,
                 const std::string& object) {
  try {
    region_ = bip::mapped_region(file, access == Access::read_write ? bip::read_write : bip::read_only,
                                 static_cast<bip::offset_t>(offset), static_cast<std::size_t>(bytes));
  } catch (const bip::interprocess_exception& e) {
    throw mapping_error(e.get_native_error(), object, bytes);
  }
}

}  // namespace shmbus::platform
