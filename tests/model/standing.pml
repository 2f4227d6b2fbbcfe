/* Standing subscriptions: TopicTable::announce/make_ready/notify/discard, TopicSegment::create/place_subscribers/
 * withdraw_orphans, BusCore::finish/finish_topics, SubscriberCore (constructor, leave), TopicPort::attach, withdraw_port().
 *
 * There are a creator, a subscriber, and a third node that is about to publish to the topic or checks for dead nodes. The
 * creator or the third node may die at any step. The subscriber does not wait for the creator: the stall limit may be over
 * at any moment. Three ports are enough for three nodes that place ports for one subscription.
 *
 * right: -
 * right: -DLEAVES                  the subscriber leaves again
 * weak: WEAK_TOPICS_BEFORE_LISTED  the subscriber reads the topics, then lists its subscription
 * weak: WEAK_PLACED_BEFORE_READY   the finishing node reads the subscriptions, then makes the topic ready
 * weak: WEAK_NOT_FINISHED          a publisher does not finish a topic whose subscribers are not notified yet
 * weak: WEAK_FILLED_SERVE          a port that is being filled or cleared counts as one that the subscription has
 * weak: WEAK_UNPINNED_SERVE        a port in use that pins nothing yet counts as one that the subscription has
 * weak: WEAK_TWO_LOADS             the owner word is loaded once for each question about it
 * weak: WEAK_OWNER_BEFORE_PIN      a port is handed over before its pin is set
 * weak: WEAK_WITHDRAWN_BLINDLY     a surplus port is withdrawn without a compare-and-swap from the placed word
 * weak: WEAK_DOUBLES_STAY          a node does not look for surplus ports after it has shown its own
 * weak: WEAK_WITHDRAWN_FIRST -DLEAVES the subscriber withdraws its ports, then leaves the list
 * weak: WEAK_ORPHANS_STAY -DLEAVES finishing does not withdraw ports of subscriptions that have left the list
 * right: -DHELD                    the subscriber only polls, and a placed port holds the third node back
 * weak: WEAK_DOUBLES_GATE -DHELD   a node that is held back does not check whether the subscription has another port
 */
#define DEATHS 1
#define NO_STIR
#include "common.h"
#define PLACED 16
#define REPAIRING 8
#define NODE(word) ((word) & 7)
#ifndef PORTS
#define PORTS 3
#endif
#define HAS_ONE 9

mtype = { free, creating, ready, notified };

bool alive[4] = true;               /* creator 1, subscriber 2, third 3 */
mtype phase = free;                 /* the topic's entry */
bool linked;                        /* the control segment has its name */
bool stands;                        /* the subscription is on the list */
byte owner[PORTS];
bool is_for[PORTS];                 /* the port's word `subscription` is the subscriber's */
bool pinned[PORTS];                 /* its pin: block 1, or none */

bool g_constructed;                 /* the subscriber's constructor has returned */
bool g_listed_first;                /* it was on the list before the topic was announced */
bool g_left;                        /* the subscriber has left */
byte g_used = NONE;                 /* the port the subscriber reads through */

#define FINISHED (phase == ready || phase == notified)

/* serves(), as place_subscribers() asks. */
#ifdef WEAK_FILLED_SERVE
#define COMPLETE(n) true
#else
#define COMPLETE(n) !(seen & REPAIRING)
#endif
#ifdef WEAK_UNPINNED_SERVE
#define SERVES(n) (NODE(seen) == 2 && COMPLETE(n) && is_for[n])
#else
#define SERVES(n) (NODE(seen) == 2 && COMPLETE(n) && is_for[n] && pinned[n])
#endif

/* detach_subscriber(), under the node's own mark. */
inline detach(n) {
  d_step {
    assert(owner[n] == (me | REPAIRING) || (me == 2 && owner[n] == 2));
    pinned[n] = false;
    is_for[n] = false
  };
  owner[n] = 0
}

inline withdraw_port(n) {
  if
  :: is_for[n] ->
#ifdef WEAK_WITHDRAWN_BLINDLY
     if
     :: owner[n] == (2 | PLACED) -> d_step { owner[n] = me | REPAIRING; got = true }
     :: else
     fi;
#else
     d_step { if :: owner[n] == (2 | PLACED) -> owner[n] = me | REPAIRING; got = true :: else fi };
#endif
     if :: atomic { got -> got = false; assert(g_used != n) }; detach(n) :: else fi
  :: else
  fi
}

