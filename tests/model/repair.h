/* log/repair.cpp, over claims.h. `me` is the repairing node. */

byte g_freed[PORTS];        /* how often a dead tenant's port was freed */

/* repair_publisher(): the result is in `result`. */
inline repair_publisher(n) {
  /* mark() */
  dead = owner[n];
  if
  :: dead == 0 -> result = nothing
  :: dead != 0 && alive[NODE(dead)] -> result = ((dead & REPAIRING) -> postponed : nothing)
  :: dead != 0 && !alive[NODE(dead)] ->
#ifdef WEAK_MARK_STOLEN
     d_step { result = done; owner[n] = me | REPAIRING; STIR };
#else
     d_step {
       if
       :: owner[n] == dead -> owner[n] = me | REPAIRING; result = done; STIR
       :: else -> result = postponed
       fi
     };
#endif
     if
     :: result == done ->
#ifdef WEAK_UNPIN_BEFORE_REPAIR
        read_claim(n);
        claim_where = where_; claim_what = what_;
        d_step { where[n] = NONE; STIR };
        if :: claim_where != NONE -> finish_claim(n) :: else fi;
#else
        read_claim(n);
        atomic { claim_where = where_; claim_what = what_; owner_ = 0; where_ = 0; what_ = 0 };
        if :: claim_where != NONE -> finish_claim(n) :: else fi;
#endif
        atomic { claim_where = 0; claim_what = 0; found = 0 };
        if
        :: result != done ->
           d_step { assert(owner[n] == (me | REPAIRING)); owner[n] = dead; STIR }    /* un-marked */
        :: else ->
#ifdef WEAK_OWNER_FREED_FIRST
           d_step { owner[n] = 0; STIR };
           d_step { where[n] = NONE; STIR };
           d_step { listed[n] = false; STIR }
#else
           d_step { assert(owner[n] == (me | REPAIRING)); where[n] = NONE; STIR };
           d_step { assert(owner[n] == (me | REPAIRING)); listed[n] = false; STIR };
           d_step { assert(owner[n] == (me | REPAIRING)); owner[n] = 0; g_freed[n]++; STIR }
#endif
        fi
     :: else
     fi
  fi;
  dead = 0
}

/* finish_claim(): the block's own number and key are constants here; number.pml has them. */
inline finish_claim(n) {
  if
  :: tail == claim_where -> result = done                                             /* never granted */
  :: else ->
     holder_of(claim_where);
     found = key[claim_where];
     if
     :: found == K || found == A -> result = done
     :: found != K && found != A && kind == nobody -> result = postponed
     :: found != K && found != A && kind != nobody && result != claim_what -> result = done
     :: found != K && found != A && kind == living && result == claim_what -> result = postponed
     :: else ->
        d_step { meta[claim_where] = claim_what & 15; STIR };
        d_step {
          assert(g_word[claim_where] == (claim_what & 15) && !alive[g_node[claim_where]]);
          if
          :: key[claim_where] == found -> key[claim_where] = (PADDING(claim_what) -> K : A); STIR
          :: else
          fi
        };
        result = done
     fi;
     kind = 0
  fi
}
