/* What a muster that was killed has left running: found by the mark in its environment. */
#ifndef ENGINE_SURVIVORS_H
#define ENGINE_SURVIVORS_H

#include <stddef.h>

/* Kill every process whose environment holds MUSTER_BATCH_ID=<one of `batch_ids`>: SIGSTOP all that
 * is found, look again until nothing new appears, then SIGKILL; waits up to 2 s for them to be
 * gone. Our own process and its parents are spared: they may have been started by a script. Returns
 * how many there were. Processes that cleared their mark, or whose environment may not be read, are
 * not found. */
size_t survivors_kill(const char *const *batch_ids, size_t count);

#endif
