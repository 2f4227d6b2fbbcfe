/* An exclusive publisher and its successor: PublishPath::place_exclusive(), Writer::finish_record(), seal_exclusive(),
* rotate(), adopt_end(), take_exclusive().
 *
 * Blocks have two records, the second of which may be an event or a padding record over the rest. Physical blocks are not
 * reused, since that is the subject of block.pml. The first publisher may die or stop at any step. The second one takes the
 * right when the first is dead, and goes on. A reader uses only the keys and the ring. Tail: 3n + offset, where offset 2
 * means "sealed".
 *
 * right: -
 * weak: WEAK_TAIL_BEFORE_KEY      the tail moves before the key
 * weak: WEAK_NO_WALK              the successor takes the stored tail for the end
 * weak: WEAK_NO_PADDING           the successor does not walk over a padding record
 * weak: WEAK_TAIL_BEFORE_LINK     the tail moves to a block that is not linked yet
 * weak: WEAK_NO_HELP              a publisher that finds the next block linked does not move the tail to it
 * weak: WEAK_LIVING_REPLACED      the right of a living publisher is taken over
 */
#define DEATHS 1
#define NO_STIR
#include "common.h"
#define SIZE 2
#define BLOCKS 3                    /* opened at most; block 0 is open at first */
#define RECORDS (SIZE * BLOCKS)
#define EVENTS 4
#define PADDING 9

byte tail = 0;
byte key[RECORDS];                  /* 1: the block's key */
byte payload[RECORDS];              /* an event's number from 1, or PADDING */
bool linked[BLOCKS];
byte right = 1;                     /* exclusive_owner: the node that holds the right */
bool alive[4] = true;

byte g_committed;                   /* events committed so far */

#define BLOCK(t) ((t) / 3)
#define OFFSET(t) ((t) % 3)
#define AT(t) (BLOCK(t) * SIZE + OFFSET(t))
#define SEALED(t) (OFFSET(t) == SIZE)
#define END(t) (BLOCK(t) * 3 + SIZE)

/* adopt_end() */
inline adopt_end() {
  t = tail;
#ifndef WEAK_NO_WALK
  do
  :: atomic { SEALED(t) || key[AT(t) % RECORDS] == 0 -> break }
#ifdef WEAK_NO_PADDING
  :: atomic { !SEALED(t) && key[AT(t)] == 1 && payload[AT(t)] == PADDING -> break }
  :: atomic { !SEALED(t) && key[AT(t)] == 1 && payload[AT(t)] != PADDING -> t++ }
#else
  :: atomic { !SEALED(t) && key[AT(t)] == 1 -> if :: payload[AT(t)] == PADDING -> t = END(t) :: else -> t++ fi }
#endif
  od;
#endif
  tail = t
}

/* The record at `t`; the log counts on by itself, so a number is the sequence. */
inline write(what, next) {
  d_step {
    assert(!SEALED(t) && linked[BLOCK(t)]);
    assert(key[AT(t)] == 0);                                  /* I1: nothing committed is written again */
    payload[AT(t)] = what
  };
#ifdef WEAK_TAIL_BEFORE_KEY
  tail = next;
#endif
  d_step {
    assert(payload[AT(t)] == what);                           /* no other process wrote there */
    key[AT(t)] = 1;
    if :: what != PADDING -> g_committed++ :: else fi
  };
#ifndef WEAK_TAIL_BEFORE_KEY
  tail = next;
#endif
  t = next
}

/* open_next() and Writer::rotate() */
inline rotate() {
  if
  :: linked[BLOCK(t) + 1] ->
#ifdef WEAK_NO_HELP
     over = true
#else
     t = (BLOCK(t) + 1) * 3; tail = t
#endif
  :: else ->
#ifdef WEAK_TAIL_BEFORE_LINK
     tail = (BLOCK(t) + 1) * 3;
     d_step { assert(!linked[BLOCK(t) + 1]); linked[BLOCK(t) + 1] = true; t = tail }
#else
     d_step { assert(!linked[BLOCK(t) + 1]); linked[BLOCK(t) + 1] = true };
     d_step { t = (BLOCK(t) + 1) * 3 };
     tail = t
#endif
  fi
}

proctype publisher(byte me) {
  byte t; bool over;
  MORTAL
    if
    :: me == 1
    :: me == 2 ->
#ifdef WEAK_LIVING_REPLACED
       true;
#else
end:   right == 1 && !alive[1];
#endif
       right = 2
    fi;
    adopt_end();
    do
    :: g_committed >= EVENTS || over -> break
    :: else ->
       if
       :: SEALED(t) -> if :: BLOCK(t) + 1 < BLOCKS -> rotate() :: else -> break fi
       :: !SEALED(t) ->
          if
          :: write(g_committed + 1, t + 1)
          :: write(PADDING, END(t))                           /* a larger event does not fit */
          fi
       fi
    od;
    assert(!over)                                             /* the next publisher can go on */
  UNTIL_DEATH(me, t = 0; over = false)
}

/* I2: events in order, none left out. */
proctype reader() {
  byte n, o, last;
  do
  :: n == BLOCKS -> break
  :: n < BLOCKS && o == SIZE -> atomic { n++; o = 0 }
  :: n < BLOCKS && o < SIZE ->
     if
     :: linked[n] && key[n * SIZE + o] == 1
     :: timeout && n * 3 + o >= tail -> break                /* it holds no publisher back, and misses nothing */
     fi;
     d_step {
       if
       :: payload[n * SIZE + o] == PADDING -> o = SIZE
       :: else -> assert(payload[n * SIZE + o] == last + 1); last++; o++
       fi
     }
  od
}

init {
  d_step { linked[0] = true };
  atomic { run publisher(1); run publisher(2); run reader() };
end:
  do
  :: DEATH(1)
  :: NO_MORE_DEATHS
  od
}
