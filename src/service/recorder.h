/* The recorder: everything about one running execution that ends up on its record.
 *
 * It is fed by the engine's callbacks. Pieces of a line are joined, so that judge and `output` read
 * whole lines; the log gets the bytes as they came. */
#ifndef SERVICE_RECORDER_H
#define SERVICE_RECORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "model/execution.h"
#include "service/discover.h"
#include "service/project.h"
#include "store/output_log.h"
#include "verdict/verdict.h"

struct recorder;

/* The name of the pack, which lies beside the logs. */
#define RECORDER_PACK_NAME "short.log.zst"

/* Where a recorder gets the compiled rules of its script from, once it needs them: compiling costs
 * a millisecond, and nobody waits for it while the script runs. NULL with an error. */
struct recorder_rules {
    const struct verdict_rules *(*get)(void *arg, const struct settings *settings,
                                       struct mu_err *err);
    void *arg;
};

/* `log_path` is relative to the project's home; `pack` is where short logs go. All but the strings
 * in `log_path` is borrowed until recorder_free. */
int recorder_new(const struct project *project, const struct script *script,
                 struct recorder_rules rules, const char *log_path, struct output_pack *pack,
                 struct recorder **ret_recorder, struct mu_err *err);
void recorder_line(struct recorder *recorder, enum stream stream, int64_t since_start_ns,
                   const char *data, size_t len, bool complete);
void recorder_sample(struct recorder *recorder, const struct metric_sample *sample);
/* A second has gone by: let a reader see the log so far. */
void recorder_tick(struct recorder *recorder);
/* The last line that is not blank, cleaned, at most 200 bytes of UTF-8: what a live view shows. */
const char *recorder_last_line(const struct recorder *recorder);

/* The end: judge it and fill what the record says of it (status … hint). Members that the caller
 * knows better (ids, paths, start time) are left alone. `cancelled`: a person or Ctrl-C stopped it.
 * The strings live until recorder_free; samples stay the recorder's. */
int recorder_finish(struct recorder *recorder, const struct exec_end *end, const char *stop_reason,
                    struct execution *ret, struct mu_err *err);
const struct metric_sample *recorder_samples(const struct recorder *recorder, size_t *ret_count);
void recorder_free(struct recorder *recorder);

#endif
