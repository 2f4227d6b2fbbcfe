/* The window of a group: Window, Sweep::run(), Members::free().
 *
 * Two members share NUMBERS events by a window of two slots; each leases one at a time, and acknowledges it. One
 * of them may die at any step; when its leases were given back its entry is freed, and a successor joins in it. A sweeper
 * ends leases: of the dead, and at any moment one because its time is over (a member that gives its event back does the
 * same). With GAP the numbers 1 to 3 have no event: a stretch longer than the window. With EXTEND a member extends its
 * lease once. With ONE_MEMBER the two are threads of one member. Back-offs, the ready map and sleep are left out
 * (group_ready.pml): a member that waits goes on as soon as it can.
 *
 * No event is settled twice or left, none is held by two whose leases have not expired, a stale holder is refused, and no
 * unsettled event is below the floor, which moves up only.
 *
 * right: -DNUMBERS=3
 * right: -DNO_EXPIRY
 * right: -DGAP
 * right: -DONE_MEMBER -DDEATHS=0
 * right: -DEXTEND -DDEATHS=0 -DNUMBERS=2
 * weak: WEAK_NO_ROUND             a slot does not say its round
 * weak: WEAK_NO_COUNT -DONE_MEMBER -DDEATHS=0  a slot does not count leases
 * weak: WEAK_STORE                a lease is acknowledged by a plain store
 * weak: WEAK_FREE_FIRST           a dead member's entry is freed before its leases are given back
 * weak: WEAK_FLOOR_STORE          the floor is moved by a plain store
 * weak: WEAK_FLOOR_LEFT           only the member that settles the floor's event moves the floor
 * weak: WEAK_NO_LIMIT             a slot is taken however far ahead of the floor
 * weak: WEAK_CROSS_ANYHOW -DGAP   a stretch is crossed before the floor has reached it
 * weak: WEAK_NO_MARK -DEXTEND -DDEATHS=0 -DNUMBERS=2  a sweep ends a lease without marking its end first
 */
#ifndef DEATHS
#define DEATHS 1
#endif
#define NO_STIR
#include "common.h"
#ifndef NUMBERS
#ifdef GAP
#define NUMBERS 5
#else
#define NUMBERS 4
#endif
#endif

#define SETTLED 0
#define LEASED 1
#define WAITING 2
/* round, leases, member, state */
#define WORD(round, leases, member, state) ((round) * 64 + (leases) * 8 + (member) * 4 + (state))
#define ROUND_OF(w) ((w) / 64)
#define LEASES_OF(w) (((w) / 8) % 8)
#define MEMBER_OF(w) (((w) / 4) % 2)
#define STATE_OF(w) ((w) % 4)
#ifdef WEAK_NO_ROUND
byte g_now[2];                      /* the number for which a slot was taken last */
#define ROUND(n) 1
#define EVENT(s, w) g_now[s]
#define PASSED(n) (walk < at)
#define NOW(n) g_now[n % 2] = n
#else
#define NOW(n)
#define ROUND(n) ((n) / 2 + 1)
#define EVENT(s, w) ((ROUND_OF(w) - 1) * 2 + (s))
#define PASSED(n) (ROUND_OF(found) >= ROUND(n) || walk < at)
#endif
#ifdef WEAK_NO_COUNT
#define NEXT_LEASES(w) 1
#else
#define NEXT_LEASES(w) (LEASES_OF(w) + 1)
#endif
#ifdef ONE_MEMBER
#define ENTRY(m) 0
#else
#define ENTRY(m) m
#endif
#ifdef GAP
#define NO_EVENT(n) ((n) >= 1 && (n) <= 3)
#else
#define NO_EVENT(n) false
#endif

bool alive[3] = true;               /* nodes: of the two members and of a successor */
byte owner;                         /* of entry 0: its node */
short word[2];
byte floor;
#ifdef NO_EXPIRY
bool expired = true;                /* a lease has */
#else
bool expired;
#endif
bool g_settled[NUMBERS];
byte g_holder[NUMBERS];             /* who holds an unexpired lease: its node, from 1 */
#ifdef EXTEND
byte when[2];                       /* ends of a lease, as it was extended; 9: marked */
#define WHEN(s) when[s]
#define WHEN_BEGINS(s) when[s] = 0
#else
#define WHEN(s) 0
#define WHEN_BEGINS(s)
#endif

