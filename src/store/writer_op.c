/* A change is handed from the caller's thread to the writer's as one block of memory: the struct,
 * then the arrays, then the text, with the pointers turned to the copies. */
#include "store/writer_op.h"

#include <stdlib.h>
#include <string.h>

#include "store/batch_changes.h"
#include "store/batch_repo.h"
#include "store/execution_changes.h"
#include "store/execution_repo.h"

static const struct field id_field = FIELD(writer_op, id, FIELD_TEXT);
static const struct field interpreter_fields[] = {
    FIELD(writer_op, interpreter_key.path, FIELD_TEXT),
    FIELD(writer_op, interpreter_row.executable, FIELD_TEXT),
    FIELD(writer_op, interpreter_row.version, FIELD_TEXT),
    FIELD(writer_op, interpreter_row.implementation, FIELD_TEXT),
};
static const struct field attachment_text[] = {
    FIELD(attachment, name, FIELD_TEXT),
    FIELD(attachment, path, FIELD_TEXT),
};
enum { INTERPRETER_FIELDS = 4, ATTACHMENT_TEXT = 2 };

/* FNV-1a: to tell ids apart without comparing them. */
static uint64_t hash_id(const char *id)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; id && *id; id++)
        hash = (hash ^ (unsigned char)*id) * 0x100000001b3u;
    return hash;
}

static size_t text_size(const struct writer_op *op)
{
    size_t size =
        row_text_size(&id_field, 1, op) + row_text_size(interpreter_fields, INTERPRETER_FIELDS, op);
    if (op->kind == OP_FINISHED)
        size += row_text_size(execution_fields, EXECUTION_FIELDS, &op->execution) +
                (op->execution.output ? op->execution.output_len : 0);
    for (size_t i = 0; i < op->attachment_count; i++)
        size += row_text_size(attachment_text, ATTACHMENT_TEXT, &op->attachments[i]);
    return size;
}

struct writer_op *writer_op_copy(const struct writer_op *op)
{
    size_t samples = op->sample_count * sizeof *op->samples;
    size_t attachments = op->attachment_count * sizeof *op->attachments;
    size_t size = sizeof *op + samples + attachments + text_size(op);
    struct writer_op *copy = malloc(size);
    if (!copy)
        return NULL;
    *copy = *op;
    copy->size_bytes = size;
    copy->id_hash = hash_id(op->id);

    char *room = (char *)(copy + 1);
    if (samples > 0)
        copy->samples = memcpy(room, op->samples, samples);
    room += samples;
    struct attachment *files = (struct attachment *)(void *)room;
    if (attachments > 0)
        copy->attachments = memcpy(files, op->attachments, attachments);
    room += attachments;

    row_copy_text(&id_field, 1, copy, &room);
    row_copy_text(interpreter_fields, INTERPRETER_FIELDS, copy, &room);
    for (size_t i = 0; i < op->attachment_count; i++)
        row_copy_text(attachment_text, ATTACHMENT_TEXT, &files[i], &room);
    if (op->kind == OP_FINISHED) {
        row_copy_text(execution_fields, EXECUTION_FIELDS, &copy->execution, &room);
        if (op->execution.output)
            copy->execution.output =
                op->execution.output_len > 0
                    ? memcpy(room, op->execution.output, op->execution.output_len)
                    : "";
    }
    return copy;
}

static int create_batch(struct db *db, const struct writer_op *op, struct mu_err *err)
{
    if (batch_repo_insert(db, op->batch, &op->batch->id, err) != 0 ||
        execution_repo_insert_batch(db, op->executions, op->execution_count, err) != 0)
        return -1;
    return batch_repo_set_counts(db, op->batch->batch_id, &op->batch->counts, err);
}

static int resume_batch(struct db *db, const struct writer_op *op, struct mu_err *err)
{
    if (batch_repo_update(db, op->batch, err) != 0 ||
        execution_repo_insert_attempts(db, op->batch->batch_id, op->executions, op->execution_count,
                                       err) != 0)
        return -1;
    return batch_repo_set_counts(db, op->batch->batch_id, NULL, err);
}

int writer_op_apply(struct db *db, const struct writer_op *op, struct mu_err *err)
{
    switch (op->kind) {
    case OP_STARTED: return execution_repo_start(db, op->id, op->at_ms, err);
    case OP_FINISHED:
        if (execution_repo_finish(db, &op->execution, err) != 0 ||
            metrics_repo_insert(db, op->id, op->samples, op->sample_count, err) != 0)
            return -1;
        return attachment_repo_insert(db, op->id, op->attachments, op->attachment_count, err);
    case OP_SAMPLES: return metrics_repo_insert(db, op->id, op->samples, op->sample_count, err);
    case OP_PROGRESS: return batch_repo_progress(db, op->id, op->batch_status, op->seconds, err);
    case OP_BATCH_FINISHED:
        if (execution_repo_settle(db, op->id, err) != 0)
            return -1;
        return batch_repo_finish(db, op->id, op->batch_status, op->at_ms, op->seconds, err);
    case OP_INTERPRETER:
        return interpreter_repo_save(db, &op->interpreter_key, &op->interpreter_row, err);
    case OP_CREATE_BATCH: return create_batch(db, op, err);
    case OP_RESUME_BATCH: return resume_batch(db, op, err);
    }
    return mu_err_set(err, MU_E_INTERNAL, "writer: unknown change %d", (int)op->kind);
}
