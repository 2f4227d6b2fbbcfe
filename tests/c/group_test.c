/* Groups as a program in C uses them, case by case: group_test CASE BUS. */
#include "client.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

/* Leases again at once, reads from the first event, and makes no dead letters. */
static shmbus_group_options prompt(void) {
  shmbus_group_options options = SHMBUS_GROUP_OPTIONS_INIT;
  options.window = 1024;
  options.max_deliveries = 0;
  options.backoff_count = 0;
  options.start = SHMBUS_START_OLDEST;
  return options;
}

static shmbus_group group_of(const shmbus_group_options* options) {
  shmbus_group group;
  CHECK_OK(shmbus_group_open(bus, "a.b", "g", options, &group));
  return group;
}

static shmbus_group prompt_group(void) {
  const shmbus_group_options options = prompt();
  return group_of(&options);
}

static void publish_texts(const char* topic, const char* texts) {
  shmbus_publisher publisher = publisher_of(topic);
  for (; *texts != 0; ++texts) CHECK_OK(shmbus_publish(publisher, texts, 1, NULL));
  CHECK_OK(shmbus_publisher_close(publisher));
}

static shmbus_lease take(shmbus_group group, char text) {
  shmbus_lease lease;
  const shmbus_event* event;
  CHECK_OK(shmbus_group_take(group, SHMBUS_FOREVER, &lease, &event));
  CHECK(event->size == 1 && *(const char*)event->payload == text);
  return lease;
}

static uint32_t deliveries_of(shmbus_lease lease) {
  uint32_t deliveries;
  CHECK_OK(shmbus_lease_deliveries(lease, &deliveries));
  return deliveries;
}

static void settle(void) {
  shmbus_group group = prompt_group();
  shmbus_lease lease = {1};
  const shmbus_event* event;
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_group_try_take(group, &lease, &event));
  CHECK(lease.number == 0 && event == NULL);
  publish_texts("a.b", "12");
  CHECK_OK(shmbus_group_try_take(group, &lease, NULL));
  CHECK_OK(shmbus_lease_event(lease, &event));
  CHECK(event->sequence == 1 && memcmp(event->payload, "1", 1) == 0 && deliveries_of(lease) == 1);
  const char* topic;
  CHECK_OK(shmbus_event_topic(event, &topic));
  CHECK(strcmp(topic, "a.b") == 0);
  CHECK_OK(shmbus_lease_give_back(lease));
  CHECK(event->payload == NULL);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_event_topic(event, &topic));
  lease = take(group, '1');
  CHECK(deliveries_of(lease) == 2);
  CHECK_OK(shmbus_lease_give_back_after(lease, 1000000));
  lease = take(group, '2');
  CHECK_OK(shmbus_lease_extend(lease, 60000000000));
  CHECK_OK(shmbus_lease_acknowledge(lease));
  lease = take(group, '1');
  CHECK(deliveries_of(lease) == 3);
  CHECK_OK(shmbus_lease_acknowledge(lease));
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_group_try_take(group, &lease, &event));
  CHECK_OK(shmbus_group_status(group));
  CHECK_OK(shmbus_group_close(group));
}

static bool has_header(const shmbus_event* event, const char* name, const char* value) {
  shmbus_text text;
  return shmbus_event_header(event, name, &text) == SHMBUS_OK && text.size == strlen(value) &&
         memcmp(text.data, value, text.size) == 0;
}

