#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/survivors.h"

/* A shell in a session of its own, with two children, whose environment holds `mark`. */
static pid_t start_marked(const char *mark)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setsid();
        char *const env[] = {(char *)"PATH=/usr/bin:/bin", (char *)mark, NULL};
        char *const argv[] = {(char *)"sh", (char *)"-c",
                              (char *)"trap '' TERM INT; sleep 60 & setsid sleep 60 & wait", NULL};
        execve("/bin/sh", argv, env);
        _exit(127);
    }
    return pid;
}

static void what_a_dead_muster_left_is_killed(void **state)
{
    static const char *const ids[] = {"0000-other", "1111-dead"};
    pid_t dead = start_marked("MUSTER_BATCH_ID=1111-dead");
    pid_t alive = start_marked("MUSTER_BATCH_ID=2222-alive");
    usleep(200000);
    assert_int_equal(survivors_kill(ids, 2), 3);
    int status;
    assert_int_equal(waitpid(dead, &status, 0), dead);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(survivors_kill(ids, 2), 0);
    assert_int_equal(waitpid(alive, &status, WNOHANG), 0);

    static const char *const rest[] = {"2222-alive"};
    assert_int_equal(survivors_kill(rest, 1), 3);
    assert_int_equal(waitpid(alive, &status, 0), alive);
}

static void our_own_parents_are_spared(void **state)
{
    /* A muster started by a script of the dead batch carries its mark. */
    setenv("MUSTER_BATCH_ID", "3333-mine", 1);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "test", "spared", NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    unsetenv("MUSTER_BATCH_ID");
}

int main(int argc, char **argv)
{
    if (argc > 1) { /* started anew, so that the mark stands in /proc/self/environ */
        static const char *const ids[] = {"3333-mine"};
        return (int)survivors_kill(ids, 1);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_dead_muster_left_is_killed),
        cmocka_unit_test(our_own_parents_are_spared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
