/* What the tests of the C interface share: each case runs on a bus of its own, which is open. */
#ifndef CLIENT_H
#define CLIENT_H

#include "check.h"

static const char* bus_name;
static shmbus_bus bus;

static inline shmbus_publisher publisher_of(const char* topic) {
  shmbus_publisher publisher;
  CHECK_OK(shmbus_publisher_open(bus, topic, NULL, NULL, &publisher));
  return publisher;
}

static inline shmbus_subscriber subscriber_of(const char* pattern) {
  shmbus_subscriber subscriber;
  CHECK_OK(shmbus_subscriber_open(bus, pattern, NULL, NULL, &subscriber));
  return subscriber;
}

struct test_case {
  const char* name;
  void (*run)(void);
};

/* For the arguments CASE BUS. */
static inline int run_case(const struct test_case* cases, size_t count, int argc, char** argv) {
  CHECK(argc == 3);
  bus_name = argv[2];
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(cases[i].name, argv[1]) != 0) continue;
    CHECK_OK(shmbus_bus_open(bus_name, NULL, &bus));
    cases[i].run();
    printf("%s: passed\n", argv[1]);
    return 0;
  }
  fprintf(stderr, "%s: there is no case '%s'\n", argv[0], argv[1]);
  return 2;
}

#endif
