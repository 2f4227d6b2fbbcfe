/* shmbus in C11: the stable interface of libshmbus.so.0. For C++ there is shmbus.hpp.
 *
 * Status    Every function that can fail returns a shmbus_status: SHMBUS_OK, or why not. shmbus_last_error() then says more.
 *           SHMBUS_NOTHING is no failure, and leaves the last error as it was. Results are written through pointers; where
 *           a function fails they are set to zero or left alone. A pointer to a result may be NULL where the comment says so.
 * Handles   shmbus_bus, shmbus_publisher and so on are numbers, not pointers. A handle that was closed, that was never
 *           opened, or that is all zeros gives SHMBUS_INVALID_HANDLE: no function crashes for it. A number is not used
 *           twice. Handles are copied by value; all copies end together.
 * Threads   Any number of threads may use a bus, a subscription, a group, a lease, a kept event or shmbus_last_error(). One
 *           thread at a time may use a publisher, a subscriber, an inspector, a reader or a journal, also to close it;
 *           shmbus_subscriber_interrupt is for any thread. Different handles are independent of each other.
 * Options   A struct of options begins with its own size. Begin with its SHMBUS_..._INIT, and set what you need; NULL
 *           stands for all defaults. Later versions append fields of 8 bytes, whose default is zero: a program that was compiled
 *           with an older header gets the defaults of newer fields, and an older library refuses, with
 *           SHMBUS_INVALID_OPTION, what it does not know and what is not zero.
 * Texts     Names are UTF-8 or bytes, ended by a zero byte. A shmbus_text has a length, and may contain any bytes.
 * Times     In nanoseconds; points in time since 1970. SHMBUS_FOREVER: without bound. Negative lengths of time count as 0.
 * fork      In a forked child all handles of the parent stay the parent's: using them returns SHMBUS_CLOSED, closing them
 *           frees memory and nothing else. The child opens the bus again.
 */
#ifndef SHMBUS_SHMBUS_H
#define SHMBUS_SHMBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SHMBUS_API __attribute__((visibility("default")))
#else
#define SHMBUS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Statuses and errors ------------------------------------------------------------------------------------------ */

typedef int32_t shmbus_status;

enum {
  SHMBUS_OK = 0,
  /* Outcomes of publishing, polling and waiting. */
  SHMBUS_BACK_PRESSURED = 1,  /* a reliable subscriber holds the ring back */
  SHMBUS_TOO_LARGE = 2,       /* the event does not fit a block; create the topic with a larger block_size */
  SHMBUS_NO_MEMORY = 3,       /* /dev/shm is full, or the process has no memory left */
  SHMBUS_LOAN_OPEN = 4,       /* this publisher's loan is neither committed nor aborted yet */
  SHMBUS_CLOSED = 5,          /* the bus or topic was removed, or this is a forked child */
  SHMBUS_CORRUPT = 6,         /* shared memory or a journal holds invalid data */
  SHMBUS_INCOMPLETE = 7,      /* not every matching topic could be attached; see shmbus_subscriber_unattached */
  SHMBUS_BEYOND_LOAN = 8,     /* more bytes were committed than loaned */
  SHMBUS_JOURNAL_FAILED = 9,  /* the journal could not be written or read */
  SHMBUS_NOT_RECORDED = 10,   /* the event is in no journal */
  SHMBUS_TIMED_OUT = 11,      /* the wait ended before what it waited for happened */
  SHMBUS_RETRYING = 12,       /* a handler of a durable subscription failed; it is called again after a pause */
  SHMBUS_UNACKNOWLEDGED = 13, /* a durable subscription's position could not be written */
  SHMBUS_EXPIRED = 14,        /* the lease had ended before: its event is or was leased again */
  /* Why opening or attaching failed. */
  SHMBUS_INVALID_NAME = 32,   /* a name outside the allowed characters or length */
  SHMBUS_INVALID_OPTION = 33, /* an option outside its range, or one that this library does not know */
  SHMBUS_NOT_FOUND = 34,      /* no such bus or topic */
  SHMBUS_PERMISSION = 35,     /* the system refuses access */
  SHMBUS_UNTRUSTED = 36,      /* a file's owner is not accepted, or its mode or name is not the recorded one */
  SHMBUS_INCOMPATIBLE = 37,   /* another version or layout of shmbus */
  SHMBUS_LIMIT = 38,          /* one of the documented limits is reached */
  SHMBUS_BUSY = 39,           /* another one holds the exclusive right; or a call that may not be nested is */
  SHMBUS_TYPE_MISMATCH = 40,  /* the topic carries another type */
  SHMBUS_STALE_POSITION = 41, /* a position to resume from belongs to an earlier topic or bus */
  SHMBUS_SYSTEM = 42,         /* any other error of the operating system */
  /* Of this interface alone. */
  SHMBUS_NOTHING = 64,          /* there is no such thing now: no event, no header, no cause */
  SHMBUS_INVALID_HANDLE = 65,   /* the handle or event has ended, was never begun, or is of another kind */
  SHMBUS_INVALID_ARGUMENT = 66, /* NULL where there must be something */
  SHMBUS_HANDLER_FAILED = 67    /* a handler returned other than 0, and so ended the poll */
};

/* A failure. The four parts are phrases for people, and empty where there is nothing to say. */
typedef struct shmbus_error {
  size_t struct_size;
  shmbus_status code;
  const char* object;   /* the thing: "topic 'video.frame'" */
  const char* expected; /* what was expected of it */
  const char* found;    /* what was found instead; without `expected`, what is wrong: "does not exist" */
  const char* remedy;   /* what to do */
  const char* text;     /* all of it in one line */
} shmbus_error;

/* Returns this thread's last failure; code SHMBUS_OK where there was none. Never NULL. Valid until this thread's next call
 * that fails. */
SHMBUS_API const shmbus_error* shmbus_last_error(void);

/* Returns the name of a status: "back_pressured". Never NULL. */
SHMBUS_API const char* shmbus_status_name(shmbus_status status);

/* Returns the library's version: "0.1.0". */
SHMBUS_API const char* shmbus_version(void);

/* ---- Common ------------------------------------------------------------------------------------------------------- */

#define SHMBUS_FOREVER INT64_MAX

typedef struct shmbus_bus {
  uint64_t number;
} shmbus_bus;
typedef struct shmbus_publisher {
  uint64_t number;
} shmbus_publisher;
typedef struct shmbus_subscriber {
  uint64_t number;
} shmbus_subscriber;
typedef struct shmbus_subscription {
  uint64_t number;
} shmbus_subscription;
typedef struct shmbus_group {
  uint64_t number;
} shmbus_group;
typedef struct shmbus_lease {
  uint64_t number;
} shmbus_lease;
typedef struct shmbus_kept {
  uint64_t number;
} shmbus_kept;
typedef struct shmbus_scope {
  uint64_t number;
} shmbus_scope;
typedef struct shmbus_inspector {
  uint64_t number;
} shmbus_inspector;
typedef struct shmbus_reader {
  uint64_t number;
} shmbus_reader;
typedef struct shmbus_journal {
  uint64_t number;
} shmbus_journal;

