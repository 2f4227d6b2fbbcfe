/* A block number whose low bits come round: PublishPath::place_shared() (the ring is read after the claim is stored),
* number_in_use(), open_next(), and finish_claim()'s looks at the tail and the block's number.
 *
 * A tail value holds a block's number modulo 3. A block holds one event. The ring holds one block, since in any geometry the
 * low bits distinguish more blocks than the ring holds. Block n lies in physical block n mod 4, so that the same low bits
 * come again with another physical block. A slow publisher claims while a fast one opens one block after the other. The
 * slow one may die or stop at any step, and a repairer then repairs it. The fast one claims and commits in one step. The
 * model ends before the same low bits come with the same physical block. Tail: twice the low bits of the number; 1 more
 * once sealed.
 *
 * right: -
 * weak: WEAK_NOT_IN_USE           a number may come round while a claim has its low bits
 * weak: WEAK_RING_BEFORE_CLAIM    the ring is read before the claim is stored
 * weak: WEAK_AHEAD_OF_TAIL        the repairer takes a claim ahead of the tail for granted
 * weak: WEAK_UNCHECKED_REPAIR     the repairer does not look at the block's number
 * weak: WEAK_UNPINNED_BEFORE_KEY  the claim is cleared before the key is written
 * weak: READER_INSIDE             a reader stays in a block for as long as it takes; see below
 *
 * A known limit: the repairer sees the tail one block before a claim's block also when all numbers but one have come round
 * since the claim was granted. Then the claim is dropped, and the record stays an open claim without a holder. Its block
 * has left the ring long ago. So only a reader that has stood in front of that open claim since then finds it, and reports
 * `corrupt`.
 */
#define DEATHS 1
#define NO_STIR
#include "common.h"
#define NUMBERS 3
#define BLOCKS 4
#define LAST 10
#define LOW(n) ((n) % NUMBERS)
#define PHYSICAL(n) ((n) % BLOCKS)
#define ABORTED 100

byte tail = 2;                      /* block 1 is open */
byte ring = 1;                      /* the number that is linked */
byte number[BLOCKS];
byte key[BLOCKS];                   /* whose event is committed there: the block's number, or ABORTED */
byte where = NONE;                  /* the slow publisher's claim: a tail value and a physical block */
byte what;
bool alive[2] = true;               /* the slow publisher is node 1 */

byte g_granted = NONE;              /* the block whose record it was granted and has not finished */

proctype fast() {
  byte n = 1, w;
  do
  :: n == LAST -> break
  :: n < LAST ->
     d_step { if :: tail == 2 * LOW(n) -> tail++; assert(key[PHYSICAL(n)] == 0); key[PHYSICAL(n)] = n :: else fi };
#ifndef WEAK_NOT_IN_USE
     do                                                       /* number_in_use() */
     :: w = where;
        if
        :: w == NONE || w / 2 != LOW(n + 1) -> break
        :: else -> where != w                                 /* the repairer clears it, or the publisher moves on */
        fi
     od;
     w = 0;
#endif
     d_step {
       assert(g_granted == NONE || PHYSICAL(g_granted) != PHYSICAL(n + 1));
       number[PHYSICAL(n + 1)] = n + 1; key[PHYSICAL(n + 1)] = 0
     };
     ring = n + 1;
     d_step { tail = 2 * LOW(n + 1); n++ }
  od
}

/* place_shared(), and adopt_block() if the block it wrote to last has other low bits. */
proctype slow() {
  byte t, n = NONE;
  MORTAL
    do
    :: ring == LAST && tail != 2 * LOW(LAST) -> break
    :: t = tail;
       if
       :: t & 1
       :: else ->
          if
          :: n == NONE || LOW(n) != t / 2 ->
             n = ring;
             if :: LOW(n) != t / 2 -> goto again :: else fi
          :: else
          fi;
#ifdef WEAK_RING_BEFORE_CLAIM
          if :: ring != n -> goto again :: else fi;
#endif
          what = PHYSICAL(n);
          where = t;
#ifndef WEAK_RING_BEFORE_CLAIM
          if :: ring != n -> goto again :: else fi;
#endif
          atomic {
            if
            :: tail == t -> tail = t + 1; assert(ring == n); g_granted = n
            :: else -> goto again
            fi
          };
#ifdef WEAK_UNPINNED_BEFORE_KEY
          where = NONE;
#endif
          d_step { assert(number[PHYSICAL(n)] == n && key[PHYSICAL(n)] == 0); key[PHYSICAL(n)] = n; g_granted = NONE };
again:    if :: ring != n -> n = NONE :: else fi;
          where = NONE
       fi;
       t = 0
    od
  UNTIL_DEATH(1, t = 0; n = 0)
}

/* repair_publisher(), finish_claim(). A claim that is dropped was not granted, or no reader enters its block any more. */
proctype repairer() {
  byte n, k, t;
end:
  !alive[1] && where != NONE;
again:
  t = tail;
  if
  :: t == where                                               /* never granted: the tail still stands there */
#ifndef WEAK_AHEAD_OF_TAIL
  :: t != where && LOW(t / 2 + 1) == where / 2                /* or has not come there yet */
#endif
  :: else ->
     n = number[what];
     if
#ifndef WEAK_UNCHECKED_REPAIR
     :: LOW(n) != where / 2
#endif
     :: else ->
        t = tail;                                             /* holder_of(): the claim ends where its block ends */
        if :: t == where -> goto again :: else fi;
        k = key[what];
        if
#ifndef WEAK_UNCHECKED_REPAIR
        :: number[what] != n
#endif
        :: else ->
           if
           :: k != 0
           :: else ->
              d_step {
                if
                :: key[what] == 0 -> assert(g_granted == number[what]); key[what] = ABORTED; g_granted = NONE
                :: else
                fi
              }
           fi
        fi
     fi
  fi;
  atomic {
#ifdef READER_INSIDE
    assert(g_granted == NONE);
#else
    assert(g_granted == NONE || g_granted != ring);
#endif
    g_granted = NONE; where = NONE; n = 0; k = 0; t = 0
  }
}

init {
  d_step { number[1] = 1 };
  atomic { run fast(); run slow(); run repairer() };
end:
  do
  :: DEATH(1)
  :: NO_MORE_DEATHS
  od
}
