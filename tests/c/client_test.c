/* What a program in C does with the library, case by case: client_test CASE BUS. */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static int collect(const shmbus_event* event, void* context) {
  char* text = context;
  const size_t used = strlen(text);
  CHECK(used + event->size + 2 < 1000);
  memcpy(text + used, event->payload, event->size);
  memcpy(text + used + event->size, ";", 2);
  return 0;
}

static void publish_and_poll(void) {
  shmbus_subscriber subscriber = subscriber_of("a.*");
  shmbus_publisher publisher = publisher_of("a.b");
  uint64_t sequence = 0;
  CHECK_OK(shmbus_publish(publisher, "one", 3, &sequence));
  CHECK(sequence == 1);
  CHECK_OK(shmbus_try_publish(publisher, "two", 3, NULL));
  char text[1000] = "";
  size_t events = 0;
  CHECK_OK(shmbus_subscriber_poll(subscriber, collect, text, 10, &events));
  CHECK(events == 2 && strcmp(text, "one;two;") == 0);
  CHECK_OK(shmbus_subscriber_poll(subscriber, collect, text, 10, &events));
  CHECK(events == 0);
  shmbus_subscriber_counts counts = SHMBUS_SUBSCRIBER_COUNTS_INIT;
  CHECK_OK(shmbus_subscriber_counts_of(subscriber, &counts));
  CHECK(counts.delivered == 2 && counts.lost == 0 && counts.topics == 1);
  CHECK_OK(shmbus_subscriber_status(subscriber));
  CHECK_OK(shmbus_publisher_close(publisher));
  CHECK_OK(shmbus_subscriber_close(subscriber));
}

static void next(void) {
  shmbus_subscriber subscriber = subscriber_of("a.*");
  shmbus_publisher publisher = publisher_of("a.b");
  const shmbus_event* event;
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_subscriber_next(subscriber, &event));
  CHECK(event == NULL);
  CHECK_OK(shmbus_publish(publisher, "one", 3, NULL));
  CHECK_OK(shmbus_publish(publisher, "two", 3, NULL));
  CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  CHECK(event->size == 3 && memcmp(event->payload, "one", 3) == 0 && event->sequence == 1);
  const shmbus_event copy = *event;
  const char* topic;
  CHECK_OK(shmbus_event_topic(&copy, &topic));
  CHECK(strcmp(topic, "a.b") == 0);
  const shmbus_event* second;
  CHECK_OK(shmbus_subscriber_next(subscriber, &second));
  CHECK(second->sequence == 2);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_event_topic(&copy, &topic));
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_subscriber_next(subscriber, &event));
  CHECK(second->payload == NULL && second->number == 0); /* the place is empty, and can still be looked at */
  CHECK_OK(shmbus_subscriber_close(subscriber));
  CHECK(second->payload == NULL);
  CHECK_OK(shmbus_publisher_close(publisher));
}

/* Events stay in place over the ends of blocks. */
static void next_over_blocks(void) {
  shmbus_topic_options options = SHMBUS_TOPIC_OPTIONS_INIT;
  options.block_size = 4096;
  options.blocks = 4;
  shmbus_publisher publisher;
  CHECK_OK(shmbus_publisher_open(bus, "a.b", &options, NULL, &publisher));
  shmbus_subscriber_options reliable = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
  reliable.delivery = SHMBUS_DELIVERY_RELIABLE;
  shmbus_subscriber subscriber;
  CHECK_OK(shmbus_subscriber_open(bus, "a.b", &reliable, NULL, &subscriber));
  unsigned char payload[1000];
  uint64_t published = 0, read = 0;
  while (read < 1000) {
    memset(payload, (int)((published + 1) & 0xff), sizeof payload);
    const shmbus_status status = shmbus_try_publish(publisher, payload, sizeof payload, NULL);
    if (status == SHMBUS_OK) {
      ++published;
      continue;
    }
    CHECK(status == SHMBUS_BACK_PRESSURED);
    const shmbus_event* event;
    CHECK_OK(shmbus_subscriber_next(subscriber, &event));
    ++read;
    CHECK(event->sequence == read);
    /* What can be published now does not touch the event. */
    memset(payload, (int)((published + 1) & 0xff), sizeof payload);
    if (shmbus_try_publish(publisher, payload, sizeof payload, NULL) == SHMBUS_OK) ++published;
    for (size_t i = 0; i < event->size; ++i) CHECK(((const unsigned char*)event->payload)[i] == (read & 0xff));
  }
  CHECK_OK(shmbus_subscriber_close(subscriber));
  CHECK_OK(shmbus_publisher_close(publisher));
}

static int look_at_extras(const shmbus_event* event, void* context) {
  (void)context;
  shmbus_text text;
  CHECK_OK(shmbus_event_header(event, "content-type", &text));
  CHECK(text.size == 4 && memcmp(text.data, "json", 4) == 0);
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_event_header(event, "other", &text));
  CHECK(text.size == 0);
  shmbus_header headers[1];
  size_t count;
  CHECK_OK(shmbus_event_headers(event, headers, 1, &count));
  CHECK(count == 2 && headers[0].name.size == 12);
  CHECK_OK(shmbus_event_key(event, &text));
  CHECK(text.size == 3 && memcmp(text.data, "u42", 3) == 0);
  shmbus_trace trace;
  CHECK_OK(shmbus_event_trace(event, &trace));
  CHECK(trace.trace_id[0] == 7 && trace.flags == 1);
  shmbus_id id, cause, parsed;
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_event_cause(event, &cause));
  CHECK_OK(shmbus_event_id(event, &id));
  CHECK(id.sequence == 1 && id.bus != 0 && id.topic != 0);
  char id_text[SHMBUS_ID_SPACE];
  CHECK_OK(shmbus_id_to_text(id, id_text));
  CHECK_OK(shmbus_id_from_text(id_text, &parsed));
  CHECK(parsed.bus == id.bus && parsed.topic == id.topic && parsed.sequence == 1);
  int64_t time;
  CHECK_OK(shmbus_event_time(event, &time));
  CHECK(time > 1600000000000000000);
  uint32_t port;
  CHECK_OK(shmbus_event_publisher(event, &port));
  CHECK(port < 64);
  return 0;
}

