#pragma once

namespace shmbus::bridge {

/// The program shmbus-nats. Returns its exit status.
int run_bridge(int argc, char** argv);

}  // namespace shmbus::bridge
