/* A batch in front of a person or a pipe: what `run` and `resume` share. */
#ifndef CLI_RUN_SESSION_H
#define CLI_RUN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "service/run.h"

struct session_options {
    bool json;        /* one event a line on stdout */
    bool live_output; /* -s: the scripts' output as it comes */
    bool shuffled;    /* then the header names the seed */
    uint64_t seed;
};

/* Carry the batch out and show it. Returns the exit status. */
int run_session(struct cli *cli, const struct run_options *run_options,
                const struct session_options *options);

#endif