/* A rejected event is a dead letter, and so is one that was leased too often. Published to the retry topic it comes again. */
static void dead_letters(void) {
  shmbus_group_options options = prompt();
  options.max_deliveries = 2;
  shmbus_group group = group_of(&options);
  shmbus_subscriber dead = subscriber_of("a.b.dead");
  publish_texts("a.b", "123");
  CHECK_OK(shmbus_lease_reject(take(group, '1'), "no such customer"));
  CHECK_OK(shmbus_lease_reject(take(group, '2'), NULL));
  CHECK_OK(shmbus_lease_give_back(take(group, '3')));
  CHECK_OK(shmbus_lease_give_back(take(group, '3')));
  shmbus_lease lease;
  const shmbus_event* event;
  CHECK_STATUS(SHMBUS_TIMED_OUT, shmbus_group_take(group, 1000000, &lease, NULL));
  CHECK_OK(shmbus_subscriber_next(dead, &event));
  CHECK(event->size == 1 && memcmp(event->payload, "1", 1) == 0);
  CHECK(has_header(event, "shmbus-reason", "no such customer") && has_header(event, "shmbus-group", "g"));
  CHECK(has_header(event, "shmbus-deliveries", "1"));
  CHECK_OK(shmbus_subscriber_next(dead, &event));
  CHECK(memcmp(event->payload, "2", 1) == 0);
  CHECK_OK(shmbus_subscriber_next(dead, &event));
  CHECK(memcmp(event->payload, "3", 1) == 0 && has_header(event, "shmbus-deliveries", "2"));
  publish_texts("a.b.retry.g", "3");
  CHECK_OK(shmbus_lease_acknowledge(take(group, '3')));
}

static void* take_until_closed(void* group) {
  shmbus_lease lease;
  const shmbus_event* event;
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_take(*(shmbus_group*)group, SHMBUS_FOREVER, &lease, &event));
  CHECK(last_error_says(SHMBUS_CLOSED, "group 'g'"));
  CHECK(lease.number == 0 && event == NULL);
  return NULL;
}

static void waits(void) {
  shmbus_group group = prompt_group(), other = prompt_group();
  shmbus_lease lease;
  CHECK_STATUS(SHMBUS_TIMED_OUT, shmbus_group_take(group, 1000000, &lease, NULL));
  CHECK(last_error_says(SHMBUS_TIMED_OUT, "group 'g'"));
  CHECK_STATUS(SHMBUS_TIMED_OUT, shmbus_group_take(group, -1, &lease, NULL));
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) CHECK(pthread_create(&threads[i], NULL, take_until_closed, &group) == 0);
  usleep(20000);
  CHECK_OK(shmbus_group_interrupt(group));
  for (int i = 0; i < 3; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_try_take(group, &lease, NULL));
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_take(group, 1000000, &lease, NULL));
  publish_texts("a.b", "1"); /* another member is not interrupted */
  CHECK_OK(shmbus_lease_acknowledge(take(other, '1')));
  CHECK_OK(shmbus_bus_interrupt(bus));
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_try_take(other, &lease, NULL));
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_take(other, SHMBUS_FOREVER, &lease, NULL));
}

static atomic_int waiting;

static void* take_or_find_closed(void* context) {
  const shmbus_group group = *(shmbus_group*)context;
  shmbus_lease lease;
  atomic_fetch_add(&waiting, 1);
  const shmbus_status status = shmbus_group_take(group, SHMBUS_FOREVER, &lease, NULL);
  CHECK(status == SHMBUS_CLOSED || status == SHMBUS_INVALID_HANDLE); /* the latter where it came after the close */
  return NULL;
}

/* A handle may be closed while other threads wait in it: they then return. */
static void close_while_waiting(void) {
  for (int round = 0; round < 20; ++round) {
    shmbus_group group = prompt_group();
    pthread_t threads[3];
    atomic_store(&waiting, 0);
    for (int i = 0; i < 3; ++i) CHECK(pthread_create(&threads[i], NULL, take_or_find_closed, &group) == 0);
    while (atomic_load(&waiting) < 3) usleep(100);
    usleep((useconds_t)(round * 100));
    CHECK_OK(shmbus_group_close(group));
    for (int i = 0; i < 3; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_group_close(group));
  }
  bool existed; /* no thread is a member any more */
  shmbus_group group = prompt_group();
  publish_texts("a.b", "1");
  CHECK_OK(shmbus_lease_acknowledge(take(group, '1')));
  CHECK_OK(shmbus_group_close(group));
  CHECK_OK(shmbus_group_remove(bus, "a.b", "g", &existed));
  CHECK(existed);
}

