/* log/claims.cpp and log/repair.cpp in one block, for open_claim.pml and repair.pml.
 *
 * A unit is 16 bytes, the least record. Tail values are offsets; SIZE is "sealed", NEXT any value in a later block. */
#define NEXT (SIZE + 1)
#define K 1                 /* the block's key: committed */
#define A 2                 /* its complement: aborted */
#define REPAIRING 8
#define NODE(owner_word) ((owner_word) & 7)

/* A claim's word: the tail's low bits, padding, stride. A record's meta word is the same without the tail. */
#define WORD(t, pad, stride) ((t) * 16 + (pad) * 8 + (stride))
#define STRIDE(word) ((word) & 7)
#define PADDING(word) (((word) >> 3) & 1)
#ifdef WEAK_TORN_CLAIM
#define BELONGS(word, t) true
#else
#define BELONGS(word, t) (((word) >> 4) == (t))
#endif

byte tail = 0;
byte key[SIZE];
byte meta[SIZE];
byte payload[SIZE];         /* the publisher that wrote the record's payload */
byte where[PORTS] = NONE;
byte what[PORTS];
byte owner[PORTS];
bool listed[PORTS];         /* the bitmap `publishers` */
bool alive[8] = true;

byte g_word[SIZE];          /* what was granted at an offset: its meta word */
byte g_node[SIZE];          /* and to which node */

/* Locals of a process that reads claims. */
#define LOOKER \
  byte i, j, owner_, where_, what_, tail_, found; \
  byte c_where[PORTS] = NONE; byte c_what[PORTS]; byte c_owner[PORTS]; \
  byte holder, kind, result, dead, claim_where, claim_what, port

mtype = { nobody, dead_one, in_repair, living, done, nothing, postponed, forbidden };

#define TAKE(n) d_step { \
  c_where[n] = where[n]; \
  if :: where[n] != NONE -> c_what[n] = what[n]; c_owner[n] = owner[n] :: else fi }

/* Reads one claim until it is not torn. The bounded retries are unbounded here. */
inline read_claim(n) {
#ifdef WHOLE_CLAIMS
  d_step { owner_ = owner[n]; where_ = where[n]; what_ = what[n] }
#else
  do
  :: owner_ = owner[n];
     where_ = where[n];
     if
     :: where_ == NONE -> break
     :: else
     fi;
     what_ = what[n];
     if
     :: where[n] != where_ || !BELONGS(what_, where_) -> where_ = NONE; break
     :: else
     fi;
     if
     :: owner[n] == owner_ -> break
     :: else
     fi
  od
#endif
}

#ifdef WHOLE_CLAIMS
#define LISTED(n) true
#else
#define LISTED(n) listed[n]
#endif

inline look_at(n) {
  if
  :: !LISTED(n)
  :: LISTED(n) -> read_claim(n); atomic {
     if :: where_ != NONE -> c_where[n] = where_; c_what[n] = what_; c_owner[n] = owner_ :: else fi;
     owner_ = 0; where_ = 0; what_ = 0 }
  fi
}

inline all_claims() {
#ifdef WHOLE_CLAIMS
  TAKE(0);
  TAKE(1);
  TAKE(2)
#else
  look_at(0);
  look_at(1)
#endif
}

#define END(n) (c_where[n] + STRIDE(c_what[n]))
#define CLAIMED(at) (c_where[0] == at || c_where[1] == at || c_where[PORTS - 1] == at)

#ifdef WEAK_NO_BOUNDARY
#define BOUNDARY(n) true
#else
#define BOUNDARY(n) (tail_ == END(n) || (END(n) == SIZE && tail_ == NEXT) || \
                     (END(n) < SIZE && (key[END(n) % SIZE] != 0 || CLAIMED(END(n)))))
#endif

#ifdef WEAK_LARGEST_STRIDE
#define BETTER(n) (STRIDE(c_what[n]) > STRIDE(c_what[holder % PORTS]))
#else
#define BETTER(n) (STRIDE(c_what[n]) < STRIDE(c_what[holder % PORTS]))
#endif

/* The results are `kind`, `holder` (a port) and `result` (the word of its claim). */
inline holder_of(at) {
#ifdef WEAK_TAIL_AFTER_CLAIMS
  all_claims();
  tail_ = tail;
#else
  tail_ = tail;
  all_claims();
#endif
  i = 0; holder = NONE;
  do
  :: atomic { i < PORTS && c_where[i] == at ->           /* ends_at_boundary() */
     if
     :: BOUNDARY(i) && (holder == NONE || BETTER(i)) -> holder = i
     :: else
     fi;
     i++ }
  :: atomic { i < PORTS && c_where[i] != at -> i++ }
  :: atomic { i == PORTS -> tail_ = 0; i = 0; break }
  od;
  if
  :: holder == NONE -> kind = nobody
  :: else ->
     kind = dead_one; result = c_what[holder];
     do
     :: i < PORTS && c_where[i] == at && c_what[i] == result && c_owner[i] != 0 ->
        if
        :: alive[NODE(c_owner[i])] && !(c_owner[i] & REPAIRING) -> kind = living; break
        :: alive[NODE(c_owner[i])] && (c_owner[i] & REPAIRING) -> kind = in_repair
        :: !alive[NODE(c_owner[i])] -> if :: kind == dead_one -> holder = i :: else fi
        fi;
        i++
     :: i < PORTS && !(c_where[i] == at && c_what[i] == result && c_owner[i] != 0) -> i++
     :: i == PORTS -> break
     od
  fi;
  atomic {
    i = 0;
    do
    :: j < PORTS -> c_where[j] = NONE; c_what[j] = 0; c_owner[j] = 0; j++
    :: else -> break
    od;
    j = 0
  }
}