static void headers(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b");
  shmbus_publisher publisher = publisher_of("a.b");
  const shmbus_header headers[] = {{SHMBUS_TEXT("content-type"), SHMBUS_TEXT("json")},
                                   {SHMBUS_TEXT("x"), SHMBUS_TEXT("y")}};
  const shmbus_trace trace = {.trace_id = {7}, .parent_id = {8}, .flags = 1};
  shmbus_publish_options options = SHMBUS_PUBLISH_OPTIONS_INIT;
  options.headers = headers;
  options.header_count = 2;
  options.key = (shmbus_text)SHMBUS_TEXT("u42");
  options.trace = &trace;
  CHECK_OK(shmbus_publish_with(publisher, "{}", 2, &options, NULL));
  size_t events;
  CHECK_OK(shmbus_subscriber_poll(subscriber, look_at_extras, NULL, 10, &events));
  CHECK(events == 1);
}

static void batch(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b");
  shmbus_publisher publisher = publisher_of("a.b");
  shmbus_bytes payloads[700];
  uint64_t sequences[700];
  for (size_t i = 0; i < 700; ++i) payloads[i] = (shmbus_bytes){"x", 1};
  size_t published;
  CHECK_OK(shmbus_publish_all(publisher, payloads, 700, SHMBUS_FOREVER, &published, sequences));
  CHECK(published == 700 && sequences[0] == 1 && sequences[699] == 700);
  static char large[1 << 20];
  payloads[300] = (shmbus_bytes){large, sizeof large};
  CHECK_STATUS(SHMBUS_TOO_LARGE, shmbus_publish_all(publisher, payloads, 700, 0, &published, NULL));
  CHECK(published == 300);
  CHECK(last_error_says(SHMBUS_TOO_LARGE, "topic 'a.b'"));
  const shmbus_event* event;
  for (int i = 0; i < 1000; ++i) CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_subscriber_next(subscriber, &event));
}

static void loan(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b");
  shmbus_publisher publisher = publisher_of("a.b");
  shmbus_loan loan;
  CHECK_OK(shmbus_loan_begin(publisher, 100, NULL, &loan));
  CHECK(loan.size == 100 && loan.sequence == 1);
  CHECK_STATUS(SHMBUS_LOAN_OPEN, shmbus_publish(publisher, "x", 1, NULL));
  shmbus_loan second;
  CHECK_STATUS(SHMBUS_LOAN_OPEN, shmbus_loan_begin(publisher, 1, NULL, &second));
  memcpy(loan.data, "in place", 8);
  CHECK_STATUS(SHMBUS_BEYOND_LOAN, shmbus_loan_commit(publisher, 101, NULL));
  uint64_t sequence;
  CHECK_OK(shmbus_loan_commit(publisher, 8, &sequence));
  CHECK(sequence == 1);
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_loan_commit(publisher, 8, NULL));
  CHECK_OK(shmbus_loan_begin(publisher, 5, NULL, &loan));
  CHECK_OK(shmbus_loan_abort(publisher));
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_loan_abort(publisher));
  CHECK_OK(shmbus_loan_begin(publisher, 5, NULL, &loan));
  CHECK_OK(shmbus_publisher_close(publisher)); /* its loan is aborted */
  char text[1000] = "";
  CHECK_OK(shmbus_subscriber_poll(subscriber, collect, text, 10, NULL));
  CHECK(strcmp(text, "in place;") == 0);
}

static int stop_at_second(const shmbus_event* event, void* context) {
  ++*(int*)context;
  return event->sequence == 2;
}

struct own_handler {
  shmbus_subscriber subscriber;
  int calls;
};

static int close_self(const shmbus_event* event, void* context) {
  struct own_handler* own = context;
  const shmbus_event* other;
  CHECK_STATUS(SHMBUS_BUSY, shmbus_subscriber_next(own->subscriber, &other));
  CHECK_STATUS(SHMBUS_BUSY, shmbus_subscriber_wait(own->subscriber, 0));
  CHECK_STATUS(SHMBUS_BUSY, shmbus_subscriber_poll(own->subscriber, close_self, context, 1, NULL));
  CHECK(event->size == 1); /* still there */
  CHECK_OK(shmbus_subscriber_close(own->subscriber));
  CHECK(event->size == 1);
  return ++own->calls, 0;
}

static void handler_ends_poll(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b");
  shmbus_publisher publisher = publisher_of("a.b");
  for (int i = 0; i < 4; ++i) CHECK_OK(shmbus_publish(publisher, "x", 1, NULL));
  int calls = 0;
  size_t events;
  CHECK_STATUS(SHMBUS_HANDLER_FAILED, shmbus_subscriber_poll(subscriber, stop_at_second, &calls, 10, &events));
  CHECK(calls == 2 && events == 2);
  struct own_handler own = {subscriber, 0};
  CHECK_OK(shmbus_subscriber_poll(subscriber, close_self, &own, 10, &events));
  CHECK(own.calls == 1 && events == 1);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_subscriber_poll(subscriber, close_self, &own, 10, &events));
}

