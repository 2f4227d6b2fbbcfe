/* Rotate, reserve, pin, retain and reuse: log/rotation.cpp, reservation.cpp, gate.cpp (pinned), Reader::next_block().
 *
 * Four physical blocks, a ring of two; an event fills a block. Two publishers open blocks 3 to LAST, the second one in
 * ROUNDS rounds. There is a lossy reader. The first publisher may die at any step. A publisher that finds no block gives
 * up, as with `no_memory`. Tail values: 2n while block n is open, 2n + 1 once it is sealed.
 *
 * right: -
 * right: -DANY -DRETAIN -DALONE -DLAST=5       one publisher, and a reader that retains; any block is proposed first
 * right: -DANY -DOPEN -DNO_READER -DLAST=5 -DROUNDS=2 two publishers that start in an open block, and no reader
 * weak: WEAK_PIN_AFTER_RING       the reader looks at the ring, then pins
 * weak: WEAK_PINS_BEFORE_RING     the rotator looks at the pins before it looks for the block in the ring
 * weak: WEAK_NO_SECOND_LINKED     no look at the ring after winning the owner word
 * weak: WEAK_NUMBER_KEPT -DNO_READER a reservation is given back with its number
 * weak: WEAK_CLAIMS_NOT_PINS -DOPEN -DNO_READER -DLAST=5 claims don't pin
 * weak: WEAK_LINK_BY_STORE        the ring word is stored, not compared and swapped
 * weak: WEAK_FILL_AFTER_LINK      the entry is filled after it is linked
 * weak: WEAK_FREED_BEFORE_LINK    the owner word is given up before the link
 * weak: WEAK_PIN_BEFORE_SLOT -DRETAIN -DALONE -DLAST=5 the pin moves on before the slot is stored
 * weak: WEAK_SLOTS_BEFORE_PIN -DRETAIN -DALONE -DLAST=5 the rotator reads the slots, then the pin
 */
#define DEATHS 1
#define R 2
#define P 4
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef LAST
#define LAST 4
#endif
#define NO_STIR
#include "common.h"

byte tail = 5;                      /* block 2 is sealed */
byte ring_number[R];                /* ring word n mod R: number and physical block, read and changed as one */
byte ring_physical[R];
byte number[P] = NONE;              /* block entries */
byte owner[P];
byte key[P];                        /* the block whose event is committed there */
byte where[2] = NONE;               /* by publisher */
byte what[2] = NONE;
byte pin = NONE;                    /* of the reader */
byte retained = NONE;
byte hint = NONE;
bool alive[4] = true;               /* publishers 1 and 2 */

byte g_inside = NONE;               /* the physical block the reader reads in, and the one it retains */
byte g_kept = NONE;
byte g_holds[P];                    /* which publisher won a reservation and may still write the entry */
byte g_writes[P];                   /* which publisher was granted the record there and has not finished it */

#define SLOT(n) ((n) % R)
#define HOLDS(n) (ring_number[SLOT(n)] == (n))

/* linked(): two loads. */
#define LOOK_LINKED(yes) \
  seen = number[c]; \
  atomic { \
    if :: seen != NONE && ring_number[SLOT(seen)] == seen && ring_physical[SLOT(seen)] == c -> seen = 0; goto yes \
       :: else -> seen = 0 fi }

#define LOOK_OWNER atomic { old = owner[c]; if :: old != 0 && alive[old] -> goto next :: else fi }

/* pinned(): the other publisher's claim; then, by the block's number, the reader's pin, and its slot after that. */
#ifdef WEAK_CLAIMS_NOT_PINS
#define LOOK_CLAIM(yes)
#else
#define LOOK_CLAIM(yes) \
  atomic { if :: where[2 - me] == NONE -> seen = NONE :: else fi }; \
  atomic { if :: seen != NONE && what[2 - me] == c -> seen = 0; goto yes :: else -> seen = 0 fi };
