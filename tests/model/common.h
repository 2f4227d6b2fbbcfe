/* Common to the models.
 *
 * Every access to a shared word is a step of its own; a compare-and-swap, an exchange or a fetch-or is one step. A
 * d_step or atomic holds one such access beside locals and ghosts. (Ghosts have names that begin with `g_`. They are for
 * assertions alone: no process of the protocol decides by them.) Or it holds accesses between which no step of another
 * process matters to the subject of the model.
 *
 * Death: `alive[node]` becomes false at any moment (DEATH), and the node's process, which runs in MORTAL braces, ends
 * there. A process that stops and goes on later is one that is not scheduled, which the interleavings cover.
 *
 * Waiting: a process that has looked in vain looks again only when some shared word changed since it began to look (WATCH,
 * STIR, AWAIT). So a wait that never ends is an invalid end state, which the checker reports. Time-outs are left out if the
 * argument must not need them. If a time-out is part of the argument, it may come at any moment.
 */
#define NONE 255            /* all ones */
#define NOBODY 0

byte stir = 0;              /* a bit for each process that waits for a change */
#ifdef NO_STIR
#define STIR skip                /* for models in which each wait names the word it waits for */
#else
#define STIR stir = 255
#endif
#define WATCH(bit) stir = stir & (255 - (1 << (bit)))
#define STIRRED(bit) (stir & (1 << (bit)))

#define MORTAL {
#define UNTIL_DEATH(node, forget) } unless { d_step { !alive[node]; forget } }

byte deaths = 0;
#define DEATH(node) d_step { deaths < DEATHS && alive[node] -> alive[node] = false; deaths++; STIR }
#define NO_MORE_DEATHS d_step { deaths < DEATHS -> deaths = DEATHS }