static void wait_and_descriptor(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b");
  shmbus_publisher publisher = publisher_of("a.b");
  const shmbus_event* event;
  shmbus_status status;
  while ((status = shmbus_subscriber_wait(subscriber, 1000000)) == SHMBUS_OK) {
    CHECK_STATUS(SHMBUS_NOTHING, shmbus_subscriber_next(subscriber, &event));
  }
  CHECK(status == SHMBUS_TIMED_OUT && last_error_says(SHMBUS_TIMED_OUT, "subscriber of 'a.b'"));
  int descriptor;
  CHECK_OK(shmbus_subscriber_descriptor(subscriber, &descriptor));
  while (shmbus_subscriber_next(subscriber, &event) == SHMBUS_OK) {
  }
  CHECK_OK(shmbus_publish(publisher, "x", 1, NULL));
  struct pollfd readable = {.fd = descriptor, .events = POLLIN};
  while ((status = shmbus_subscriber_next(subscriber, &event)) == SHMBUS_NOTHING) {
    while (poll(&readable, 1, -1) < 0) CHECK(errno == EINTR);
  }
  CHECK(status == SHMBUS_OK);
  CHECK_OK(shmbus_publish(publisher, "y", 1, NULL));
  while ((status = shmbus_subscriber_next(subscriber, &event)) == SHMBUS_NOTHING) {
    CHECK_OK(shmbus_subscriber_wait(subscriber, SHMBUS_FOREVER));
  }
  CHECK(status == SHMBUS_OK && event->sequence == 2);
  CHECK_OK(shmbus_subscriber_interrupt(subscriber));
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_subscriber_wait(subscriber, SHMBUS_FOREVER));
}

static int keep_event(const shmbus_event* event, void* context) {
  CHECK_OK(shmbus_event_keep(event, context));
  return 0;
}

static void keep(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b");
  shmbus_publisher publisher = publisher_of("a.b");
  CHECK_OK(shmbus_publish(publisher, "kept", 4, NULL));
  shmbus_kept kept;
  CHECK_OK(shmbus_subscriber_poll(subscriber, keep_event, &kept, 1, NULL));
  CHECK_OK(shmbus_subscriber_close(subscriber));
  CHECK_OK(shmbus_publisher_close(publisher));
  const shmbus_event* event;
  CHECK_OK(shmbus_kept_event(kept, &event));
  CHECK(event->size == 4 && memcmp(event->payload, "kept", 4) == 0 && event->sequence == 1);
  bool copied;
  CHECK_OK(shmbus_kept_copied(kept, &copied));
  CHECK(!copied);
  shmbus_kept again;
  CHECK_OK(shmbus_event_keep(event, &again));
  CHECK_OK(shmbus_kept_release(kept));
  CHECK(event->payload == NULL);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_kept_event(kept, &event));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_kept_copied(kept, &copied));
  CHECK_OK(shmbus_kept_event(again, &event));
  CHECK(memcmp(event->payload, "kept", 4) == 0);
  CHECK_OK(shmbus_kept_release(again));
}

struct watch {
  uint64_t user_id;
  uint32_t video_id;
  float seconds;
};
static const shmbus_field watch_fields[] = {SHMBUS_FIELD(struct watch, user_id), SHMBUS_FIELD(struct watch, video_id),
                                            SHMBUS_FIELD(struct watch, seconds)};
static const shmbus_type watch_type = SHMBUS_TYPE("test::Watch", struct watch, watch_fields);

static int count_events(const shmbus_event* event, void* context) {
  (void)event;
  ++*(int*)context;
  return 0;
}

static void types(void) {
  shmbus_subscriber subscriber, all = subscriber_of("a.>");
  shmbus_publisher publisher, raw = publisher_of("a.raw");
  CHECK_OK(shmbus_subscriber_open(bus, "a.>", NULL, &watch_type, &subscriber));
  CHECK_OK(shmbus_publisher_open(bus, "a.watch", NULL, &watch_type, &publisher));
  const struct watch watch = {42, 7, 1.5f};
  CHECK_OK(shmbus_publish(publisher, &watch, sizeof watch, NULL));
  CHECK_OK(shmbus_publish(raw, &watch, sizeof watch, NULL));
  int calls = 0;
  CHECK_OK(shmbus_subscriber_poll(subscriber, count_events, &calls, 10, NULL));
  CHECK(calls == 1);
  shmbus_subscriber_counts counts = SHMBUS_SUBSCRIBER_COUNTS_INIT;
  CHECK_OK(shmbus_subscriber_counts_of(subscriber, &counts));
  CHECK(counts.mismatched == 1);
  const shmbus_event* event;
  int watches = 0;
  while (shmbus_subscriber_next(all, &event) == SHMBUS_OK) {
    bool is;
    CHECK_OK(shmbus_event_is(event, &watch_type, &is));
    watches += is;
  }
  CHECK(watches == 1);
  shmbus_publisher other;
  CHECK_STATUS(SHMBUS_TYPE_MISMATCH, shmbus_publisher_open(bus, "a.watch", NULL, NULL, &other));
  CHECK(last_error_says(SHMBUS_TYPE_MISMATCH, "test::Watch"));
  shmbus_topic_info info = SHMBUS_TOPIC_INFO_INIT;
  CHECK_OK(shmbus_topic_find(bus, "a.watch", &info));
  CHECK(info.content == SHMBUS_CONTENT_TYPED && strcmp(info.type_name, "test::Watch") == 0 && info.type_size == 16);
  CHECK(strcmp(info.type_fields, "user_id:unsigned long@0+8;video_id:unsigned int@8+4;seconds:float@12+4;") == 0);
}

static atomic_int handled, released;
static atomic_bool fail_once;

static int handle(const shmbus_event* event, void* context) {
  CHECK(context == &handled && event->size == 1);
  shmbus_publisher publisher = publisher_of("effects");
  CHECK_OK(shmbus_publish(publisher, "e", 1, NULL));
  CHECK_OK(shmbus_publisher_close(publisher));
  if (atomic_exchange(&fail_once, false)) return 3;
  atomic_fetch_add(&handled, 1);
  return 0;
}

static void release(void* context) {
  CHECK(context == &handled);
  atomic_fetch_add(&released, 1);
}

