/* One event a line, flushed at once: {"event": "execution_finished", …} with the database's column
 * names as keys. */
#include <jansson.h>
#include <stdio.h>

#include "cli/run_view.h"
#include "service/model_json.h"

static void print_event(json_t *take)
{
    json_dumpf(take, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(take);
}

static json_t *event_of(const struct run_view *view, const char *name)
{
    return json_pack("{s:s, s:s, s:I}", "event", name, "batch_id", run_batch(view->run)->batch_id,
                     "batch", (json_int_t)run_batch(view->run)->id);
}

void run_events_batch_started(struct run_view *view)
{
    json_t *event = event_of(view, "batch_started");
    json_object_update_missing_new(event, batch_to_json(run_batch(view->run)));
    print_event(event);
}

void run_events_execution_started(struct run_view *view, const struct run_item *item)
{
    json_t *event = event_of(view, "execution_started");
    json_object_set_new(event, "record_id", json_string(item->record_id));
    json_object_set_new(event, "execution_order", json_integer(item->order));
    json_object_set_new(event, "attempt", json_integer(item->attempt));
    json_object_set_new(event, "script_path", json_string(item->script->script_path));
    json_object_set_new(event, "status", json_string(exec_status_name(EXEC_RUNNING)));
    print_event(event);
}

void run_events_execution_finished(struct run_view *view, const struct run_item *item,
                                   const struct execution *execution)
{
    json_t *event = event_of(view, "execution_finished");
    json_object_update_missing_new(event, execution_to_json(execution, false));
    json_object_del(event, "id"); /* the row's number is the writer's affair: record_id names it */
    print_event(event);
}

void run_events_batch_finished(struct run_view *view)
{
    json_t *event = event_of(view, "batch_finished");
    struct batch batch = *run_batch(view->run);
    batch.counts = view->counts;
    json_object_update_missing_new(event, batch_to_json(&batch));
    print_event(event);
}
