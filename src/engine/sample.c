/* Sampling from /proc.
 *
 * One scan of the process table serves all executions: after its first sample (at 0.1 s) each falls
 * into the common beat of its interval. The scan has read /proc/PID/stat of all processes of ours
 * through kept descriptors; what is left is to add up, and to read /proc/PID/io (4 µs with a kept
 * descriptor).
 *
 * CPU and I/O of a live process include those of the children that it waited for, so that the sum
 * over the live ones, with the orphans that we reaped, is what the whole tree has used. */
#include "engine/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "engine/process.h"

#define MS INT64_C(1000000)
/* Those due this soon are taken along. */
#define TAKE_ALONG_NS (50 * MS)
#define FIRST_NS (100 * MS)
#define SHORTEST_NS (100 * MS)

void sampler_init(struct sampler *sampler)
{
    *sampler = (struct sampler){
        .meminfo_fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC),
        .cpu_count = sysconf(_SC_NPROCESSORS_ONLN),
        .tick_seconds = 1.0 / (double)sysconf(_SC_CLK_TCK),
        .page_mb = (double)sysconf(_SC_PAGESIZE) / (1 << 20),
    };
}

void sampler_release(struct sampler *sampler)
{
    mu_fd_close(&sampler->meminfo_fd);
}

/* The number after `key` in a text of "KEY: NUMBER" lines; NAN where there is none. */
static double number_after(const char *text, const char *key)
{
    const char *p = strstr(text, key);
    return p ? strtod(p + strlen(key), NULL) : (double)NAN;
}

static bool read_text(int fd, char *buf, size_t size)
{
    ssize_t n = fd < 0 ? -1 : pread(fd, buf, size - 1, 0);
    buf[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Another user's processes hide what they read and write: those count as nothing. */
static void add_io(const struct proc *proc, double *read_mb, double *write_mb)
{
    char buf[512];
    if (!read_text(proc->io_fd, buf, sizeof buf))
        return;
    double read_bytes = number_after(buf, "\nread_bytes:");
    double write_bytes = number_after(buf, "\nwrite_bytes:");
    if (!isnan(read_bytes) && !isnan(write_bytes)) {
        *read_mb += read_bytes / (1 << 20);
        *write_mb += write_bytes / (1 << 20);
    }
}

/* Memory of the machine: total and available, MB. */
static void read_meminfo(const struct sampler *sampler, double *ret_total, double *ret_available)
{
    char buf[512]; /* MemTotal, MemFree, MemAvailable are the first lines */
    read_text(sampler->meminfo_fd, buf, sizeof buf);
    *ret_total = number_after(buf, "MemTotal:") / 1024;
    *ret_available = number_after(buf, "MemAvailable:") / 1024;
}

/* From what the last scan saw; at its beginning, since a scan may take long on a busy machine. */
static void take(struct engine_exec *exec, double total_mb, double available_mb)
{
    struct engine *engine = exec->engine;
    const struct sampler *sampler = &engine->sampler;
    struct exec_samples *samples = &exec->samples;
    int64_t now = engine->tree.scanned_ns;
    int64_t since = samples->last_ns ? samples->last_ns : exec->start_ns;
    /* CPU is counted in ticks of 10 ms: over less than ten of them a percentage says nothing. */
    if (samples->last_ns && now - since < SHORTEST_NS)
        return;
    double cpu_seconds = exec->root.orphan_cpu_seconds, rss_mb = 0;
    double read_mb = exec->root.orphan_read_mb, write_mb = exec->root.orphan_write_mb;
    int64_t threads = 0, processes = 0;
    for (size_t i = 0; i < engine->tree.count; i++) {
        const struct proc *proc = &engine->tree.procs[i];
        if (proc->root != &exec->root)
            continue;
        cpu_seconds += (double)proc->cpu_ticks * sampler->tick_seconds;
        if (!tree_is_live(proc))
            continue;
        rss_mb += (double)proc->rss_pages * sampler->page_mb;
        threads += proc->threads;
        processes++;
        add_io(proc, &read_mb, &write_mb);
    }
    if (processes == 0)
        return; /* it has just ended */

    double used = cpu_seconds - samples->cpu_seconds;
    samples->cpu_percent = used > 0 && now > since ? used * 1e11 / (double)(now - since) : 0;
    samples->cpu_seconds = cpu_seconds;
    samples->memory_mb = rss_mb;
    samples->memory_sum_mb += rss_mb;
    samples->memory_peak_mb = fmax(samples->memory_peak_mb, rss_mb);
    samples->read_mb = fmax(samples->read_mb, read_mb);
    samples->write_mb = fmax(samples->write_mb, write_mb);
    samples->count++;
    samples->last_ns = now;
    struct metric_sample sample = {
        .at_ms = mu_wall_ms(),
        .cpu_percent = samples->cpu_percent,
        .cpu_count = sampler->cpu_count,
        .memory_mb = rss_mb,
        .memory_percent = rss_mb * 100 / total_mb,
        .memory_available_mb = available_mb,
        .disk_read_mb = samples->read_mb,
        .disk_write_mb = samples->write_mb,
        .active_threads = threads,
        .active_processes = processes,
    };
    engine->events->on_sample(exec->user, &sample);
}

static void arm(struct engine *engine)
{
    int64_t due = INT64_MAX;
    for (struct engine_exec *exec = engine->first; exec; exec = exec->next)
        if (exec->state == EXEC_ALIVE && exec->samples.due_ns < due)
            due = exec->samples.due_ns;
    if (due == INT64_MAX)
        loop_timer_clear(&engine->loop, &engine->sample_timer);
    else
        loop_timer_set(&engine->loop, &engine->sample_timer, due);
}

void sample_begin(struct engine_exec *exec)
{
    struct engine *engine = exec->engine;
    exec->samples.due_ns = exec->start_ns + FIRST_NS;
    if (engine->sample_timer.slot == 0 || engine->sample_timer.due_ns > exec->samples.due_ns)
        loop_timer_set(&engine->loop, &engine->sample_timer, exec->samples.due_ns);
}

/* The next beat of the interval that is not just upon us. */
static int64_t next_due(const struct engine_exec *exec, int64_t now)
{
    int64_t interval = exec->launch.sample_interval_ms * MS;
    int64_t due = (now / interval + 1) * interval;
    return due - now < interval / 2 ? due + interval : due;
}

void sample_due(void *arg)
{
    struct engine *engine = arg;
    int64_t now = mu_mono_ns();
    double total_mb = 0, available_mb = 0;
    bool scanned = false;
    for (struct engine_exec *exec = engine->first; exec; exec = exec->next) {
        if (exec->state != EXEC_ALIVE || exec->samples.due_ns > now + TAKE_ALONG_NS)
            continue;
        if (!scanned) {
            tree_scan(&engine->tree);
            read_meminfo(&engine->sampler, &total_mb, &available_mb);
            scanned = true;
        }
        take(exec, total_mb, available_mb);
        exec->samples.due_ns = next_due(exec, now);
    }
    arm(engine);
}

void sample_now(struct engine_exec *exec)
{
    struct engine *engine = exec->engine;
    double total_mb, available_mb;
    tree_scan(&engine->tree);
    read_meminfo(&engine->sampler, &total_mb, &available_mb);
    take(exec, total_mb, available_mb);
}
