/* Gating, its sleep, and demotion: log/gate.cpp (gated, hold_of), PublisherCore::wait_for_room(), Reader::pin(),
 * attach_subscriber(), wake_publishers().
 *
 * A ring of two. A publisher opens blocks one after the other, and sleeps when it is held back. Beside it there is a second
 * publisher that opens a block and a reliable reader, or a reliable reader that may be demoted, or one that attaches
 * meanwhile. Readers may die. A sleep ends only by the bell, or by time-out when a process died: so a lost wake-up is an
 * invalid end state.
 *
 * right: -
 * right: -DATTACH                  the reader attaches meanwhile
 * right: -DDEMOTE                  the reader may be demoted when its time is up
 * right: -DDEMOTE -DTAKEOVER       the reader leaves, and a subscription that must not be demoted has its port
 * weak: WEAK_GATED_AFTER_LOOK      the publisher looks at the pins, then sets its bit in `gated`
 * weak: WEAK_BELL_AFTER_LOOK       the publisher reads its bell after the look
 * weak: WEAK_GATED_BEFORE_PIN      the reader looks at `gated`, then moves its pin
 * weak: WEAK_NO_GATE               the pins are not looked at
 * weak: WEAK_DEAD_GATE             dead subscribers gate
 * weak: WEAK_RING_BEFORE_PIN -DATTACH a reader that attaches looks at the ring, then pins
 * weak: WEAK_NO_MARK -DDEMOTE      the time a reader held back is not cleared when it moves on
 * weak: WEAK_LATE_MARK -DDEMOTE    the clock is not read again behind the mark
 * weak: WEAK_MODE_OF_NODE -DDEMOTE -DTAKEOVER the mode word does not name the subscription
 */
#define DEATHS 1
#define R 2
#ifdef DEMOTE
#define LAST 4
#else
#define LAST 5
#endif
#define NO_STIR
#include "common.h"
#define REPAIRING 8

bool alive[8] = true;               /* publishers 1 and 2, readers 3 and 4 */
byte ring[R];                       /* the numbers that are linked */
byte pin[2] = NONE;                 /* by reader */
byte owner[2];
byte reliable[2];                   /* the mode word: 0, or the subscription if it is reliable */
bool listed[2];
byte held_since[2];                 /* 0, or a time x 2, + 1 once confirmed */
byte g_marked[2];                   /* when it was set */
byte gated;                         /* a bit for each publisher */
bool rang[2];                       /* the bell has changed since its publisher read it */
byte now = 1;                       /* the time; a hold of two ticks is too long */

byte g_needs[2] = NONE;             /* what a reader is entitled to: this block and all later ones */
byte g_since[2];                    /* when its pin moved last, and whether it is about to announce that */
bool g_moves[2];

bool g_idle;                        /* the reader does not read any more */

bool may_demote[2] = true;          /* the word `demote after` is not 0 */
bool g_may_demote[2] = true;        /* the same for the subscription that the mode word names */

#define SLOT(n) ((n) % R)
#define NEEDS(r, n) (pin[r] != NONE && pin[r] <= (n) && reliable[r] != 0)
#define STALE (since == 0 || since / 2 > clock || (!(since & 1) && since / 2 < clock))

inline wake_publishers() {
  d_step { if :: gated & 1 -> rang[0] = true :: else fi; if :: gated & 2 -> rang[1] = true :: else fi; gated = 0 }
}

