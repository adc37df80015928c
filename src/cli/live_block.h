/* The live block: a few lines at the bottom of the terminal that say how a batch is going: a bar,
 * counts, remaining time, what runs. Everything else is printed above it.
 *
 * It is drawn on stderr with plain ANSI: before anything is printed the block is erased, afterwards
 * drawn again, in one write, so that nothing flickers. Without a terminal nothing is drawn. */
#ifndef CLI_LIVE_BLOCK_H
#define CLI_LIVE_BLOCK_H

#include <stdbool.h>

#include "cli/run_line.h"
#include "cli/term.h"
#include "service/run.h"

struct live_block {
    const struct term *term;
    struct run *run;
    const struct run_names *names;
    bool enabled;
    bool stopping;  /* Ctrl-C was pressed */
    unsigned lines; /* that it takes at the moment */
};

void live_block_init(struct live_block *block, const struct term *term, struct run *run,
                     const struct run_names *names, bool enabled);
/* Take it off the screen: call before printing anything. */
void live_block_erase(struct live_block *block);
/* Draw it as things are now (erasing the old one). */
void live_block_draw(struct live_block *block);

#endif
