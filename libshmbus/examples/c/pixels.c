/* Writes a large event where its readers read it, and keeps it longer than the poll, in C. */

#include <shmbus/shmbus.h>

#include <stdio.h>
#include <string.h>

static int failed(void) {
  fprintf(stderr, "%s\n", shmbus_last_error()->text);
  return 1;
}

int main(int argc, char** argv) {
  shmbus_bus bus;
  shmbus_subscriber subscriber;
  shmbus_publisher publisher;
  shmbus_topic_options options = SHMBUS_TOPIC_OPTIONS_INIT; /* begins with its size, so that it can grow */
  options.block_size = 4 << 20;
  if (shmbus_bus_open(argc > 1 ? argv[1] : "examples", NULL, &bus) != SHMBUS_OK) return failed();
  if (shmbus_publisher_open(bus, "c.frames", &options, NULL, &publisher) != SHMBUS_OK) return failed();
  if (shmbus_subscriber_open(bus, "c.frames", NULL, NULL, &subscriber) != SHMBUS_OK) return failed();

  shmbus_loan loan;
  if (shmbus_loan_begin(publisher, 1 << 20, NULL, &loan) != SHMBUS_OK) return failed();
  memset(loan.data, 7, loan.size);
  if (shmbus_loan_commit(publisher, loan.size, NULL) != SHMBUS_OK) return failed();

  const shmbus_event* event;
  shmbus_kept kept;
  if (shmbus_subscriber_next(subscriber, &event) != SHMBUS_OK) return failed();
  if (shmbus_event_keep(event, &kept) != SHMBUS_OK) return failed();
  shmbus_subscriber_close(subscriber); /* the kept event stays where it is */
  if (shmbus_kept_event(kept, &event) != SHMBUS_OK) return failed();
  printf("%zu bytes, the last one %d\n", event->size, ((const unsigned char*)event->payload)[event->size - 1]);
  shmbus_kept_release(kept);

  /* A handle that has ended is noticed. */
  printf("%s\n", shmbus_status_name(shmbus_kept_event(kept, &event)));
  shmbus_bus_close(bus);
  return 0;
}

// Prints:
// 1048576 bytes, the last one 7
// invalid_handle
