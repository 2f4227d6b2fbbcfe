/* Publishes one event and reads it, in C. Run it twice: the second run publishes event 2 of the same topic. */

#include <shmbus/shmbus.h>

#include <stdio.h>

static int failed(void) {
  fprintf(stderr, "%s\n", shmbus_last_error()->text); /* what is wrong, and what to do */
  return 1;
}

static int show(const shmbus_event* event, void* context) {
  const char* topic;
  (void)context;
  if (shmbus_event_topic(event, &topic) != SHMBUS_OK) return 1;
  printf("%s #%llu: %.*s\n", topic, (unsigned long long)event->sequence, (int)event->size, (const char*)event->payload);
  return 0;
}

int main(int argc, char** argv) {
  shmbus_bus bus;
  shmbus_subscriber subscriber;
  shmbus_publisher publisher;
  if (shmbus_bus_open(argc > 1 ? argv[1] : "examples", NULL, &bus) != SHMBUS_OK) return failed();
  /* Subscribe first: a subscriber starts with the next event. */
  if (shmbus_subscriber_open(bus, "hello.*", NULL, NULL, &subscriber) != SHMBUS_OK) return failed();
  if (shmbus_publisher_open(bus, "hello.world", NULL, NULL, &publisher) != SHMBUS_OK) return failed();
  if (shmbus_publish(publisher, "good morning", 12, NULL) != SHMBUS_OK) return failed();
  if (shmbus_subscriber_poll(subscriber, show, NULL, 256, NULL) != SHMBUS_OK) return failed();
  shmbus_publisher_close(publisher);
  shmbus_subscriber_close(subscriber);
  shmbus_bus_close(bus);
  return 0;
}

// Prints:
// hello.world #1: good morning
