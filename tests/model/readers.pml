/* A reliable and a lossy reader, and two publishers that rotate: Reader::next_block(), enter(), open_next(), reserve().
 *
 * Four physical blocks, a ring of two. Blocks 1 and 2 are open at first, and the publishers open the others up to LAST.
 * One process, a publisher or a reader, may die at any step, and the lossy reader may stop in a block forever. Every event is
 * seen in order or counted as lost, and seen + lost is the number of published events (I2). The reliable reader loses
 * nothing. No process waits forever, neither for a dead process nor for a block.
 *
 * These are single steps, since other models have them in detail: a publish, also the last one with its seal, so that
 * readers meet no open claims (open_claim.pml); the look at the pins, with the sleep (gate.pml); finding and winning a block
 * up to the look at the pins, and linking it and clearing its owner word (block.pml). A block holds one event, and block 3
 * one or two, so that what a lapped reader lost follows from the entry alone.
 *
 * right: -
 * right: -DALONE -DLAST=6         one publisher, and more blocks
 * weak: WEAK_NO_GATE              the reliable reader's pin is not looked at
 * weak: WEAK_PIN_BEFORE_READ      the pin moves on before the block was read
 * weak: WEAK_LOST_NOT_COUNTED     a reader that was lapped does not count what it lost
 * weak: WEAK_FIRST_NOT_COUNTED_ON the first sequence does not follow from the sealed block's
 * weak: WEAK_DEAD_GATE            dead subscribers gate
 * weak: WEAK_DEAD_PIN -DALONE -DLAST=5 pins of dead readers are not cleared when blocks are short
 * weak: WEAK_UNLINKED_PINNED      a pin protects a block that has its number and was never linked
 */
#define DEATHS 1
#define NO_STIR
#include "common.h"
#define R 2
#define P 4
#ifndef LAST
#define LAST 4
#endif
#define MOST(n) ((n) == 3 -> 2 : 1)    /* events that fit into block n */

byte tail_number = 2;               /* the tail: one word */
byte tail_count = 1;
bool sealed = true;
byte ring_number[R];
byte ring_physical[R];
byte number[P] = NONE;              /* block entries */
byte first[P];
byte owner[P];
byte count[P];                      /* records committed, and whether padding fills the rest */
bool padded[P];
byte pin[2] = 1;                    /* by reader: the reliable one, the lossy one */
bool alive[5] = true;               /* publishers 1 and 2, readers 3 and 4 */

byte g_inside[2] = NONE;            /* the physical block a reader reads in */
bool g_stopped;                     /* the lossy reader has stopped inside a block */
byte g_total = 2;                   /* events published */
byte g_accounted[2];                /* seen and lost, by reader */

#define SLOT(n) ((n) % R)
#define HOLDS(n) (ring_number[SLOT(n)] == (n))
#define LINKED(c) (ring_physical[0] == (c) || ring_physical[1] == (c))
#ifdef WEAK_DEAD_GATE
#define GATED(n) (pin[0] <= (n))
#else
#define GATED(n) (pin[0] <= (n) && alive[3])
#endif
#define FREE(c) ((owner[c] == 0 || !alive[owner[c]]) && !LINKED(c))
/* A number that is not open yet, or under which another block was linked: a publisher gave it to this block, and died. */
#ifdef WEAK_UNLINKED_PINNED
#define PINNED(c) (number[c] != NONE && (pin[0] == number[c] || pin[1] == number[c]))
#else
#define PINNED(c) (number[c] != NONE && (pin[0] == number[c] || pin[1] == number[c]) && \
                   !(ring_number[SLOT(number[c])] < number[c] || (HOLDS(number[c]) && !LINKED(c))))
#endif
#define INSIDE(r, c) (alive[3 + r] && g_inside[r] == (c))
#define AVAILABLE(c) (FREE(c) && !PINNED(c))

inline reserve(n) {
  do
  :: atomic { c < P && !FREE(c) -> c++ }
  :: atomic { c < P && FREE(c) -> owner[c] = me };
     atomic { if :: PINNED(c) -> owner[c] = 0; c++ :: else -> break fi }
  :: atomic {
       c == P ->                                              /* no_memory: it tries again when there is a block */
#ifndef WEAK_DEAD_PIN
       if :: !alive[3] -> pin[0] = NONE :: else fi;           /* repair_all() */
       if :: !alive[4] -> pin[1] = NONE :: else fi;
#endif
       if
       :: HOLDS(n) -> goto over
       :: !HOLDS(n) && (AVAILABLE(0) || AVAILABLE(1) || AVAILABLE(2) || AVAILABLE(3)) -> c = 0
       fi
     }
  od
}

