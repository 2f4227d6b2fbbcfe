/* Rotate, reserve, pin, retain and reuse: log/rotation.cpp, reservation.cpp, gate.cpp (pinned), Reader::next_block().
 *
 * Four physical blocks, a ring of two, an event fills a block. Two publishers open blocks 3 to LAST; a lossy reader and,
 * as it chooses, one that retains; a publisher may die at any step. A publisher that finds no block gives up, as
 * `no_memory` does. Tail values: 2n while block n is open, 2n + 1 once it is sealed.
 *
 * right: -
 * right: -DRETAIN
 * weak: WEAK_PIN_AFTER_RING       the reader looks at the ring, then pins
 * weak: WEAK_PINS_BEFORE_RING     the rotator looks at the pins before it looks for the block in the ring
 * weak: WEAK_NO_SECOND_LINKED     no look at the ring after winning the owner word
 * weak: WEAK_RING_BEFORE_ALIVE    the ring is looked at before the owner's life is asked for
 * weak: WEAK_NUMBER_KEPT          a reservation is given back with its number
 * weak: WEAK_CLAIMS_NOT_PINS      claims don't pin
 * weak: WEAK_LINK_BY_STORE        the ring word is stored, not compared and swapped
 * weak: WEAK_FILL_AFTER_LINK      the entry is filled after it is linked
 * weak: WEAK_FREED_BEFORE_LINK    the owner word is given up before the link
 * weak: WEAK_PIN_BEFORE_SLOT -DRETAIN the pin moves on before the slot is stored
 * weak: WEAK_SLOTS_BEFORE_PIN -DRETAIN the rotator reads the slots, then the pin
 */
#define DEATHS 1
#define R 2
#define P 4
#ifndef LAST
#define LAST 5
#endif
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
byte g_holds[P];                    /* who won a reservation and still may write the entry */
byte g_writes[P];                   /* who was granted the record there and has not finished it */

#define SLOT(n) ((n) % R)
#define HOLDS(n) (ring_number[SLOT(n)] == (n))

/* linked(): two loads. */
inline look_linked(q) {
  seen = number[q];
  linked = (seen != NONE && ring_number[SLOT(seen)] == seen && ring_physical[SLOT(seen)] == q)
}

/* pinned() */
inline look_pinned(q) {
  pinned = false;
#ifndef WEAK_CLAIMS_NOT_PINS
  d_step { w = where[2 - me]; if :: w != NONE -> skip :: else fi };
  if :: w != NONE -> pinned = (what[2 - me] == q) :: else fi;
#endif
  seen = number[q];
  if
  :: seen == NONE || pinned
  :: else ->
#ifdef WEAK_SLOTS_BEFORE_PIN
     pinned = (retained == seen);
     pinned = pinned || (pin == seen)
#else
     pinned = (pin == seen);
#ifdef RETAIN
     pinned = pinned || (retained == seen)
#endif
#endif
  fi
}

/* try_reserve() */
inline try_reserve(q) {
  won = false;
#ifdef WEAK_RING_BEFORE_ALIVE
  look_linked(q);
  old = owner[q];
  if
  :: old != 0 && alive[old]
  :: else ->
     if
#else
  old = owner[q];
  if
  :: old != 0 && alive[old]
  :: else ->
     look_linked(q);
     if
#endif
     :: linked
     :: else ->
#ifdef WEAK_PINS_BEFORE_RING
        look_pinned(q);
#endif
        d_step { won = (owner[q] == old); if :: won -> owner[q] = me; STIR :: else fi };
        if
        :: won ->
#ifndef WEAK_NO_SECOND_LINKED
           look_linked(q);
#endif
#ifndef WEAK_PINS_BEFORE_RING
           if :: linked :: else -> look_pinned(q) fi;
#endif
           if
           :: linked || pinned -> owner[q] = 0; won = false
           :: else ->
              d_step { assert(g_holds[q] == 0 || !alive[g_holds[q]]); g_holds[q] = me; physical = q }
           fi
        :: else
        fi
     fi
  fi;
  d_step { old = 0; linked = false; pinned = false; seen = 0; w = 0 }
}

