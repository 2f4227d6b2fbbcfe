/* The files of journals, as a program in C reads them, case by case: journal_test CASE BUS. */
#include "client.h"

#include <stdint.h>
#include <unistd.h>

static shmbus_publisher journaled_publisher(void) {
  shmbus_topic_options options = SHMBUS_TOPIC_OPTIONS_INIT;
  options.journal = SHMBUS_JOURNAL_BATCH;
  options.segment_file = 1 << 20;
  shmbus_publisher publisher;
  CHECK_OK(shmbus_publisher_open(bus, "a.b", &options, NULL, &publisher));
  return publisher;
}

/* Publishes, and ends the bus: its journal stays. */
static void record(int events, size_t size) {
  shmbus_publisher publisher = journaled_publisher();
  char payload[1000];
  CHECK(size <= sizeof payload);
  uint64_t sequence = 0;
  for (int i = 0; i < events; ++i) {
    memset(payload, i & 0x7f, size);
    CHECK_OK(shmbus_publish(publisher, payload, size, &sequence));
  }
  CHECK_OK(shmbus_publisher_wait_durable(publisher, sequence, SHMBUS_FOREVER));
  CHECK_OK(shmbus_publisher_close(publisher));
  CHECK_OK(shmbus_bus_close(bus));
  CHECK_OK(shmbus_bus_remove(bus_name, false, NULL));
}

static shmbus_journal journal_of(const char* topic) {
  shmbus_journal journal;
  CHECK_OK(shmbus_journal_open(NULL, bus_name, topic, NULL, 0, &journal));
  return journal;
}

static bool has(const char* json, const char* part) {
  if (strstr(json, part) != NULL) return true;
  fprintf(stderr, "no %s in %s\n", part, json);
  return false;
}

static void files(void) {
  const char *folder, *json;
  CHECK_OK(shmbus_journal_folder(&folder));
  CHECK(strcmp(folder, getenv("SHMBUS_JOURNALS")) == 0);
  record(3, 10);
  CHECK_OK(shmbus_journal_buses(NULL, &json));
  CHECK(has(json, bus_name));
  CHECK_OK(shmbus_journal_topics(NULL, bus_name, NULL, 0, &json));
  CHECK(strcmp(json, "[\"a.b\"]") == 0);
  shmbus_journal journal;
  CHECK_OK(shmbus_journal_open(folder, bus_name, "a.b", NULL, 0, &journal));
  CHECK_OK(shmbus_journal_info(journal, &json));
  CHECK(has(json, "\"topic\":{\"name\":\"a.b\",\"id\":") && has(json, "\"journal_kind\":\"batch\""));
  CHECK(has(json, "\"in_use\":false,\"recorded\":false,\"first\":1,\"last\":3,\"first_time\":1"));
  CHECK(has(json, "\"files\":[{\"name\":\"") && has(json, "\"problem\":\"\"}]}"));
  bool whole = false;
  CHECK_OK(shmbus_journal_verify(journal, &whole, &json));
  CHECK(whole && has(json, "\"events\":3,\"first\":1,\"last\":3,") && has(json, "\"whole\":true}"));
  CHECK(has(json, "\"damage\":[],\"gaps\":[],\"missing\":[],\"remarks\":[]"));
  CHECK_OK(shmbus_journal_verify(journal, NULL, NULL));
  CHECK_OK(shmbus_journal_close(journal));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_journal_close(journal));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_journal_info(journal, &json));
  CHECK(last_error_says(SHMBUS_INVALID_HANDLE, "journal"));
}

