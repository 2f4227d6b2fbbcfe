/* A work queue in C: workers, in any number of processes, share the events of a topic. Here one worker does it all. */

#include <shmbus/shmbus.h>

#include <stdio.h>
#include <string.h>

static int failed(void) {
  fprintf(stderr, "%s\n", shmbus_last_error()->text); /* what is wrong, and what to do */
  return 1;
}

/* Returns whether the image has a thumbnail now. */
static bool make_thumbnail(const shmbus_event* image, uint32_t try) {
  return try > 1 || memcmp(image->payload, "dog", 3) != 0; /* the first try with a dog fails */
}

int main(int argc, char** argv) {
  shmbus_bus bus;
  shmbus_group group;
  shmbus_publisher publisher;
  if (shmbus_bus_open(argc > 1 ? argv[1] : "examples", NULL, &bus) != SHMBUS_OK) return failed();
  shmbus_topic_remove(bus, "image.resized", false, NULL); /* what an earlier run left */

  shmbus_group_options options = SHMBUS_GROUP_OPTIONS_INIT;
  options.backoff[0] = 1000000; /* an event that was given back comes again after 1 ms */
  options.backoff_count = 1;
  if (shmbus_publisher_open(bus, "image.resized", NULL, NULL, &publisher) != SHMBUS_OK) return failed();
  if (shmbus_group_open(bus, "image.resized", "thumbnails", &options, &group) != SHMBUS_OK) return failed();
  const char* const images[] = {"cat.png", "dog.png", "notes.txt"};
  for (int i = 0; i < 3; ++i)
    if (shmbus_publish(publisher, images[i], strlen(images[i]), NULL) != SHMBUS_OK) return failed();

  for (int done = 0; done < 3;) {
    shmbus_lease lease; /* the right to handle one event; if this process dies, another worker gets it */
    const shmbus_event* event;
    uint32_t deliveries;
    if (shmbus_group_take(group, SHMBUS_FOREVER, &lease, &event) != SHMBUS_OK) return failed();
    if (shmbus_lease_deliveries(lease, &deliveries) != SHMBUS_OK) return failed();
    printf("%.*s, try %u: ", (int)event->size, (const char*)event->payload, (unsigned)deliveries);
    shmbus_status status;
    if (event->size > 4 && memcmp((const char*)event->payload + event->size - 4, ".txt", 4) == 0) {
      printf("rejected\n");
      status = shmbus_lease_reject(lease, "not an image"); /* to image.resized.dead */
      ++done;
    } else if (make_thumbnail(event, deliveries)) {
      printf("done\n");
      status = shmbus_lease_acknowledge(lease);
      ++done;
    } else {
      printf("failed\n");
      status = shmbus_lease_give_back(lease);
    }
    /* Expired: this worker was silent for longer than options.lease, and the event went to another one. */
    if (status != SHMBUS_OK && status != SHMBUS_EXPIRED) return failed();
  }
  shmbus_group_close(group);
  shmbus_bus_close(bus);
  return 0;
}

// Prints:
// cat.png, try 1: done
// dog.png, try 1: failed
// notes.txt, try 1: rejected
// dog.png, try 2: done