/* A lease needs neither the handle of its group nor that of its bus. */
static void lease_alone(void) {
  shmbus_group group = prompt_group();
  publish_texts("a.b", "12");
  shmbus_lease lease = take(group, '1'), second = take(group, '2');
  CHECK_OK(shmbus_group_close(group));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_group_try_take(group, &lease, NULL));
  CHECK(last_error_says(SHMBUS_INVALID_HANDLE, "group"));
  CHECK(lease.number == 0);
  bool existed;
  CHECK_STATUS(SHMBUS_BUSY, shmbus_group_remove(bus, "a.b", "g", &existed)); /* its leases are out */
  CHECK(last_error_says(SHMBUS_BUSY, "group 'g'"));
  group = prompt_group();
  CHECK_OK(shmbus_lease_give_back(second));
  CHECK_OK(shmbus_lease_acknowledge(take(group, '2')));
  CHECK_OK(shmbus_group_close(group));
  shmbus_bus other;
  CHECK_OK(shmbus_bus_open(bus_name, NULL, &other));
  CHECK_OK(shmbus_group_open(other, "a.b", "g", NULL, &group));
  publish_texts("a.b", "3");
  lease = take(group, '3');
  CHECK_OK(shmbus_bus_close(other));
  CHECK_OK(shmbus_group_close(group));
  CHECK_OK(shmbus_lease_extend(lease, 1000000000));
  CHECK_OK(shmbus_lease_acknowledge(lease));
}

static void remove_group(void) {
  shmbus_group group = prompt_group();
  publish_texts("a.b", "1");
  CHECK_OK(shmbus_lease_acknowledge(take(group, '1')));
  bool existed;
  CHECK_STATUS(SHMBUS_BUSY, shmbus_group_remove(bus, "a.b", "g", &existed));
  CHECK_OK(shmbus_group_close(group));
  CHECK_OK(shmbus_group_remove(bus, "a.b", "g", &existed));
  CHECK(existed);
  CHECK_OK(shmbus_group_remove(bus, "a.b", "g", &existed));
  CHECK(!existed);
  CHECK_OK(shmbus_group_remove(bus, "a.b", "g", NULL));
  group = prompt_group(); /* a new one: it begins anew */
  CHECK_OK(shmbus_lease_acknowledge(take(group, '1')));
}

/* What a holder says whose time is over is refused. */
static void expired(void) {
  shmbus_group_options options = prompt();
  options.lease = 10000000;
  shmbus_group slow = group_of(&options), quick = group_of(NULL);
  publish_texts("a.b", "1");
  shmbus_lease lease = take(slow, '1');
  shmbus_lease again = take(quick, '1');
  const shmbus_event* event;
  CHECK(deliveries_of(again) >= 2);
  CHECK_STATUS(SHMBUS_EXPIRED, shmbus_lease_extend(lease, 1000000000));
  CHECK(last_error_says(SHMBUS_EXPIRED, "lease of event"));
  CHECK_OK(shmbus_lease_event(lease, &event)); /* it can still be looked at */
  CHECK(memcmp(event->payload, "1", 1) == 0);
  CHECK_STATUS(SHMBUS_EXPIRED, shmbus_lease_acknowledge(lease));
  CHECK(last_error_says(SHMBUS_EXPIRED, "-1'"));
  CHECK(strcmp(shmbus_status_name(SHMBUS_EXPIRED), "expired") == 0);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_acknowledge(lease));
  (void)shmbus_lease_acknowledge(again);
}

static atomic_int keys, released;

/* The key is the first letter of the payload. */
static shmbus_text first_letter(const shmbus_event* event, void* context) {
  CHECK(context == &keys);
  atomic_fetch_add(&keys, 1);
  return (shmbus_text){event->payload, 1};
}

