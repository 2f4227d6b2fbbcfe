/* Sleep and wake: Writer::wake(), BlockLog::wake_subscribers(), SubscriberCore::sleep_until(), prepare_sleep().
 *
 * Two publishers publish one event each; two sleepers are in nodes of their own. A publisher's stores lie in a store buffer,
 * as on x86 or weaker machines. They reach memory at any later moment, at the latest at the publisher's next
 * read-modify-write, and at a membarrier if it has registered for that. So a commit may reach memory after the look at
 * `waiters`. A sleeper's own words are changed only by read-modify-writes. A sleep is not bounded unless a publisher died,
 * perhaps between commit and bell: so a lost wake-up is an invalid end state.
 *
 * right: -
 * right: -DUNREGISTERED -DSLEEPERS=1           a publisher that can't register sets kFenceNeeded
 * right: -DREFUSED -DSLEEPERS=1                sleepers whose membarrier is refused set kFenceNeeded
 * weak: WEAK_NO_BARRIER           no membarrier between the bit in `waiters` and the look
 * weak: WEAK_LOOK_BEFORE_BIT      the look comes before the bit is set
 * weak: WEAK_BELL_AFTER_LOOK      the bell is read after the look
 * weak: WEAK_WAITERS_BEFORE_COMMIT the publisher looks at `waiters` before it commits
 * weak: WEAK_RING_BEFORE_EXCHANGE the bells are rung before `waiters` is exchanged
 * weak: WEAK_NO_FENCE_NEEDED -DUNREGISTERED -DSLEEPERS=1  a publisher that can't register does not set kFenceNeeded
 * weak: WEAK_NO_RMW -DUNREGISTERED -DSLEEPERS=1 kFenceNeeded makes publishers look, but not by a read-modify-write
 */
#define DEATHS 1
#include "common.h"
#define PUBLISHERS 2
#ifndef SLEEPERS
#define SLEEPERS 2
#endif

bool alive[4] = true;               /* the publishers' nodes */
bool committed[PUBLISHERS];         /* keys in memory, by publisher */
bool buffered[PUBLISHERS];          /* a key in the store buffer */
bool registered[PUBLISHERS] = true;
byte waiters;                       /* a bit for each sleeper */
#ifdef REFUSED
byte attention = 1;                 /* kFenceNeeded, set by an earlier sleep, which was bounded like all */
#else
byte attention;
#endif
bool rang[2];                /* the bell has changed since its sleeper read it */
bool ready[PUBLISHERS];

#define DRAIN(p) if :: buffered[p] -> buffered[p] = false; committed[p] = true :: else fi

#define RING(set) \
  if :: set & 1 -> rang[0] = true :: set == 2 -> rang[1] = true :: else fi; \
  if :: set == 3 -> rang[1] = true :: else fi

/* wake_subscribers(): the exchange empties the store buffer as every read-modify-write does. */
inline wake(p) {
  d_step { seen = waiters; if :: attention -> seen = seen | 4 :: else fi };
  if
  :: seen != 0 ->
     if
     :: attention ->
#ifndef WEAK_NO_RMW
        d_step { DRAIN(p) };        /* fetch_or(0) */
#endif
        seen = waiters
     :: else -> seen = waiters
     fi;
     if
     :: seen != 0 ->
#ifdef WEAK_RING_BEFORE_EXCHANGE
        seen = waiters;
        RING(seen);
        d_step { DRAIN(p); waiters = 0 };
#else
        d_step { DRAIN(p); seen = waiters; waiters = 0 };
        RING(seen);
#endif
     :: else
     fi
  :: else
  fi
}

proctype publisher(byte p) {
  byte seen;
  MORTAL
    if
#ifdef UNREGISTERED
    :: p == 0 ->
       registered[0] = false;
#ifndef WEAK_NO_FENCE_NEEDED
       attention = 1
#endif
#endif
    :: else
    fi;
#ifdef WEAK_WAITERS_BEFORE_COMMIT
    seen = waiters;
    d_step { committed[p] = true };
    if
    :: seen != 0 ->
       d_step { seen = waiters; waiters = 0 };
       RING(seen)
    :: else
    fi
#else
    buffered[p] = true;                             /* the key */
    wake(p)
#endif
  UNTIL_DEATH(p, seen = 0)
}

#define LOOK(p) d_step { if :: committed[p] > at[p] -> at[p] = committed[p]; found = true :: else fi }

inline look_everywhere() {
  LOOK(0);
  LOOK(1)
}

#define ALL_READ (at[0] && at[1])

proctype sleeper(byte s) {
  bool at[PUBLISHERS];
    bool found;
end:
  do
  :: ALL_READ -> break
  :: else ->
     found = false;
#ifdef WEAK_LOOK_BEFORE_BIT
     rang[s] = false;
     look_everywhere();
     d_step { waiters = waiters | (1 << s) };
     d_step { DRAIN(0); DRAIN(1) };
#else
#ifndef WEAK_BELL_AFTER_LOOK
     rang[s] = false;
#endif
     d_step { waiters = waiters | (1 << s) };
#ifdef REFUSED
     skip;
#else
#ifndef WEAK_NO_BARRIER
     d_step { if :: registered[0] -> DRAIN(0) :: else fi; if :: registered[1] -> DRAIN(1) :: else fi };
#endif
#endif
     look_everywhere();
#endif
     if
     :: found
     :: else ->
#ifdef WEAK_BELL_AFTER_LOOK
        rang[s] = false;
#endif
        if
        :: rang[s]                       /* the futex */
        :: !alive[0]
        fi
     fi;
     d_step { waiters = waiters & ~(1 << s) }     /* end_sleep() */
  od
}

init {
  atomic { run publisher(0); run publisher(1); run sleeper(0); if :: SLEEPERS == 2 -> run sleeper(1) :: else fi };
end:
  do
  :: DEATH(0)
  :: NO_MORE_DEATHS
  :: d_step { buffered[0] -> DRAIN(0) }             /* store buffers empty by themselves, also those of the dead */
  :: d_step { buffered[1] -> DRAIN(1) }
  od
}
