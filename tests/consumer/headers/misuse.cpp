// Mistakes that do not compile, each as a case. tests/consumer/run compiles this file with -DCASE=0, which must work, and
// with each other number, which must not.

#include <shmbus/shmbus.hpp>

#ifndef CASE
#define CASE 0
#endif

struct Payload {
  int number;
};

void use(shmbus::Bus& bus, shmbus::Subscriber& subscriber, shmbus::Publisher& publisher,
         shmbus::TypedPublisher<Payload>& typed);
void use(shmbus::Bus& bus, shmbus::Subscriber& subscriber, shmbus::Publisher& publisher,
         shmbus::TypedPublisher<Payload>& typed) {
  [[maybe_unused]] const auto handler = [](const shmbus::Event&) {};
#if CASE == 0
  shmbus::Loan loan = publisher.loan(8);
  shmbus::TypedLoan<Payload> typed_loan = typed.loan();
  const shmbus::Subscription subscription = bus.subscribe("t", handler);
  subscriber.poll([](const shmbus::Event& event) { const auto kept = event.retain(); });
#elif CASE == 1
  shmbus::Bus::open("b");
#elif CASE == 2
  bus.publisher("t");
#elif CASE == 3
  bus.publisher<Payload>("t");
#elif CASE == 4
  bus.subscriber("t");
#elif CASE == 5
  bus.subscribe("t", handler);
#elif CASE == 6
  subscriber.poll([](const shmbus::Event& event) { event.retain(); });
#elif CASE == 7
  publisher.loan(8);
#elif CASE == 8
  publisher.try_loan(8);
#elif CASE == 9
  typed.loan();
#elif CASE == 10
  typed.try_loan();
#elif CASE == 11
  publisher.try_publish("x");
#elif CASE == 12
  auto loan = bus.publisher("t").loan(8);
#elif CASE == 13
  auto loan = bus.publisher<Payload>("t").loan();
#endif
}