static void release(void* context) {
  CHECK(context == &keys);
  atomic_fetch_add(&released, 1);
}

static void take_text(shmbus_group group, const char* text, shmbus_lease* lease) {
  const shmbus_event* event;
  CHECK_OK(shmbus_group_take(group, SHMBUS_FOREVER, lease, &event));
  CHECK(event->size == strlen(text) && memcmp(event->payload, text, event->size) == 0);
}

static void order_by_key(void) {
  shmbus_group_options options = prompt();
  options.order = SHMBUS_ORDER_BY_KEY;
  options.key = first_letter;
  options.key_context = &keys;
  options.key_release = release;
  shmbus_group group = group_of(&options);
  shmbus_publisher publisher = publisher_of("a.b");
  const char* const texts[] = {"a1", "a2", "b1"};
  for (int i = 0; i < 3; ++i) CHECK_OK(shmbus_publish(publisher, texts[i], 2, NULL));
  shmbus_lease a, b, none;
  take_text(group, "a1", &a);
  take_text(group, "b1", &b);
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_group_try_take(group, &none, NULL)); /* a2 waits for a1 */
  CHECK_OK(shmbus_lease_give_back(a));
  take_text(group, "a1", &a);
  CHECK_OK(shmbus_lease_acknowledge(a));
  take_text(group, "a2", &a);
  CHECK(atomic_load(&keys) == 3);
  CHECK_OK(shmbus_group_close(group));
  CHECK_OK(shmbus_lease_acknowledge(a));
  CHECK(atomic_load(&released) == 0);
  CHECK_OK(shmbus_lease_acknowledge(b));
  CHECK(atomic_load(&released) == 1);
  /* Each refusal releases, too. */
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_group_open(bus, "a..b", "g", &options, &group));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_group_open(bus, NULL, "g", &options, &group));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_group_open((shmbus_bus){0}, "a.b", "g", &options, &group));
  options.order = 9;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_group_open(bus, "a.b", "g", &options, &group));
  CHECK(atomic_load(&released) == 5);
}

static atomic_int handled[3];

static int count_and_fail_at_first(const shmbus_event* event, void* context) {
  CHECK(context == handled && event->sequence <= 2);
  return atomic_fetch_add(&handled[event->sequence], 1) == 0 && event->sequence == 1;
}

static void handlers(void) {
  const shmbus_group_options group_options = prompt();
  shmbus_dispatch_options options = SHMBUS_DISPATCH_OPTIONS_INIT;
  options.workers = 3;
  options.group = "g";
  options.group_options = &group_options;
  shmbus_subscription subscriptions[2];
  for (int i = 0; i < 2; ++i) {
    CHECK_OK(shmbus_subscribe(bus, "a.b", count_and_fail_at_first, handled, &options, NULL, &subscriptions[i]));
  }
  publish_texts("a.b", "12");
  while (atomic_load(&handled[1]) < 2 || atomic_load(&handled[2]) < 1) usleep(1000);
  uint64_t calls = 0, errors = 0;
  for (int i = 0; i < 2; ++i) {
    CHECK_OK(shmbus_subscription_status(subscriptions[i]));
    CHECK_OK(shmbus_subscription_stop(subscriptions[i], SHMBUS_FOREVER));
    shmbus_subscription_counts counts = SHMBUS_SUBSCRIPTION_COUNTS_INIT;
    CHECK_OK(shmbus_subscription_counts_of(subscriptions[i], &counts));
    calls += counts.handled;
    errors += counts.handler_errors;
    CHECK_OK(shmbus_subscription_close(subscriptions[i]));
  }
  CHECK(calls == 3 && errors == 1);
  CHECK_OK(shmbus_group_remove(bus, "a.b", "g", NULL));
  /* What a group has no use for is refused. */
  shmbus_subscriber_options subscriber = SHMBUS_SUBSCRIBER_OPTIONS_INIT;
  options.subscriber = &subscriber;
  subscriber.durable = "d";
  CHECK_STATUS(SHMBUS_INVALID_OPTION,
               shmbus_subscribe(bus, "a.b", count_and_fail_at_first, NULL, &options, NULL, &subscriptions[0]));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "durable"));
  options.subscriber = NULL;
  CHECK_STATUS(SHMBUS_INVALID_NAME,
               shmbus_subscribe(bus, "a.*", count_and_fail_at_first, NULL, &options, NULL, &subscriptions[0]));
  shmbus_group_options wrong = prompt();
  wrong.window = 1;
  options.group_options = &wrong;
  CHECK_STATUS(SHMBUS_INVALID_OPTION,
               shmbus_subscribe(bus, "a.b", count_and_fail_at_first, NULL, &options, NULL, &subscriptions[0]));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "window"));
}

