/* Programs and libraries of different age: growth_test VERSION BUS, where VERSION is the library's. Compiled twice: with
 * today's header, and with one whose structs of options have a field more (GROWN). */
#include "check.h"

#ifdef GROWN
/* What the library does not know may be passed at its default, and is refused in words otherwise. */
#define CHECK_LATER(options, call, knows)                                         \
  do {                                                                            \
    CHECK_OK(call);                                                               \
    (options).later = 1;                                                          \
    if (knows) {                                                                  \
      CHECK_OK(call);                                                             \
    } else {                                                                      \
      CHECK_STATUS(SHMBUS_INVALID_OPTION, call);                                  \
      CHECK(last_error_says(SHMBUS_INVALID_OPTION, "shmbus_" #options));          \
      CHECK(last_error_says(SHMBUS_INVALID_OPTION, "install a newer libshmbus")); \
    }                                                                             \
  } while (0)
#else
#define CHECK_LATER(options, call, knows) \
  do {                                    \
    (void)(knows);                        \
    CHECK_OK(call);                       \
  } while (0)
#endif

static int ignore(const shmbus_event* event, void* context) {
  (void)event;
  (void)context;
  return 0;
}

int main(int argc, char** argv) {
  CHECK(argc == 3);
  CHECK(strcmp(shmbus_version(), argv[1]) == 0);
  const bool knows = strcmp(argv[1], "grown") == 0;
  shmbus_bus bus;
  shmbus_publisher publisher;
  shmbus_subscriber subscriber;
  shmbus_subscription subscription;
  shmbus_inspector inspector;
  shmbus_reader reader;

  shmbus_bus_options bus_options = SHMBUS_BUS_OPTIONS_INIT;
  CHECK_LATER(bus_options, shmbus_bus_open(argv[2], &bus_options, &bus), knows);
  CHECK_OK(shmbus_bus_open(argv[2], NULL, &bus));
  shmbus_topic_options topic_options = SHMBUS_TOPIC_OPTIONS_INIT;
  topic_options.blocks = 4;
  CHECK_LATER(topic_options, shmbus_publisher_open(bus, "a.b", &topic_options, NULL, &publisher), knows);
  CHECK_OK(shmbus_publisher_open(bus, "a.b", NULL, NULL, &publisher));
  shmbus_publish_options publish_options = SHMBUS_PUBLISH_OPTIONS_INIT;
  CHECK_LATER(publish_options, shmbus_publish_with(publisher, "x", 1, &publish_options, NULL), knows);
  shmbus_subscriber_options subscriber_options = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
  CHECK_LATER(subscriber_options, shmbus_subscriber_open(bus, "a.*", &subscriber_options, NULL, &subscriber), knows);
  shmbus_dispatch_options dispatch_options = SHMBUS_DISPATCH_OPTIONS_INIT;
  CHECK_LATER(dispatch_options, shmbus_subscribe(bus, "a.*", ignore, NULL, &dispatch_options, NULL, &subscription),
              knows);
  shmbus_group group;
  shmbus_group_options group_options = SHMBUS_GROUP_OPTIONS_INIT;
  group_options.window = 2048;
  CHECK_LATER(group_options, shmbus_group_open(bus, "a.b", "g", &group_options, &group), knows);
  shmbus_dispatch_options group_dispatch = SHMBUS_DISPATCH_OPTIONS_INIT;
  group_dispatch.group = "g";
  group_dispatch.group_options = &group_options;
  const shmbus_status nested = shmbus_subscribe(bus, "a.b", ignore, NULL, &group_dispatch, NULL, &subscription);
#ifdef GROWN
  CHECK(nested == (knows ? SHMBUS_OK : SHMBUS_INVALID_OPTION));
#else
  CHECK(nested == SHMBUS_OK);
#endif
  CHECK_OK(shmbus_inspector_open(argv[2], NULL, 0, &inspector));
  shmbus_reader_options reader_options = SHMBUS_READER_OPTIONS_INIT;
  CHECK_LATER(reader_options, shmbus_reader_open(inspector, "a.*", &reader_options, &reader), knows);

  shmbus_topic_options journaled = SHMBUS_TOPIC_OPTIONS_INIT;
  journaled.journal = SHMBUS_JOURNAL_PAGE_CACHE;
  shmbus_journal journal;
  uint64_t sequence;
  CHECK_OK(shmbus_publisher_open(bus, "a.c", &journaled, NULL, &publisher));
  CHECK_OK(shmbus_publish(publisher, "x", 1, &sequence));
  CHECK_OK(shmbus_publisher_wait_durable(publisher, sequence, SHMBUS_FOREVER));
  CHECK_OK(shmbus_journal_open(NULL, argv[2], "a.c", NULL, 0, &journal));
  shmbus_replay_options replay_options = SHMBUS_REPLAY_OPTIONS_INIT;
  CHECK_LATER(replay_options, shmbus_journal_read(journal, &replay_options, &reader), knows);
  CHECK_OK(shmbus_publisher_close(publisher));
  CHECK_OK(shmbus_topic_remove(bus, "a.c", false, NULL));
  shmbus_prune_options prune_options = SHMBUS_PRUNE_OPTIONS_INIT;
  CHECK_LATER(prune_options, shmbus_journal_prune(journal, &prune_options, true, NULL), knows);

  /* The options that both know have arrived. */
  shmbus_topic_info info = SHMBUS_TOPIC_INFO_INIT;
  CHECK_OK(shmbus_topic_find(bus, "a.b", &info));
  CHECK(info.blocks == 4 && info.block_size == 262144);
  const char* json;
  CHECK_OK(shmbus_inspector_groups(inspector, &json));
  CHECK(strstr(json, "\"window\":2048,") != NULL && strstr(json, "\"max_deliveries\":5,") != NULL);
  return 0;
}
