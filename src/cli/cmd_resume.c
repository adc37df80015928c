/* muster resume: run again what a batch lost, stopped or never started. */
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "cli/cli.h"
#include "cli/run_session.h"
#include "service/reference.h"
#include "service/resume.h"

enum { OPT_JSON = 256 };

static int resume(struct cli *cli, struct settings_set *set, const struct batch *batch,
                  struct resume_plan *plan)
{
    struct mu_err err = MU_ERR_INIT;
    if (resume_plan_make(&cli->project, set, cli->db, batch, plan, &err) != 0)
        return cli_fail(cli, &err);
    for (size_t i = 0; i < plan->missing_count; i++)
        fprintf(stderr, _("%s is no longer there: it will be an ERROR\n"), plan->missing[i]);
    if (plan->scripts.count == 0) {
        fprintf(stderr, _("batch %lld has nothing left to run\n"), (long long)batch->id);
        return 0;
    }
    const char *jobs = cli_option(cli, 'j');
    if (jobs && settings_set_option(set, "jobs", jobs[0] ? jobs : "-1", "-j", &err) != 0)
        return cli_fail(cli, &err);
    struct session_options session = {
        .json = cli_option(cli, OPT_JSON) != NULL,
        .live_output = cli_option(cli, 's') != NULL,
    };
    const struct run_options options = {
        .project = &cli->project,
        .set = set,
        .scripts = plan->scripts.items,
        .count = plan->scripts.count,
        .jobs = jobs ? settings_jobs(settings_batch(set))
                     : (size_t)(batch->max_parallel > 0 ? batch->max_parallel : 1),
        .environment = cli->envp,
        .umask = cli->user_umask,
        .script_args = plan->script_args,
        .resumed = batch,
        .previous = plan->previous,
    };
    return run_session(cli, &options, &session);
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct mu_err err = MU_ERR_INIT;
    struct batch batch;
    struct settings_set *set = NULL;
    if (reference_batch(cli->db, &cli->arena, argv[0], &batch, &err) != 0 ||
        settings_load(cli->project.settings_path, cli->project.folder, &set, &err) != 0)
        return cli_fail(cli, &err);
    struct resume_plan plan = {0};
    int status = resume(cli, set, &batch, &plan);
    resume_plan_release(&plan);
    settings_set_free(set);
    return status;
}

static const struct option_def options[] = {
    {"jobs", 'j', N_("N"), OPT_OPTIONAL | OPT_INTEGER,
     N_("so many scripts at once (as the batch had it)")},
    {NULL, 's', NULL, 0, N_("show the scripts' output live")},
    {"json", OPT_JSON, NULL, 0, N_("one event a line")},
    {0},
};

const struct command cmd_resume = {
    .name = "resume",
    .args = N_("BATCH"),
    .summary = N_("go on with a batch that was interrupted or cancelled"),
    .description = N_("Runs again, as new attempts of the same batch, what was lost, stopped or "
                      "never started; a finished batch runs nothing.\n"
                      "  muster resume latest\n"
                      "  muster resume 42"),
    .options = options,
    .min_args = 1,
    .max_args = 1,
    .flags = CMD_PROJECT | CMD_DB | CMD_BATCH,
    .run = run,
};