static void subscribe(void) {
  shmbus_subscriber effects = subscriber_of("effects");
  shmbus_dispatch_options options = SHMBUS_DISPATCH_OPTIONS_INIT;
  options.workers = 3;
  options.release = release;
  atomic_store(&fail_once, true);
  shmbus_subscription subscription;
  CHECK_OK(shmbus_subscribe(bus, "a.b", handle, &handled, &options, NULL, &subscription));
  const char* json;
  CHECK_OK(shmbus_subscription_unattached(subscription, &json));
  CHECK(strcmp(json, "[]") == 0);
  shmbus_publisher publisher = publisher_of("a.b");
  for (int i = 0; i < 100; ++i) CHECK_OK(shmbus_publish(publisher, "x", 1, NULL));
  int with_cause = 0;
  for (int i = 0; i < 100;) {
    const shmbus_event* event;
    CHECK_OK(shmbus_subscriber_wait(effects, SHMBUS_FOREVER));
    while (shmbus_subscriber_next(effects, &event) == SHMBUS_OK) {
      shmbus_id cause;
      ++i;
      with_cause += shmbus_event_cause(event, &cause) == SHMBUS_OK;
    }
  }
  CHECK(with_cause == 100);
  CHECK_OK(shmbus_subscription_stop(subscription, SHMBUS_FOREVER));
  CHECK_OK(shmbus_subscription_wait(subscription, 0));
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_subscription_status(subscription));
  shmbus_subscription_counts counts = SHMBUS_SUBSCRIPTION_COUNTS_INIT;
  CHECK_OK(shmbus_subscription_counts_of(subscription, &counts));
  CHECK(counts.handled == 100 && counts.handler_errors == 1 && counts.lost == 0);
  CHECK(atomic_load(&handled) == 99);
  CHECK_OK(shmbus_subscription_close(subscription));
  CHECK(atomic_load(&released) == 1);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_subscription_status(subscription));
  /* A refusal releases, too. */
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_subscribe(bus, "a..b", handle, &handled, &options, NULL, &subscription));
  CHECK(atomic_load(&released) == 2);
}

static void durable(void) {
  shmbus_subscriber_options options = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
  options.durable = "billing";
  options.acknowledge = SHMBUS_ACKNOWLEDGE_MANUAL;
  shmbus_subscriber subscriber, other;
  CHECK_OK(shmbus_subscriber_open(bus, "a.b", &options, NULL, &subscriber));
  CHECK_STATUS(SHMBUS_BUSY, shmbus_subscriber_open(bus, "a.b", &options, NULL, &other));
  shmbus_publisher publisher = publisher_of("a.b");
  for (int i = 0; i < 3; ++i) CHECK_OK(shmbus_publish(publisher, "x", 1, NULL));
  const shmbus_event* event;
  CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  CHECK_OK(shmbus_subscriber_acknowledge(subscriber, event));
  CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  options.standby = true;
  CHECK_OK(shmbus_subscriber_open(bus, "a.b", &options, NULL, &other));
  shmbus_subscriber_counts counts = SHMBUS_SUBSCRIBER_COUNTS_INIT;
  CHECK_OK(shmbus_subscriber_counts_of(other, &counts));
  CHECK(counts.standing_by);
  CHECK_OK(shmbus_subscriber_close(subscriber));
  shmbus_status status;
  while ((status = shmbus_subscriber_next(other, &event)) == SHMBUS_NOTHING)
    CHECK_OK(shmbus_subscriber_wait(other, SHMBUS_FOREVER));
  CHECK(status == SHMBUS_OK && event->sequence == 2); /* handed out, and not acknowledged */
  CHECK_STATUS(SHMBUS_BUSY, shmbus_bus_forget(bus, "billing", NULL));
  CHECK_OK(shmbus_subscriber_close(other));
  bool existed;
  CHECK_OK(shmbus_bus_forget(bus, "billing", &existed));
  CHECK(existed);
  shmbus_subscriber plain = subscriber_of("a.b");
  CHECK_OK(shmbus_publish(publisher, "x", 1, NULL));
  CHECK_OK(shmbus_subscriber_next(plain, &event));
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_subscriber_acknowledge(plain, event));
}

static void journal(void) {
  shmbus_topic_options options = SHMBUS_TOPIC_OPTIONS_INIT;
  options.journal = SHMBUS_JOURNAL_BATCH;
  options.segment_file = 1 << 20;
  shmbus_publisher publisher, memory = publisher_of("memory");
  CHECK_OK(shmbus_publisher_open(bus, "a.b", &options, NULL, &publisher));
  uint64_t sequence;
  CHECK_OK(shmbus_publish(publisher, "safe", 4, &sequence));
  CHECK_OK(shmbus_publisher_wait_durable(publisher, sequence, SHMBUS_FOREVER));
  bool durable;
  CHECK_OK(shmbus_publisher_durable(publisher, sequence, &durable));
  CHECK(durable);
  shmbus_journal_progress progress;
  CHECK_OK(shmbus_publisher_journal(publisher, &progress));
  CHECK(progress.durable == 1 && progress.recorded == 1);
  CHECK_OK(shmbus_publish(memory, "x", 1, &sequence));
  CHECK_STATUS(SHMBUS_NOT_RECORDED, shmbus_publisher_wait_durable(memory, sequence, SHMBUS_FOREVER));
  shmbus_topic_info info = SHMBUS_TOPIC_INFO_INIT;
  CHECK_OK(shmbus_publisher_topic(publisher, &info));
  CHECK(info.journal == SHMBUS_JOURNAL_BATCH);
  CHECK_OK(shmbus_publisher_close(publisher));
}