static void information(void) {
  shmbus_topic_info topic = SHMBUS_TOPIC_INFO_INIT;
  CHECK_OK(shmbus_topic_open(bus, "a.b", NULL, &topic));
  shmbus_group_options options = prompt();
  shmbus_group first = group_of(&options);
  options.window = 4096;
  options.max_deliveries = 7;
  shmbus_group second = group_of(&options);
  shmbus_group_info info = SHMBUS_GROUP_INFO_INIT;
  CHECK_OK(shmbus_group_info_of(first, &info));
  CHECK(strcmp(info.topic, "a.b") == 0 && strcmp(info.name, "g") == 0 && info.different[0] == 0);
  CHECK(info.lost == 0 && !info.cautious);
  CHECK_OK(shmbus_group_info_of(second, &info));
  CHECK(strcmp(info.different, "window: asked 4096, found 1024; max_deliveries: asked 7, found 0") == 0);
}

static bool has(const char* json, const char* part) {
  if (strstr(json, part) != NULL) return true;
  fprintf(stderr, "no %s in %s\n", part, json);
  return false;
}

static void inspect(void) {
  shmbus_inspector inspector;
  const char* json;
  CHECK_OK(shmbus_inspector_open(bus_name, NULL, 0, &inspector));
  CHECK_OK(shmbus_inspector_groups(inspector, &json));
  CHECK(strcmp(json, "[]") == 0);
  shmbus_group_options options = prompt();
  options.backoff_count = 2;
  options.name = "worker \"one\"";
  shmbus_group group = group_of(&options);
  publish_texts("a.b", "123");
  shmbus_lease lease = take(group, '1');
  CHECK_OK(shmbus_lease_acknowledge(take(group, '2')));
  CHECK_OK(shmbus_inspector_groups(inspector, &json));
  static const char* const parts[] = {
      "{\"topic\":\"a.b\",\"group\":\"g\",\"id\":",
      "\"in_journal\":false",
      "\"options\":{\"window\":1024,\"in_flight\":0,\"lease\":30000000000,\"lease_most\":300000000000,"
      "\"max_deliveries\":0,\"backoff\":[100000000,1000000000],\"dead_letters\":\"a.b.dead\",\"order\":\"any\","
      "\"abandon_after\":60000000000}",
      "\"members\":[{\"number\":0,\"name\":\"worker \\\"one\\\" ",
      "\"state\":\"alive\"",
      "\"leased\":1,\"counts\":{\"leases\":2,\"acknowledged\":1,\"given_back\":0,\"rejected\":0,\"expired\":0,"
      "\"redelivered\":0,\"dead_letters\":0,\"unpublished\":0,\"lost\":0}}]",
      "\"floor\":1,\"walked\":3,\"published\":3,\"lag\":2,\"leased\":1,\"waiting\":0,\"unread\":1",
      "\"oldest\":{\"sequence\":1,\"state\":\"leased\",\"deliveries\":1,\"member\":\"worker",
      "\"oldest_age\":",
      "\"deaths\":0,\"cautious\":false,\"cautious_for\":0,\"cautious_times\":0,\"full\":false,\"full_for\":0,"
      "\"problem\":\"\"}]"};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) CHECK(has(json, parts[i]));
  CHECK_OK(shmbus_inspector_group_events(inspector, "a.b", "g", 10, &json));
  CHECK(has(json, "[{\"sequence\":1,\"state\":\"leased\"") && has(json, "{\"sequence\":3,\"state\":\"unread\""));
  CHECK_OK(shmbus_inspector_group_events(inspector, "a.b", "g", 1, &json));
  CHECK(strstr(json, "\"sequence\":3") == NULL);
  CHECK_OK(shmbus_inspector_group_events(inspector, "a.b", "other", 10, &json));
  CHECK(strcmp(json, "[]") == 0);
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_inspector_group_events(inspector, NULL, "g", 10, &json));
  CHECK_OK(shmbus_lease_acknowledge(lease));
}

