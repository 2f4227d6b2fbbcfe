/* Batches: one claim of several events, a reader in front of its unfinished part, and its repair.
 *
 * One publisher publishes a batch of two events of one unit. Another one publishes a single event of two units, so that
 * claims of one size have different numbers of events, or of three units. A third one moves the log on past both. One of
 * the first two may die. A reader is lossy or reliable, and repairs or not, as it chooses each time. A tail value is an
 * offset and a count. All claims are read at one moment: open_claim.pml models steps in between, and repair.pml torn claims
 * and repairers that die.
 *
 * right: -
 * weak: WEAK_NO_REST              a claim counts at its begin alone, not inside of it
 * weak: WEAK_WHOLE_CLAIM          inside of it, a claim counts with all its bytes and events
 * weak: WEAK_ANY_COUNT            any claim of the right size counts, whatever its number of events
 * weak: WEAK_NO_WALK              a repairer looks at the claim's first record alone
 * weak: WEAK_COUNT_FORGOTTEN      the rest is aborted as one record of one sequence
 * weak: WEAK_UNPIN_AFTER_FIRST    `where` is cleared after the first key
 * weak: WEAK_KEYS_BACKWARDS       the last record's key is stored first
 * weak: WEAK_CLAIM_AFTER_TAIL     the claim is shown after the tail's compare-and-swap
 * weak: WEAK_NO_SECOND_LOOK       the reader does not look at the key again after the claims
 */
#define DEATHS 1
#define SIZE 7              /* units of the block; the last is never used */
#define PORTS 3
#include "common.h"

#define K 1                 /* the block's key: committed */
#define A 2                 /* its complement: aborted */
#define REPAIRING 8
#define NODE(owner_word) ((owner_word) & 7)

/* A tail value; a claim's word, and a record's, by stride and events. */
#define TAIL(offset, count) ((offset) * 8 + (count))
#define OFFSET(t) ((t) / 8)
#define COUNT(t) ((t) & 7)
#define WORD(stride, events) ((events) * 8 + (stride))
#define STRIDE(word) ((word) & 7)
#define EVENTS(word) ((word) / 8)

byte tail = 0;
byte key[SIZE];
byte meta[SIZE];
byte where[PORTS] = NONE;
byte what[PORTS];
byte owner[PORTS];
bool alive[8] = true;

byte g_count[SIZE];         /* the count before the record that was granted at an offset */
byte g_stride[SIZE];        /* and its stride; of a batch: of each record */
byte g_node[SIZE];

#define LOOKER \
  byte i, tail_, at, here, passed, found; \
  byte c_where[PORTS] = NONE; byte c_what[PORTS]; byte c_owner[PORTS]; byte rest[PORTS]; \
  byte holder, kind, dead, claim_where, claim_what, outcome; \
  bool several, looking

mtype = { nobody, dead_one, in_repair, living, done, postponed };

#define TAKE(n) \
  c_where[n] = where[n]; \
  if :: where[n] != NONE -> c_what[n] = what[n]; c_owner[n] = owner[n] :: else fi

#ifdef WEAK_NO_REST
#define COVERS(w, word, t) (w == t)
#else
#define COVERS(w, word, t) (w != NONE && OFFSET(t) >= OFFSET(w) && COUNT(t) >= COUNT(w) && \
  ((OFFSET(t) == OFFSET(w)) == (COUNT(t) == COUNT(w))) && OFFSET(t) - OFFSET(w) < STRIDE(word) && \
  (COUNT(t) == COUNT(w) || COUNT(t) - COUNT(w) < EVENTS(word)) && \
  STRIDE(word) - (OFFSET(t) - OFFSET(w)) >= EVENTS(word) - (COUNT(t) - COUNT(w)))
#endif
#ifdef WEAK_WHOLE_CLAIM
#define REST(w, word, t) word
#else
#define REST(w, word, t) WORD(STRIDE(word) - (OFFSET(t) - OFFSET(w)), EVENTS(word) - (COUNT(t) - COUNT(w)))
#endif

