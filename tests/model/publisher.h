/* PublishPath::place_shared(), Writer::seal_shared() and commit(), over claims.h. Port `p`, node `me`. */
#define WRITER byte p, t, n, stride; bool pad, won
#define FORGET_WRITER p = 0; t = 0; n = 0; stride = 0; pad = false; won = false

#define STORE(word, value) atomic { assert(owner[p] == me); word = value; STIR }

/* `where` is none already, unless a claim has just lost: see publish(). */
inline show_claim() {
#ifdef WHOLE_CLAIMS
  d_step { assert(owner[p] == me); what[p] = WORD(t, pad, n); where[p] = t; STIR }
#else
  STORE(what[p], WORD(t, pad, n));
  STORE(where[p], t)
#endif
}

/* The compare-and-swap of the tail; lost: `t` is what it holds. */
inline move_tail() {
  d_step {
    won = (tail == t);
    if
    :: won -> tail = t + n; g_word[t] = WORD(0, pad, n); g_node[t] = me; STIR
    :: else -> t = tail
    fi
  }
}

#define RECORD payload[t] = me; meta[t] = WORD(0, pad, n)

/* What the key publishes is read only after the key, so the two stores are one step if they are in order. */
inline write_record() {
#ifdef WEAK_UNPIN_BEFORE_KEY
  STORE(where[p], NONE);
#endif
#ifdef WEAK_KEY_BEFORE_PAYLOAD
  STORE(key[t], K);
  d_step { RECORD }
#else
  d_step { assert(key[t] == 0 && owner[p] == me && where[p] == t); RECORD; key[t] = K; STIR }
#endif
}

#define FIT pad = (t < SIZE && stride + 1 > SIZE - t); n = (pad -> SIZE - t : stride)

/* Publishes one event of `stride` units; ends if the block is sealed. */
inline publish() {
  d_step { t = tail; FIT };
  do
  :: t < SIZE ->
#ifdef WEAK_CLAIM_AFTER_TAIL
     move_tail();
     if :: won -> show_claim() :: else fi;
#else
     show_claim();
     move_tail();
#endif
     if
     :: won ->
        write_record();
        if
        :: !pad -> STORE(where[p], NONE); break
        :: pad -> d_step { STORE(where[p], NONE); t = SIZE }
        fi
     :: !won ->
#ifdef WEAK_TORN_CLAIM                                    /* see also BELONGS */
        d_step { FIT; if :: t >= SIZE -> where[p] = NONE :: else fi }
#else
        d_step { STORE(where[p], NONE); FIT }
#endif
     fi
  :: t >= SIZE ->                                         /* sealed: rotate() */
     d_step { if :: tail == SIZE -> tail = NEXT; STIR :: else fi };
     break
  od
}
