#include "support/network_cable.hpp"

#include <sched.h>
#include <unistd.h>

#include <stdexcept>

#include "support/child_process.hpp"
#include "support/privileges.hpp"

namespace test {
namespace {

/// The words before a command that nsenter(1) needs.
std::vector<std::string> in_network_of(pid_t process) {
  return {"/usr/bin/env", "nsenter", "--net=/proc/" + std::to_string(process) + "/ns/net"};
}

void ip(const std::string& arguments, std::vector<std::string> before = {"/usr/bin/env"}) {
  before.insert(before.end(), {"/bin/sh", "-c", "PATH=$PATH:/usr/sbin:/sbin exec ip " + arguments});
  const Finished finished = run(before);
  if (finished.end != End{}) throw std::runtime_error("ip " + arguments + ": " + finished.err);
}

bool has_command(const std::string& name) {
  return run({"/bin/sh", "-c", "PATH=$PATH:/usr/sbin:/sbin command -v " + name}).end == End{};
}

}  // namespace

bool have_network_cables() {
  if (!have_root()) return false;
  if (!has_command("ip") || !has_command("nsenter")) {
    skip("iproute2 and nsenter");
    return false;
  }
  auto process = in_namespaces(CLONE_NEWNET, [](const Parent& parent) {
    bool made = true;
    try {
      const NetworkCable cable;
    } catch (const std::exception&) {
      made = false;
    }
    parent.say(made ? 1 : 0);
  });
  if (!process) return false;
  if (process->hear() == 1) return true;
  skip("the right to make network interfaces");
  return false;
}

NetworkCable::NetworkCable() {
  other_end_.emplace([](const Parent& parent) {
    parent.say(::unshare(CLONE_NEWNET) == 0 ? 1 : 0);
    for (;;) ::pause();
  });
  if (other_end_->hear() != 1) throw std::runtime_error("no second network namespace");
  const std::vector<std::string> inside = in_network_of(other_end_->pid());
  ip("link set lo up");
  ip("link set lo up", inside);
  ip("link add near type veth peer name far netns " + std::to_string(other_end_->pid()));
  ip("address add " + std::string{here} + "/30 dev near");
  ip("address add " + std::string{there} + "/30 dev far", inside);
  ip("link set near up");
  ip("link set far up", inside);
}

std::vector<std::string> NetworkCable::at_other_end() const { return in_network_of(other_end_->pid()); }

void NetworkCable::cut() const { ip("link set near down"); }
void NetworkCable::mend() const { ip("link set near up"); }

}  // namespace test
