// shmbus-nats: carries events between a bus and NATS JetStream. See shmbus-nats(8).

#include "bridge_program.hpp"

int main(int argc, char** argv) { return shmbus::bridge::run_bridge(argc, argv); }
