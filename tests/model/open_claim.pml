/* Publish, and a reader in front of an open claim: claims, the holder among several claimants, abort, stepping over.
 *
 * Three publishers publish one event each, of one or two units, in a block of four units. One of them may die. One reader is
 * lossy or reliable, and repairs or not, as it chooses each time, which covers all real readers.
 *
 * right: -
 * weak: WEAK_CLAIM_AFTER_TAIL     the claim is shown after the tail's compare-and-swap
 * weak: WEAK_UNPIN_BEFORE_KEY     `where` is cleared before the key is stored
 * weak: WEAK_KEY_BEFORE_PAYLOAD   the key is stored before what it publishes
 * weak: WEAK_LARGEST_STRIDE       the holder is the claimant with the largest stride
 * weak: WEAK_NO_BOUNDARY          the smallest stride counts without ending at a boundary
 * weak: WEAK_TAIL_AFTER_CLAIMS    the tail is read after the claims
 * weak: WEAK_NO_SECOND_LOOK       the reader does not look at the key again after the claims
 */
#define DEATHS 1
#define WHOLE_CLAIMS
#define SIZE 4
#define PORTS 3
#include "common.h"
#include "claims.h"
#include "repair.h"
#include "publisher.h"

#define READER_BIT 0

proctype publisher(byte me, most) {
  WRITER;
  MORTAL
    d_step { p = me - 1; stride = 1 };
    if :: most == 2 -> stride = 2 :: skip fi;
    publish()
  UNTIL_DEATH(me, FORGET_WRITER)
}

/* A publish of one unit, whose claim and compare-and-swap are one step: it moves the log on past the others. */
proctype mover(byte me) {
  byte t;
  atomic {
    t = tail;
    if
    :: t + 2 <= SIZE -> where[2] = t; what[2] = WORD(t, 0, 1); tail = t + 1; g_word[t] = WORD(0, 0, 1); g_node[t] = me
    :: else -> goto sealed
    fi
  };
  d_step { payload[t] = me; meta[t] = WORD(0, 0, 1); key[t] = K; STIR };
  d_step { where[2] = NONE; STIR };
sealed: skip
}

/* Reader::poll(), pass_open_claim(), step_over(). */
proctype reader(byte me) {
  LOOKER;
  byte cursor;
end:
  do
  :: cursor >= SIZE -> break
  :: cursor < SIZE ->
     WATCH(READER_BIT);
     found = key[cursor];
     if
     :: found == K ->
        assert(meta[cursor] == g_word[cursor]);
        assert(PADDING(meta[cursor]) || payload[cursor] == g_node[cursor]);
        cursor = cursor + STRIDE(meta[cursor])
     :: found == A ->
        assert(meta[cursor] == g_word[cursor]);
        cursor = cursor + STRIDE(meta[cursor])
     :: else ->
        if
        :: tail == cursor ->                              /* the end of the log */
end_empty: STIRRED(READER_BIT)
        :: else ->
           holder_of(cursor);
#ifndef WEAK_NO_SECOND_LOOK
           found = key[cursor];
#endif
           if
           :: found == K || found == A
           :: else ->
              assert(kind != nobody);                     /* otherwise the log would be reported as corrupt */
              assert((result & 15) == g_word[cursor]);
              if
              :: kind == dead_one ->
                 port = holder;
                 repair_publisher(port);
                 if :: result == postponed -> STIRRED(READER_BIT) :: else fi
              :: kind == dead_one || kind == in_repair -> cursor = cursor + STRIDE(result)  /* may not write the log */
              :: kind == living -> cursor = cursor + STRIDE(result)                         /* lossy */
              :: kind == living -> STIRRED(READER_BIT)                                      /* reliable */
              fi
           fi
        fi
     fi;
     d_step { found = 0; kind = 0; holder = 0; result = 0; port = 0 }
  od
}

init {
  d_step { owner[0] = 1; owner[1] = 2; owner[2] = 3; listed[0] = true; listed[1] = true; listed[2] = true };
  atomic { run publisher(1, 2); run publisher(2, 2); run mover(3); run reader(4) };
end:
  do
  :: DEATH(1)
  :: NO_MORE_DEATHS
  od
}
