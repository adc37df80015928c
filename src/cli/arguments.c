#include "cli/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "store/batch_repo.h"

int limit_option(const struct cli *cli, int key, size_t otherwise, size_t *ret, struct mu_err *err)
{
    const char *text = cli_option(cli, key);
    *ret = otherwise;
    if (!text)
        return 0;
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || value < 1 || value > 1000000)
        return mu_err_set(err, MU_E_USAGE, _("--limit cannot be '%s': a number from 1 to 1000000"),
                          text);
    *ret = value;
    return 0;
}

void say_more(const struct cli *cli, size_t limit)
{
    fflush(stdout);
    fprintf(stderr, _("%sthere are more: --limit %zu%s\n"), term_on(&cli->err, STYLE_DIM),
            limit * 5, term_off(&cli->err));
}

char *moment_text(const struct cli *cli, int64_t wall_ms, char buf[TIME_TEXT_SIZE])
{
    return cli->out.is_tty ? time_text(wall_ms, mu_wall_ms(), buf) : time_full(wall_ms, buf);
}

int execution_reference(struct cli *cli, const struct execution *execution, const char **ret,
                        struct mu_err *err)
{
    struct batch_number *known = cli->batch_numbers;
    *ret = "-";
    if (!execution->batch_id)
        return 0;
    while (known && strcmp(known->batch_id, execution->batch_id) != 0)
        known = known->next;
    if (!known) {
        struct batch batch;
        int rc = batch_repo_find_by_id(cli->db, &cli->arena, execution->batch_id, &batch, err);
        if (rc != 0)
            return rc > 0 ? 0 : rc;
        known = mu_arena_alloc(&cli->arena, sizeof *known);
        if (!known)
            return mu_err_nomem(err);
        *known = (struct batch_number){batch.batch_id, batch.id, cli->batch_numbers};
        cli->batch_numbers = known;
    }
    *ret = mu_arena_printf(&cli->arena, "%lld/%lld", (long long)known->number,
                           (long long)execution->execution_order);
    return *ret ? 0 : mu_err_nomem(err);
}