/* gated(), for one reader; hold_of(). */
inline look_at(r, n) {
#ifndef WEAK_NO_GATE
  if
  :: listed[r] && NEEDS(r, n) ->
     who = owner[r];
     if
     :: who == 0
#ifdef WEAK_DEAD_GATE
     :: who != 0 && !alive[who & 7] -> held = true
#else
     :: who != 0 && !alive[who & 7] ->                       /* repair_subscriber() */
        d_step { if :: owner[r] == who -> owner[r] = me | REPAIRING :: else -> who = 0 fi };
        if
        :: who != 0 ->
           pin[r] = NONE;
           listed[r] = false;
           reliable[r] = 0;
           owner[r] = 0;
           wake_publishers()
        :: else
        fi
#endif
     :: who != 0 && alive[who & 7] && (who & REPAIRING)
     :: who != 0 && alive[who & 7] && !(who & REPAIRING) ->
#ifdef DEMOTE
        mode = reliable[r];
        since = held_since[r];
        clock = now;
        if
        :: mode == 0
        :: mode != 0 && STALE ->                             /* begin_hold() */
           if :: now < 4 -> now++ :: true fi;                /* it may be stopped between the clock and the mark */
           d_step { if :: held_since[r] == since -> held_since[r] = clock * 2; g_marked[r] = now :: else fi };
           if
           :: NEEDS(r, n) ->
              d_step {
#ifdef WEAK_LATE_MARK
                if :: held_since[r] == clock * 2 -> held_since[r] = clock * 2 + 1 :: else fi;
#else
                if :: now == clock && held_since[r] == clock * 2 -> held_since[r] = clock * 2 + 1 :: else fi;
#endif
                held = true
              }
           :: else -> d_step { if :: held_since[r] == clock * 2 -> held_since[r] = 0 :: else fi }
           fi
        :: mode != 0 && !STALE && (!may_demote[r] || !(since & 1) || clock < since / 2 + 2) -> held = true
        :: mode != 0 && !STALE && may_demote[r] && (since & 1) && clock >= since / 2 + 2 ->
           if
           :: !NEEDS(r, n)
           :: else ->
              d_step {
                if
                :: held_since[r] != since -> held = true
                :: else ->
                   assert(now >= g_since[r] + 2 || g_moves[r]);            /* it did hold back for that long */
                   assert(now >= g_marked[r] + 2 || g_moves[r])            /* and a publisher had marked it */
                fi
              };
              d_step {
                if
#ifdef WEAK_MODE_OF_NODE
                :: !held && reliable[r] != 0 ->
#else
                :: !held && reliable[r] == mode ->
#endif
                   assert(g_may_demote[r]);
                   reliable[r] = 0;
                   g_needs[r] = NONE
                :: else
                fi
              };
              if :: !held -> wake_publishers() :: else fi
           fi
        fi;
        mode = 0; clock = 0
#else
        held = true
#endif
     fi;
     who = 0; since = 0
  :: else
  fi
#else
  skip
#endif
}

/* The gating of open_next(); the rest is in block.pml. */
inline try_open(n) {
  held = false;
  if
  :: ring[SLOT(n)] != n - R                                  /* opened meanwhile */
  :: else ->
     look_at(0, n - R);
     look_at(1, n - R);
     if
     :: held && ring[SLOT(n)] != n - R -> held = false       /* the ring, once more */
     :: else
     fi;
     if
     :: !held ->
        d_step {
          if
          :: ring[SLOT(n)] == n - R ->
             assert(!alive[3] || g_needs[0] > n - R);        /* a reliable reader loses nothing */
             assert(!alive[4] || g_needs[1] > n - R);
             ring[SLOT(n)] = n
          :: else
          fi
        }
     :: else
     fi
  fi
}

/* wait_for_room() */
proctype publisher(byte me, last) {
  byte n = 3, who, since;
#ifdef DEMOTE
  byte mode, clock;
#endif
  bool held, timed_out;
  do
  :: n > last -> break
  :: else ->
#ifndef WEAK_BELL_AFTER_LOOK
     rang[me - 1] = false;
#endif
#ifndef WEAK_GATED_AFTER_LOOK
     d_step { gated = gated | (1 << (me - 1)) };
#endif
     try_open(n);
     if
     :: held ->
#ifdef WEAK_GATED_AFTER_LOOK
        d_step { gated = gated | (1 << (me - 1)) };
#endif
#ifdef WEAK_BELL_AFTER_LOOK
        rang[me - 1] = false;
#endif
        if
        :: rang[me - 1]
        :: (!alive[3] || !alive[4]) && !timed_out -> timed_out = true
        :: g_idle && (NEEDS(0, n - R) || NEEDS(1, n - R)) -> break                /* held back rightly */
#ifdef DEMOTE
        :: d_step { now < 4 -> now++ }
#endif
        fi
     :: else -> n++
     fi;
     d_step { gated = gated & ~(1 << (me - 1)); held = false }
  od
}