#define AFTER(t, word) ((t) + TAIL(STRIDE(word), EVENTS(word)))
#define CLAIMED(t) (c_where[0] == (t) || c_where[1] == (t) || c_where[2] == (t))
#define BOUNDARY(t, word) (tail_ == AFTER(t, word) || CLAIMED(AFTER(t, word)) || \
  (OFFSET(AFTER(t, word)) < SIZE && key[OFFSET(AFTER(t, word)) % SIZE] != 0))

/* holder_of(): leaves `kind`, `holder` (a port) and rest[holder], the word of what it covers from `here` on. */
inline holder_of() {
  tail_ = tail;
  d_step { TAKE(0); TAKE(1); TAKE(2) };
  i = 0; holder = NONE; several = false;
  do
  :: atomic { i < PORTS ->
     rest[i] = 0;
     if
     :: COVERS(c_where[i], c_what[i], here) ->
        rest[i] = REST(c_where[i], c_what[i], here);
        if
        :: !BOUNDARY(here, rest[i]) -> rest[i] = 0
        :: else ->
           if
           :: holder == NONE -> holder = i
           :: holder != NONE && STRIDE(rest[i]) < STRIDE(rest[holder]) -> holder = i; several = false
           :: holder != NONE && STRIDE(rest[i]) == STRIDE(rest[holder]) && rest[i] != rest[holder] -> several = true
           :: else
           fi
        fi
     :: else
     fi;
     i++ }
  :: atomic { i == PORTS -> i = 0; break }
  od;
#ifndef WEAK_ANY_COUNT
  if
  :: several ->                                           /* count_at() */
     d_step { at = OFFSET(here) + STRIDE(rest[holder]); passed = 0 };
     do
     :: atomic { at == OFFSET(tail_) -> found = COUNT(tail_) - passed; break }
     :: atomic { at != OFFSET(tail_) && c_where[0] != NONE && OFFSET(c_where[0]) == at -> found = COUNT(c_where[0]) - passed; break }
     :: atomic { at != OFFSET(tail_) && c_where[1] != NONE && OFFSET(c_where[1]) == at -> found = COUNT(c_where[1]) - passed; break }
     :: atomic { at != OFFSET(tail_) && c_where[2] != NONE && OFFSET(c_where[2]) == at -> found = COUNT(c_where[2]) - passed; break }
     :: atomic { at != OFFSET(tail_) && !(c_where[0] != NONE && OFFSET(c_where[0]) == at) &&
                 !(c_where[1] != NONE && OFFSET(c_where[1]) == at) && !(c_where[2] != NONE && OFFSET(c_where[2]) == at) ->
        if
        :: key[at % SIZE] == 0 -> found = NONE; break                  /* look again */
        :: else ->
           passed = passed + (key[at % SIZE] == K -> 1 : EVENTS(meta[at % SIZE]));
           at = at + STRIDE(meta[at % SIZE])
        fi }
     od;
     atomic {
       found = (found == NONE -> NONE : WORD(STRIDE(rest[holder]), found - COUNT(here)));
       holder = NONE;
       do
       :: i < PORTS && rest[i] == found && holder == NONE -> holder = i; i++
       :: i < PORTS && !(rest[i] == found && holder == NONE) -> i++
       :: i == PORTS -> i = 0; break
       od
     }
  :: else
  fi;
#endif
  if
  :: holder == NONE -> kind = nobody
  :: else ->
     kind = dead_one; found = rest[holder];
     do
     :: atomic { i < PORTS && rest[i] == found && c_owner[i] != 0 ->
        if
        :: alive[NODE(c_owner[i])] && !(c_owner[i] & REPAIRING) -> kind = living; break
        :: alive[NODE(c_owner[i])] && (c_owner[i] & REPAIRING) -> kind = in_repair
        :: !alive[NODE(c_owner[i])] -> if :: kind == dead_one -> holder = i :: else fi
        fi;
        i++ }
     :: atomic { i < PORTS && !(rest[i] == found && c_owner[i] != 0) -> i++ }
     :: i == PORTS -> break
     od
  fi;
  skip;
  d_step { i = 0; at = 0; passed = 0; found = (holder == NONE -> 0 : rest[holder]); tail_ = 0; several = false;
    c_where[0] = NONE; c_where[1] = NONE; c_where[2] = NONE; c_what[0] = 0; c_what[1] = 0; c_what[2] = 0;
    c_owner[0] = 0; c_owner[1] = 0; c_owner[2] = 0; rest[0] = 0; rest[1] = 0; rest[2] = 0 }
}

