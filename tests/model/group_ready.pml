/* Which events of a group are ready, and when a member sleeps: ReadyMap, Due, Sweep::run(), Members::wake().
 *
 * Three slots: two in one word of the ready map, one in another, under one summary and a top. Two members hold an event
 * each, a third event is ready. A member settles its event, or gives it back once, to be leased at once or later. A later
 * moment comes at any time: a sleeper with a limit wakes. Sweeps that come without a reason are left out, for nothing but
 * what a member that died had begun may need them. One member may die at any step; the kernel wakes the other one.
 * With LONG member 0 gives its event back, or handles it until all others are settled: so member 1 must not sleep beside
 * a ready event, also not while the other one is between two steps. With LEAVES member 0 leaves when its first lease has
 * ended.
 *
 * right: -DMOMENTS=0 -DLONG -DDEATHS=0
 * right: -DMOMENTS=0 -DDEATHS=0 -DFROM_TOP  before it sleeps a member looks from the top
 * right: -DMOMENTS=0
 * right: -DMOMENTS=0 -DLEAVES -DDEATHS=0
 * right: -DDEATHS=0
 * weak: WEAK_TOP -DMOMENTS=0 -DDEATHS=0 -DFROM_TOP  a bit that is set again above a word is not set again at the top
 * weak: WEAK_NO_SECOND_LOOK -DMOMENTS=0 -DDEATHS=0 -DFROM_TOP  a word is not looked at again after the bit above was cleared
 * weak: WEAK_FROM_ABOVE -DMOMENTS=0 -DDEATHS=0 -DFROM_TOP  a bit is set from above to below
 * weak: WEAK_CLEAR_LATE -DMOMENTS=0 -DDEATHS=0  the slot is loaded before its bit is cleared
 * weak: WEAK_READY_FIRST -DMOMENTS=0 -DDEATHS=0  the bit is set before the slot is changed
 * weak: WEAK_LOOK_FIRST -DMOMENTS=0 -DLEAVES -DDEATHS=0  a member looks before it is marked as a sleeper
 * weak: WEAK_BELL_LATE -DMOMENTS=0 -DLEAVES -DDEATHS=0  it reads its bell after the look
 * weak: WEAK_LOOK_FROM_TOP -DFROM_TOP -DMOMENTS=0 -DLONG -DDEATHS=0  before it sleeps it looks from the top
 * weak: WEAK_NO_DUE -DDEATHS=0    an event is given back for later, and the due word is not lowered
 * weak: WEAK_DUE_FIRST -DDEATHS=0 the due word is lowered before the slot is changed
 * weak: WEAK_NO_THIRD_LOOK -DDEATHS=0  a sweep that finds nothing in flight does not look again behind never
 * weak: WEAK_SWEEP_LEASES -DMOMENTS=0  a sweep after a death makes nothing ready that waited before
 */
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef MOMENTS
#define MOMENTS 1
#endif
#ifndef BACKS
#define BACKS 3                     /* a bit for each event that may be given back */
#endif
#define NO_STIR
#include "common.h"

#define SETTLED 0
#define LEASED 1                    /* by member 0; one more: by member 1 */
#define WAITING 3
#define LATER 4                     /* waiting for a moment */

bool alive[2] = true;
bool buried;
byte state[3];
byte word[2];                       /* slots 0 and 1: bits 1 and 2 of word 0; slot 2: bit 1 of word 1 */
byte sum;                           /* bit 1: word 0; bit 2: word 1 */
bool top;
bool due;                           /* a moment; else never */
byte sleepers;
bool rang[2];
byte backs = BACKS;

#define W(s) ((s) / 2)
#define BIT(s) ((s) == 1 -> 2 : 1)
#define ABOVE(s) ((s) == 2 -> 2 : 1)
#define WITHOUT(v, b) (v) & (255 - (b))
#define ALL_SETTLED (state[0] == SETTLED && state[1] == SETTLED && state[2] == SETTLED)

#define OTHER (1 - m)
#define OF_DEAD(s) (!alive[OTHER] && state[s] == LEASED + OTHER)
#define ANY_LATER (state[0] == LATER || state[1] == LATER || state[2] == LATER)

#define OTHERS_SETTLED(s) \
  ((s == 0 || state[0] == SETTLED) && (s == 1 || state[1] == SETTLED) && (s == 2 || state[2] == SETTLED))

#define SET_TOP if :: top :: atomic { !top -> skip }; top = true fi
#define SET_SUM(s) if :: sum & ABOVE(s) :: atomic { !(sum & ABOVE(s)) -> skip }; sum = sum | ABOVE(s) fi
#ifdef WEAK_FROM_ABOVE
#define SET_READY(s) SET_TOP; SET_SUM(s); word[W(s)] = word[W(s)] | BIT(s)
#else
#define SET_READY(s) word[W(s)] = word[W(s)] | BIT(s); SET_SUM(s); SET_TOP
#endif

inline wake() {
  d_step { seen = sleepers };
  d_step { if :: seen & 1 -> rang[0] = true :: else fi; if :: seen & 2 -> rang[1] = true :: else fi; seen = 0 }
}