/* What a topic records of its journal, and what a durable subscriber that is reliable leaves in the ring. */
static void journal_options(void) {
  shmbus_topic_options options = SHMBUS_TOPIC_OPTIONS_INIT;
  options.journal = SHMBUS_JOURNAL_INTERVAL;
  options.journal_interval = 5000000;
  options.retain_bytes = 4 << 20;
  options.retain_age = 3600000000000;
  options.retain_unacknowledged = true;
  options.when_behind = SHMBUS_BEHIND_SKIP;
  options.unrecorded_limit = 7000000000;
  options.segment_file = 1 << 20;
  shmbus_topic_info info = SHMBUS_TOPIC_INFO_INIT;
  CHECK_OK(shmbus_topic_open(bus, "a.b", &options, &info));
  CHECK(info.journal == SHMBUS_JOURNAL_INTERVAL && info.journal_interval == 5000000 && info.retain_bytes == 4 << 20);
  CHECK(info.retain_age == 3600000000000 && info.retain_unacknowledged && info.when_behind == SHMBUS_BEHIND_SKIP);
  CHECK(info.unrecorded_limit == 7000000000 && info.segment_file == 1 << 20);
  uint64_t small, large;
  CHECK_OK(shmbus_topic_address_space(NULL, &small));
  options.blocks = 64;
  CHECK_OK(shmbus_topic_address_space(&options, &large));
  CHECK(small >= 16 * 262144 && large >= 64 * 262144 && small < large);
  shmbus_bus_options bus_options = SHMBUS_BUS_OPTIONS_INIT;
  bus_options.low_space = 1;
  shmbus_bus other;
  CHECK_OK(shmbus_bus_open(bus_name, &bus_options, &other));

  shmbus_subscriber_options held = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
  held.durable = "billing";
  held.delivery = SHMBUS_DELIVERY_RELIABLE;
  held.hold_for = 60000000000;
  publisher_of("memory");
  shmbus_subscriber subscriber;
  CHECK_OK(shmbus_subscriber_open(bus, "memory", &held, NULL, &subscriber));
  shmbus_inspector inspector;
  const char* json;
  CHECK_OK(shmbus_inspector_open(bus_name, NULL, 0, &inspector));
  CHECK_OK(shmbus_inspector_snapshot(inspector, &json));
  CHECK(strstr(json, "\"hold_for\":60000000000") != NULL && strstr(json, "\"steady\":") != NULL);
  CHECK(strstr(json, "\"retain\":{\"bytes\":4194304,\"age\":3600000000000,\"acknowledged\":true}") != NULL);
}

static int begin_scopes(const shmbus_event* event, void* context) {
  shmbus_scope* scopes = context;
  CHECK_OK(shmbus_scope_begin(event, &scopes[event->sequence - 1]));
  return 0;
}

static void* end_scope(void* scope) {
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_scope_end(*(shmbus_scope*)scope));
  return NULL;
}

static void scope(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b"), effects = subscriber_of("effects");
  shmbus_publisher publisher = publisher_of("a.b"), effect = publisher_of("effects");
  const shmbus_event* event;
  shmbus_scope scopes[2];
  CHECK_OK(shmbus_publish(publisher, "1", 1, NULL));
  CHECK_OK(shmbus_publish(publisher, "2", 1, NULL));
  CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  begin_scopes(event, scopes);
  CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  begin_scopes(event, scopes);
  CHECK_OK(shmbus_subscriber_close(subscriber)); /* a scope keeps its event */
  CHECK_STATUS(SHMBUS_BUSY, shmbus_scope_end(scopes[0]));
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, end_scope, &scopes[1]) == 0 && pthread_join(thread, NULL) == 0);
  CHECK_OK(shmbus_publish(effect, "x", 1, NULL));
  CHECK_OK(shmbus_scope_end(scopes[1]));
  CHECK_OK(shmbus_publish(effect, "x", 1, NULL));
  CHECK_OK(shmbus_scope_end(scopes[0]));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_scope_end(scopes[0]));
  CHECK_OK(shmbus_publish(effect, "x", 1, NULL));
  shmbus_id cause;
  for (uint64_t expected = 2; expected > 0; --expected) {
    CHECK_OK(shmbus_subscriber_next(effects, &event));
    CHECK_OK(shmbus_event_cause(event, &cause));
    CHECK(cause.sequence == expected);
  }
  CHECK_OK(shmbus_subscriber_next(effects, &event));
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_event_cause(event, &cause));
}

static void inspect(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b");
  shmbus_publisher publisher = publisher_of("a.b");
  CHECK_OK(shmbus_publish(publisher, "say \"hi\"\n", 9, NULL));
  CHECK_OK(shmbus_publish(publisher, "\xff\x00", 2, NULL));
  shmbus_inspector inspector;
  CHECK_OK(shmbus_inspector_open(bus_name, NULL, 0, &inspector));
  const char* json;
  CHECK_OK(shmbus_inspector_snapshot(inspector, &json));
  printf("%s\n", json);
  CHECK(strstr(json, "\"claim_open\":false,\"claim\":0,") != NULL && strstr(json, "\"buckets\":[") != NULL);
  CHECK_OK(shmbus_inspector_ring(inspector, "a.b", &json));
  printf("%s\n", json);
  CHECK_STATUS(SHMBUS_NOT_FOUND, shmbus_inspector_ring(inspector, "a.c", &json));
  CHECK_OK(shmbus_inspector_calls(inspector, &json));
  printf("%s\n", json);
  CHECK_OK(shmbus_inspector_durables(inspector, &json));
  CHECK(strcmp(json, "[]") == 0);
  CHECK_OK(shmbus_inspector_leftovers(inspector, &json));
  CHECK(strcmp(json, "[]") == 0);
  CHECK_OK(shmbus_inspector_events(inspector, "a.b", 10, 100, &json));
  printf("%s\n", json);
  CHECK(strstr(json, "\"text\":\"say \\\"hi\\\"\\u000a\"") != NULL && strstr(json, "\"base64\":\"/wA=\"") != NULL);
  shmbus_reader_options options = SHMBUS_READER_OPTIONS_INIT;
  options.start = SHMBUS_START_OLDEST;
  options.retained_only = true;
  shmbus_reader reader;
  CHECK_OK(shmbus_reader_open(inspector, "a.*", &options, &reader));
  CHECK_OK(shmbus_inspector_close(inspector));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_inspector_snapshot(inspector, &json));
  CHECK_OK(shmbus_reader_next(reader, &json));
  CHECK_OK(shmbus_reader_next(reader, &json));
  CHECK(strstr(json, "\"sequence\":2") != NULL);
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_reader_next(reader, &json));
  uint64_t lost;
  bool finished;
  CHECK_OK(shmbus_reader_counts(reader, &lost, &finished));
  CHECK(lost == 0 && finished);
  CHECK_OK(shmbus_reader_close(reader));
  CHECK_OK(shmbus_buses(&json));
  CHECK(strstr(json, bus_name) != NULL);
  CHECK_OK(shmbus_subscriber_close(subscriber));
}