static void read_events(void) {
  shmbus_bus_info bus_info = SHMBUS_BUS_INFO_INIT;
  CHECK_OK(shmbus_bus_info_of(bus, &bus_info));
  record(50, 100);
  shmbus_journal journal = journal_of("a.b");
  shmbus_reader reader;
  CHECK_OK(shmbus_journal_read(journal, NULL, &reader));
  CHECK_OK(shmbus_journal_close(journal)); /* the reader goes on */
  shmbus_event_copy event = SHMBUS_EVENT_COPY_INIT;
  for (uint64_t i = 1; i <= 50; ++i) {
    CHECK_OK(shmbus_reader_next_copy(reader, &event));
    CHECK(event.sequence == i && event.size == 100 && *(const char*)event.payload.data == (char)(i - 1));
    CHECK(strcmp(event.topic, "a.b") == 0 && event.id.bus == 0 && event.id.topic != 0);
  }
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_reader_next_copy(reader, &event));
  uint64_t lost = 1;
  bool finished = true;
  CHECK_OK(shmbus_reader_counts(reader, &lost, &finished));
  CHECK(lost == 0 && !finished);
  const char* json;
  CHECK_OK(shmbus_reader_stretches(reader, &json));
  CHECK(strcmp(json, "[]") == 0);
  CHECK_OK(shmbus_reader_problems(reader, &json));
  CHECK(strcmp(json, "[]") == 0);
  CHECK_OK(shmbus_reader_close(reader));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_reader_stretches(reader, &json));

  journal = journal_of("a.b");
  shmbus_replay_options options = SHMBUS_REPLAY_OPTIONS_INIT;
  options.start = SHMBUS_START_LAST;
  options.start_value = 2;
  options.max_payload = 3;
  options.incarnation = bus_info.incarnation;
  CHECK_OK(shmbus_journal_read(journal, &options, &reader));
  CHECK_OK(shmbus_reader_next_copy(reader, &event));
  CHECK(event.sequence == 49 && event.size == 100 && event.payload.size == 3 && event.id.bus == bus_info.incarnation);
  CHECK_OK(shmbus_reader_next(reader, &json));
  CHECK(has(json, "\"sequence\":50,"));
  options.start = SHMBUS_START_AFTER; /* where another program stopped */
  options.start_after = event.id;
  options.start_after.sequence = 10;
  CHECK_OK(shmbus_journal_read(journal, &options, &reader));
  CHECK_OK(shmbus_reader_next_copy(reader, &event));
  CHECK(event.sequence == 11);
  options.start_after.topic ^= 1;
  CHECK_STATUS(SHMBUS_STALE_POSITION, shmbus_journal_read(journal, &options, &reader));
  CHECK(reader.number == 0);
}

static void while_recorded(void) {
  shmbus_publisher publisher = journaled_publisher();
  uint64_t sequence;
  CHECK_OK(shmbus_publish(publisher, "one", 3, &sequence));
  CHECK_OK(shmbus_publisher_wait_durable(publisher, sequence, SHMBUS_FOREVER));
  shmbus_journal journal = journal_of("a.b");
  const char* json;
  CHECK_OK(shmbus_journal_info(journal, &json));
  CHECK(has(json, "\"in_use\":true"));
  shmbus_reader reader;
  CHECK_OK(shmbus_journal_read(journal, NULL, &reader));
  shmbus_event_copy event = SHMBUS_EVENT_COPY_INIT;
  CHECK_OK(shmbus_reader_next_copy(reader, &event));
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_reader_next_copy(reader, &event));
  CHECK_OK(shmbus_publish(publisher, "two", 3, &sequence));
  CHECK_OK(shmbus_publisher_wait_durable(publisher, sequence, SHMBUS_FOREVER));
  CHECK_OK(shmbus_reader_next_copy(reader, &event));
  CHECK(event.sequence == 2 && memcmp(event.payload.data, "two", 3) == 0);
  shmbus_pruned pruned = SHMBUS_PRUNED_INIT;
  shmbus_prune_options options = SHMBUS_PRUNE_OPTIONS_INIT;
  options.bytes = 0;
  CHECK_STATUS(SHMBUS_BUSY, shmbus_journal_prune(journal, &options, false, &pruned));
  CHECK(last_error_says(SHMBUS_BUSY, "journal"));
}

/* Writes over the bytes in the middle of the newest segment file that holds events. */
static void damage(const char* json) {
  char name[256], path[4096], folder[2048];
  const char* found = strstr(json, "\"path\":\"");
  CHECK(found != NULL && sscanf(found, "\"path\":\"%2047[^\"]", folder) == 1);
  found = strstr(json, "\"files\":[{\"name\":\"");
  CHECK(found != NULL && sscanf(found, "\"files\":[{\"name\":\"%255[^\"]", name) == 1);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE* file = fopen(path, "r+b");
  CHECK(file != NULL && fseek(file, 20000, SEEK_SET) == 0);
  CHECK(fwrite("damaged, damaged, damaged", 1, 25, file) == 25 && fclose(file) == 0);
}

static void damaged(void) {
  record(500, 1000);
  shmbus_journal journal = journal_of("a.b");
  const char* json;
  CHECK_OK(shmbus_journal_info(journal, &json));
  damage(json);
  bool whole = true;
  CHECK_OK(shmbus_journal_verify(journal, &whole, &json));
  CHECK(!whole && has(json, "\"damage\":[{\"file\":\"") && has(json, "\"whole\":false}"));
  shmbus_reader reader;
  CHECK_OK(shmbus_journal_read(journal, NULL, &reader));
  shmbus_event_copy event = SHMBUS_EVENT_COPY_INIT;
  uint64_t events = 0, lost = 0;
  shmbus_status status;
  while ((status = shmbus_reader_next_copy(reader, &event)) == SHMBUS_OK) ++events;
  CHECK(status == SHMBUS_NOTHING);
  CHECK_OK(shmbus_reader_counts(reader, &lost, NULL));
  CHECK(lost > 0 && events + lost == 500);
  CHECK_OK(shmbus_reader_stretches(reader, &json));
  CHECK(has(json, "[{\"kind\":\"damaged\",\"first\":"));
  CHECK_OK(shmbus_reader_stretches(reader, &json)); /* they were taken */
  CHECK(strcmp(json, "[]") == 0);
}

