/* A subscriber that changes between the ring and the journal: Reader::find_next_block(), try_resume(), JournalPath,
 * AttachedTopic::go_on(), back_to_ring(), skip_to_ring().
 *
 * A block holds one event, so block n holds number n; the ring has RING of them. The publisher opens block after block while
 * the journal's gate allows it. The recorder writes number after number, and moves the gate. With SKIP the gate is open,
 * and the recorder may find that a number has left the ring: it names it as missing. A block that leaves the ring and is
 * not pinned is used again at once. The recorder may die, and with SKIP nobody takes over: what left the ring unrecorded
 * is lost, and the subscriber finds that out.
 *
 * right: -
 * right: -DSKIP
 * right: -DSKIP -DRECORDER_DIES
 * weak: WEAK_LOOK_BEFORE_PIN      back to the ring: the ring is looked at before the block is pinned
 * weak: WEAK_BACK_TO_OLDEST       back to the ring at its oldest block, whatever is wanted
 * weak: WEAK_NO_WATERMARK -DSKIP  the journal is read beyond what its recorder shows: a frame that is being written
 * weak: WEAK_LEAVES_AT_END -DSKIP the subscriber goes back as soon as the journal ends, though the ring has moved on
 * weak: WEAK_LAPPED -DSKIP        a lapped reader goes on with the oldest block, and counts nothing
 * weak: WEAK_MISSING_UNCOUNTED -DSKIP  what the journal names as missing is passed uncounted
 */
#ifdef RECORDER_DIES
#define DEATHS 1
#else
#define DEATHS 0
#endif
#include "common.h"
#define RING 2
#define LAST 5

bool alive[4] = true;
byte newest;
byte memory[LAST + 2];
byte pin[4];                        /* of the recorder (1) and the subscriber (2); 0: none */
byte gate = 1;
byte recorded;                      /* the watermark */
byte g_seen;                        /* numbers that the subscriber has seen */
byte frame[LAST + 2];               /* the file: 1 while number n is being written, 2 written, 3 named as missing */

#define LEAVING (newest + 1 - RING)
#ifdef SKIP
#define HELD false
#else
#define HELD (newest >= RING && gate <= LEAVING)
#endif
#define IN_RING(n) (newest >= (n) && newest < (n) + RING)

proctype publisher() {
  do
  :: newest == LAST -> break
  :: newest < LAST && !HELD ->
     d_step {
       newest++;
       memory[newest] = newest;
       if
       :: newest > RING && pin[1] != newest - RING && pin[2] != newest - RING -> memory[newest - RING] = 0
       :: else
       fi
     }
  od
}

proctype recorder() {
  byte next = 1;
  bool got;
  MORTAL
    do
    :: next > LAST -> break
    :: next <= LAST ->
       pin[1] = next;
       newest >= next;
       got = IN_RING(next);
       if
       :: got -> assert(memory[next] == next); frame[next] = 1; frame[next] = 2
       :: else -> frame[next] = 3
       fi;
       recorded = next;
       gate = next + 1;
       next++
    od
  UNTIL_DEATH(1, next = 0; got = false)
}

proctype subscriber() {
  byte next = 1;                    /* the number that it wants */
  byte lost;
  bool here;
  bool ring = true;
  do
  :: next > LAST -> break
  :: next <= LAST && ring ->
     pin[2] = next;                                               /* find_next_block() */
     if
     :: newest < next -> newest >= next                           /* not open yet: it sleeps */
     :: else
     fi;
     here = IN_RING(next);
     if
     :: here ->
        d_step {
          assert(memory[next] == next);                           /* the pin holds it */
          g_seen++; next++
        }
     :: else ->                                                   /* lapped: go_on() */
#ifdef WEAK_LAPPED
        next = newest + 1 - RING
#else
        pin[2] = 0; ring = false
#endif
     fi
  :: next <= LAST && !ring ->
     /* JournalPath::next_block(): first back to the ring, if it holds what is wanted */
#ifdef WEAK_LOOK_BEFORE_PIN
     here = IN_RING(next) || newest < next;
     if :: here -> pin[2] = next :: else fi;
#else
#ifdef WEAK_BACK_TO_OLDEST
     d_step { if :: newest >= RING && next < newest + 1 - RING -> next = newest + 1 - RING :: else fi };
     here = true;
#else
     pin[2] = next;
     here = IN_RING(next) || newest < next;
#endif
#endif
     if
     :: here -> ring = true;
#ifdef WEAK_LOOK_BEFORE_PIN
        if :: newest >= next -> assert(memory[next] == next); g_seen++; next++ :: else fi
#endif
     :: else ->
#ifndef SKIP
        assert(next <= recorded);                                 /* A1: what is not in the ring is in the journal */
#endif
        pin[2] = 0;
#ifdef WEAK_LEAVES_AT_END
        if
        :: next > recorded -> ring = true; d_step { next = newest + 1 - RING }
        :: next <= recorded ->
#else
        if
        :: next > recorded ->                                     /* wait_for_recorder() */
           if
           :: recorded >= next
           :: !alive[1] && recorded < next ->
              /* it will never be written: skip_to_ring() */
              d_step { if :: next < newest + 1 - RING -> lost = lost + newest + 1 - RING - next; next = newest + 1 - RING :: else fi };
              ring = true
#ifdef WEAK_NO_WATERMARK
           :: frame[next] == 1 -> assert(false)                   /* half a frame is read */
#endif
           fi
        :: next <= recorded ->
#endif
           d_step {
             assert(frame[next] >= 2);
             if
             :: frame[next] == 3 ->
#ifndef WEAK_MISSING_UNCOUNTED
                lost++
#endif
             :: else -> g_seen++
             fi;
             next++
           }
        fi
     fi
  od;
  skip;
  d_step {
    /* Seen and lost are all numbers; without SKIP nothing is lost. What it saw it checked where it saw it. */
#ifndef SKIP
    assert(lost == 0);
#endif
    assert(g_seen + lost == LAST)
  }
}

init {
  atomic { run publisher(); run recorder(); run subscriber() };
end:
  do
  :: DEATH(1)
  :: NO_MORE_DEATHS
  od
}