static void values(void) {
  const char text[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  shmbus_trace trace;
  CHECK_OK(shmbus_trace_from_text(text, &trace));
  CHECK(trace.trace_id[0] == 0x0a && trace.parent_id[7] == 0x31 && trace.flags == 1);
  char written[SHMBUS_TRACEPARENT_SPACE];
  CHECK_OK(shmbus_trace_to_text(&trace, written));
  CHECK(strcmp(written, text) == 0);
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_trace_from_text("00-0af7", &trace));
  CHECK(last_error_says(SHMBUS_INVALID_ARGUMENT, "00-0af7") && trace.trace_id[0] == 0);
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_trace_to_text(NULL, written));
  uint8_t first[16], second[16];
  CHECK_OK(shmbus_trace_id_of((shmbus_id){1, 2, 3}, first));
  CHECK_OK(shmbus_trace_id_of((shmbus_id){1, 2, 4}, second));
  CHECK(memcmp(first, second, sizeof first) != 0);
  bool matches;
  CHECK_OK(shmbus_pattern_matches("a.*", "a.b", &matches));
  CHECK(matches);
  CHECK_OK(shmbus_pattern_matches("a.*", "a.b.c", &matches));
  CHECK(!matches);
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_pattern_matches("a..b", "a.b", &matches));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_pattern_matches("a.b", NULL, &matches));
  uint64_t bytes = 1;
  shmbus_topic_options options = SHMBUS_TOPIC_OPTIONS_INIT;
  options.journal = 9;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_topic_address_space(&options, &bytes));
  CHECK(bytes == 0);
}

/* Events as structs: they are all there, and bytes are bytes. */
static void reader(void) {
  shmbus_publisher publisher = publisher_of("a.b");
  const shmbus_header headers[] = {{SHMBUS_TEXT("content-type"), SHMBUS_TEXT("json")},
                                   {SHMBUS_TEXT("x"), SHMBUS_TEXT("y")}};
  const shmbus_trace trace = {.trace_id = {7}, .parent_id = {8}, .flags = 1};
  shmbus_publish_options extras = SHMBUS_PUBLISH_OPTIONS_INIT;
  extras.headers = headers;
  extras.header_count = 2;
  extras.key = (shmbus_text)SHMBUS_TEXT("u42");
  extras.trace = &trace;
  CHECK_OK(shmbus_publish(publisher, "\0\xff", 2, NULL));
  CHECK_OK(shmbus_publish_with(publisher, "{}", 2, &extras, NULL));
  CHECK_OK(shmbus_publish(publisher, "a long one", 10, NULL));
  shmbus_inspector inspector;
  shmbus_reader reader;
  CHECK_OK(shmbus_inspector_open(bus_name, NULL, 0, &inspector));
  shmbus_reader_options options = SHMBUS_READER_OPTIONS_INIT;
  options.start = SHMBUS_START_OLDEST;
  options.retained_only = true;
  options.max_payload = 4;
  options.memory_only = 1;
  CHECK_OK(shmbus_reader_open(inspector, "a.*", &options, &reader));
  shmbus_event_copy event = SHMBUS_EVENT_COPY_INIT;
  CHECK_OK(shmbus_reader_next_copy(reader, &event));
  CHECK(strcmp(event.topic, "a.b") == 0 && event.sequence == 1 && event.id.sequence == 1 && event.id.bus != 0);
  CHECK(event.size == 2 && event.payload.size == 2 && memcmp(event.payload.data, "\0\xff", 2) == 0);
  CHECK(event.time > 1600000000000000000 && event.publisher < 64);
  CHECK(event.has == 0 && event.header_count == 0 && event.key.size == 0);
  event.struct_size = 0; /* a mistake loses no event */
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_reader_next_copy(reader, &event));
  event.struct_size = sizeof event;
  CHECK_OK(shmbus_reader_next_copy(reader, &event));
  CHECK(event.sequence == 2 && event.header_count == 2 && event.headers[1].value.data[0] == 'y');
  CHECK(event.key.size == 3 && event.has == SHMBUS_HAS_TRACE && event.trace.parent_id[0] == 8);
  CHECK_OK(shmbus_reader_next_copy(reader, &event));
  CHECK(event.size == 10 && event.payload.size == 4 && memcmp(event.payload.data, "a lo", 4) == 0);
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_reader_next_copy(reader, &event));
  CHECK(event.payload.data == NULL && event.struct_size == sizeof event);
  const char* json;
  CHECK_OK(shmbus_reader_problems(reader, &json));
  CHECK(strcmp(json, "[]") == 0);
  CHECK_OK(shmbus_reader_stretches(reader, &json));
  CHECK(strcmp(json, "[]") == 0);
  CHECK_OK(shmbus_reader_close(reader));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_reader_next_copy(reader, &event));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_reader_problems(reader, &json));
  /* A loan is an event that is claimed and not committed. */
  shmbus_loan loan;
  options.start = SHMBUS_START_SEQUENCE;
  options.start_value = 4;
  options.retained_only = false;
  CHECK_OK(shmbus_loan_begin(publisher, 1, NULL, &loan));
  CHECK_OK(shmbus_reader_open(inspector, "a.*", &options, &reader));
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_reader_next_copy(reader, &event));
  CHECK_OK(shmbus_reader_problems(reader, &json));
  CHECK(strstr(json, "[{\"topic\":\"a.b\",\"code\":\"busy\",\"reason\":\"") == json);
  CHECK_OK(shmbus_loan_abort(publisher));
  CHECK_OK(shmbus_bus_files(&json));
  CHECK(strstr(json, bus_name) != NULL && strstr(json, "\"has_registry\":true") != NULL);
}