/* repair_publisher(), with finish_claim(), unfinished_part() and abort_rest(). */
inline repair_publisher(n) {
  dead = owner[n];
  if
  :: dead == 0 || alive[NODE(dead)]
  :: else ->
     d_step {                                             /* mark() */
       if
       :: owner[n] == dead -> owner[n] = me | REPAIRING; outcome = done; STIR
       :: else -> outcome = postponed
       fi
     };
     if
     :: outcome == postponed
     :: else ->
        d_step { claim_where = where[n]; claim_what = what[n] };
        if
        :: claim_where == NONE
        :: else ->
           looking = true;
           do
           :: !looking -> break
           :: looking ->
              tail_ = tail;
              here = claim_where;
              do                                          /* unfinished_part() */
              :: atomic { tail_ == here || !COVERS(claim_where, claim_what, here) -> outcome = done; looking = false; break }
              :: atomic { tail_ != here && COVERS(claim_where, claim_what, here) && key[OFFSET(here) % SIZE] == 0 -> break }
              :: atomic { tail_ != here && COVERS(claim_where, claim_what, here) && key[OFFSET(here) % SIZE] != 0 ->
#ifdef WEAK_NO_WALK
                 outcome = done; looking = false; break
#else
                 here = AFTER(here, WORD(STRIDE(meta[OFFSET(here) % SIZE]),
                                         (key[OFFSET(here) % SIZE] == K -> 1 : EVENTS(meta[OFFSET(here) % SIZE]))))
#endif
                 }
              od;
              if
              :: !looking
              :: else ->
                 holder_of();
                 if
                 :: key[OFFSET(here) % SIZE] != 0         /* finished meanwhile: look again */
                 :: else ->
                    looking = false;
                    if
                    :: kind == nobody -> outcome = postponed
                    :: kind != nobody && found != REST(claim_where, claim_what, here) -> outcome = done
                    :: kind == living && found == REST(claim_where, claim_what, here) -> outcome = postponed
                    :: else ->                            /* abort_rest() */
#ifdef WEAK_COUNT_FORGOTTEN
                       found = WORD(STRIDE(found), 1);
#endif
                       d_step { meta[OFFSET(here)] = found; STIR };
                       d_step {
                         assert(!alive[g_node[OFFSET(here)]]);
                         assert(EVENTS(found) != 2 || key[(OFFSET(here) + 1) % SIZE] == 0);   /* no event is aborted later */
                         if :: key[OFFSET(here)] == 0 -> key[OFFSET(here)] = A; STIR :: else fi
                       };
                       outcome = done
                    fi
                 fi
              fi;
              d_step { here = 0; found = 0; kind = 0; holder = 0; tail_ = 0 }
           od
        fi;
        skip;
        d_step { claim_where = 0; claim_what = 0 };
        if
        :: outcome == postponed -> d_step { owner[n] = dead; STIR }
        :: else ->
           d_step { where[n] = NONE; STIR };
           d_step { owner[n] = 0; STIR }
        fi
     fi
  fi;
  d_step { dead = 0; outcome = 0 }
}

#define STORE(word, value) atomic { assert(owner[p] == me); word = value; STIR }
#define SHOW d_step { assert(owner[p] == me); what[p] = WORD(first + second, (second == 0 -> 1 : 2)); where[p] = t; STIR }
#define FINISH(offset, size) d_step { assert(key[offset] == 0 && owner[p] == me); meta[offset] = WORD(size, 1); key[offset] = K; STIR }
#define FORGET p = 0; t = 0; first = 0; second = 0; won = false