/* Reader::pin() */
inline move_pin(r, n) {
#ifdef WEAK_GATED_BEFORE_PIN
  if :: gated != 0 -> wake_publishers() :: else fi;
#endif
  d_step { pin[r] = n; g_since[r] = now; g_moves[r] = true };
#ifndef WEAK_NO_MARK
  held_since[r] = 0;
#endif
  g_moves[r] = false;
#ifndef WEAK_GATED_BEFORE_PIN
  if :: gated != 0 -> wake_publishers() :: else fi
#else
  skip
#endif
}

/* Reads one block after the other. It needs a block until its pin moves on. */
inline read_on(r) {
  do
  :: n > LAST -> break
  :: n <= LAST && !reading -> g_idle = true; break
  :: n <= LAST ->
     ring[SLOT(n)] >= n;
     assert(ring[SLOT(n)] == n || reliable[r] == 0);
     d_step { n++; if :: g_needs[r] != NONE -> g_needs[r] = n :: else fi };
     move_pin(r, n);
     if :: reading = false :: skip fi
  od
}

proctype reader() {
  byte n = 1; bool reading = true;
  MORTAL
    read_on(0);
#ifdef TAKEOVER
    /* detach_subscriber(), then attach_subscriber() of the same node for another subscription, without `demote after`. */
    atomic { pin[0] = NONE; g_needs[0] = NONE; g_idle = false };
    listed[0] = false;
    reliable[0] = 0;
    owner[0] = 0;
    owner[0] = 3 | REPAIRING;
    d_step { reliable[0] = 2; g_may_demote[0] = false };
    may_demote[0] = false;
    held_since[0] = 0;
    listed[0] = true;
    d_step {
      pin[0] = n;
      g_since[0] = now;
      if
      :: ring[SLOT(n)] < n -> g_needs[0] = n                 /* as in newcomer() */
      :: ring[SLOT(n)] == n -> g_needs[0] = n + 1
      :: else
      fi
    };
    owner[0] = 3;
    g_idle = true
#endif
  UNTIL_DEATH(3, n = 0; reading = false)
}

/* attach_subscriber() and Reader::start_at_end(): from then on it is entitled to the block that it pinned and found, or that
* is not open. */
proctype newcomer() {
  byte n = 2; bool reading = true;
  MORTAL
    owner[1] = 4 | REPAIRING;
    reliable[1] = 1;
    listed[1] = true;
    owner[1] = 4;
#ifdef WEAK_RING_BEFORE_PIN
    if
    :: ring[SLOT(n)] == n -> g_needs[1] = n + 1; pin[1] = n; n++
    :: else -> goto gone
    fi;
    move_pin(1, n);
#else
    do
    :: pin[1] = n;
       d_step {
         if
         :: ring[SLOT(n)] < n -> g_needs[1] = n              /* not open: this block and all after */
         :: ring[SLOT(n)] == n -> g_needs[1] = n + 1         /* found: it is pinned, even if it is unlinked now */
         :: else
         fi
       };
       if
       :: g_needs[1] == n -> break
       :: g_needs[1] == n + 1 -> n++; move_pin(1, n); break
       :: g_needs[1] == NONE -> n++
       fi
    od;
#endif
    read_on(1);
gone: skip
  UNTIL_DEATH(4, n = 0; reading = false)
}

init {
  d_step {
    ring[0] = 2; ring[1] = 1;
#ifndef ATTACH
    pin[0] = 1; owner[0] = 3; reliable[0] = 1; listed[0] = true; g_needs[0] = 1
#endif
  };
  atomic { run publisher(1, LAST);
#ifdef ATTACH
           run newcomer() };
#else
#ifndef DEMOTE
           run publisher(2, 3);
#endif
           run reader() };
#endif
end:
  do
  :: DEATH(3)
  :: DEATH(4)
  :: NO_MORE_DEATHS
  od
}