/* take_port() and the rest of attach_subscriber(): `word` becomes its owner word. The result is in `port`. */
inline attach_subscriber(word, pins) {
  do
  :: atomic { port < PORTS && owner[port] == 0 -> owner[port] = me | REPAIRING }; break
  :: atomic { port < PORTS && owner[port] != 0 -> port++; assert(port < PORTS) }
  od;
  is_for[port] = true;
#ifdef WEAK_OWNER_BEFORE_PIN
  owner[port] = word;
  if :: pins -> pinned[port] = true :: else fi
#else
  if :: pins -> pinned[port] = true :: else fi;
  owner[port] = word
#endif
}

/* place_subscribers() */
inline place() {
  if
  :: !stands || !alive[2]
  :: else ->
     do
     :: atomic { n < PORTS -> seen = owner[n] };
        atomic { if :: SERVES(n) -> n = HAS_ONE :: else -> n++ fi; seen = 0 }
     :: n >= PORTS -> break
     od;
     if
     :: atomic { n == HAS_ONE -> n = 0 }
     :: atomic { n == PORTS -> n = 0 };
        attach_subscriber(2 | PLACED, true);
#ifndef WEAK_DOUBLES_STAY
        do
        :: atomic { n < PORTS && n == port -> n++ }
        :: atomic { n < PORTS && n != port -> seen = owner[n] };
#ifdef WEAK_TWO_LOADS
           if :: SERVES(n) -> seen = owner[n]; found = (!(seen & PLACED) || n < port) :: else fi;
           atomic { n++; seen = 0 };
#else
           atomic { found = SERVES(n) && (!(seen & PLACED) || n < port); n++; seen = 0 };
#endif
           if :: atomic { found -> found = false }; withdraw_port(port) :: else fi
        :: atomic { n == PORTS -> n = 0; port = 0 }; break
        od
#else
        port = 0
#endif
     fi
  fi
}

inline withdraw_orphans() {
#ifndef WEAK_ORPHANS_STAY
  do
  :: atomic { n < PORTS && !(owner[n] & PLACED) -> n++ }
  :: n < PORTS && (owner[n] & PLACED) ->
     if :: !stands -> withdraw_port(n) :: else fi;
     n++
  :: atomic { n == PORTS -> n = 0 }; break
  od
#else
  skip
#endif
}

/* served_elsewhere(): one load of each word, of ports that are adopted and pin. */
#define USED(i) (owner[i] == 2 && is_for[i] && pinned[i])
#define SOME_PLACED ((owner[0] & PLACED) || (owner[1] & PLACED) || (owner[2] & PLACED))

/* BusCore::finish() */
inline finish() {
#ifdef WEAK_PLACED_BEFORE_READY
  place();
#endif
  atomic { if :: phase == creating -> phase = ready :: else fi };
#ifndef WEAK_PLACED_BEFORE_READY
  place();
#endif
  withdraw_orphans();
  atomic { if :: phase == ready -> phase = notified :: else fi }
}

/* The first event: a subscriber that was listed before it has a port that pins block 1. */
inline publish() {
  d_step {
    if
    :: (g_constructed || g_listed_first) && alive[2] && !g_left ->
       assert((NODE(owner[0]) == 2 && !(owner[0] & REPAIRING) && is_for[0] && pinned[0]) ||
              (NODE(owner[1]) == 2 && !(owner[1] & REPAIRING) && is_for[1] && pinned[1]) ||
              (NODE(owner[2]) == 2 && !(owner[2] & REPAIRING) && is_for[2] && pinned[2]))
    :: else
    fi
  }
}

#define LOCALS byte n, port, seen; bool got, found
#define FORGET n = 0; seen = 0; port = 0; got = false; found = false

proctype creator() {
  LOCALS;
  byte me = 1;
  MORTAL
    d_step { phase = creating; g_listed_first = stands };
    linked = true;
    finish();
    publish()
  UNTIL_DEATH(1, FORGET)
}

