#include "storm/subscriber_ports.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>

#include "base/bus_name.hpp"
#include "platform/segment_file.hpp"

namespace storm {

using shmbus::layout::TopicHeader;

SubscriberPorts::SubscriberPorts(const std::string& bus, const std::string& topic) {
  const std::string path = std::string(shmbus::platform::SegmentFile::kFolder) + "/" +
                           shmbus::base::BusName(bus).control_file(shmbus::base::TopicName(topic));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("can't open " + path);
  void* at = ::mmap(nullptr, sizeof(TopicHeader), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) throw std::runtime_error("can't map " + path);
  header_ = static_cast<const TopicHeader*>(at);
}

SubscriberPorts::~SubscriberPorts() { ::munmap(const_cast<TopicHeader*>(header_), sizeof(TopicHeader)); }

const shmbus::layout::SubscriberPort& SubscriberPorts::of(std::uint64_t node) const {
  for (const auto& port : header_->subscriber_ports) {
    if (port.owner == node) return port;
  }
  throw std::runtime_error("a subscriber without a port");
}

}  // namespace storm