static void buses_and_topics(void) {
  shmbus_bus_info info = SHMBUS_BUS_INFO_INIT;
  CHECK_OK(shmbus_bus_info_of(bus, &info));
  CHECK(strcmp(info.name, bus_name) == 0 && info.node != 0 && !info.removed && !info.interrupted);
  shmbus_topic_options options = SHMBUS_TOPIC_OPTIONS_INIT;
  options.blocks = 4;
  CHECK_OK(shmbus_topic_open(bus, "a.b", &options, NULL));
  options.blocks = 8;
  shmbus_topic_info topic = SHMBUS_TOPIC_INFO_INIT;
  CHECK_OK(shmbus_topic_open(bus, "a.b", &options, &topic));
  CHECK(topic.blocks == 4 && strcmp(topic.different, "blocks: asked 8, found 4") == 0);
  bool existed;
  CHECK_OK(shmbus_topic_remove(bus, "a.b", false, &existed));
  CHECK(existed);
  CHECK_STATUS(SHMBUS_NOT_FOUND, shmbus_topic_find(bus, "a.b", &topic));
  shmbus_reaped reaped = SHMBUS_REAPED_INIT;
  CHECK_OK(shmbus_bus_reap(bus, &reaped));
  CHECK(reaped.nodes == 0);
  shmbus_publisher publisher = publisher_of("a.c");
  CHECK_OK(shmbus_bus_interrupt(bus));
  int signal = -1;
  CHECK_OK(shmbus_bus_run_until_signal(bus, &signal));
  CHECK(signal == 0);
  CHECK_OK(shmbus_bus_close(bus));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_bus_close(bus));
  CHECK_OK(shmbus_publish(publisher, "x", 1, NULL)); /* it goes on without the bus's handle */
  CHECK_OK(shmbus_bus_remove(bus_name, true, &existed));
  CHECK(existed);
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_publish(publisher, "x", 1, NULL));
  shmbus_bus_options attach = SHMBUS_BUS_OPTIONS_INIT;
  attach.attach_only = true;
  CHECK_STATUS(SHMBUS_NOT_FOUND, shmbus_bus_open(bus_name, &attach, &bus));
  CHECK(last_error_says(SHMBUS_NOT_FOUND, bus_name) && bus.number == 0);
}

static void* wait_in_bus(void* unused) {
  (void)unused;
  int signal = -1;
  CHECK_OK(shmbus_bus_run_until_signal(bus, &signal));
  CHECK(signal == 0);
  return NULL;
}

/* A handle may be closed while another thread waits in it. */
static void close_while_waiting(void) {
  pthread_t thread;
  shmbus_bus second;
  CHECK_OK(shmbus_bus_open(bus_name, NULL, &second));
  CHECK(pthread_create(&thread, NULL, wait_in_bus, NULL) == 0);
  usleep(20000);
  CHECK_OK(shmbus_bus_interrupt(bus));
  CHECK_OK(shmbus_bus_close(bus));
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK_OK(shmbus_bus_close(second));
}

static void fork_child(void) {
  shmbus_publisher publisher = publisher_of("a.b");
  shmbus_subscriber subscriber = subscriber_of("a.b");
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK_STATUS(SHMBUS_CLOSED, shmbus_publish(publisher, "x", 1, NULL));
    CHECK_STATUS(SHMBUS_CLOSED, shmbus_subscriber_status(subscriber));
    CHECK_OK(shmbus_publisher_close(publisher));
    CHECK_OK(shmbus_subscriber_close(subscriber));
    shmbus_bus own;
    CHECK_OK(shmbus_bus_open(bus_name, NULL, &own));
    CHECK_OK(shmbus_publisher_open(own, "a.b", NULL, NULL, &publisher));
    CHECK_OK(shmbus_publish(publisher, "from the child", 14, NULL));
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  const shmbus_event* event;
  CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  CHECK(event->size == 14);
  CHECK_OK(shmbus_publish(publisher, "x", 1, NULL));
}

