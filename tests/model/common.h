/* Common to the models.
 *
 * Every access to a shared word is a step of its own; a compare-and-swap, an exchange or a fetch-or is one step. A
 * d_step or atomic holds one such access beside locals and ghosts (names that begin with `g_`: for assertions alone,
 * no process of the protocol decides by them), or accesses between which nobody else's step makes a difference to
 * what the model is about.
 *
 * Death: `alive[node]` becomes false at any moment (DEATH), and the node's process, which runs in MORTAL braces, ends
 * there. A process that stops and goes on later is one that is not scheduled, which the interleavings cover.
 *
 * Waiting: whoever has looked in vain looks again only when some shared word changed since it began to look (WATCH,
 * STIR, AWAIT). So a wait that nobody would ever end is an invalid end state, which the checker reports. Time-outs
 * are left out where the argument must do without them; where one is part of it, it may come at any moment.
 */
#define NONE 255            /* all ones */
#define NOBODY 0

byte stir = 0;              /* a bit for each process that waits for a change */
#ifdef NO_STIR
#define STIR skip                /* where each wait names the very word it waits for */
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
