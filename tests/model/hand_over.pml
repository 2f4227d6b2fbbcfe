/* The recorder of a journaled topic and its successor: Recorder::begin(), place_gate(), collect(), write(), JournalGate,
 * journal_gates().
 *
 * A block holds one event, so block n holds number n; the ring has RING of them. The publisher opens block after block. The
 * first recorder may die or stop at any step, and another process takes the journal's lock then: the kernel frees it with
 * the death. What was written to the file stays when its writer dies. With LIMIT, a publisher that is held back may open
 * the gate at any moment (`unrecorded_limit` has passed): what leaves the ring then is missing. A block that leaves the
 * ring and is not pinned is used again at once.
 *
 * right: -
 * right: -DLIMIT
 * weak: WEAK_NO_GATE              publishers don't look at the gate
 * weak: WEAK_GATE_BEFORE_WRITE    the gate moves past a block before its event is written
 * weak: WEAK_GATE_DIES            the gate holds only while somebody records, as if it belonged to the process
 * weak: WEAK_FROM_WATERMARK       the successor goes on behind `recorded`, and not behind the end of the file
 * weak: WEAK_SHOWN_BEFORE_WRITE   `recorded` is stored before the write
 * weak: WEAK_MISSING_UNNAMED -DLIMIT  what has left the ring is passed over
 * weak: WEAK_NO_PIN -DLIMIT       the recorder does not pin the block that it reads
 * weak: WEAK_LOOK_BEFORE_PIN -DLIMIT  it looks at the ring, and pins then
 * weak: WEAK_STAYS_OPEN -DLIMIT   a recorder that has caught up leaves the gate open
 */
#define DEATHS 1
#include "common.h"
#define RING 2
#define LAST 5                      /* numbers published */

bool alive[4] = true;
byte newest;                        /* the newest block that is open; 0: none */
byte memory[LAST + 2];              /* what stands where a block was: its number, or 0 once its memory was used again */
byte pin[4];                        /* of the recorders' ports: a block; 0: none */
byte gate = 1;                      /* the first block that is not recorded */
bool shut = true;
byte lock = NOBODY;
byte recorded;
bool written[LAST + 2];             /* the file: it holds this number ... */
bool missing[LAST + 2];             /* ... or names it as missing */
byte g_limit;                       /* times that a publisher opened the gate */

#define LEAVING (newest + 1 - RING) /* the block that the next one pushes out */
#ifdef WEAK_NO_GATE
#define HELD false
#else
#ifdef WEAK_GATE_DIES
#define HELD (newest >= RING && shut && gate <= LEAVING && lock != NOBODY)
#else
#define HELD (newest >= RING && shut && gate <= LEAVING)
#endif
#endif
#define OPENED(n) (newest >= (n))
#define IN_RING(n) (newest >= (n) && newest < (n) + RING)

proctype publisher() {
  do
  :: newest == LAST -> break
  :: newest < LAST && HELD ->
     if
#ifdef LIMIT
     :: d_step { g_limit < 2 && HELD -> shut = false; g_limit++ }
#endif
     :: !HELD
     fi
  :: newest < LAST && !HELD ->
     /* The look at the gate comes before the link; a gate that is shut in between comes too late for this block. */
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

proctype recorder(byte me) {
  byte next, read;
  bool got;
  MORTAL
    skip;
end: d_step { lock == NOBODY -> lock = me };
    d_step {
#ifdef WEAK_FROM_WATERMARK
      next = recorded + 1
#else
      next = 1;
      do :: next <= LAST && (written[next] || missing[next]) -> next++ :: else -> break od
#endif
    };
    if :: !shut -> gate = next; shut = true :: shut fi;         /* place_gate() */
    recorded = next - 1;                                        /* show_progress() */
    do
    :: next > LAST -> break
    :: next <= LAST ->
#ifdef WEAK_LOOK_BEFORE_PIN
       OPENED(next);
       got = IN_RING(next);
       pin[me] = next;
#else
#ifndef WEAK_NO_PIN
       pin[me] = next;
#endif
       OPENED(next);
       got = IN_RING(next);
#endif
       if :: got -> read = memory[next] :: else fi;
#ifdef WEAK_GATE_BEFORE_WRITE
       if :: gate < next + 1 -> gate = next + 1 :: else fi;
#endif
#ifdef WEAK_SHOWN_BEFORE_WRITE
       recorded = next;
#endif
       if
       :: got ->
          d_step {
            assert(read == next);                               /* what is written is what was published */
            assert(!written[next] && !missing[next]);           /* once */
            written[next] = true
          }
       :: else ->
#ifndef WEAK_MISSING_UNNAMED
          d_step {
            assert(!written[next] && !missing[next]);
            assert(g_limit > 0);                                /* only a publisher that waited its limit lets it go */
            missing[next] = true
          }
#endif
       fi;
       recorded = next;
       if
       :: shut -> if :: gate < next + 1 -> gate = next + 1 :: else fi
#ifndef WEAK_STAYS_OPEN
       :: !shut -> gate = next + 1; shut = true
#else
       :: !shut
#endif
       fi;
       next++
    od;
    assert(recorded == LAST);
    pin[me] = 0; lock = NOBODY
  UNTIL_DEATH(me, if :: lock == me -> lock = NOBODY :: else fi; next = 0; read = 0; got = false)
}

/* R1 at every moment: what is at or below `recorded` is in the file, or named; and without a limit nothing is missing. */
proctype watch() {
  byte n;
end:
  do
  :: d_step {
       recorded > 0 ->
       n = 1;
       do :: n <= recorded -> assert(written[n] || missing[n]); n++ :: else -> break od;
       n = 0
     }
  od
}

#ifdef WEAK_STAYS_OPEN
/* A gate that the recorder has passed is shut: then a publisher waits for the disk again. */
proctype shuts() { byte n; end: d_step { lock == NOBODY && recorded == LAST -> assert(shut) } }
#endif

init {
  atomic {
    run publisher(); run recorder(1); run recorder(2); run watch();
#ifdef WEAK_STAYS_OPEN
    run shuts()
#endif
  };
end:
  do
  :: DEATH(1)
  :: NO_MORE_DEATHS
  od
}
