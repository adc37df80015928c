/* Rows as JSON, with the database's column names as keys: for --json and for the network. SQL NULL
 * is null; times are UTC text as they are stored. */
#ifndef SERVICE_MODEL_JSON_H
#define SERVICE_MODEL_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "model/batch.h"
#include "model/execution.h"

/* All return a new reference, NULL without memory. `whole`: with output and stack_trace, which
 * lists leave out. */
json_t *execution_to_json(const struct execution *execution, bool whole);
json_t *batch_to_json(const struct batch *batch);
json_t *metric_to_json(const struct metric_sample *sample);
/* A string; NULL is null; what is no UTF-8 becomes U+FFFD. */
json_t *json_text(const char *value);
json_t *attachment_to_json(const struct attachment *attachment);

#endif