/* open_next() and Writer::rotate() */
inline rotate(n) {
  atomic {
    if
    :: HOLDS(n) -> goto move_on
#ifdef WEAK_NO_GATE
    :: HOLDS(n - R)
#else
    :: HOLDS(n - R) && !GATED(n - R)
#endif
    :: ring_number[SLOT(n)] > n -> goto over
    fi
  };
  reserve(n);
  atomic {                                                    /* the entry */
    assert(!INSIDE(0, c) && !INSIDE(1, c) && !LINKED(c));
    number[c] = n;
#ifdef WEAK_FIRST_NOT_COUNTED_ON
    first[c] = n;
#else
    first[c] = next;
#endif
    count[c] = 0; padded[c] = false
  };
  atomic {
    owner[c] = 0;
    if
    :: HOLDS(n - R) ->
       assert(!alive[3] || pin[0] > n - R);                   /* a reliable reader loses nothing */
       ring_number[SLOT(n)] = n; ring_physical[SLOT(n)] = c
    :: else -> number[c] = NONE; goto over
    fi
  };
move_on:
  atomic { if :: tail_number == n - 1 -> tail_number = n; tail_count = 0; sealed = false :: else fi };
over:
  atomic { c = 0; n = 0; next = 0 }
}

proctype publisher(byte me) {
  byte n, next, c;
  MORTAL
    do
    :: atomic { sealed && tail_number == LAST -> break }
    :: atomic {
         sealed && tail_number < LAST ->
         n = tail_number + 1; next = first[ring_physical[SLOT(tail_number)]] + tail_count
       };
       rotate(n)
    :: d_step {
         !sealed && tail_count + 1 < MOST(tail_number) ->
         tail_count++; count[ring_physical[SLOT(tail_number)]]++; g_total++
       }
    :: d_step {                                               /* the last one, and the seal */
         !sealed ->
         tail_count++; count[ring_physical[SLOT(tail_number)]]++; g_total++;
         sealed = true; padded[ring_physical[SLOT(tail_number)]] = true
       }
    od
  UNTIL_DEATH(me, n = 0; next = 0; c = 0)
}

proctype reader(byte r) {
  byte n = 1, e, at, expected = 1;
  MORTAL
end_wait:
    do
    :: n > LAST -> break
    :: d_step {                                               /* find(), enter() */
         n <= LAST && HOLDS(n) ->
         e = ring_physical[SLOT(n)]; g_inside[r] = e;
         assert(number[e] == n && first[e] >= expected);
         assert(r == 1 || first[e] == expected);
#ifndef WEAK_LOST_NOT_COUNTED
         g_accounted[r] = g_accounted[r] + first[e] - expected;
#endif
         expected = first[e]
       };
#ifdef WEAK_PIN_BEFORE_READ
       pin[r] = n + 1;
#endif
end_inside:
       do
       :: d_step {
            count[e] > at ->
            assert(number[e] == n && first[e] + at == expected);          /* I1, I2 */
            at++; expected++; g_accounted[r]++
          }
       :: atomic {
            padded[e] && count[e] == at ->
            assert(number[e] == n);
            g_inside[r] = NONE; at = 0; e = 0; n++; pin[r] = n; break
          }
       :: r == 1 -> goto stopped
       od
    :: d_step {                                               /* lapped: oldest_after() */
         n <= LAST && ring_number[SLOT(n)] > n ->
         assert(r == 1);
         if :: ring_number[SLOT(n)] + 1 - R > n -> n = ring_number[SLOT(n)] + 1 - R :: else -> n++ fi
       };
       pin[r] = n
    od;
    goto done;
stopped:
    g_stopped = true;
end_stopped:
    false;
done: skip
  UNTIL_DEATH(3 + r, n = 0; e = 0; at = 0; expected = 0; g_inside[r] = NONE; g_accounted[r] = 0)
}

active proctype quiet() {
end:
  timeout ->
#ifdef ALONE
  assert(!alive[1] || (sealed && tail_number == LAST));
#else
  assert(sealed && tail_number == LAST);
#endif
  assert((!alive[3] || g_accounted[0] == g_total) && (!alive[4] || g_stopped || g_accounted[1] == g_total))
}

init {
  d_step {
    ring_number[0] = 2; ring_physical[0] = 1; ring_number[1] = 1; ring_physical[1] = 0;
    number[0] = 1; number[1] = 2; first[0] = 1; first[1] = 2; count[0] = 1; count[1] = 1;
    padded[0] = true; padded[1] = true
  };
  atomic { run publisher(1);
#ifndef ALONE
           run publisher(2);
#endif
           run reader(0); run reader(1) };
end:
  do
  :: DEATH(1)
  :: DEATH(3)
  :: DEATH(4)
  :: NO_MORE_DEATHS
  od
}