/* publish_all() of one event or two. */
inline publish_all() {
  t = tail;
  do
  :: OFFSET(t) + first + second >= SIZE -> break
  :: else ->
#ifndef WEAK_CLAIM_AFTER_TAIL
     SHOW;
#endif
     d_step {
       won = (tail == t);
       if
       :: won ->
          tail = t + TAIL(first + second, (second == 0 -> 1 : 2)); STIR;
          g_count[OFFSET(t)] = COUNT(t); g_stride[OFFSET(t)] = first; g_node[OFFSET(t)] = me;
          if
          :: second != 0 -> g_count[OFFSET(t) + first] = COUNT(t) + 1; g_stride[OFFSET(t) + first] = second; g_node[OFFSET(t) + first] = me
          :: else
          fi
       :: else
       fi
     };
     if
     :: won ->
#ifdef WEAK_CLAIM_AFTER_TAIL
        SHOW;
#endif
#ifdef WEAK_KEYS_BACKWARDS
        if :: second != 0 -> FINISH(OFFSET(t) + first, second) :: else fi;
        FINISH(OFFSET(t), first);
#else
        FINISH(OFFSET(t), first);
#ifdef WEAK_UNPIN_AFTER_FIRST
        STORE(where[p], NONE);
#endif
        if :: second != 0 -> FINISH(OFFSET(t) + first, second) :: else fi;
#endif
        STORE(where[p], NONE);
        break
     :: else ->
        d_step { assert(owner[p] == me); where[p] = NONE; t = tail; STIR }
     fi
  od
}

/* Two events of one unit. */
proctype batcher(byte me) {
  byte p, t, first, second; bool won;
  MORTAL
    d_step { p = me - 1; first = 1; second = 1 };
    publish_all()
  UNTIL_DEATH(me, FORGET)
}

/* One event of as many units as the batch has, or of more. */
proctype rival(byte me) {
  byte p, t, first, second; bool won;
  MORTAL
    d_step { p = me - 1; first = 1 };
    if :: first = 2 :: first = 3 fi;
    publish_all()
  UNTIL_DEATH(me, FORGET)
}

/* An event of one unit, whose claim and compare-and-swap are one step, now and then. */
proctype mover(byte me) {
  byte t;
  atomic {
    t = tail;
    where[2] = t; what[2] = WORD(1, 1); tail = t + TAIL(1, 1);
    g_count[OFFSET(t)] = COUNT(t); g_stride[OFFSET(t)] = 1; g_node[OFFSET(t)] = me; STIR
  };
  d_step { meta[OFFSET(t)] = WORD(1, 1); key[OFFSET(t)] = K; where[2] = NONE; STIR }
}

#define READER_BIT 0

proctype reader(byte me) {
  LOOKER;
  byte cursor, count, port;
end:
  do
  :: cursor == SIZE - 1 -> break
  :: else ->
     WATCH(READER_BIT);
     found = key[cursor];
     if
     :: atomic { found == K ->
        assert(g_count[cursor] == count && g_stride[cursor] == STRIDE(meta[cursor]));
        cursor = cursor + STRIDE(meta[cursor]); count++; found = 0 }
     :: atomic { found == A -> count = count + EVENTS(meta[cursor]); cursor = cursor + STRIDE(meta[cursor]); found = 0 }
     :: else ->
        if
        :: tail == TAIL(cursor, count) ->                 /* the end of the log */
end_empty: STIRRED(READER_BIT)
        :: else ->
           here = TAIL(cursor, count);
           holder_of();
           if
#ifndef WEAK_NO_SECOND_LOOK
           :: key[cursor] != 0
#endif
           :: else ->
              assert(kind != nobody);                     /* otherwise the log would be reported as corrupt */
              if
              :: kind == dead_one -> port = holder; repair_publisher(port)
              :: kind == dead_one || kind == in_repair || kind == living ->   /* steps over */
                 d_step { cursor = cursor + STRIDE(found); count = count + EVENTS(found) }
              :: kind == living || kind == in_repair -> STIRRED(READER_BIT)
              fi
           fi
        fi
     fi;
     d_step { found = 0; kind = 0; holder = 0; port = 0; here = 0 }
  od
}

init {
  d_step { owner[0] = 1; owner[1] = 2; owner[2] = 3 };
  atomic { run batcher(1); run rival(2); run mover(3); run reader(4) };
end:
  do
  :: DEATH(1)
  :: DEATH(2)
  :: NO_MORE_DEATHS
  od
}
