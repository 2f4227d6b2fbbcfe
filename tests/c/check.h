/* Checks for programs in C, and buses of their own. */
#ifndef CHECK_H
#define CHECK_H

#include <shmbus/shmbus.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      fprintf(stderr, "the last error: %s\n", shmbus_last_error()->text);     \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

#define CHECK_STATUS(expected, call)                                                                     \
  do {                                                                                                   \
    const shmbus_status check_found = (call);                                                            \
    if (check_found != (expected)) {                                                                     \
      fprintf(stderr, "%s:%d: %s: expected %s, found %s (%s)\n", __FILE__, __LINE__, #call,              \
              shmbus_status_name(expected), shmbus_status_name(check_found), shmbus_last_error()->text); \
      exit(1);                                                                                           \
    }                                                                                                    \
  } while (0)
#define CHECK_OK(call) CHECK_STATUS(SHMBUS_OK, call)

/* Whether the last error is of that code and says these words. */
static inline bool last_error_says(shmbus_status code, const char* words) {
  const shmbus_error* error = shmbus_last_error();
  if (error->code == code && strstr(error->text, words) != NULL && error->remedy[0] != 0) return true;
  fprintf(stderr, "expected an error %s with '%s' and a remedy, found %s: %s\n", shmbus_status_name(code), words,
          shmbus_status_name(error->code), error->text);
  return false;
}

#endif
