#pragma once

#include <memory>

#include <nats/nats.h>

namespace shmbus::bridge {

/// Frees an object of nats.c.
template <auto destroy>
struct NatsDeleter {
  template <class T>
  void operator()(T* object) const noexcept {
    destroy(object);
  }
};

using NatsOptions = std::unique_ptr<natsOptions, NatsDeleter<natsOptions_Destroy>>;
using NatsConnection = std::unique_ptr<natsConnection, NatsDeleter<natsConnection_Destroy>>;
using NatsSubscription = std::unique_ptr<natsSubscription, NatsDeleter<natsSubscription_Destroy>>;
using NatsMessage = std::unique_ptr<natsMsg, NatsDeleter<natsMsg_Destroy>>;
using JetStream = std::unique_ptr<jsCtx, NatsDeleter<jsCtx_Destroy>>;
using JsStreamInfo = std::unique_ptr<jsStreamInfo, NatsDeleter<jsStreamInfo_Destroy>>;
using JsConsumerInfo = std::unique_ptr<jsConsumerInfo, NatsDeleter<jsConsumerInfo_Destroy>>;
using JsStreamNames = std::unique_ptr<jsStreamNamesList, NatsDeleter<jsStreamNamesList_Destroy>>;
using JsMetaData = std::unique_ptr<jsMsgMetaData, NatsDeleter<jsMsgMetaData_Destroy>>;

}  // namespace shmbus::bridge
