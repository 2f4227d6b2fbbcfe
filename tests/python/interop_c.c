/* The part in C of test_interop.py: interop_c publish|read BUS TOPIC */
#include <shmbus/shmbus.h>

#include <stdio.h>
#include <string.h>

struct position {
  float x, y;
};
struct watch {
  uint64_t user_id;
  uint32_t video_id;
  float seconds;
  struct position at;
  struct position track[2];
  uint8_t tags[3];
  char name[5];
};

static const shmbus_field position_fields[] = {SHMBUS_FIELD(struct position, x), SHMBUS_FIELD(struct position, y)};
static const shmbus_type position_type = SHMBUS_TYPE("test::Position", struct position, position_fields);
static const shmbus_field watch_fields[] = {
    SHMBUS_FIELD(struct watch, user_id),
    SHMBUS_FIELD(struct watch, video_id),
    SHMBUS_FIELD(struct watch, seconds),
    SHMBUS_FIELD_OF(struct watch, at, "test::Position", &position_type),
    SHMBUS_FIELD_OF(struct watch, track, "std::array<test::Position, (unsigned long)2>", &position_type),
    SHMBUS_FIELD_AS(struct watch, tags, "unsigned char[3]"),
    SHMBUS_FIELD_AS(struct watch, name, "char[5]")};
static const shmbus_type watch_type = SHMBUS_TYPE("test::Watch", struct watch, watch_fields);

static int fail(void) {
  fprintf(stderr, "%s\n", shmbus_last_error()->text);
  return 3;
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  shmbus_bus bus;
  if (shmbus_bus_open(argv[2], NULL, &bus) != SHMBUS_OK) return fail();
  if (strcmp(argv[1], "publish") == 0) {
    const struct watch watch = {42, 7, 1.5f, {1, 2}, {{3, 4}, {5, 6}}, {7, 8, 9}, "bob"};
    shmbus_publisher publisher;
    if (shmbus_publisher_open(bus, argv[3], NULL, &watch_type, &publisher) != SHMBUS_OK) return fail();
    return shmbus_publish(publisher, &watch, sizeof watch, NULL) == SHMBUS_OK ? 0 : fail();
  }
  shmbus_subscriber_options options = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
  options.start = SHMBUS_START_OLDEST;
  shmbus_subscriber subscriber;
  const shmbus_event* event;
  if (shmbus_subscriber_open(bus, argv[3], &options, &watch_type, &subscriber) != SHMBUS_OK) return fail();
  if (shmbus_subscriber_next(subscriber, &event) != SHMBUS_OK) return 1;
  const struct watch* w = event->payload;
  printf("%llu %u %g %g %g %g %u %s\n", (unsigned long long)w->user_id, w->video_id, (double)w->seconds,
         (double)w->at.x, (double)w->at.y, (double)w->track[1].y, w->tags[2], w->name);
  return 0;
}