#define ALL_SETTLED (floor >= NUMBERS)
#define WAITS(s) (STATE_OF(word[s]) == WAITING)
#define FLOOR_SETTLED (ROUND_OF(word[floor % 2]) == ROUND(floor) && STATE_OF(word[floor % 2]) == SETTLED)
#ifdef WEAK_FLOOR_LEFT
#define FLOOR_LEFT false
#else
#define FLOOR_LEFT FLOOR_SETTLED
#endif

/* A compare-and-swap of a slot; `done` says whether it hit. */
#define SWAP(s, from, to) if :: word[s] == (from) -> word[s] = (to); done = true :: else -> done = false fi

/* advance_floor(): the look at the slot, and the compare-and-swap. */
#define ADVANCE(next) \
  do \
  :: atomic { FLOOR_SETTLED -> at = floor }; \
     MOVE \
  :: atomic { !FLOOR_SETTLED -> next; break } \
  od
#ifdef WEAK_FLOOR_STORE
#define MOVE d_step { assert(floor <= at + 1); floor = at + 1; at = 0 }
#else
#define MOVE d_step { if :: floor == at -> floor = at + 1; assert(g_settled[at] || NO_EVENT(at)) :: else fi; at = 0 }
#endif
#ifdef WEAK_FLOOR_LEFT
#define ADVANCE_FULL(next) next
#else
#define ADVANCE_FULL(next) ADVANCE(next)
#endif

#define TAKEN(number) \
  n = number; \
  assert(!g_holder[n] && !g_settled[n]); \
  g_holder[n] = node + 1; \
  WHEN_BEGINS(n % 2); \
  holds = true
#define FORGET found = 0; at = 0; done = false

proctype member(byte m; byte node) {
  byte walk, at, n;
  short found;                  /* the word of its lease, while it holds one */
  bool done, holds;
#ifdef EXTEND
  bool extended;
#endif
  MORTAL
    do
    :: atomic { holds -> skip };
       if
#ifdef EXTEND
       :: atomic { !extended -> extended = true; at = when[n % 2] };       /* extend() */
          d_step {
            if :: word[n % 2] == found && at != 9 && when[n % 2] == at -> when[n % 2] = at + 1 :: else fi;
            at = 0
          }
#endif
       :: d_step {              /* settle() */
#ifdef WEAK_STORE
            word[n % 2] = found - LEASED + SETTLED; done = true;
#else
            SWAP(n % 2, found, found - LEASED + SETTLED);
#endif
            if
            :: done ->
               assert(!g_settled[n] && (g_holder[n] == 0 || g_holder[n] == node + 1));
               g_settled[n] = true;
               g_holder[n] = 0
            :: else
            fi;
            holds = false;
            found = 0
          };
          if
          :: atomic { done && floor == n -> done = false; n = 0 };
             ADVANCE(skip)
          :: atomic { !(done && floor == n) -> done = false; n = 0 }
          fi
       fi
    :: atomic { !holds && ALL_SETTLED -> break }
    :: atomic { !holds && walk < NUMBERS && !(NO_EVENT(walk)) -> found = word[walk % 2] };  /* take_next() */
       atomic {
         at = floor;
         if
         :: PASSED(walk) -> walk++; FORGET; goto next
         :: else
         fi;
#ifndef WEAK_NO_LIMIT
         if
         :: walk >= at + 2 || walk < at -> FORGET; goto no_room
         :: else
         fi;
#endif
         at = 0
       };
       d_step {
         SWAP(walk % 2, found, WORD(ROUND(walk), 1, ENTRY(m), LEASED));
         if
         :: done ->
            TAKEN(walk);
            found = WORD(ROUND(walk), 1, ENTRY(m), LEASED);
            NOW(n);
            walk++
         :: else -> found = 0
         fi;
         done = false
       };
       goto next;
no_room:
       ADVANCE_FULL(skip);
       floor + 2 > walk || WAITS(0) || WAITS(1) || FLOOR_LEFT || ALL_SETTLED;
next:
       skip
#ifdef GAP
    :: atomic { !holds && walk == 1 -> skip };                  /* cross() */
       ADVANCE(skip);
       atomic {
         if
         :: floor >= 4 -> walk = 4
#ifdef WEAK_CROSS_ANYHOW
         :: floor < 4 -> assert(g_settled[0]); floor = 4
#else
         :: floor == 1 && ROUND_OF(word[1]) < ROUND(1) -> at = 1
         :: else -> floor == 1 || floor >= 4 || WAITS(0) || WAITS(1) || FLOOR_LEFT
#endif
         fi
       };
       d_step { if :: at == 1 && floor == 1 -> floor = 4 :: else fi; at = 0 }
#endif
    :: atomic { !holds && (WAITS(0) || WAITS(1)) -> at = (WAITS(0) -> 0 : 1); found = word[at] }; /* lease_waiting() */
       d_step {
         SWAP(at, found, WORD(ROUND_OF(found), NEXT_LEASES(found), ENTRY(m), LEASED));
         if
         :: done ->
            TAKEN(EVENT(at, found));
            found = WORD(ROUND_OF(found), NEXT_LEASES(found), ENTRY(m), LEASED)
         :: else -> found = 0
         fi;
         at = 0;
         done = false
       }
    od
  UNTIL_DEATH(node, FORGET; walk = 0; n = 0; holds = false)
}