/* Mistakes: each gives a status and words, and nothing crashes. */
static void misuse(void) {
  shmbus_publisher publisher = publisher_of("a.b"), none = {0};
  shmbus_subscriber subscriber = subscriber_of("a.b");
  const shmbus_event* event = NULL;
  const char* text;
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_publish(none, "x", 1, NULL)); /* 1: never opened */
  CHECK(last_error_says(SHMBUS_INVALID_HANDLE, "publisher"));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE,
               shmbus_publish((shmbus_publisher){subscriber.number}, "x", 1, NULL)); /* 2: of another kind */
  CHECK_STATUS(SHMBUS_INVALID_HANDLE,
               shmbus_publish((shmbus_publisher){~UINT64_C(0)}, "x", 1, NULL)); /* 3: no handle at all */
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_bus_interrupt((shmbus_bus){publisher.number}));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_publish(publisher, NULL, 1, NULL)); /* 4: NULL */
  CHECK(last_error_says(SHMBUS_INVALID_ARGUMENT, "payload"));
  CHECK_OK(shmbus_publish(publisher, NULL, 0, NULL)); /* which is an event without bytes */
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_bus_open(NULL, NULL, &bus));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_subscriber_next(subscriber, NULL));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_subscriber_poll(subscriber, NULL, NULL, 1, NULL));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_event_topic(NULL, &text));
  CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_event_topic(event, NULL));
  shmbus_bus refused;
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_bus_open("no/slash", NULL, &refused)); /* 5: names */
  CHECK(last_error_says(SHMBUS_INVALID_NAME, "no/slash"));
  shmbus_publisher failed;
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_publisher_open(bus, "a..b", NULL, NULL, &failed));
  shmbus_topic_options options = {0}; /* 6: without its _INIT */
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_publisher_open(bus, "a.c", &options, NULL, &failed));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "struct_size"));
  shmbus_topic_options sizes = SHMBUS_TOPIC_OPTIONS_INIT; /* 7: outside of its range */
  sizes.block_size = 5000;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_publisher_open(bus, "a.c", &sizes, NULL, &failed));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "5000"));
  shmbus_subscriber_options starts = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
  shmbus_subscriber failed_subscriber;
  starts.start = 99;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_subscriber_open(bus, "a.b", &starts, NULL, &failed_subscriber));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "99"));
  const shmbus_field overlapping[] = {{"a", "int", 0, 4, NULL}, {"b", "int", 2, 4, NULL}}; /* 8: fields that can't be */
  const shmbus_type wrong = {sizeof wrong, "Wrong", 8, 4, overlapping, 2};
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_publisher_open(bus, "a.c", NULL, &wrong, &failed));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "field 'b'"));
  shmbus_topic_info info = {0}; /* 9: a result without its size */
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_publisher_topic(publisher, &info));
  CHECK_OK(shmbus_publisher_close(publisher)); /* 10: twice, and used afterwards, also when its place is used again */
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_publisher_close(publisher));
  shmbus_publisher later = publisher_of("a.b");
  CHECK(later.number != publisher.number);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_publish(publisher, "x", 1, NULL));
  CHECK_OK(shmbus_publish(later, "x", 1, NULL));
}

/* A program that was compiled before structs grew: what lies behind its structs is neither read nor written. */
static void older_structs(void) {
  shmbus_bus_options bus_options = SHMBUS_BUS_OPTIONS_INIT;
  bus_options.struct_size = offsetof(shmbus_bus_options, low_space);
  bus_options.low_space = UINT64_MAX;
  shmbus_bus other;
  CHECK_OK(shmbus_bus_open(bus_name, &bus_options, &other));
  shmbus_subscriber_options subscriber_options = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
  subscriber_options.struct_size = offsetof(shmbus_subscriber_options, hold_for);
  subscriber_options.hold_for = -1;
  shmbus_dispatch_options dispatch_options = SHMBUS_DISPATCH_OPTIONS_INIT;
  dispatch_options.struct_size = offsetof(shmbus_dispatch_options, group);
  dispatch_options.subscriber = &subscriber_options;
  dispatch_options.group = "no name of a group";
  dispatch_options.group_options = (const shmbus_group_options*)(uintptr_t)8;
  shmbus_subscription subscription;
  CHECK_OK(shmbus_subscribe(bus, "a.*", count_events, &(int){0}, &dispatch_options, NULL, &subscription));
  CHECK_OK(shmbus_subscription_close(subscription));
  shmbus_inspector inspector;
  CHECK_OK(shmbus_inspector_open(bus_name, NULL, 0, &inspector));
  shmbus_reader_options reader_options = SHMBUS_READER_OPTIONS_INIT;
  reader_options.struct_size = offsetof(shmbus_reader_options, memory_only);
  shmbus_reader all;
  CHECK_OK(shmbus_reader_open(inspector, "a.*", &reader_options, &all));
  shmbus_topic_info info = SHMBUS_TOPIC_INFO_INIT;
  info.struct_size = offsetof(shmbus_topic_info, retain_bytes);
  memset(&info.retain_bytes, 0x55, sizeof info - info.struct_size);
  const shmbus_topic_info before = info;
  CHECK_OK(shmbus_topic_open(bus, "a.b", NULL, &info));
  CHECK(strcmp(info.name, "a.b") == 0 && info.struct_size == before.struct_size);
  CHECK(memcmp(&info.retain_bytes, &before.retain_bytes, sizeof info - info.struct_size) == 0);
}

/* Places of handles are used again; their numbers are not. */
static void many_handles(void) {
  shmbus_subscriber subscriber = subscriber_of("a.b");
  shmbus_publisher publisher = publisher_of("a.b");
  CHECK_OK(shmbus_publish(publisher, "x", 1, NULL));
  const shmbus_event* event;
  CHECK_OK(shmbus_subscriber_next(subscriber, &event));
  uint64_t last = 0;
  for (int i = 0; i < 100000; ++i) {
    shmbus_kept kept;
    CHECK_OK(shmbus_event_keep(event, &kept));
    CHECK(kept.number > last);
    last = kept.number;
    CHECK_OK(shmbus_kept_release(kept));
  }
  CHECK((last & 0xfffff) < 16);
}

int main(int argc, char** argv) {
  static const struct test_case cases[] = {{"publish_and_poll", publish_and_poll},
                                           {"next", next},
                                           {"next_over_blocks", next_over_blocks},
                                           {"headers", headers},
                                           {"batch", batch},
                                           {"loan", loan},
                                           {"handler_ends_poll", handler_ends_poll},
                                           {"wait_and_descriptor", wait_and_descriptor},
                                           {"keep", keep},
                                           {"types", types},
                                           {"subscribe", subscribe},
                                           {"durable", durable},
                                           {"journal", journal},
                                           {"journal_options", journal_options},
                                           {"scope", scope},
                                           {"inspect", inspect},
                                           {"values", values},
                                           {"reader", reader},
                                           {"buses_and_topics", buses_and_topics},
                                           {"close_while_waiting", close_while_waiting},
                                           {"fork_child", fork_child},
                                           {"misuse", misuse},
                                           {"older_structs", older_structs},
                                           {"many_handles", many_handles}};
  return run_case(cases, sizeof cases / sizeof cases[0], argc, argv);
}