#endif
#define LOOK_PIN(yes) atomic { if :: seen != NONE && pin == seen -> seen = 0; goto yes :: else fi }
#ifdef RETAIN
#define LOOK_SLOT(yes) atomic { if :: seen != NONE && retained == seen -> seen = 0; goto yes :: else fi }
#else
#define LOOK_SLOT(yes) skip
#endif
#ifdef WEAK_SLOTS_BEFORE_PIN
#define LOOK_PINNED(yes) LOOK_CLAIM(yes) seen = number[c]; LOOK_SLOT(yes); LOOK_PIN(yes); seen = 0
#else
#define LOOK_PINNED(yes) LOOK_CLAIM(yes) seen = number[c]; LOOK_PIN(yes); LOOK_SLOT(yes); seen = 0
#endif

/* reserve(): first the hint, or with ANY any block, since the map of free blocks and the search may propose any block,
* rightly or wrongly, and their bits decide nothing. Then each block, as if the map proposed none. try_reserve() is the same
* for all. The result is in `physical`. */
#ifdef ANY
#define PROPOSE if :: c = 0 :: c = 1 :: c = 2 :: c = 3 fi
#else
#define PROPOSE c = hint
#endif
inline reserve() {
  atomic { q = 0; PROPOSE };
  do
  :: q > P -> break
  :: q <= P ->
     if :: c == NONE || (q > 0 && c == first) -> goto next :: else fi;
#ifdef WEAK_PINS_BEFORE_RING
     LOOK_PINNED(next);
#endif
     LOOK_OWNER;
     LOOK_LINKED(next);
     atomic { if :: owner[c] == old -> owner[c] = me; STIR :: else -> goto next fi };
#ifndef WEAK_NO_SECOND_LINKED
     LOOK_LINKED(give_back);
#endif
#ifndef WEAK_PINS_BEFORE_RING
     LOOK_PINNED(give_back);
#endif
     atomic { assert(g_holds[c] == 0 || !alive[g_holds[c]]); g_holds[c] = me; physical = c; break };
give_back:
     atomic { owner[c] = 0; STIR };
next:
     atomic { if :: q == 0 -> first = c :: else fi; c = q; q++; old = 0 }
  od;
  atomic { q = 0; c = 0; first = 0; old = 0 }
}

inline fill(n) {
  d_step {
    assert(g_inside != physical && g_kept != physical && g_writes[physical] == 0);
    assert(g_holds[physical] == me);
    assert(ring_physical[0] != physical && ring_physical[1] != physical);
    number[physical] = n; STIR
  }
}

inline link(n) {
  d_step {
#ifdef WEAK_LINK_BY_STORE
    won = true;
#else
    won = (ring_number[SLOT(n)] == n - R && ring_physical[SLOT(n)] == left);
#endif
    if
    :: won ->
       assert(ring_number[SLOT(n)] == n - R);
       ring_number[SLOT(n)] = n; ring_physical[SLOT(n)] = physical; STIR
    :: else
    fi;
  }
}

/* release() */
inline release(is_linked) {
#ifndef WEAK_NUMBER_KEPT
  if :: !is_linked -> number[physical] = NONE :: else fi;
#endif
  atomic {
    assert(owner[physical] == me);
    assert(is_linked || number[physical] == NONE);           /* no two blocks bear one number */
    owner[physical] = 0; g_holds[physical] = 0
  }
}

/* open_next() and Writer::rotate(), at a tail that shows that `n` - 1 is sealed. */
inline rotate(n) {
  atomic {
    left = ring_physical[SLOT(n)];
    if
    :: HOLDS(n) -> goto move_on
    :: HOLDS(n - R) -> skip
    :: else -> goto over                                  /* stale */
    fi
  };
  reserve();
  if :: physical == NONE -> gave_up = !HOLDS(n); goto over :: else fi;
#ifdef WEAK_FREED_BEFORE_LINK
  d_step { owner[physical] = 0; g_holds[physical] = 0 };
  d_step { number[physical] = n; STIR };
  link(n);
#else
#ifdef WEAK_FILL_AFTER_LINK
  link(n);
  fill(n);
#else
  fill(n);
  link(n);
#endif
#ifndef ANY
  if :: won -> hint = left :: else fi;
#endif
  release(won);
#endif
  if :: !won -> goto over :: else fi;
move_on:
  atomic { if :: tail == t -> tail = 2 * n; STIR :: else fi };
over:
  atomic { left = 0; physical = NONE; won = false }
}