/* open_or_create() of an existing topic; finish_topics(). */
proctype third() {
  LOCALS;
  byte me = 3;
  MORTAL
    me == 3;
end:
    if
    :: linked ->
#ifndef WEAK_NOT_FINISHED
       if :: phase != notified && phase != free -> finish() :: else fi;
#endif
       publish()
    :: !alive[1] && phase != free ->                         /* finish_topics(): of a dead creator */
       if
       :: linked -> finish()
       :: !linked -> phase = free
       fi
    :: phase == notified
    fi;
#ifdef HELD
    /* gated(), withdrawn(): repeated by a node that is held back. */
    do
    :: atomic { n < PORTS && !(owner[n] & PLACED) -> n++ }
    :: n < PORTS && (owner[n] & PLACED) ->
       atomic {
         found = !stands;
#ifndef WEAK_DOUBLES_GATE
         found = found || USED(0) || USED(1) || USED(2)
#endif
       };
       if :: atomic { found -> found = false }; withdraw_port(n) :: else fi;
       n++
    :: atomic { n == PORTS && port < 2 -> n = 0; port++ };   /* it looks twice more, when the subscriber reads */
end_held:
       SOME_PLACED && (g_left || g_used != NONE)
    :: atomic { n == PORTS && port == 2 -> n = 0; port = 0 }; break
    od
#else
    skip
#endif
  UNTIL_DEATH(3, FORGET)
}

/* TopicPort::attach(), withdraw_doubles(). */
inline attach() {
  do
  :: n < PORTS && g_used == NONE ->
     d_step { if :: owner[n] == (2 | PLACED) && is_for[n] -> owner[n] = 2; g_used = n :: else fi; n++ }    /* adopt */
  :: atomic { n == PORTS || g_used != NONE -> n = 0 }; break
  od;
  if
  :: g_used == NONE ->
     attach_subscriber(2, false);
     d_step { pinned[port] = true; g_used = port; port = 0 }               /* start() */
  :: else
  fi;
#ifndef HELD
  withdraw_ports()
#else
  skip
#endif
}

inline withdraw_ports() {
  withdraw_port(0);
  withdraw_port(1);
  withdraw_port(2)
}

proctype subscriber() {
  LOCALS;
  byte me = 2;
#ifdef WEAK_TOPICS_BEFORE_LISTED
  if :: FINISHED -> attach() :: else fi;
  stands = true;
#else
  stands = true;
  if
  :: phase == creating && !alive[1] -> if :: linked -> finish() :: else -> phase = free fi       /* finish_topics() */
  :: else
  fi;
  if :: FINISHED -> attach() :: else fi;
#endif
  g_constructed = true;
#ifdef LEAVES
  /* leave() */
  g_left = true;
#ifdef WEAK_WITHDRAWN_FIRST
  if :: FINISHED -> withdraw_ports() :: else fi;
  stands = false;
#else
  stands = false;
  if :: FINISHED -> withdraw_ports() :: else fi;
#endif
  if :: g_used != NONE -> d_step { n = g_used; g_used = NONE }; detach(n); n = 0 :: else fi
#else
  /* Later, when the generation changes, which other topics may cause as well: refresh(), maintain(). */
end:
  (FINISHED && g_used == NONE) || (phase != notified && !alive[1] && linked);
  if :: phase == creating -> finish() :: else fi;
  if :: FINISHED && g_used == NONE -> attach() :: else fi;
end_wait:
  phase == notified || (!alive[1] && linked);
  if :: phase != notified -> finish() :: else fi;
#ifndef HELD
  withdraw_ports()
#endif
#endif
}

/* When nothing moves any more, no port is kept for a subscription that left, and none has two. Surplus ports of a node that
* died while it finished the topic are withdrawn by maintain(), gated() or Bus::reap(). */
#define TOO_MUCH(n) ((owner[n] & PLACED) && (!stands || g_used != NONE))
#define LOOK_AFTER(n) if :: TOO_MUCH(n) -> owner[n] = 0 :: else fi
#define KEPT(n) (NODE(owner[n]) == 2 && is_for[n])

active proctype quiet() {
end:
  timeout ->
  d_step {
    if
#ifdef HELD
    :: !alive[3] -> LOOK_AFTER(0); LOOK_AFTER(1); LOOK_AFTER(2)
#else
    :: !alive[1] || !alive[3] -> LOOK_AFTER(0); LOOK_AFTER(1); LOOK_AFTER(2)
#endif
    :: else
    fi;
    if
    :: alive[1] || phase == notified ->
       assert(KEPT(0) + KEPT(1) + KEPT(2) <= (g_left -> 0 : 1))
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
