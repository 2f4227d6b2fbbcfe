/* Standing subscriptions: TopicTable::announce/make_ready/tell/discard, TopicSegment::create/place_subscribers/
 * drop_orphans, BusCore::finish/settle, SubscriberCore (constructor, leave), TopicPort::attach, take_back().
 *
 * A creator, a subscriber, and a third node that is about to publish to the topic, or looks after the dead. The creator
 * may die anywhere, or the third node may. Two ports, which are enough for whoever places for one subscription.
 *
 * right: -
 * right: -DLEAVES                  the subscriber leaves again
 * weak: WEAK_TOPICS_BEFORE_LISTED  the subscriber reads the topics, then lists its subscription
 * weak: WEAK_PLACED_BEFORE_ANNOUNCED the creator reads the subscriptions, then announces the topic
 * weak: WEAK_OWNER_BEFORE_PIN      a port is handed over before its pin is set
 * weak: WEAK_TAKEN_BACK_BLINDLY    a double is taken back without a compare-and-swap from the placed word
 * weak: WEAK_DOUBLES_STAY          nobody looks for doubles after showing his own port
 * weak: WEAK_TAKEN_BACK_FIRST -DLEAVES the subscriber takes back, then leaves the list
 * weak: WEAK_ORPHANS_STAY -DLEAVES finishing does not take back what was placed for who has left the list
 */
#define DEATHS 1
#define NO_STIR
#include "common.h"
#define PLACED 16
#define REPAIRING 8
#define NODE(word) ((word) & 7)
#define PORTS 3

mtype = { free, creating, ready, told };

bool alive[4] = true;               /* creator 1, subscriber 2, third 3 */
mtype phase = free;                 /* the topic's entry */
bool linked;                        /* the control segment has its name */
bool stands;                        /* the subscription is on the list */
byte owner[PORTS];
bool is_for[PORTS];                 /* the port's word `subscription` is the subscriber's */
byte pin[PORTS] = NONE;

bool g_constructed;                 /* the subscriber's constructor has returned */
bool g_listed_first;                /* it was on the list before the topic was announced */
bool g_left;                        /* the subscriber has gone */
byte g_used = NONE;                 /* the port the subscriber reads through */

#ifdef FILLING_DOES_NOT_COUNT
#define BELONGS(n) (NODE(owner[n]) == 2 && !(owner[n] & REPAIRING) && is_for[n])
#else
#define BELONGS(n) (NODE(owner[n]) == 2 && is_for[n])
#endif

/* detach_subscriber(), under one's own mark. */
inline detach(n) {
  assert(owner[n] == (me | REPAIRING) || (me == 2 && owner[n] == 2));
  pin[n] = NONE;
  is_for[n] = false;
  owner[n] = 0
}

inline take_back(n) {
  if
  :: is_for[n] ->
#ifdef WEAK_TAKEN_BACK_BLINDLY
     if
     :: owner[n] == (2 | PLACED) -> owner[n] = me | REPAIRING; got = true
     :: else
     fi;
#else
     d_step { if :: owner[n] == (2 | PLACED) -> owner[n] = me | REPAIRING; got = true :: else fi };
#endif
     if :: got -> assert(g_used != n); detach(n) :: else fi;
     got = false
  :: else
  fi
}

/* take_port() and the rest of attach_subscriber(): `word` is who gets it. Leaves `port`. */
inline attach_subscriber(word, first) {
  port = 0;
  do
  :: d_step { port < PORTS && owner[port] == 0 -> owner[port] = me | REPAIRING }; break
  :: d_step { port < PORTS && owner[port] != 0 -> port++ }
  :: d_step { port == PORTS -> assert(false) }
  od;
  is_for[port] = true;
#ifdef WEAK_OWNER_BEFORE_PIN
  owner[port] = word;
  pin[port] = first
#else
  pin[port] = first;
  owner[port] = word
#endif
}

/* place_subscribers() */
inline place() {
  if
  :: stands && alive[2] ->
     n = 0;
     do
     :: n < PORTS && !BELONGS(n) -> n++
     :: else -> break
     od;
     if
     :: n < PORTS                                            /* it has one */
     :: else ->
        attach_subscriber(2 | PLACED, 1);
        n = 0;
#ifndef WEAK_DOUBLES_STAY
        do
        :: n < PORTS && n != port && BELONGS(n) ->
           if
           :: !(owner[n] & PLACED) || n < port -> take_back(port)
           :: else
           fi;
           n++
        :: n < PORTS && (n == port || !BELONGS(n)) -> n++
        :: n == PORTS -> break
        od
#endif
     fi;
     n = 0; port = 0
  :: else
  fi
}

inline drop_orphans() {
#ifndef WEAK_ORPHANS_STAY
  n = 0;
  do
  :: n < PORTS ->
     if
     :: (owner[n] & PLACED) ->
        if :: !stands -> take_back(n) :: else fi
     :: else
     fi;
     n++
  :: n == PORTS -> break
  od;
  n = 0
#else
  skip
#endif
}

