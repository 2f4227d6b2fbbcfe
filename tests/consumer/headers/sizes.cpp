// Prints the sizes of public types. tests/consumer/run compiles it three times: alone, with -DMACROS_BEFORE and with
// -DMACROS_AFTER. All three must print the same.

#ifdef MACROS_BEFORE
#include "foreign_macros.hpp"
#endif

#include "all_headers.hpp"  // made by tests/consumer/run

#ifdef MACROS_BEFORE
#if !defined(slots) || !defined(signals) || !defined(emit) || !defined(Status) || !defined(None)
#error "a header of shmbus took away the macros of its user"
#endif
#endif

#include <cstdio>

#ifdef MACROS_AFTER
#include "foreign_macros.hpp"
#endif

struct Payload {
  int number;
};

template <class T>
void print() {
  std::printf("%s %zu\n", __PRETTY_FUNCTION__, sizeof(T));
}

template <class... Types>
void print_sizes() {
  (print<Types>(), ...);
}

int main() {
  using namespace shmbus;
  print_sizes<Bus, BusOptions, TopicOptions, SubscriberOptions, DispatchOptions, TopicInfo, Publisher, PublishResult,
              TypedPublisher<Payload>, Loan, Subscriber, Event, RetainedEvent, Subscription, Inspector, BusSnapshot,
              NodeSnapshot, TopicSnapshot, RingSnapshot, BlockSnapshot, PublisherSnapshot, SubscriberSnapshot, Leftover,
              BusFiles, ReapReport, Error, TraceContext, EventHeader, EventHeaders, PublishOptions, Timeout,
              layout::SubscriberWords, detail::PublishPath, detail::PollPath,
              detail::EventRecord, detail::PollState>();
}
