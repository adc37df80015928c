/* A reference is told by its shape: digits are a number, "latest" is itself, what has a slash
 * behind one of these names a script of that batch, and hexadecimal digits and dashes are part of a
 * UUID. Everything else is no reference. */
#include "service/reference.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "store/batch_repo.h"
#include "store/execution_repo.h"

enum { SHOWN = 8 }; /* candidates in an error message */

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static bool is_id_part(const char *text)
{
    return *text && !is_number(text) && strlen(text) <= 36 &&
           text[strspn(text, "0123456789abcdefABCDEF-")] == '\0';
}

/* `42` or `latest`. */
static bool is_batch_name(const char *text)
{
    return is_number(text) || strcmp(text, "latest") == 0;
}

static char *lower(struct mu_arena *arena, const char *text)
{
    char *copy = mu_arena_strdup(arena, text);
    for (char *p = copy; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static int ambiguous(const char *text, const char *const *names, size_t count, struct mu_err *err)
{
    MU_AUTO_STR struct mu_str list = {0};
    for (size_t i = 0; i < count && i < SHOWN; i++)
        mu_str_printf(&list, "\n  %s", names[i]);
    if (count > SHOWN)
        mu_str_puts(&list, "\n  …");
    return mu_err_set(err, MU_E_AMBIGUOUS, _("'%s' fits several: type more of one of these%s"),
                      text, mu_str_text(&list));
}

int reference_batch(struct db *db, struct mu_arena *arena, const char *text, struct batch *ret,
                    struct mu_err *err)
{
    int rc = 1;
    if (strcmp(text, "latest") == 0) {
        rc = batch_repo_find_latest(db, arena, ret, err);
        if (rc > 0)
            return mu_err_set(err, MU_E_NOT_FOUND, _("there is no batch yet: muster run FOLDER"));
    } else if (is_number(text)) {
        if (strlen(text) <= 18)
            rc = batch_repo_find_by_number(db, arena, strtoll(text, NULL, 10), ret, err);
    } else if (is_id_part(text)) {
        const char **ids, *part = lower(arena, text);
        size_t count;
        if (!part)
            return mu_err_nomem(err);
        if (batch_repo_find_ids(db, arena, part, SHOWN + 1, &ids, &count, err) != 0)
            return -1;
        if (count > 1)
            return ambiguous(text, ids, count, err);
        if (count == 1)
            rc = batch_repo_find_by_id(db, arena, ids[0], ret, err);
    }
    if (rc > 0)
        return mu_err_set(err, MU_E_NOT_FOUND, _("there is no batch '%s': muster batches"), text);
    return rc;
}

bool path_ends_with(const char *path, const char *end)
{
    size_t path_len = strlen(path), end_len = strlen(end);
    if (end_len == 0 || end_len > path_len || strcmp(path + path_len - end_len, end) != 0)
        return false;
    return end_len == path_len || path[path_len - end_len - 1] == '/';
}

/* `rest` of "42/rest". */
static int script_of_batch(struct db *db, struct mu_arena *arena, const struct batch *batch,
                           const char *rest, struct execution *ret, struct mu_err *err)
{
    if (is_number(rest) && strlen(rest) <= 18) {
        int rc = execution_repo_find_by_order(db, arena, batch->batch_id, strtoll(rest, NULL, 10),
                                              ret, err);
        if (rc > 0)
            return mu_err_set(err, MU_E_NOT_FOUND,
                              _("there is no execution %lld/%s: batch %lld has %lld scripts"),
                              (long long)batch->id, rest, (long long)batch->id,
                              (long long)batch->counts.total);
        return rc;
    }
    struct execution *items;
    size_t count, fits = 0;
    const char *names[SHOWN + 1], *record_id = NULL;
    if (execution_repo_find_by_batch(db, arena, batch->batch_id, false, &items, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count && fits <= SHOWN; i++) {
        if (!path_ends_with(items[i].script_path, rest))
            continue;
        record_id = items[i].record_id;
        names[fits] = mu_arena_printf(arena, "%lld/%lld  %s", (long long)batch->id,
                                      (long long)items[i].execution_order, items[i].script_path);
        if (!names[fits++])
            return mu_err_nomem(err);
        if (strcmp(items[i].script_path, rest) == 0) { /* the whole path is never ambiguous */
            fits = 1;
            break;
        }
    }
    if (fits > 1)
        return ambiguous(rest, names, fits, err);
    if (fits == 0)
        return mu_err_set(err, MU_E_NOT_FOUND, _("batch %lld has no script '%s': muster show %lld"),
                          (long long)batch->id, rest, (long long)batch->id);
    return execution_repo_find_by_id(db, arena, record_id, ret, err);
}

static int record_by_id(struct db *db, struct mu_arena *arena, const char *text,
                        struct execution *ret, struct mu_err *err)
{
    const char **ids, *part = lower(arena, text);
    size_t count;
    if (!part)
        return mu_err_nomem(err);
    if (execution_repo_find_ids(db, arena, part, SHOWN + 1, &ids, &count, err) != 0)
        return -1;
    if (count > 1)
        return ambiguous(text, ids, count, err);
    int rc = count == 1 ? execution_repo_find_by_id(db, arena, ids[0], ret, err) : 1;
    if (rc > 0)
        return mu_err_set(err, MU_E_NOT_FOUND, _("there is no execution '%s': muster history"),
                          text);
    return rc;
}

int reference_record(struct db *db, struct mu_arena *arena, const char *text, struct execution *ret,
                     struct mu_err *err)
{
    struct batch batch;
    const char *slash = strchr(text, '/');
    char *head = slash ? mu_arena_strndup(arena, text, (size_t)(slash - text)) : NULL;
    if (slash && !head)
        return mu_err_nomem(err);
    if (slash && (is_batch_name(head) || is_id_part(head))) {
        if (reference_batch(db, arena, head, &batch, err) != 0)
            return -1;
        return script_of_batch(db, arena, &batch, slash + 1, ret, err);
    }
    if (is_batch_name(text)) {
        if (reference_batch(db, arena, text, &batch, err) != 0)
            return -1;
        if (batch.counts.total == 1)
            return script_of_batch(db, arena, &batch, "1", ret, err);
        return mu_err_set(err, MU_E_NOT_FOUND,
                          _("'%s' is a batch of %lld scripts: name one of them, such as %lld/1"),
                          text, (long long)batch.counts.total, (long long)batch.id);
    }
    if (is_id_part(text))
        return record_by_id(db, arena, text, ret, err);
    return mu_err_set(err, MU_E_NOT_FOUND,
                      _("'%s' names no execution: it looks like 42/7, 42/b_can.py or latest/1"),
                      text);
}

int reference_any(struct db *db, struct mu_arena *arena, const char *text, struct reference *ret,
                  struct mu_err *err)
{
    if (is_batch_name(text)) {
        ret->kind = REFERENCE_BATCH;
        return reference_batch(db, arena, text, &ret->batch, err);
    }
    const char *slash = strchr(text, '/');
    if (slash) {
        char *head = mu_arena_strndup(arena, text, (size_t)(slash - text));
        if (!head)
            return mu_err_nomem(err);
        if (!is_batch_name(head))
            return 1;
        ret->kind = REFERENCE_RECORD;
        return reference_record(db, arena, text, &ret->execution, err);
    }
    if (!is_id_part(text))
        return 1;

    /* Part of a UUID: of a batch, or of an execution, but not of both. */
    const char **batch_ids, **record_ids, *part = lower(arena, text);
    size_t batch_count, record_count;
    if (!part)
        return mu_err_nomem(err);
    if (batch_repo_find_ids(db, arena, part, SHOWN, &batch_ids, &batch_count, err) != 0 ||
        execution_repo_find_ids(db, arena, part, SHOWN, &record_ids, &record_count, err) != 0)
        return -1;
    if (batch_count + record_count == 0)
        return mu_err_set(err, MU_E_NOT_FOUND,
                          _("there is no batch or execution '%s': muster batches, muster history"),
                          text);
    if (batch_count + record_count > 1) {
        const char *names[2 * SHOWN];
        for (size_t i = 0; i < batch_count; i++)
            names[i] = batch_ids[i];
        for (size_t i = 0; i < record_count; i++)
            names[batch_count + i] = record_ids[i];
        return ambiguous(text, names, batch_count + record_count, err);
    }
    ret->kind = batch_count == 1 ? REFERENCE_BATCH : REFERENCE_RECORD;
    return batch_count == 1
               ? reference_batch(db, arena, batch_ids[0], &ret->batch, err)
               : execution_repo_find_by_id(db, arena, record_ids[0], &ret->execution, err);
}
