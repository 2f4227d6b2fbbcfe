#include "shared_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace peers {

SharedMemory::SharedMemory(std::size_t size) : size_(size) {
  const int fd = ::open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(size)) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a file in /dev/shm");
  }
  data_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "cannot map shared memory");
  ::close(fd);
}

SharedMemory::~SharedMemory() { ::munmap(data_, size_); }

}  // namespace peers
