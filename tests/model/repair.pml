/* Repair, of publishers and of repairers: log/repair.cpp, claims.cpp, word by word.
 *
 * Two publishers publish one event each. The first may die at any step, and so may the first of two repairers. A tenant
 * takes the freed port and publishes, too. When nothing moves any more, all granted records are finished (`quiet`). Only
 * the process that holds the mark clears the claim and frees the port.
 *
 * right: -
 * right: -DTENANT                a tenant instead of the second repairer
 * weak: WEAK_MARK_STOLEN          a living repairer's mark is replaced too
 * weak: WEAK_UNPIN_BEFORE_REPAIR  the claim is cleared before the record is finished
 * weak: WEAK_OWNER_FREED_FIRST -DTENANT the owner word is cleared before the claim and the bitmap
 * weak: WEAK_TORN_CLAIM -DTENANT `where` is not cleared before `what` is rewritten, and words are not matched
 * weak: WEAK_CLAIM_AFTER_TAIL     the claim is shown after the tail's compare-and-swap
 */
#ifdef TENANT
#define DEATHS 1
#else
#define DEATHS 2
#endif
#define SIZE 4
#define PORTS 2
#include "common.h"
#include "claims.h"
#include "repair.h"
#include "publisher.h"

/* A publisher without a port calls attach_publisher() first. */
proctype publisher(byte me, most, port) {
  WRITER;
  MORTAL
    if
    :: port < PORTS -> d_step { p = port; stride = 1 }
    :: else ->
end:
       d_step { owner[0] == 0 -> owner[0] = me; p = 0; stride = 1; STIR };
       d_step { listed[p] = true; STIR }
    fi;
    if :: most == 2 -> stride = 2 :: skip fi;
    publish()
  UNTIL_DEATH(me, FORGET_WRITER; port = 0; most = 0)
}

/* repair_all(), once. */
proctype reaper(byte me) {
  LOOKER;
  MORTAL
    me == 4;
end:
    !alive[1];
    repair_publisher(0)
  UNTIL_DEATH(me, i = 0; owner_ = 0; where_ = 0; what_ = 0; tail_ = 0; found = 0; holder = 0; kind = 0; result = 0;
              dead = 0; claim_where = 0; claim_what = 0; c_where[0] = NONE; c_where[1] = NONE; c_what[0] = 0;
              c_what[1] = 0; c_owner[0] = 0; c_owner[1] = 0)
}

#define UNFINISHED(n) (g_word[n] != 0 && key[n] == 0)

proctype last(byte me) {
  LOOKER;
end:
  do
  :: !alive[1] && owner[0] != 0 && !alive[NODE(owner[0])] ->
     WATCH(0);
     repair_publisher(0);
     if :: result == postponed -> STIRRED(0) :: else fi;
     d_step { found = 0; kind = 0; holder = 0; result = 0 }
  od
}

/* When nothing moves any more, all granted records are finished. */
active proctype quiet() {
end:
  timeout -> assert(!UNFINISHED(0) && !UNFINISHED(1) && !UNFINISHED(2) && !UNFINISHED(3))
}

init {
  d_step { owner[0] = 1; owner[1] = 2; listed[0] = true; listed[1] = true };
  atomic { run publisher(1, 2, 0); run publisher(2, 1, 1);
#ifdef TENANT
           run publisher(3, 1, 2);
#else
           run reaper(4);
#endif
           run last(5)
  };
end:
  do
  :: DEATH(1)
  :: DEATH(4)
  :: NO_MORE_DEATHS
  od
}