/* In a child the handles are the parent's, and it does them no harm. */
static void fork_child(void) {
  shmbus_group group = prompt_group();
  publish_texts("a.b", "12");
  shmbus_lease lease = take(group, '1');
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    shmbus_lease other;
    const shmbus_event* event;
    CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_status(group));
    CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_try_take(group, &other, NULL));
    CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_take(group, SHMBUS_FOREVER, &other, NULL));
    CHECK_STATUS(SHMBUS_CLOSED, shmbus_lease_extend(lease, 1000000000));
    CHECK_OK(shmbus_lease_event(lease, &event));
    CHECK(memcmp(event->payload, "1", 1) == 0);
    CHECK_STATUS(SHMBUS_CLOSED, shmbus_lease_acknowledge(lease));
    CHECK(last_error_says(SHMBUS_CLOSED, "lease of event"));
    CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_acknowledge(lease));
    CHECK_OK(shmbus_group_close(group));
    CHECK_OK(shmbus_bus_open(bus_name, NULL, &bus));
    CHECK_OK(shmbus_lease_acknowledge(take(prompt_group(), '2')));
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK_OK(shmbus_group_status(group));
  CHECK_OK(shmbus_lease_extend(lease, 1000000000));
  CHECK_OK(shmbus_lease_acknowledge(lease));
}

/* What a process held that was killed comes to another one. */
static void death(void) {
  shmbus_group group = prompt_group();
  int pipe_ends[2];
  CHECK(pipe(pipe_ends) == 0);
  publish_texts("a.b", "1");
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK_OK(shmbus_bus_open(bus_name, NULL, &bus));
    take(prompt_group(), '1');
    CHECK(write(pipe_ends[1], "x", 1) == 1);
    for (;;) pause();
  }
  char byte;
  CHECK(read(pipe_ends[0], &byte, 1) == 1);
  shmbus_lease lease;
  CHECK_STATUS(SHMBUS_NOTHING, shmbus_group_try_take(group, &lease, NULL));
  CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
  lease = take(group, '1');
  CHECK(deliveries_of(lease) == 2);
  CHECK_OK(shmbus_lease_acknowledge(lease));
}

enum { kThreads = 4, kEvents = 4000 };
static atomic_uint taken[kEvents + 1];
static _Atomic uint64_t shared_lease;
static atomic_int ended;

