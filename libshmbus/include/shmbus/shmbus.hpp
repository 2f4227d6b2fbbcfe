#pragma once

// The whole public face of shmbus.

#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"
#include "shmbus/event.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/latency.hpp"
#include "shmbus/leftover.hpp"
#include "shmbus/options.hpp"
#include "shmbus/pattern.hpp"
#include "shmbus/publish_result.hpp"
#include "shmbus/publishable.hpp"
#include "shmbus/publisher.hpp"
#include "shmbus/snapshot.hpp"
#include "shmbus/status.hpp"
#include "shmbus/subscriber.hpp"
#include "shmbus/subscription.hpp"
#include "shmbus/topic_info.hpp"
#include "shmbus/trace_context.hpp"
#include "shmbus/type_fields.hpp"
#include "shmbus/type_info.hpp"
#include "shmbus/type_name.hpp"
