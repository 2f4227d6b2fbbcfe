/* Order by key: KeyChain, Window::show_next(), Sweep::run().
 *
 * Two members share three events of one key. Each walks over all of them, and knows which is the next one of those that it
 * has walked over; nothing of that is shared but how far it walked. One may die at any step. With ONE_MEMBER the two are
 * threads of one member, the first of which walks. With LEAVES the first leaves when it has settled an event. A member that
 * finds nothing to do waits until it can; the sleep is in group_ready.pml.
 *
 * An event is leased only when all earlier ones are settled, and none is left.
 *
 * right: -
 * right: -DLEAVES -DDEATHS=0
 * right: -DONE_MEMBER -DDEATHS=0
 * weak: WEAK_NO_DUE -DLEAVES -DDEATHS=0    who settles an event and knows of no next one does not lower the due word
 * weak: WEAK_WALKED_LATE -DLEAVES -DDEATHS=0  a member shows how far it walked after it looked at the earlier events
 * weak: WEAK_EARLY_LOOK -DLEAVES -DDEATHS=0  who settles an event looks at the next one before
 * weak: WEAK_LOOK_FIRST -DLEAVES -DDEATHS=0  a member looks at the earlier events before it makes one waiting
 * weak: WEAK_NEXT_LATE -DONE_MEMBER -DDEATHS=0  the chain too learns of an event after that look
 * weak: WEAK_NO_LOOK -DDEATHS=0   an event that was shown is ready
 * weak: WEAK_PASSED               who comes to an event that another member has shown does not look
 * weak: WEAK_UNKNOWN              a sweep makes an event ready that its member has not walked over
 */
#ifndef DEATHS
#define DEATHS 1
#endif
#define NO_STIR
#include "common.h"

#define EVENTS 3
#define UNSEEN 0
#define WAITING 1
#define LEASED 2                    /* by member 0; one more: by member 1 */
#define SETTLED 4

bool alive[2] = true;
bool swept;                         /* after the death */
byte state[EVENTS];
bool ready[EVENTS];
byte walked[2];                     /* how far a member has walked, as it shows */
byte known[2];                      /* as its chain says */
bool due;

#ifdef ONE_MEMBER
#define C 0
#define WALKS (m == 0)
#else
#define C m
#define WALKS true
#endif
#ifdef LEAVES
#define LEAVE if :: m == 0 -> break :: m == 1 fi
#else
#define LEAVE skip
#endif
#define ALL_SETTLED (state[0] == SETTLED && state[1] == SETTLED && state[2] == SETTLED)
#define FURTHER(n) (walked[0] > (n) || walked[1] > (n))
#define OF_DEAD(e) (!alive[1 - m] && state[e] == LEASED + 1 - m)
#define MAY_TAKE(e) (ready[e] && known[C] > (e))

/* may_lease(): looks at the earlier events, one after the other. */
#define LOOK_BACK(e) \
  i = e; \
  do \
  :: atomic { i > 0 && state[i - 1] == SETTLED -> i-- } \
  :: atomic { i > 0 && state[i - 1] != SETTLED -> may = false; i = 0; break } \
  :: atomic { i == 0 -> may = true; break } \
  od; \
  skip

proctype member(byte m) {
  byte w, e, i, mine;
  bool may;
  MORTAL
    mine = EVENTS;
    do
    :: atomic { mine < EVENTS -> e = mine + 1 };
#ifdef WEAK_EARLY_LOOK
       may = (known[C] > e);
       i = (FURTHER(e) -> 1 : 0);
       state[mine] = SETTLED;
#else
       state[mine] = SETTLED;
       may = (known[C] > e);
#endif
       atomic { mine = EVENTS };
       if
       :: atomic { may -> may = false }; d_step { if :: state[e] == WAITING -> ready[e] = true :: else fi }
       :: atomic { !may && e < EVENTS -> skip };
#ifndef WEAK_NO_DUE
          if
#ifdef WEAK_EARLY_LOOK
          :: atomic { i == 1 -> due = true }
          :: i == 0
#else
          :: atomic { FURTHER(e) -> due = true }
          :: !(FURTHER(e))
#endif
          fi
#endif
       :: !may && e == EVENTS
       fi;
       e = 0;
       i = 0;
       LEAVE
    :: atomic { mine == EVENTS && ALL_SETTLED -> break }
    :: atomic { mine == EVENTS && WALKS && w < EVENTS ->        /* it walks on */
         if
         :: state[w] == UNSEEN -> e = 1
         :: else -> e = 0
         fi
       };
#ifdef WEAK_LOOK_FIRST
       LOOK_BACK(w);
#endif
       d_step { if :: state[w] == UNSEEN -> state[w] = WAITING; e = 1 :: else -> e = 0 fi };
#ifndef WEAK_NEXT_LATE
       known[C] = w + 1;
#endif
#if !defined(WEAK_WALKED_LATE) && !defined(WEAK_NEXT_LATE)
       walked[m] = w + 1;
#endif
#ifdef WEAK_NO_LOOK
       may = true;
#elif !defined(WEAK_LOOK_FIRST)
       LOOK_BACK(w);
#endif
#ifdef WEAK_NEXT_LATE
       known[C] = w + 1;
#endif
#if defined(WEAK_WALKED_LATE) || defined(WEAK_NEXT_LATE)
       walked[m] = w + 1;
#endif
#ifdef WEAK_PASSED
       d_step { if :: may && e && state[w] == WAITING -> ready[w] = true :: else fi; may = false; e = 0; w++ }
#else
       d_step { if :: may && state[w] == WAITING -> ready[w] = true :: else fi; may = false; e = 0; w++ }
#endif
    :: atomic { mine == EVENTS && (MAY_TAKE(0) || MAY_TAKE(1) || MAY_TAKE(2)) ->
         e = (MAY_TAKE(0) -> 0 : (MAY_TAKE(1) -> 1 : 2));
         ready[e] = false
       };
       d_step {
         if
         :: state[e] == WAITING ->
            assert((e < 1 || state[0] == SETTLED) && (e < 2 || state[1] == SETTLED));
            state[e] = LEASED + m;
            mine = e
         :: else
         fi;
         e = 0
       }
    :: atomic { mine == EVENTS && WALKS && w == known[C] &&     /* it sweeps, and has walked over all that any has */
         ((due && !(FURTHER(w))) || (!alive[1 - m] && !swept)) ->
         due = false;
         if :: !alive[1 - m] -> swept = true :: else fi;
         e = 0
       };
       do
       :: e < EVENTS ->
          if
          :: d_step { OF_DEAD(e) -> state[e] = WAITING; ready[e] = true }
          :: atomic { state[e] == WAITING -> skip };
#ifdef WEAK_UNKNOWN
             if
             :: known[C] > e -> LOOK_BACK(e)
             :: else -> may = true
             fi;
#else
             if
             :: known[C] > e -> LOOK_BACK(e)
             :: else -> may = false
             fi;
#endif
             d_step { if :: may && state[e] == WAITING -> ready[e] = true :: else fi; may = false }
          :: else
          fi;
          e++
       :: atomic { e == EVENTS -> e = 0; break }
       od
    od
  UNTIL_DEATH(m, w = 0; e = 0; i = 0; may = false)
}

init {
  atomic {
    run member(0);
    run member(1)
  };
#if DEATHS
  if
  :: DEATH(0)
  :: NO_MORE_DEATHS
  fi
#endif
}