/* Each also ends the lease that another one has just published here: of two that end it, one does. */
static void* work(void* context) {
  const shmbus_group group = *(shmbus_group*)context;
  for (;;) {
    shmbus_lease lease;
    const shmbus_event* event;
    const shmbus_status status = shmbus_group_take(group, 100000000, &lease, &event);
    if (status == SHMBUS_TIMED_OUT && atomic_load(&ended) == kEvents) return NULL;
    if (status == SHMBUS_TIMED_OUT) continue;
    CHECK_OK(status);
    atomic_fetch_add(&taken[event->sequence], 1);
    atomic_store(&shared_lease, lease.number);
    const shmbus_lease any = {atomic_load(&shared_lease)};
    shmbus_status status_of_end = shmbus_lease_acknowledge(any);
    if (any.number != lease.number) {
      if (status_of_end == SHMBUS_OK) atomic_fetch_add(&ended, 1);
      CHECK(status_of_end == SHMBUS_OK || status_of_end == SHMBUS_INVALID_HANDLE);
      status_of_end = shmbus_lease_acknowledge(lease);
    }
    if (status_of_end == SHMBUS_OK) atomic_fetch_add(&ended, 1);
    CHECK(status_of_end == SHMBUS_OK || status_of_end == SHMBUS_INVALID_HANDLE);
  }
}

static void many_threads(void) {
  shmbus_group group = prompt_group();
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_create(&threads[i], NULL, work, &group) == 0);
  shmbus_publisher publisher = publisher_of("a.b");
  for (int i = 0; i < kEvents; ++i) CHECK_OK(shmbus_publish(publisher, "x", 1, NULL));
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  for (int i = 1; i <= kEvents; ++i) CHECK(atomic_load(&taken[i]) == 1);
  CHECK(atomic_load(&ended) == kEvents);
}

/* An event of a lease may be kept, and be the cause of others. */
static void keep(void) {
  shmbus_group group = prompt_group();
  shmbus_subscriber effects = subscriber_of("effects");
  publish_texts("a.b", "1");
  shmbus_lease lease = take(group, '1');
  const shmbus_event* event;
  shmbus_kept kept;
  shmbus_scope scope;
  CHECK_OK(shmbus_lease_event(lease, &event));
  CHECK_OK(shmbus_event_keep(event, &kept));
  CHECK_OK(shmbus_scope_begin(event, &scope));
  publish_texts("effects", "e");
  CHECK_OK(shmbus_lease_acknowledge(lease));
  CHECK_OK(shmbus_scope_end(scope));
  CHECK_OK(shmbus_group_close(group));
  CHECK_OK(shmbus_kept_event(kept, &event));
  CHECK(memcmp(event->payload, "1", 1) == 0);
  shmbus_id id, cause;
  CHECK_OK(shmbus_event_id(event, &id));
  const shmbus_event* effect;
  CHECK_OK(shmbus_subscriber_next(effects, &effect));
  CHECK_OK(shmbus_event_cause(effect, &cause));
  CHECK(cause.topic == id.topic && cause.sequence == 1);
  CHECK_OK(shmbus_kept_release(kept));
}