/* reserve_backed(): the hint first. */
inline reserve() {
  physical = NONE;
  h = hint;
  if :: h != NONE -> try_reserve(h) :: else fi;
  q = 0;
  do
  :: physical != NONE || q == P -> break
  :: physical == NONE && q < P ->
     if :: q != h -> try_reserve(q) :: else fi;
     q++
  od;
  d_step { q = 0; h = 0; won = false }
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

/* open_next() and Writer::rotate(), from a tail that says that `n` - 1 is sealed. */
inline rotate(n) {
  where[me - 1] = NONE;
  d_step { opened = HOLDS(n); stale = !opened && !HOLDS(n - R); left = ring_physical[SLOT(n)] };
  if
  :: opened || stale
  :: else ->
     reserve();
     if
     :: physical == NONE -> gave_up = !HOLDS(n)
     :: else ->
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
        opened = won;
        if :: won -> hint = left :: else fi;
        if
        :: !won ->
#ifndef WEAK_NUMBER_KEPT
           number[physical] = NONE
#endif
        :: else
        fi;
        d_step { assert(owner[physical] == me); owner[physical] = 0; g_holds[physical] = 0; STIR }
#endif
     fi
  fi;
  if
  :: opened -> d_step { if :: tail == t -> tail = 2 * n; STIR :: else fi }
  :: else
  fi;
  d_step { opened = false; stale = false; left = 0; physical = NONE; won = false }
}

/* Publishes until block LAST is written. */
proctype publisher(byte me) {
  byte t, left, physical = NONE, old, seen, w, q, h, e;
  bool opened, stale, linked, pinned, won, gave_up;
  MORTAL
    do
    :: t = tail;
       if
       :: (t & 1) && t / 2 < LAST -> rotate(t / 2 + 1); if :: gave_up -> break :: else fi
       :: (t & 1) && t / 2 >= LAST -> break
       :: !(t & 1) ->
          /* adopt_block(), claim_shared(): the claim shows before the tail moves */
          d_step { e = (HOLDS(t / 2) -> ring_physical[SLOT(t / 2)] : NONE) };
          if
          :: e == NONE
          :: else ->
             where[me - 1] = NONE;
             d_step { what[me - 1] = e };
             where[me - 1] = t;
             if
             :: !HOLDS(t / 2) || ring_physical[SLOT(t / 2)] != e
             :: else ->
                d_step { won = (tail == t); if :: won -> tail = t + 1; g_writes[e] = me; STIR :: else fi };
                if
                :: won ->
                   d_step { assert(number[e] == t / 2); key[e] = t / 2; g_writes[e] = 0; STIR };
                   where[me - 1] = NONE
                :: else
                fi
             fi
          fi;
          d_step { e = 0; won = false }
       fi
    od
  UNTIL_DEATH(me, t = 0; left = 0; physical = NONE; old = 0; seen = 0; w = 0; q = 0; h = 0; e = 0;
              opened = false; stale = false; linked = false; pinned = false; won = false; gave_up = false)
}

/* Reader::next_block(), poll(), retain(). */
proctype reader() {
  byte n = 1, e, expected = 1, lost, seen_events;
end:
  do
  :: n > LAST -> break
  :: else ->
     WATCH(0);
#ifdef WEAK_PIN_AFTER_RING
     d_step { e = ring_physical[SLOT(n)]; if :: !HOLDS(n) -> e = NONE :: else fi };
     pin = n;
#else
     pin = n;
     d_step { e = ring_physical[SLOT(n)]; if :: !HOLDS(n) -> e = NONE :: else fi };
#endif
     if
     :: e != NONE ->
        d_step { g_inside = e; assert(n >= expected) };
        assert(number[e] == n);                             /* find() */
        d_step { lost = lost + n - expected; expected = n };
        do
        :: key[e] == n -> break                             /* committed: read in place */
        :: number[e] == n && key[e] != n -> WATCH(0); if :: key[e] == n || g_writes[e] == 0 || !alive[g_writes[e]] -> skip fi;
           if :: key[e] != n -> break :: else fi            /* a hole, which hole.pml is about: it leaves the block */
        od;
        d_step { assert(g_inside == e && number[e] == n); expected++; seen_events++ };
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
        d_step { g_inside = NONE };
        n++
     :: e == NONE && ring_number[SLOT(n)] < n ->            /* not open yet */
end_wait: STIRRED(0)
     :: e == NONE && ring_number[SLOT(n)] >= n -> n++       /* lapped; oldest_after() may go further */
     fi;
     e = 0
  od;
  assert(lost + seen_events == LAST)
}

init {
  d_step {
    ring_number[0] = 2; ring_physical[0] = 1; ring_number[1] = 1; ring_physical[1] = 0;
    number[0] = 1; number[1] = 2; key[0] = 1; key[1] = 2
  };
  atomic { run publisher(1); run publisher(2); run reader() };
end:
  do
  :: DEATH(1)
  :: NO_MORE_DEATHS
  od
}