/* Publishes until block LAST is written. */
proctype publisher(byte me, rounds) {
  byte t, left, physical = NONE, old, seen, q, c, first, e;
  bool won, gave_up;
  MORTAL
    do
    :: atomic { t = tail; rounds--; if :: t == 2 * LAST + 1 || rounds == 255 -> break :: else fi };
       if
       :: t & 1 ->
          if :: where[me - 1] != NONE -> where[me - 1] = NONE :: else fi;
          rotate(t / 2 + 1);
          if :: gave_up -> break :: else fi
       :: else ->
          /* adopt_block(), place_shared(): the claim is stored before the tail moves */
          atomic {
            if
            :: HOLDS(t / 2) -> e = ring_physical[SLOT(t / 2)]
            :: else -> goto again
            fi
          };
          if :: where[me - 1] != NONE -> where[me - 1] = NONE :: else fi;
          what[me - 1] = e;
          where[me - 1] = t;
          atomic { if :: !HOLDS(t / 2) || ring_physical[SLOT(t / 2)] != e -> goto again :: else fi };
          atomic { if :: tail == t -> tail = t + 1; g_writes[e] = me; STIR :: else -> goto again fi };
          d_step { assert(number[e] == t / 2); key[e] = t / 2; g_writes[e] = 0; STIR };
          where[me - 1] = NONE;
again:
          e = 0
       fi
    od
  UNTIL_DEATH(me, t = 0; rounds = 0; left = 0; physical = NONE; old = 0; seen = 0; q = 0; c = 0; first = 0; e = 0;
              won = false; gave_up = false)
}

#define NOT_OPEN 100
#define GONE 101
#define LOOK_AT_RING d_step { \
  if :: ring_number[SLOT(n)] == n -> e = ring_physical[SLOT(n)] \
     :: ring_number[SLOT(n)] < n -> e = NOT_OPEN \
     :: else -> e = GONE fi }

/* Reader::next_block(), poll(), retain(). The sequence of what it reads rises with `n`. */
proctype reader() {
  byte n = 1, e;
  bool committed;
  do
  :: n > LAST -> break
  :: n <= LAST ->
#ifdef WEAK_PIN_AFTER_RING
     LOOK_AT_RING;
     pin = n;
#else
     pin = n;
     LOOK_AT_RING;
#endif
     if
     :: e < P ->
        d_step { g_inside = e; assert(number[e] == n) };    /* find() */
        committed = (key[e] == n);                          /* otherwise an open claim (open_claim.pml): it steps over */
        d_step { assert(number[e] == n && (!committed || key[e] == n)); committed = false };        /* I1 */
#ifdef RETAIN
        if
        :: retained == NONE ->
#ifdef WEAK_PIN_BEFORE_SLOT
           d_step { g_kept = e; g_inside = NONE };
           pin = n + 1;
           retained = n;
#else
           retained = n;
           d_step { g_kept = e }
#endif
        :: retained != NONE -> d_step { g_kept = NONE }; retained = NONE
        :: true
        fi;
#endif
        d_step { g_inside = NONE; n++ }
     :: e == NOT_OPEN ->
end_wait: ring_number[SLOT(n)] >= n
     :: e == GONE -> n++                                    /* lapped; oldest_after() may go further */
     fi;
     e = 0
  od;
  pin = NONE
}

init {
  d_step {
    ring_number[0] = 2; ring_physical[0] = 1; ring_number[1] = 1; ring_physical[1] = 0;
    number[0] = 1; number[1] = 2; key[0] = 1; key[1] = 2
  };
  #ifdef OPEN
  d_step { tail = 4; key[1] = 0 };
#endif
  atomic {
    run publisher(1, 20);
#ifndef ALONE
    run publisher(2, ROUNDS);
#endif
#ifndef NO_READER
    run reader()
#endif
  };
end:
  do
  :: DEATH(1)
  :: NO_MORE_DEATHS
  od
}