/* Bytes with a length. */
typedef struct shmbus_text {
  const char* data;
  size_t size;
} shmbus_text;
#define SHMBUS_TEXT(literal) \
  { (literal), sizeof(literal) - 1 }

typedef struct shmbus_bytes {
  const void* data;
  size_t size;
} shmbus_bytes;

/* Identifies one event among all events of a machine. */
typedef struct shmbus_id {
  uint64_t bus;      /* incarnation of the bus */
  uint64_t topic;    /* incarnation of the topic */
  uint64_t sequence; /* within the topic */
} shmbus_id;

enum { SHMBUS_ID_SPACE = 56 };

/* Writes "bus-topic-sequence", ended by a zero byte. */
SHMBUS_API shmbus_status shmbus_id_to_text(shmbus_id id, char text[SHMBUS_ID_SPACE]);
/* Reads that. Returns SHMBUS_INVALID_ARGUMENT for any other text. */
SHMBUS_API shmbus_status shmbus_id_from_text(const char* text, shmbus_id* id);

/* A trace context, by the fields of W3C Trace Context. */
typedef struct shmbus_trace {
  uint8_t trace_id[16];
  uint8_t parent_id[8];
  uint8_t flags; /* 1: sampled */
  uint8_t reserved[7];
} shmbus_trace;

enum { SHMBUS_TRACEPARENT_SPACE = 56 };

/* Writes the value of a "traceparent" header, ended by a zero byte. */
SHMBUS_API shmbus_status shmbus_trace_to_text(const shmbus_trace* trace, char text[SHMBUS_TRACEPARENT_SPACE]);
/* Reads that. Returns SHMBUS_INVALID_ARGUMENT for any other text. */
SHMBUS_API shmbus_status shmbus_trace_from_text(const char* text, shmbus_trace* trace);
/* Writes the trace id of an event that was published without a trace, outside of handlers, and of all that follow from it. */
SHMBUS_API shmbus_status shmbus_trace_id_of(shmbus_id event, uint8_t trace_id[16]);

/* ---- Buses -------------------------------------------------------------------------------------------------------- */

enum { SHMBUS_RECORD_OWN = 0, SHMBUS_RECORD_NONE = 1, SHMBUS_RECORD_ALL = 2 };

/* Options of the bus's creator. Later members adopt the recorded ones, except owners, causes and record. */
typedef struct shmbus_bus_options {
  size_t struct_size;
  uint32_t mode;          /* access to the registry; the umask does not apply */
  uint32_t record;        /* SHMBUS_RECORD_...: which journaled topics this member may record */
  const char* group;      /* owner group, by name or number; NULL: the process's */
  const uint32_t* owners; /* users whose segments to accept, besides this user and root */
  size_t owner_count;
  int64_t stall_limit;  /* how long a lossy reader waits for a stopped publisher's open claim; 1 ms to 1 h */
  const char* journals; /* where journals lie: an absolute path; NULL: see journal.hpp */
  bool attach_only;     /* SHMBUS_NOT_FOUND where there is no such bus */
  bool no_causes;       /* events published inside handlers name no cause */
  uint64_t low_space;   /* bytes of the journals' file system that this member leaves free; 0: 64 MiB */
} shmbus_bus_options;
#define SHMBUS_BUS_OPTIONS_INIT \
  { .struct_size = sizeof(shmbus_bus_options), .mode = 0600, .stall_limit = 1000000000 }

/* Creates the bus, or attaches to it. Names are [A-Za-z0-9_-]{1,32}. */
SHMBUS_API shmbus_status shmbus_bus_open(const char* name, const shmbus_bus_options* options, shmbus_bus* bus);
/* Ends this membership. The bus, and publishers, subscribers and subscriptions made from it, go on. */
SHMBUS_API shmbus_status shmbus_bus_close(shmbus_bus bus);
/* Removes a bus for all: its members' publishing then returns SHMBUS_CLOSED. Its journals go only with `erase_journals`.
 * `existed`, if not NULL, is set to whether there was such a bus. */
SHMBUS_API shmbus_status shmbus_bus_remove(const char* name, bool erase_journals, bool* existed);

typedef struct shmbus_bus_info {
  size_t struct_size; /* set it to sizeof(shmbus_bus_info) */
  char name[64];
  uint64_t incarnation; /* a random number, new each time the bus is created */
  uint64_t node;        /* this membership's id */
  bool interrupted;
  bool removed;
} shmbus_bus_info;
#define SHMBUS_BUS_INFO_INIT \
  { .struct_size = sizeof(shmbus_bus_info) }
SHMBUS_API shmbus_status shmbus_bus_info_of(shmbus_bus bus, shmbus_bus_info* info);

/* Makes every waiting publish, wait and worker of this membership return, now and in the future. Async-signal-safe. */
SHMBUS_API shmbus_status shmbus_bus_interrupt(shmbus_bus bus);
/* Waits until the process gets SIGINT or SIGTERM, and sets `signal`, if not NULL, to its number; to 0 where the bus was
 * interrupted or removed. */
SHMBUS_API shmbus_status shmbus_bus_run_until_signal(shmbus_bus bus, int* signal);

typedef struct shmbus_reaped {
  size_t struct_size; /* set it to sizeof(shmbus_reaped) */
  size_t nodes, publishers, subscribers, subscriptions, segments;
} shmbus_reaped;
#define SHMBUS_REAPED_INIT \
  { .struct_size = sizeof(shmbus_reaped) }
/* Cleans up what dead processes left. `reaped`, if not NULL, says how much. */
SHMBUS_API shmbus_status shmbus_bus_reap(shmbus_bus bus, shmbus_reaped* reaped);

/* Forgets a durable subscription: its name, pattern and positions. SHMBUS_BUSY while a subscriber holds the name.
 * `existed` may be NULL. */
SHMBUS_API shmbus_status shmbus_bus_forget(shmbus_bus bus, const char* durable, bool* existed);

/* ---- Types -------------------------------------------------------------------------------------------------------- */

typedef struct shmbus_type shmbus_type;

/* A field of a struct. `type` is the type's name in C++: "unsigned long", "unsigned int[4]". */
typedef struct shmbus_field {
  const char* name;
  const char* type;
  size_t offset;
  size_t size;
  const shmbus_type* nested; /* the type of the field, or of its elements, where that has fields of its own; or NULL */
} shmbus_field;

/* A struct as a topic records it. It is the same type as a struct of C++ where the name, the size, the alignment and the
 * fields agree, or where neither side names any fields. */
struct shmbus_type {
  size_t struct_size;
  const char* name; /* "video::WatchStarted", 1 to 127 bytes */
  size_t size;
  size_t alignment;           /* at most 256 */
  const shmbus_field* fields; /* all of them, in order; NULL: not described */
  size_t field_count;
};