/* BusCore::finish() */
inline finish() {
#ifndef WEAK_NO_SECOND_PLACE
#ifndef PLACE_AFTER_READY
  place();
#endif
#endif
  d_step { if :: phase == creating -> phase = ready :: else fi };
#ifdef PLACE_AFTER_READY
  place();
#endif
  drop_orphans();
  d_step { if :: phase == ready -> phase = told :: else fi }
}

/* The first event: whoever subscribed before it has a port that pins block 1. */
inline publish() {
  d_step {
    if
    :: (g_constructed || g_listed_first) && alive[2] && !g_left ->
       assert((BELONGS(0) && pin[0] != NONE) || (BELONGS(1) && pin[1] != NONE) || (BELONGS(2) && pin[2] != NONE))
    :: else
    fi
  }
}

proctype creator() {
  byte n, port; bool got;
  byte me = 1;
  MORTAL
#ifdef WEAK_PLACED_BEFORE_ANNOUNCED
    place();
    d_step { phase = creating; g_listed_first = stands };
#else
    d_step { phase = creating; g_listed_first = stands };
    place();
#endif
    linked = true;
    finish();
    publish()
  UNTIL_DEATH(1, n = 0; port = 0; got = false)
}

/* open_or_create() of a topic that is there; settle(). */
proctype third() {
  byte n, port; bool got;
  byte me = 3;
  MORTAL
    me == 3;
end:
    if
    :: linked ->
#ifndef WEAK_NOT_FINISHED
       if :: phase != told && phase != free -> finish() :: else fi;
#endif
       publish()
    :: !alive[1] && phase != free ->                         /* settle(): of a dead creator */
       if
       :: linked -> finish()
       :: !linked -> phase = free
       fi
    :: phase == told
    fi
  UNTIL_DEATH(3, n = 0; port = 0; got = false)
}

/* TopicPort::attach(), drop_doubles(). */
inline attach() {
  n = 0;
  do
  :: n < PORTS && g_used == NONE ->
     d_step { if :: owner[n] == (2 | PLACED) && is_for[n] -> owner[n] = 2; g_used = n :: else fi };    /* adopt */
     n++
  :: n == PORTS || g_used != NONE -> break
  od;
  n = 0;
  if
  :: g_used == NONE -> attach_subscriber(2, 1); g_used = port; port = 0
  :: else
  fi;
  take_back(0);
  take_back(1);
  take_back(2)
}

proctype subscriber() {
  byte n, port; bool got;
  byte me = 2;
#ifdef WEAK_TOPICS_BEFORE_LISTED
  if :: phase == creating && alive[1] -> phase != creating || !alive[1] :: else fi;
  if :: phase == ready || phase == told -> attach() :: else fi;
  stands = true;
#else
  stands = true;
  if
  :: phase == creating && alive[1] ->                        /* wait_for_creators() */
     do
     :: phase != creating || !alive[1] -> break
#ifdef STOPPED_CREATOR
     :: break                                                /* the stall limit is over */
#endif
     od
  :: else
  fi;
  if
  :: phase == creating && !alive[1] -> if :: linked -> finish() :: else -> phase = free fi       /* settle() */
  :: else
  fi;
  if :: phase == ready || phase == told -> attach() :: else fi;
#endif
  g_constructed = true;
#ifdef LEAVES
  /* leave() */
  g_left = true;
#ifdef WEAK_TAKEN_BACK_FIRST
  take_back(0); take_back(1); take_back(2);
  stands = false;
#else
  stands = false;
  take_back(0); take_back(1); take_back(2);
#endif
  if :: g_used != NONE -> n = g_used; g_used = NONE; detach(n); n = 0 :: else fi
#else
  /* Later, when the generation says so: refresh(), look_after(). */
end:
  (phase == told && g_used == NONE) || (phase != told && !alive[1] && linked);
  if :: phase != told -> finish() :: else fi;
  if :: phase == told && g_used == NONE -> attach() :: else fi;
  take_back(0); take_back(1); take_back(2)
#endif
}

/* When nothing moves any more no port is kept for who left, and none twice. What a node that died in the middle of
 * finishing has placed too much goes by look_after() and Bus::reap(). */
#define TOO_MUCH(n) ((owner[n] & PLACED) && (!stands || g_used != NONE))
#define LOOK_AFTER(n) if :: TOO_MUCH(n) -> owner[n] = 0 :: else fi

active proctype quiet() {
end:
  timeout ->
  d_step {
    if
    :: !alive[1] || !alive[3] -> LOOK_AFTER(0); LOOK_AFTER(1); LOOK_AFTER(2)
    :: else
    fi;
    if
    :: alive[1] || phase == told ->
       assert(BELONGS(0) + BELONGS(1) + BELONGS(2) <= (g_left -> 0 : 1))
    :: else
    fi
  }
}

init {
  atomic { run creator(); run subscriber(); run third() };
end:
  do
  :: DEATH(1)
  :: DEATH(3)
  :: NO_MORE_DEATHS
  od
}