static void prune(void) {
  record(4000, 1000); /* some files of a MiB */
  shmbus_journal journal = journal_of("a.b");
  shmbus_prune_options options = SHMBUS_PRUNE_OPTIONS_INIT;
  shmbus_pruned pruned = SHMBUS_PRUNED_INIT, seen = SHMBUS_PRUNED_INIT;
  CHECK_OK(shmbus_journal_prune(journal, NULL, false, &pruned)); /* no limit: nothing */
  CHECK(pruned.files == 0 && pruned.last == 0);
  options.older_than = 1;
  CHECK_OK(shmbus_journal_prune(journal, &options, false, &pruned));
  CHECK(pruned.files == 0);
  options.older_than = 0;
  options.before = 2000;
  CHECK_OK(shmbus_journal_prune(journal, &options, true, &seen));
  CHECK(seen.files > 0 && seen.last > 0 && seen.last < 2000 && seen.bytes > 0);
  pruned.struct_size = 0; /* a mistake removes nothing */
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_journal_prune(journal, &options, false, &pruned));
  pruned.struct_size = sizeof pruned;
  CHECK_OK(shmbus_journal_prune(journal, &options, false, &pruned));
  CHECK(pruned.files == seen.files && pruned.last == seen.last && pruned.bytes == seen.bytes);
  CHECK_OK(shmbus_journal_prune(journal, &options, true, &seen));
  CHECK(seen.files == 0);
  shmbus_reader reader;
  shmbus_event_copy event = SHMBUS_EVENT_COPY_INIT;
  CHECK_OK(shmbus_journal_read(journal, NULL, &reader));
  CHECK_OK(shmbus_reader_next_copy(reader, &event));
  CHECK(event.sequence == pruned.last + 1);
  options = (shmbus_prune_options)SHMBUS_PRUNE_OPTIONS_INIT;
  options.bytes = 0; /* all but the newest file */
  CHECK_OK(shmbus_journal_prune(journal, &options, false, NULL));
  const char* json;
  CHECK_OK(shmbus_journal_info(journal, &json));
  CHECK(has(json, "\"last\":4000,") && strstr(strstr(json, "\"files\":["), "},{") == NULL);
}

static void refusals(void) {
  record(1, 1);
  shmbus_journal journal = {1};
  const char* json;
  CHECK_STATUS(SHMBUS_NOT_FOUND, shmbus_journal_open(NULL, bus_name, "a.c", NULL, 0, &journal));
  CHECK(last_error_says(SHMBUS_NOT_FOUND, "a.c") && journal.number == 0);
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_journal_open(NULL, "no/slash", "a.b", NULL, 0, &journal));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_journal_open(NULL, bus_name, NULL, NULL, 0, &journal));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_journal_open(NULL, bus_name, "a.b", NULL, 0, NULL));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_journal_verify((shmbus_journal){0}, NULL, NULL));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_journal_topics(NULL, NULL, NULL, 0, &json));
  CHECK_OK(shmbus_journal_buses("/nonexistent", &json));
  CHECK(strcmp(json, "[]") == 0);
  journal = journal_of("a.b");
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_journal_info(journal, NULL));
  shmbus_reader reader;
  shmbus_replay_options options = SHMBUS_REPLAY_OPTIONS_INIT;
  options.start = SHMBUS_START_LATEST;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_journal_read(journal, &options, &reader));
  options.start = 99;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_journal_read(journal, &options, &reader));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "99"));
  options = (shmbus_replay_options){0};
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_journal_read(journal, &options, &reader));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "shmbus_replay_options.struct_size"));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_journal_read(journal, NULL, NULL));
  shmbus_publisher publisher;
  CHECK_OK(shmbus_bus_open(bus_name, NULL, &bus));
  CHECK_OK(shmbus_publisher_open(bus, "a.b", NULL, NULL, &publisher));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_journal_close((shmbus_journal){publisher.number})); /* of another kind */
}

int main(int argc, char** argv) {
  static const struct test_case cases[] = {
      {"files", files},     {"read", read_events}, {"while_recorded", while_recorded},
      {"damaged", damaged}, {"prune", prune},      {"refusals", refusals}};
  return run_case(cases, sizeof cases / sizeof cases[0], argc, argv);
}