/* Mistakes: each gives a status and words, and nothing crashes. */
static void misuse(void) {
  shmbus_group_options options = prompt();
  shmbus_group group = group_of(&options), none = {0}, failed;
  shmbus_lease lease, no_lease = {0};
  const shmbus_event* event;
  uint32_t deliveries;
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_group_try_take(none, &lease, NULL)); /* 1: never opened */
  CHECK(last_error_says(SHMBUS_INVALID_HANDLE, "group"));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_acknowledge(no_lease));
  CHECK(last_error_says(SHMBUS_INVALID_HANDLE, "lease: expected one that holds an event"));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_give_back((shmbus_lease){group.number}));   /* 2: of another kind */
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_reject((shmbus_lease){~UINT64_C(0)}, "x")); /* 3: no handle at all */
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_group_interrupt((shmbus_group){bus.number}));
  publish_texts("a.b", "1");
  lease = take(group, '1');
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_group_close((shmbus_group){lease.number}));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_group_take(group, 0, NULL, NULL)); /* 4: NULL */
  CHECK(last_error_says(SHMBUS_INVALID_ARGUMENT, "lease"));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_group_open(bus, "a.b", NULL, NULL, &failed));
  CHECK(last_error_says(SHMBUS_INVALID_ARGUMENT, "name") && failed.number == 0);
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_group_open(bus, "a.b", "g", NULL, NULL));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_lease_event(lease, NULL));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_lease_deliveries(lease, NULL));
  CHECK_STATUS(SHMBUS_INVALID_ARGUMENT, shmbus_group_info_of(group, NULL));
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_group_open(bus, "a.b", "no.dot", NULL, &failed)); /* 5: names */
  CHECK(last_error_says(SHMBUS_INVALID_NAME, "no.dot"));
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_group_open(bus, "a.*", "g", NULL, &failed));
  CHECK_STATUS(SHMBUS_INVALID_NAME, shmbus_group_remove(bus, "a.b", "", NULL));
  shmbus_group_options wrong = {0}; /* 6: without its _INIT */
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_group_open(bus, "a.b", "g", &wrong, &failed));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "shmbus_group_options.struct_size"));
  wrong = prompt(); /* 7: outside of its range */
  wrong.backoff_count = 9;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_group_open(bus, "a.b", "g", &wrong, &failed));
  CHECK(last_error_says(SHMBUS_INVALID_OPTION, "at most 8"));
  wrong = prompt();
  wrong.lease = -1;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_group_open(bus, "a.b", "g", &wrong, &failed));
  wrong = prompt();
  wrong.start = 99;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_group_open(bus, "a.b", "g", &wrong, &failed));
  wrong = prompt();
  wrong.wait = 99;
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_group_open(bus, "a.b", "g", &wrong, &failed));
  shmbus_group_info info = {0}; /* 8: a result without its size */
  CHECK_STATUS(SHMBUS_INVALID_OPTION, shmbus_group_info_of(group, &info));
  CHECK_OK(shmbus_lease_acknowledge(lease)); /* 9: twice, and by its event afterwards */
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_acknowledge(lease));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_give_back_after(lease, 0));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_extend(lease, 1));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_event(lease, &event));
  CHECK(event == NULL);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_deliveries(lease, &deliveries));
  publish_texts("a.b", "23"); /* 10: used when its place is used again */
  shmbus_lease later = take(group, '2');
  CHECK(later.number != lease.number);
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_acknowledge(lease));
  CHECK_OK(shmbus_lease_acknowledge(later));
  later = take(group, '3');
  CHECK_OK(shmbus_bus_close(bus)); /* 11: of a bus that is closed, and of one that was removed */
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_group_open(bus, "a.b", "g", NULL, &failed));
  CHECK(last_error_says(SHMBUS_INVALID_HANDLE, "bus"));
  CHECK_OK(shmbus_bus_remove(bus_name, true, NULL));
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_take(group, SHMBUS_FOREVER, &lease, NULL));
  CHECK(last_error_says(SHMBUS_CLOSED, "group 'g'"));
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_try_take(group, &lease, NULL));
  CHECK_STATUS(SHMBUS_CLOSED, shmbus_group_status(group));
  (void)shmbus_lease_acknowledge(later); /* what nobody sees any more may go well or not */
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_lease_acknowledge(later));
  CHECK_OK(shmbus_group_close(group));
  CHECK_STATUS(SHMBUS_INVALID_HANDLE, shmbus_group_close(group));
}

int main(int argc, char** argv) {
  static const struct test_case cases[] = {{"settle", settle},
                                           {"dead_letters", dead_letters},
                                           {"waits", waits},
                                           {"close_while_waiting", close_while_waiting},
                                           {"lease_alone", lease_alone},
                                           {"remove_group", remove_group},
                                           {"expired", expired},
                                           {"order_by_key", order_by_key},
                                           {"handlers", handlers},
                                           {"information", information},
                                           {"inspect", inspect},
                                           {"fork_child", fork_child},
                                           {"death", death},
                                           {"many_threads", many_threads},
                                           {"keep", keep},
                                           {"misuse", misuse}};
  return run_case(cases, sizeof cases / sizeof cases[0], argc, argv);
}