/* clang-format off */
/* The C++ name of a number's type, also of one of stdint.h. */
#define SHMBUS_TYPE_NAME(value)                                                                                     \
  _Generic((value), _Bool: "bool", char: "char", signed char: "signed char", unsigned char: "unsigned char",        \
           short: "short", unsigned short: "unsigned short", int: "int", unsigned: "unsigned int",                  \
           long: "long", unsigned long: "unsigned long", long long: "long long",                                    \
           unsigned long long: "unsigned long long", float: "float", double: "double")
/* clang-format on */
/* Describes a field that is a number. */
#define SHMBUS_FIELD(Struct, member) \
  { #member, SHMBUS_TYPE_NAME(((Struct*)0)->member), offsetof(Struct, member), sizeof(((Struct*)0)->member), NULL }
/* Describes any other field by the name of its type in C++: SHMBUS_FIELD_AS(struct person, name, "char[16]"). */
#define SHMBUS_FIELD_AS(Struct, member, type_name) SHMBUS_FIELD_OF(Struct, member, type_name, NULL)
/* The same for a struct, or an array of structs, whose fields the shmbus_type at `nested` describes. */
#define SHMBUS_FIELD_OF(Struct, member, type_name, nested) \
  { #member, type_name, offsetof(Struct, member), sizeof(((Struct*)0)->member), nested }
/* Describes a struct by its fields, an array: shmbus_type watch = SHMBUS_TYPE("video::Watch", struct watch, fields). */
#define SHMBUS_TYPE(type_name, Struct, field_array)                                \
  {                                                                                \
    sizeof(shmbus_type), type_name, sizeof(Struct), _Alignof(Struct), field_array, \
        sizeof(field_array) / sizeof((field_array)[0])                             \
  }

/* ---- Topics ------------------------------------------------------------------------------------------------------- */

enum { SHMBUS_WRITERS_SHARED = 0, SHMBUS_WRITERS_EXCLUSIVE = 1 };
enum { SHMBUS_JOURNAL_NONE = 0, SHMBUS_JOURNAL_PAGE_CACHE = 1, SHMBUS_JOURNAL_INTERVAL = 2, SHMBUS_JOURNAL_BATCH = 3 };
enum { SHMBUS_BEHIND_HOLD = 0, SHMBUS_BEHIND_SKIP = 1 };
enum { SHMBUS_CONTENT_UNDECIDED = 0, SHMBUS_CONTENT_RAW = 1, SHMBUS_CONTENT_TYPED = 2 };

/* Options of the topic's creator; later ones adopt the topic's, and shmbus_topic_info.different names what they missed. */
typedef struct shmbus_topic_options {
  size_t struct_size;
  size_t block_size; /* bytes, a power of two from 4 KiB to 64 MiB; bounds the payload */
  size_t blocks;     /* retained in the ring, 2 to 65,536 */
  uint32_t writers;  /* SHMBUS_WRITERS_...; an exclusive topic has one publisher at a time */
  uint32_t mode;     /* of the log */
  const char* group; /* owner group, by name or number; NULL: the process's */
  bool reserve;      /* backs all blocks with memory at creation */
  bool no_timestamps;
  bool accept_raw; /* raw bytes besides a type */
  bool strict;     /* an existing topic with other options is an error */
  /* The journal: events are also written to disk. */
  uint32_t journal;           /* SHMBUS_JOURNAL_... */
  uint32_t when_behind;       /* SHMBUS_BEHIND_...: publishers wait for the disk, or go on */
  int64_t journal_interval;   /* between two syncs, for SHMBUS_JOURNAL_INTERVAL; 1 ms to 1 h */
  uint64_t retain_bytes;      /* of segment files that the journal keeps; 0: no limit */
  int64_t retain_age;         /* of events that it keeps; 0: no limit */
  bool retain_unacknowledged; /* nothing goes that a durable subscription has not acknowledged */
  int64_t unrecorded_limit;   /* how long publishers wait while nothing is recorded; 1 ms to 1 h */
  uint64_t segment_file;      /* bytes of a segment file, 1 MiB to 64 GiB */
} shmbus_topic_options;
#define SHMBUS_TOPIC_OPTIONS_INIT                                                                  \
  {                                                                                                \
    .struct_size = sizeof(shmbus_topic_options), .block_size = 262144, .blocks = 16, .mode = 0600, \
    .unrecorded_limit = 30000000000, .segment_file = 134217728                                     \
  }

typedef struct shmbus_topic_info {
  size_t struct_size; /* set it to sizeof(shmbus_topic_info) */
  char name[256];
  uint64_t id; /* new for each incarnation of the topic */
  size_t block_size;
  size_t blocks;
  size_t max_payload; /* bytes of the largest event */
  uint32_t writers;
  uint32_t mode;
  uint32_t content; /* SHMBUS_CONTENT_... */
  uint32_t journal; /* SHMBUS_JOURNAL_... */
  bool timestamps;
  bool reserved;
  bool accepts_raw;
  uint64_t first_sequence; /* of the first event in memory; earlier ones are in the journal, or never were */
  size_t type_size;        /* these are zero or empty unless the topic is typed */
  size_t type_alignment;
  uint64_t type_layout;
  char type_name[128];
  char type_fields[512];
  char different[512];   /* "blocks: asked 4, found 16; ..." for each requested option that the topic does not have */
  uint64_t retain_bytes; /* the next seven as in shmbus_topic_options; zero without a journal */
  int64_t retain_age;
  int64_t journal_interval;
  int64_t unrecorded_limit;
  uint64_t segment_file;
  uint32_t when_behind;
  bool retain_unacknowledged;
} shmbus_topic_info;
#define SHMBUS_TOPIC_INFO_INIT \
  { .struct_size = sizeof(shmbus_topic_info) }

/* Creates a topic before its first publisher, or adopts it as it is. `info` may be NULL. */
SHMBUS_API shmbus_status shmbus_topic_open(shmbus_bus bus, const char* topic, const shmbus_topic_options* options,
                                           shmbus_topic_info* info);
/* SHMBUS_NOT_FOUND where there is no such topic. `info` may be NULL. */
SHMBUS_API shmbus_status shmbus_topic_find(shmbus_bus bus, const char* topic, shmbus_topic_info* info);
/* Removes one topic. `existed` may be NULL. */
SHMBUS_API shmbus_status shmbus_topic_remove(shmbus_bus bus, const char* topic, bool erase_journal, bool* existed);
/* Sets `bytes` to the address space (ulimit -v) that such a topic takes in each process that has it open. */
SHMBUS_API shmbus_status shmbus_topic_address_space(const shmbus_topic_options* options, uint64_t* bytes);
/* Sets `matches` to whether a subscriber's pattern covers a topic. */
SHMBUS_API shmbus_status shmbus_pattern_matches(const char* pattern, const char* topic, bool* matches);

/* ---- Publishers --------------------------------------------------------------------------------------------------- */

typedef struct shmbus_header {
  shmbus_text name;
  shmbus_text value;
} shmbus_header;

typedef struct shmbus_publish_options {
  size_t struct_size;
  int64_t timeout; /* how long to wait while a reliable subscriber holds the ring back; 0: not at all */
  const shmbus_header* headers;
  size_t header_count;
  shmbus_text key;
  const shmbus_trace* trace; /* NULL: none */
} shmbus_publish_options;
#define SHMBUS_PUBLISH_OPTIONS_INIT \
  { .struct_size = sizeof(shmbus_publish_options), .timeout = SHMBUS_FOREVER }

/* Creates a publisher. `type` NULL: of raw bytes. The first publisher of a topic decides what it carries; another one then
 * gets SHMBUS_TYPE_MISMATCH. */
SHMBUS_API shmbus_status shmbus_publisher_open(shmbus_bus bus, const char* topic, const shmbus_topic_options* options,
                                               const shmbus_type* type, shmbus_publisher* publisher);
/* Ends it. Its open loan is aborted. */
SHMBUS_API shmbus_status shmbus_publisher_close(shmbus_publisher publisher);

/* Publishes a copy of the bytes. Waits while a reliable subscriber holds the ring back. `sequence`, if not NULL, is set to
 * the event's number within its topic. */
SHMBUS_API shmbus_status shmbus_publish(shmbus_publisher publisher, const void* payload, size_t size,
                                        uint64_t* sequence);
/* The same, but never waits. */
SHMBUS_API shmbus_status shmbus_try_publish(shmbus_publisher publisher, const void* payload, size_t size,
                                            uint64_t* sequence);
/* The same with headers, key, trace and a bound on the wait. */
SHMBUS_API shmbus_status shmbus_publish_with(shmbus_publisher publisher, const void* payload, size_t size,
                                             const shmbus_publish_options* options, uint64_t* sequence);
/* Publishes all payloads, in order, which is quicker than one by one. Waits at most `timeout`. Stops at the first one that
 * can't be published; `published`, if not NULL, is set to how many were. `sequences`, if not NULL, has room for `count`
 * numbers, and gets those of the published ones. */
SHMBUS_API shmbus_status shmbus_publish_all(shmbus_publisher publisher, const shmbus_bytes* payloads, size_t count,
                                            int64_t timeout, size_t* published, uint64_t* sequences);

typedef struct shmbus_loan {
  void* data; /* to write; its content is indeterminate */
  size_t size;
  uint64_t sequence; /* that the event will have */
} shmbus_loan;
/* Loans room to write one event in place. A publisher has one open loan at a time: until it is committed or aborted,
 * publishing returns SHMBUS_LOAN_OPEN. `options` may be NULL. */
SHMBUS_API shmbus_status shmbus_loan_begin(shmbus_publisher publisher, size_t size,
                                           const shmbus_publish_options* options, shmbus_loan* loan);
/* Publishes the first `used` bytes of the loan. For more than were loaned returns SHMBUS_BEYOND_LOAN; the loan stays open.
 * The loan's memory must not be touched afterwards. SHMBUS_NOTHING without a loan. `sequence` may be NULL. */
SHMBUS_API shmbus_status shmbus_loan_commit(shmbus_publisher publisher, size_t used, uint64_t* sequence);
/* Gives the loan back. SHMBUS_NOTHING without a loan. */
SHMBUS_API shmbus_status shmbus_loan_abort(shmbus_publisher publisher);

/* Describes the publisher's topic. */
SHMBUS_API shmbus_status shmbus_publisher_topic(shmbus_publisher publisher, shmbus_topic_info* info);

/* Sets `durable` to whether an event survives what the topic's journal promises. */
SHMBUS_API shmbus_status shmbus_publisher_durable(shmbus_publisher publisher, uint64_t sequence, bool* durable);
/* Waits for that. SHMBUS_TIMED_OUT, SHMBUS_JOURNAL_FAILED, SHMBUS_NOT_RECORDED, or SHMBUS_CLOSED. */
SHMBUS_API shmbus_status shmbus_publisher_wait_durable(shmbus_publisher publisher, uint64_t sequence, int64_t timeout);

typedef struct shmbus_journal_progress {
  uint64_t recorded; /* number up to which events are written; 0: none */
  uint64_t durable;  /* number up to which they are durable; 0: none */
} shmbus_journal_progress;
SHMBUS_API shmbus_status shmbus_publisher_journal(shmbus_publisher publisher, shmbus_journal_progress* progress);

/* ---- Events ------------------------------------------------------------------------------------------------------- */

/* An event, read in place. The library makes it, and a later version may append fields: don't copy it to keep it. It is
 * valid
 *
 *   in a handler                           until the handler returns
 *   from shmbus_subscriber_next            until the next call of next, poll, wait or close for that subscriber
 *   from shmbus_group_take                 until its lease ends
 *   from shmbus_event_keep                 until shmbus_kept_release
 *
 * Afterwards its fields are zero, or those of a later event, and the functions below return SHMBUS_INVALID_HANDLE for a
 * pointer that lay there. The memory at `payload` may then be reused or unmapped: copy what you need, or keep the event. */
typedef struct shmbus_event {
  const void* payload; /* the bytes as published, aligned to 8 bytes or to the topic's type */
  size_t size;
  uint64_t sequence; /* within the topic, from 1; never reused */
  uint64_t number;   /* the library's */
} shmbus_event;

/* The topic's name, which is the event's type: "video.watch_started". Valid for as long as the event, as the results of the
 * functions below. */
SHMBUS_API shmbus_status shmbus_event_topic(const shmbus_event* event, const char** topic);
/* Its id. */
SHMBUS_API shmbus_status shmbus_event_id(const shmbus_event* event, shmbus_id* id);
/* When it was published; 0 where the topic has no time stamps. */
SHMBUS_API shmbus_status shmbus_event_time(const shmbus_event* event, int64_t* time);
/* The number of the publisher's port in the topic. */
SHMBUS_API shmbus_status shmbus_event_publisher(const shmbus_event* event, uint32_t* port);
/* Sets `is` to whether the event is a value of that type, by the topic's record. */
SHMBUS_API shmbus_status shmbus_event_is(const shmbus_event* event, const shmbus_type* type, bool* is);
/* The key; size 0 without one. */
SHMBUS_API shmbus_status shmbus_event_key(const shmbus_event* event, shmbus_text* key);
/* The value of the first header of that name, else SHMBUS_NOTHING. */
SHMBUS_API shmbus_status shmbus_event_header(const shmbus_event* event, const char* name, shmbus_text* value);
/* Writes the first headers, as many as `room`, and sets `count` to how many there are. */
SHMBUS_API shmbus_status shmbus_event_headers(const shmbus_event* event, shmbus_header* headers, size_t room,
                                              size_t* count);
/* The publisher's trace context, else SHMBUS_NOTHING. */
SHMBUS_API shmbus_status shmbus_event_trace(const shmbus_event* event, shmbus_trace* trace);
/* The event whose handler published this one, else SHMBUS_NOTHING. */
SHMBUS_API shmbus_status shmbus_event_cause(const shmbus_event* event, shmbus_id* cause);

/* Keeps an event until shmbus_kept_release, for any thread: shmbus_kept_event returns it. It stays where it is for up to eight
 * blocks per topic; else it is a copy. */
SHMBUS_API shmbus_status shmbus_event_keep(const shmbus_event* event, shmbus_kept* kept);
/* Sets `event` to the kept event, valid until shmbus_kept_release. */
SHMBUS_API shmbus_status shmbus_kept_event(shmbus_kept kept, const shmbus_event** event);
/* Sets `copied` to whether it is a copy, and not the event in its place. */
SHMBUS_API shmbus_status shmbus_kept_copied(shmbus_kept kept, bool* copied);
/* Ends it. Any thread. */
SHMBUS_API shmbus_status shmbus_kept_release(shmbus_kept kept);

/* Makes the event the cause of all that this thread publishes until shmbus_scope_end, as if its handler ran here. The event
 * is kept meanwhile. Scopes nest: the innermost counts. */
SHMBUS_API shmbus_status shmbus_scope_begin(const shmbus_event* event, shmbus_scope* scope);
/* Ends this thread's innermost scope. Any other gives SHMBUS_BUSY, or SHMBUS_INVALID_HANDLE where it belongs to another
 * thread or has ended. */
SHMBUS_API shmbus_status shmbus_scope_end(shmbus_scope scope);

/* ---- Subscribers -------------------------------------------------------------------------------------------------- */

enum {
  SHMBUS_START_LATEST = 0,
  SHMBUS_START_OLDEST = 1,
  SHMBUS_START_SEQUENCE = 2,
  SHMBUS_START_TIME = 3,
  SHMBUS_START_LAST = 4,
  SHMBUS_START_AFTER = 5
};
enum { SHMBUS_DELIVERY_LOSSY = 0, SHMBUS_DELIVERY_RELIABLE = 1 };
enum { SHMBUS_WAIT_BALANCED = 0, SHMBUS_WAIT_SPIN = 1, SHMBUS_WAIT_SLEEP = 2 };
enum { SHMBUS_SEE_PUBLISHED = 0, SHMBUS_SEE_DURABLE = 1 };
enum { SHMBUS_ACKNOWLEDGE_NEXT_POLL = 0, SHMBUS_ACKNOWLEDGE_MANUAL = 1 };

typedef struct shmbus_subscriber_options {
  size_t struct_size;
  uint32_t start;        /* SHMBUS_START_...: where to begin in topics that exist */
  uint32_t delivery;     /* SHMBUS_DELIVERY_... */
  int64_t start_value;   /* the sequence, time or count for `start` */
  shmbus_id start_after; /* for SHMBUS_START_AFTER */
  int64_t demote_after;  /* reliable only: become lossy after holding publishers back for this long; 0: never */
  uint32_t wait;         /* SHMBUS_WAIT_... */
  uint32_t see;          /* SHMBUS_SEE_... */
  const char* name;      /* shown by monitors; at most 63 bytes */
  size_t record_calls;   /* handler calls that the flight recorder holds; 0: the default */
  bool record_no_calls;  /* no flight recorder */
  bool standby;          /* durable only: wait where another one holds the name */
  uint32_t acknowledge;  /* durable only: SHMBUS_ACKNOWLEDGE_... */
  const char* durable;   /* makes it durable, under this name */
  int64_t hold_for;      /* durable and reliable: publishers wait this long for the name's next holder; 0: not at all */
} shmbus_subscriber_options;
#define SHMBUS_SUBSCRIBER_OPTIONS_INIT \
  { .struct_size = sizeof(shmbus_subscriber_options) }

/* Handles one event, and returns 0. Any other result ends the poll. */
typedef int (*shmbus_handler)(const shmbus_event* event, void* context);

/* Creates a subscriber of every matching topic: tokens joined by dots, `*` for one token, `>` for the rest. With a `type`
 * it gets values of that type alone; others are counted and skipped. NULL: all events. */
SHMBUS_API shmbus_status shmbus_subscriber_open(shmbus_bus bus, const char* pattern,
                                                const shmbus_subscriber_options* options, const shmbus_type* type,
                                                shmbus_subscriber* subscriber);
/* Ends it; also inside its own handler, which then gets no further event. */
SHMBUS_API shmbus_status shmbus_subscriber_close(shmbus_subscriber subscriber);

/* Hands up to `limit` events to the handler, in place, and sets `events`, if not NULL, to how many. Never waits. Returns
 * SHMBUS_OK also for none; SHMBUS_HANDLER_FAILED where the handler ended it: that event counts as handled. */
SHMBUS_API shmbus_status shmbus_subscriber_poll(shmbus_subscriber subscriber, shmbus_handler handler, void* context,
                                                size_t limit, size_t* events);
/* Sets `event` to the next event, or returns SHMBUS_NOTHING where there is none now. Never waits. */
SHMBUS_API shmbus_status shmbus_subscriber_next(shmbus_subscriber subscriber, const shmbus_event** event);
/* Waits until there may be something to poll. SHMBUS_TIMED_OUT where the timeout has passed; SHMBUS_CLOSED where the
 * subscriber or its bus was interrupted or removed. */
SHMBUS_API shmbus_status shmbus_subscriber_wait(shmbus_subscriber subscriber, int64_t timeout);
/* Makes every wait of this subscriber return, now and in the future. Any thread. Async-signal-safe. */
SHMBUS_API shmbus_status shmbus_subscriber_interrupt(shmbus_subscriber subscriber);
/* Sets `descriptor` to one for poll, select and epoll: readable when there may be something to poll. The subscriber owns
 * it. */
SHMBUS_API shmbus_status shmbus_subscriber_descriptor(shmbus_subscriber subscriber, int* descriptor);
/* Acknowledges an event of a durable subscriber, and all before it in its topic. SHMBUS_NOT_FOUND where this subscriber did
 * not hand it out. */
SHMBUS_API shmbus_status shmbus_subscriber_acknowledge(shmbus_subscriber subscriber, const shmbus_event* event);
/* Returns how it is: SHMBUS_OK, SHMBUS_CLOSED, SHMBUS_CORRUPT, SHMBUS_INCOMPLETE, ... */
SHMBUS_API shmbus_status shmbus_subscriber_status(shmbus_subscriber subscriber);

typedef struct shmbus_subscriber_counts {
  size_t struct_size;  /* set it to sizeof(shmbus_subscriber_counts) */
  uint64_t delivered;  /* events handed out */
  uint64_t lost;       /* numbers that were skipped unread */
  uint64_t mismatched; /* events of another type, skipped */
  size_t topics;       /* attached at the moment */
  bool demoted;        /* a publisher made it lossy, after demote_after */
  bool standing_by;    /* another one holds its durable name */
} shmbus_subscriber_counts;
#define SHMBUS_SUBSCRIBER_COUNTS_INIT \
  { .struct_size = sizeof(shmbus_subscriber_counts) }
SHMBUS_API shmbus_status shmbus_subscriber_counts_of(shmbus_subscriber subscriber, shmbus_subscriber_counts* counts);

/* Sets `json` to the topics that match and could not be attached: [{"topic":...,"code":...,"reason":...}, ...]. Valid until
 * the next call of this function for that subscriber, or its end. */
SHMBUS_API shmbus_status shmbus_subscriber_unattached(shmbus_subscriber subscriber, const char** json);

/* ---- Groups: one of many handles each event ----------------------------------------------------------------------- */

enum { SHMBUS_ORDER_ANY = 0, SHMBUS_ORDER_BY_KEY = 1 };

/* Returns the key of an event. What it points to must stay as it is until this thread's next call. It must not use its own
 * group. */
typedef shmbus_text (*shmbus_key)(const shmbus_event* event, void* context);

/* How a group works. The group's first member decides; later ones adopt that, and shmbus_group_info.different names what they
 * asked for otherwise. `start`, `wait`, `name` and `key` are each member's own. */
typedef struct shmbus_group_options {
  size_t struct_size;
  size_t window;           /* from the oldest unsettled event to the newest lease: 1,024 to 262,144, each 32 bytes */
  size_t in_flight;        /* leases at one time, in all members; 0: as many as the window allows */
  int64_t lease;           /* how long a living holder may be silent, 10 ms to a week; its death ends a lease at once */
  int64_t lease_most;      /* how long shmbus_lease_extend can hold an event in all; 0: ten times `lease` */
  int64_t backoff[8];      /* how long an event waits after its first lease, its second, ..., up to a week each */
  size_t backoff_count;    /* how many of these count, the last one for all later leases; 0: no wait */
  uint32_t max_deliveries; /* an event that was leased so often and not settled becomes a dead letter; 0: never */
  uint32_t order;          /* SHMBUS_ORDER_...: by key, events with equal keys come in their order, one at a time */
  uint32_t start;          /* SHMBUS_START_...: where a new group begins */
  uint32_t wait;           /* SHMBUS_WAIT_... */
  int64_t start_value;     /* the sequence, time or count for `start` */
  shmbus_id start_after;   /* for SHMBUS_START_AFTER */
  int64_t abandon_after;   /* without a journal: how long it holds publishers back when it has no living member */
  const char* dead_letters; /* the topic of dead letters; NULL: "<topic>.dead" */
  const char* name;         /* of this member, shown by monitors; at most 63 bytes */
  shmbus_key key;           /* by key: the key of an event, in all members the same; NULL: its publisher's key */
  void* key_context;
  void (*key_release)(void* context); /* called once when `key` is not called any more, or opening fails; or NULL */
} shmbus_group_options;
#define SHMBUS_GROUP_OPTIONS_INIT                                                             \
  {                                                                                           \
    .struct_size = sizeof(shmbus_group_options), .window = 65536, .lease = 30000000000,       \
    .backoff = {100000000, 1000000000, 10000000000}, .backoff_count = 3, .max_deliveries = 5, \
    .abandon_after = 60000000000                                                              \
  }

/* Joins a group: a name, [A-Za-z0-9_-]{1,63}, under which several workers, in any number of processes, share the events of
 * a topic. Each event is leased to one of them at a time, until one acknowledges it or it becomes a dead letter: at least
 * once. The first member creates the group; shmbus_group_remove ends it. SHMBUS_LIMIT where it has 64 members. */
SHMBUS_API shmbus_status shmbus_group_open(shmbus_bus bus, const char* topic, const char* name,
                                           const shmbus_group_options* options, shmbus_group* group);
/* Leaves the group. Calls of shmbus_group_take that wait return SHMBUS_CLOSED. Leases that are out stay valid, and the member
 * is counted until they have ended. */
SHMBUS_API shmbus_status shmbus_group_close(shmbus_group group);

/* Takes the next event that may be leased, and waits for one for at most `timeout`. Sets `lease`, and `event`, if not NULL, to
 * its event, which is valid until the lease ends. SHMBUS_TIMED_OUT; SHMBUS_CLOSED where the group's handle was interrupted or
 * closed, the group or the bus was removed, or the bus was interrupted. Several threads may take at one time. */
SHMBUS_API shmbus_status shmbus_group_take(shmbus_group group, int64_t timeout, shmbus_lease* lease,
                                           const shmbus_event** event);
/* The same without waiting: SHMBUS_NOTHING where no event may be leased now. */
SHMBUS_API shmbus_status shmbus_group_try_take(shmbus_group group, shmbus_lease* lease, const shmbus_event** event);
/* Makes every shmbus_group_take of this handle return, now and in the future. Async-signal-safe. */
SHMBUS_API shmbus_status shmbus_group_interrupt(shmbus_group group);
/* Returns how it is: SHMBUS_OK; SHMBUS_INCOMPLETE where its topic could not be attached; SHMBUS_JOURNAL_FAILED where events
 * that it wants can't be read; SHMBUS_CORRUPT; SHMBUS_CLOSED where the group or the bus was removed. */
SHMBUS_API shmbus_status shmbus_group_status(shmbus_group group);

typedef struct shmbus_group_info {
  size_t struct_size; /* set it to sizeof(shmbus_group_info) */
  char topic[256];
  char name[64];
  uint64_t lost;       /* events of the topic that left the ring before any member read them */
  bool cautious;       /* most of its leases failed lately: it leases one event a second, until one is acknowledged */
  char different[512]; /* "window: asked 2048, found 1024; ..." for each option that the group has otherwise */
} shmbus_group_info;
#define SHMBUS_GROUP_INFO_INIT \
  { .struct_size = sizeof(shmbus_group_info) }
SHMBUS_API shmbus_status shmbus_group_info_of(shmbus_group group, shmbus_group_info* info);

/* Removes a group with its leases and its place in the topic. SHMBUS_BUSY where it has a living member. `existed` may be
 * NULL. */
SHMBUS_API shmbus_status shmbus_group_remove(shmbus_bus bus, const char* topic, const char* name, bool* existed);

/* A lease is the right to handle one event. The next four functions end it, whatever they return: afterwards its handle gives
 * SHMBUS_INVALID_HANDLE. It does not need its group's handle. When its time is over they return SHMBUS_EXPIRED: the event is
 * or was leased again, and this result does not count.
 *
 * A dead letter is published to "<topic>.dead", with the event's payload, headers and key, and with the headers
 * "shmbus-origin", "shmbus-group", "shmbus-deliveries", "shmbus-reason" and "shmbus-holder". What is published to
 * "<topic>.retry.<group>" is leased to the group, too: so a dead letter is tried again. */

/* The event is done with. */
SHMBUS_API shmbus_status shmbus_lease_acknowledge(shmbus_lease lease);
/* Gives the event back: it is leased again after the group's back-off. */
SHMBUS_API shmbus_status shmbus_lease_give_back(shmbus_lease lease);
/* The same after `delay`. */
SHMBUS_API shmbus_status shmbus_lease_give_back_after(shmbus_lease lease, int64_t delay);
/* The event can't be handled, and trying again would not help: it becomes a dead letter. `reason`, up to 1000 bytes, travels
 * with that; or NULL. Where the dead letter can't be published returns why; the event is then given back. */
SHMBUS_API shmbus_status shmbus_lease_reject(shmbus_lease lease, const char* reason);
/* The lease lasts this much longer, from now on; in all no longer than `lease_most`. SHMBUS_EXPIRED where it can't. */
SHMBUS_API shmbus_status shmbus_lease_extend(shmbus_lease lease, int64_t time);
/* Sets `event` to its event, which is valid until the lease ends. */
SHMBUS_API shmbus_status shmbus_lease_event(shmbus_lease lease, const shmbus_event** event);
/* Sets `deliveries` to how often the event was leased, this time included. */
SHMBUS_API shmbus_status shmbus_lease_deliveries(shmbus_lease lease, uint32_t* deliveries);

/* ---- Subscriptions: handlers on threads of their own -------------------------------------------------------------- */

typedef struct shmbus_dispatch_options {
  size_t struct_size;
  const shmbus_subscriber_options* subscriber; /* NULL: defaults */
  size_t workers;                              /* threads that call the handler, 1 to 64 */
  size_t queue;                                /* events queued for other workers */
  size_t queue_bytes;                          /* of copies in the queue */
  void (*release)(void* context);              /* called once when no handler call can follow; or NULL */
  const char* group;                           /* joins this group; the pattern names one topic. NULL: no group */
  const shmbus_group_options* group_options;   /* NULL: defaults; `wait` and `name` are those of `subscriber` */
} shmbus_dispatch_options;
#define SHMBUS_DISPATCH_OPTIONS_INIT \
  { .struct_size = sizeof(shmbus_dispatch_options), .workers = 1, .queue = 1024, .queue_bytes = 16777216 }

/* Calls the handler for each event, on worker threads; the first call may come before this returns. A handler that returns
 * other than 0 has failed: that is counted and reported on standard error; a durable subscription calls it again with the
 * same event after a pause. With a group it gets the events that are leased to this member: an event is acknowledged when
 * the handler returns 0, else given back; of `subscriber` only `name`, `wait` and `record_calls` count, and others are
 * refused. `options` and `type` may be NULL. `release` is called also where this function fails. */
SHMBUS_API shmbus_status shmbus_subscribe(shmbus_bus bus, const char* pattern, shmbus_handler handler, void* context,
                                          const shmbus_dispatch_options* options, const shmbus_type* type,
                                          shmbus_subscription* subscription);
/* Ends it, and waits for handlers that run; inside its own handler it does not wait. */
SHMBUS_API shmbus_status shmbus_subscription_close(shmbus_subscription subscription);
/* Ends it, waits at most `timeout`, and leaves the handle open for its counts. SHMBUS_TIMED_OUT. */
SHMBUS_API shmbus_status shmbus_subscription_stop(shmbus_subscription subscription, int64_t timeout);
/* Waits until it has ended. SHMBUS_TIMED_OUT. */
SHMBUS_API shmbus_status shmbus_subscription_wait(shmbus_subscription subscription, int64_t timeout);
/* Returns how it is: SHMBUS_OK, SHMBUS_RETRYING, SHMBUS_UNACKNOWLEDGED, SHMBUS_INCOMPLETE, SHMBUS_CORRUPT, SHMBUS_CLOSED. */
SHMBUS_API shmbus_status shmbus_subscription_status(shmbus_subscription subscription);

typedef struct shmbus_subscription_counts {
  size_t struct_size;      /* set it to sizeof(shmbus_subscription_counts) */
  uint64_t handled;        /* events, those whose handler failed included */
  uint64_t handler_errors; /* handler calls that failed */
  uint64_t lost;           /* numbers that were skipped unread */
  bool demoted;
  bool standing_by;
} shmbus_subscription_counts;
#define SHMBUS_SUBSCRIPTION_COUNTS_INIT \
  { .struct_size = sizeof(shmbus_subscription_counts) }
SHMBUS_API shmbus_status shmbus_subscription_counts_of(shmbus_subscription subscription,
                                                       shmbus_subscription_counts* counts);
/* As shmbus_subscriber_unattached. Valid until this thread's next call of it. */
SHMBUS_API shmbus_status shmbus_subscription_unattached(shmbus_subscription subscription, const char** json);

/* ---- Inspector: looks at a bus without joining it ----------------------------------------------------------------- */

/* SHMBUS_NOT_FOUND where there is no such bus. `owners`, `owner_count`: see shmbus_bus_options. */
SHMBUS_API shmbus_status shmbus_inspector_open(const char* bus, const uint32_t* owners, size_t owner_count,
                                               shmbus_inspector* inspector);
SHMBUS_API shmbus_status shmbus_inspector_close(shmbus_inspector inspector);

/* Each sets `json` to a text, ended by a zero byte, valid until the next call for that inspector. The names in it are those
 * of the members in snapshot.hpp, call_snapshot.hpp, durable_snapshot.hpp, group_snapshot.hpp and leftover.hpp; times are
 * nanoseconds. Later versions add names. */
SHMBUS_API shmbus_status shmbus_inspector_snapshot(shmbus_inspector inspector, const char** json);
SHMBUS_API shmbus_status shmbus_inspector_ring(shmbus_inspector inspector, const char* topic, const char** json);
SHMBUS_API shmbus_status shmbus_inspector_calls(shmbus_inspector inspector, const char** json);
SHMBUS_API shmbus_status shmbus_inspector_durables(shmbus_inspector inspector, const char** json);
/* The groups of the bus, by topic and name. */
SHMBUS_API shmbus_status shmbus_inspector_groups(shmbus_inspector inspector, const char** json);
/* The first events of a group that are not settled, at most `most`. */
SHMBUS_API shmbus_status shmbus_inspector_group_events(shmbus_inspector inspector, const char* topic, const char* group,
                                                       size_t most, const char** json);
SHMBUS_API shmbus_status shmbus_inspector_leftovers(shmbus_inspector inspector, const char** json);
/* The last events that a topic retains, at most `count`, and of each payload at most `max_payload` bytes: as "text" where
 * that is UTF-8, else as "base64". */
SHMBUS_API shmbus_status shmbus_inspector_events(shmbus_inspector inspector, const char* topic, size_t count,
                                                 size_t max_payload, const char** json);
/* The names of the buses on this machine, as JSON. Valid until this thread's next call of it. */
SHMBUS_API shmbus_status shmbus_buses(const char** json);
/* The files in /dev/shm that have a bus's name, by bus, also of buses that no process can join. Valid as long. */
SHMBUS_API shmbus_status shmbus_bus_files(const char** json);

/* ---- Readers: copies of events, without joining the bus ----------------------------------------------------------- */

typedef struct shmbus_reader_options {
  size_t struct_size;
  uint32_t start;     /* SHMBUS_START_... */
  bool retained_only; /* what is published by now, and no more */
  int64_t start_value;
  shmbus_id start_after;
  size_t max_payload;   /* bytes of each payload that are copied */
  uint64_t memory_only; /* 1: not from the topics' journals what has left the ring */
} shmbus_reader_options;
#define SHMBUS_READER_OPTIONS_INIT \
  { .struct_size = sizeof(shmbus_reader_options), .max_payload = SIZE_MAX }
/* Reads the events of all matching topics without joining the bus. The reader may outlive the inspector. */
SHMBUS_API shmbus_status shmbus_reader_open(shmbus_inspector inspector, const char* pattern,
                                            const shmbus_reader_options* options, shmbus_reader* reader);
SHMBUS_API shmbus_status shmbus_reader_close(shmbus_reader reader);
/* Sets `json` to the next event, valid until the next call for that reader; SHMBUS_NOTHING where there is none now. */
SHMBUS_API shmbus_status shmbus_reader_next(shmbus_reader reader, const char** json);

/* A copy of an event. What it points to is valid until the next call for its reader. */
typedef struct shmbus_event_copy {
  size_t struct_size; /* set it to sizeof(shmbus_event_copy) */
  const char* topic;
  shmbus_id id;
  uint64_t sequence;
  int64_t time;         /* 0 where the topic has no time stamps */
  size_t size;          /* of the whole payload */
  shmbus_bytes payload; /* its first bytes, at most max_payload */
  const shmbus_header* headers;
  size_t header_count;
  shmbus_text key;    /* size 0 without one */
  shmbus_trace trace; /* zero where its publisher gave none */
  shmbus_id cause;    /* the event whose handler published it; zero where there is none */
  uint32_t publisher; /* the number of its publisher's port */
  uint32_t has;       /* SHMBUS_HAS_..., added */
} shmbus_event_copy;
#define SHMBUS_EVENT_COPY_INIT \
  { .struct_size = sizeof(shmbus_event_copy) }
enum { SHMBUS_HAS_TRACE = 1, SHMBUS_HAS_CAUSE = 2 };
/* The same as shmbus_reader_next, in a struct. */
SHMBUS_API shmbus_status shmbus_reader_next_copy(shmbus_reader reader, shmbus_event_copy* event);

/* Sets `lost` to how many events were missed, and `finished` to whether there will be no more. Each may be NULL. */
SHMBUS_API shmbus_status shmbus_reader_counts(shmbus_reader reader, uint64_t* lost, bool* finished);
/* Sets `json` to the topics that can't be read now: [{"topic":...,"code":...,"reason":...}, ...]. "busy": the next event is
 * not committed yet. Valid until the next call for that reader. */
SHMBUS_API shmbus_status shmbus_reader_problems(shmbus_reader reader, const char** json);

/* ---- Journals: their files, without a bus ------------------------------------------------------------------------- */

/* Opens the journal of one topic, in `folder`/`bus`/`topic`, also when the machine has just started. `folder` NULL: the one of
 * shmbus_journal_folder. `owners`, `owner_count`: see shmbus_bus_options. SHMBUS_NOT_FOUND where there is none. */
SHMBUS_API shmbus_status shmbus_journal_open(const char* folder, const char* bus, const char* topic,
                                             const uint32_t* owners, size_t owner_count, shmbus_journal* journal);
SHMBUS_API shmbus_status shmbus_journal_close(shmbus_journal journal);

/* Sets `json` to what it is, how far it reaches, and its files, valid until the next call for that journal. The names are those
 * of the members in journal_files.hpp. */
SHMBUS_API shmbus_status shmbus_journal_info(shmbus_journal journal, const char** json);
/* Reads and checks every byte. `whole`, if not NULL, is set to whether all that was recorded is there; `json`, if not NULL, to
 * the whole report, valid as long. */
SHMBUS_API shmbus_status shmbus_journal_verify(shmbus_journal journal, bool* whole, const char** json);

typedef struct shmbus_replay_options {
  size_t struct_size;
  uint32_t start; /* SHMBUS_START_..., except SHMBUS_START_LATEST */
  int64_t start_value;
  shmbus_id start_after;
  size_t max_payload;   /* bytes of each payload that are copied */
  uint64_t incarnation; /* of the bus, for the ids of events; files do not know it */
} shmbus_replay_options;
#define SHMBUS_REPLAY_OPTIONS_INIT \
  { .struct_size = sizeof(shmbus_replay_options), .start = SHMBUS_START_OLDEST, .max_payload = SIZE_MAX }
/* Reads the events of the journal in the order of their numbers, also while a process records. `options` NULL: all. The reader
 * may outlive the journal's handle; it never finishes, since a later call may find more. */
SHMBUS_API shmbus_status shmbus_journal_read(shmbus_journal journal, const shmbus_replay_options* options,
                                             shmbus_reader* reader);
/* Sets `json` to the numbers between the events of a journal since the last call of this function, which it does not hold:
 * [{"kind":"gap","first":...,"last":...}, ...]; kinds are gap, missing, damaged and removed. [] for any other reader. Valid until
 * the next call for that reader. */
SHMBUS_API shmbus_status shmbus_reader_stretches(shmbus_reader reader, const char** json);

/* What shmbus_journal_prune removes: the oldest files, whole, for as long as one of these holds. The newest file stays. */
typedef struct shmbus_prune_options {
  size_t struct_size;
  uint64_t before;    /* all numbers of the file are below this one; 0: no such limit */
  int64_t older_than; /* all events of the file, and of those before it, are from before this time; 0: no such limit */
  uint64_t bytes;     /* the files take more bytes; UINT64_MAX: no such limit */
} shmbus_prune_options;
#define SHMBUS_PRUNE_OPTIONS_INIT \
  { .struct_size = sizeof(shmbus_prune_options), .bytes = UINT64_MAX }
typedef struct shmbus_pruned {
  size_t struct_size; /* set it to sizeof(shmbus_pruned) */
  uint64_t files;
  uint64_t bytes;
  uint64_t last; /* the last number that was removed; 0: none */
} shmbus_pruned;
#define SHMBUS_PRUNED_INIT \
  { .struct_size = sizeof(shmbus_pruned) }
/* With `only_look` it removes nothing. `pruned`, if not NULL, says what it removes. SHMBUS_BUSY while a process records the
 * topic. */
SHMBUS_API shmbus_status shmbus_journal_prune(shmbus_journal journal, const shmbus_prune_options* options,
                                              bool only_look, shmbus_pruned* pruned);

/* Sets `folder` to where this process's buses have their journals by default; "" without a home. Each is valid until this
 * thread's next call of the function. */
SHMBUS_API shmbus_status shmbus_journal_folder(const char** folder);
/* The names of the buses that have journals there, and of the topics of one. `folder` NULL: as above. */
SHMBUS_API shmbus_status shmbus_journal_buses(const char* folder, const char** json);
SHMBUS_API shmbus_status shmbus_journal_topics(const char* folder, const char* bus, const uint32_t* owners,
                                               size_t owner_count, const char** json);

#ifdef __cplusplus
}
#endif

#endif
