#pragma once

// What a service needs. Not among it:
//
//   shmbus/inspector.hpp    to inspect a bus without joining it
//   shmbus/type_fields.hpp  to describe the fields of a type: SHMBUS_FIELDS
//   shmbus/scope.hpp        to name the cause of what another thread publishes

#include "shmbus/batch_result.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/dispatch_options.hpp"
#include "shmbus/error.hpp"
#include "shmbus/event.hpp"
#include "shmbus/event_header.hpp"
#include "shmbus/event_headers.hpp"
#include "shmbus/event_id.hpp"
#include "shmbus/group.hpp"
#include "shmbus/group_options.hpp"
#include "shmbus/journal.hpp"
#include "shmbus/lease.hpp"
#include "shmbus/loan.hpp"
#include "shmbus/options.hpp"
#include "shmbus/pattern.hpp"
#include "shmbus/publish_options.hpp"
#include "shmbus/publish_result.hpp"
#include "shmbus/publishable.hpp"
#include "shmbus/publisher.hpp"
#include "shmbus/status.hpp"
#include "shmbus/subscriber.hpp"
#include "shmbus/subscription.hpp"
#include "shmbus/timeout.hpp"
#include "shmbus/topic_info.hpp"
#include "shmbus/trace_context.hpp"
#include "shmbus/type_info.hpp"
#include "shmbus/type_name.hpp"
#include "shmbus/typed_loan.hpp"
#include "shmbus/typed_subscriber.hpp"