/* ReadyMap::clear(); `had` says whether the bit was set. */
inline clear(s) {
  d_step {
    had = (word[W(s)] & BIT(s)) != 0;
    word[W(s)] = WITHOUT(word[W(s)], BIT(s));
    emptied = word[W(s)] == 0
  };
  if
  :: atomic { emptied -> emptied = false }; sum = WITHOUT(sum, ABOVE(s));
     if
#ifndef WEAK_NO_SECOND_LOOK
     :: atomic { word[W(s)] != 0 -> skip }; sum = sum | ABOVE(s);
#ifndef WEAK_TOP
        SET_TOP
#endif
     :: atomic { word[W(s)] == 0 -> skip };
#else
     :: true ->
#endif
        if
        :: sum != 0
        :: atomic { sum == 0 -> skip }; top = false;
           if
           :: atomic { sum != 0 -> skip }; top = true
           :: sum == 0
           fi
        fi
     fi
  :: !emptied
  fi
}

/* Sweep::run(), after a death or when it is due. */
inline sweep() {
  s = 0;
  do
  :: s < 3 ->
     if
     :: d_step { OF_DEAD(s) -> state[s] = WAITING }; SET_READY(s)
     :: d_step { state[s] == LATER -> state[s] = WAITING }; SET_READY(s)       /* its moment has come */
     :: atomic { state[s] == LATER -> unsettled = true }
#ifndef WEAK_SWEEP_LEASES
     :: atomic { state[s] == WAITING -> skip }; SET_READY(s)
#endif
     :: else
     fi;
     s++
  :: atomic { s == 3 -> s = 0; break }
  od;
  if
  :: atomic { !unsettled -> due = false };
#ifndef WEAK_NO_THIRD_LOOK
     if
     :: atomic { ANY_LATER -> due = true }
     :: !ANY_LATER
     fi
#endif
  :: atomic { unsettled -> due = true; unsettled = false }
  fi;
  wake()
}

proctype member(byte m) {
  byte s, mine, seen;
  bool had, emptied, unsettled;
  MORTAL
    mine = m;                       /* the slot of its lease; 3: none */
    do
    :: mine < 3 ->
       if
#ifdef LONG
       :: atomic { m != 0 || OTHERS_SETTLED(mine) -> state[mine] = SETTLED; mine = 3 }
       :: atomic { (backs & (1 << mine)) -> backs = WITHOUT(backs, 1 << mine) };
#else
       :: atomic { state[mine] = SETTLED; mine = 3 }
       :: atomic { (backs & (1 << mine)) -> backs = WITHOUT(backs, 1 << mine) };
#endif
          if
          :: atomic {
#ifdef WEAK_READY_FIRST
               skip };
             SET_READY(mine);
             state[mine] = WAITING;
#else
               state[mine] = WAITING };
             SET_READY(mine);
#endif
             wake()
#if MOMENTS
          :: atomic {
#ifdef WEAK_DUE_FIRST
               due = true };
             state[mine] = LATER;
#elif defined(WEAK_NO_DUE)
               state[mine] = LATER };
#else
               state[mine] = LATER };
             due = true;
#endif
             wake()
#endif
          fi;
          mine = 3
       fi
#ifdef LEAVES
    :: mine == 3 && m == 0 -> break
#endif
    :: mine == 3 ->
       if
       :: atomic { !alive[OTHER] && !buried -> buried = true; goto swept }
       :: alive[OTHER] || buried
       fi;
       if
       :: atomic { due -> due = true; goto swept }                  /* its moment has come, and this member takes it */
       :: true
       fi;
look:
       if                           /* take_ready() */
       :: atomic { !top -> goto bed }
       :: atomic { top ->
            if
            :: (sum & 1) && (word[0] & 1) -> s = 0
            :: (sum & 1) && (word[0] & 2) -> s = 1
            :: (sum & 2) && (word[1] & 1) -> s = 2
            :: else -> goto bed
            fi
          };
#ifdef WEAK_CLEAR_LATE
          d_step { if :: state[s] == WAITING -> state[s] = LEASED + m; mine = s :: else fi };
          clear(s);
#else
          clear(s);
          if
          :: atomic { !had -> s = 0; goto look }
          :: had
          fi;
          d_step { if :: state[s] == WAITING -> state[s] = LEASED + m; mine = s :: else fi };
#endif
          atomic { had = false; s = 0 };
          if
          :: atomic { mine < 3 -> goto next }
          :: atomic { mine == 3 -> goto look }
          fi
       fi;
swept:
       sweep();
       goto look;
bed:
       if
       :: atomic { ALL_SETTLED -> break }
       :: else
       fi;
#ifdef WEAK_LOOK_FIRST
       if :: atomic { word[0] || word[1] -> goto look } :: else fi;
#endif
#ifndef WEAK_BELL_LATE
       rang[m] = false;
#endif
       sleepers = sleepers | (1 << m);
#ifdef FROM_TOP
       if
       :: atomic { top -> goto up }
       :: !top
       fi;
#elif !defined(WEAK_LOOK_FIRST)
       if                           /* look_through() */
       :: atomic { word[0] -> skip }; SET_SUM(0); SET_TOP; goto up
       :: atomic { word[1] -> skip }; SET_SUM(2); SET_TOP; goto up
       :: atomic { !word[0] && !word[1] -> skip }
       fi;
#endif
#ifdef WEAK_BELL_LATE
       rang[m] = false;
#endif
       if
       :: rang[m]
       :: due
       :: !alive[OTHER] && !buried
       :: ALL_SETTLED
       fi;
up:
       sleepers = WITHOUT(sleepers, 1 << m);
next:
       skip
    od
  UNTIL_DEATH(m, s = 0; mine = 3; seen = 0; had = false; emptied = false)
}

init {
  atomic {
    state[0] = LEASED;
    state[1] = LEASED + 1;
    state[2] = WAITING;
    word[0] = 1;                    /* a bit that is wrong */
    word[1] = 1;
    sum = 3;
    top = true;
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
