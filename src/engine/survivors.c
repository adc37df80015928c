/* The same stop-walk as in stop_walk.c, without a tree: these are nobody's children any more. A
 * fork bomb among them is caught because what is stopped forks no longer. */
#include "engine/survivors.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define MARK "MUSTER_BATCH_ID="
enum { ROUNDS_MAX = 64, ENVIRON_MAX = 4 << 20, WAIT_MS = 2000 };

struct survivors {
    const char *const *batch_ids;
    size_t batch_count;
    pid_t *pids;
    size_t count, cap;
};

static bool is_marked(const struct survivors *survivors, pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    MU_AUTO_STR struct mu_str env = {0};
    if (mu_read_file(path, ENVIRON_MAX, &env, NULL) != 0 || env.len == 0)
        return false;
    const char *end = env.data + env.len;
    for (const char *p = env.data; p < end; p += strlen(p) + 1) {
        if (strncmp(p, MARK, strlen(MARK)) != 0)
            continue;
        for (size_t i = 0; i < survivors->batch_count; i++)
            if (strcmp(p + strlen(MARK), survivors->batch_ids[i]) == 0)
                return true;
    }
    return false;
}

static pid_t parent_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    MU_AUTO_STR struct mu_str stat = {0};
    int parent = 0;
    if (mu_read_file(path, 4096, &stat, NULL) != 0)
        return 0;
    const char *p = strrchr(mu_str_text(&stat), ')');
    return p && sscanf(p, ") %*c %d", &parent) == 1 ? parent : 0;
}

static bool is_ours(pid_t pid)
{
    for (pid_t at = getpid(); at > 1; at = parent_of(at))
        if (at == pid)
            return true;
    return false;
}

static bool is_known(const struct survivors *survivors, pid_t pid)
{
    for (size_t i = 0; i < survivors->count; i++)
        if (survivors->pids[i] == pid)
            return true;
    return false;
}

/* Stop what is marked and was not found before. Returns how many. */
static size_t stop_new(struct survivors *survivors)
{
    DIR *proc = opendir("/proc");
    size_t found = 0;
    if (!proc)
        return 0;
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (is_known(survivors, pid) || !is_marked(survivors, pid) || is_ours(pid) ||
            MU_GROW(survivors->pids, survivors->cap, survivors->count + 1) != 0)
            continue;
        kill(pid, SIGSTOP);
        survivors->pids[survivors->count++] = pid;
        found++;
    }
    closedir(proc);
    return found;
}

size_t survivors_kill(const char *const *batch_ids, size_t count)
{
    struct survivors survivors = {.batch_ids = batch_ids, .batch_count = count};
    for (int round = 0; round < ROUNDS_MAX && stop_new(&survivors) > 0; round++)
        ;
    for (size_t i = 0; i < survivors.count; i++)
        kill(survivors.pids[i], SIGKILL);
    int64_t until_ms = mu_mono_ms() + WAIT_MS;
    for (size_t i = 0; i < survivors.count && mu_mono_ms() < until_ms;) {
        if (is_marked(&survivors, survivors.pids[i]))
            usleep(1000);
        else
            i++;
    }
    free(survivors.pids);
    return survivors.count;
}