inline free_entry() {
  atomic { owner = 2; run member(0, 2) }
}

#define OF_DEAD(w) (STATE_OF(w) == LEASED && MEMBER_OF(w) == 0 && !alive[owner])
#ifdef WEAK_FREE_FIRST
#define MAY_FREE !alive[owner]
#else
#define MAY_FREE (!alive[owner] && !OF_DEAD(word[0]) && !OF_DEAD(word[1]))
#endif

/* Sweep::run(): it gives the lease back that it found a step before. */
proctype sweeper() {
  byte s, limit;
  short found;
  bool done;
end:
  do
  :: ALL_SETTLED -> break
#ifndef WEAK_FLOOR_LEFT
  :: d_step { !ALL_SETTLED && FLOOR_SETTLED && !alive[0] -> floor++; assert(g_settled[floor - 1] || NO_EVENT(floor - 1)) }
#endif
  :: MAY_FREE -> free_entry()
  :: atomic { OF_DEAD(word[0]) || OF_DEAD(word[1]) -> s = (OF_DEAD(word[0]) -> 0 : 1); found = word[s] };
     d_step {
       SWAP(s, found, found - LEASED + WAITING);
       if :: done -> g_holder[EVENT(s, found)] = 0 :: else fi;
       found = 0;
       s = 0;
       done = false
     }
  :: atomic {
       !expired && (STATE_OF(word[0]) == LEASED || STATE_OF(word[1]) == LEASED) ->
       expired = true;
       if
       :: STATE_OF(word[0]) == LEASED -> s = 0
       :: STATE_OF(word[1]) == LEASED -> s = 1
       fi;
       found = word[s];
       limit = WHEN(s)
     };
#ifdef EXTEND
#ifdef WEAK_NO_MARK
     done = true;
#else
     d_step { done = (when[s] == limit); if :: done -> when[s] = 9 :: else fi };
#endif
     if
     :: done
     :: !done -> found = 0
     fi;
#else
     d_step { if :: word[s] == found -> g_holder[EVENT(s, found)] = 0 :: else fi };
#endif
     d_step {
       SWAP(s, found, found - LEASED + WAITING);
#ifdef EXTEND
       if :: done -> assert(when[s] == 9 || when[s] == limit); g_holder[EVENT(s, found)] = 0 :: else fi;
#endif
       found = 0;
       s = 0;
       limit = 0;
       done = false
     }
  od
}

init {
  atomic {
    run sweeper();
    run member(0, 0);
    run member(1, 1)
  };
#if DEATHS
  if
  :: DEATH(0)
  :: NO_MORE_DEATHS
  fi
#endif
}
