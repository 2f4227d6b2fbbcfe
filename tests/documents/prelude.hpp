// What the fragments of the documents may use without declaring it: see run. It is compiled, and never linked.
#pragma once

#include <shmbus/inspector.hpp>
#include <shmbus/scope.hpp>
#include <shmbus/shmbus.hpp>
#include <shmbus/type_fields.hpp>

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

extern shmbus::Bus bus;
extern shmbus::Publisher publisher;
extern shmbus::Subscriber subscriber;
