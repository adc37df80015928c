#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/interpreter.h"

static char folder[] = "/tmp/muster-interpreter-XXXXXX";

static const char *file_with(const char *name, const char *text, mode_t mode)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static void the_real_one(void **state)
{
    struct interpreter found;
    struct mu_err err = MU_ERR_INIT;
    if (interpreter_probe("/usr/bin/python3", NULL, &found, &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(found.executable, "/usr/bin/python3");
    assert_string_equal(found.implementation, "cpython");
    assert_int_equal(strncmp(found.version, "3.", 2), 0);
    assert_true(interpreter_is_binary("/usr/bin/python3"));
}

static void by_name(void **state)
{
    setenv("PATH", "/no/such/folder:/usr/bin", 1);
    struct interpreter found;
    assert_int_equal(interpreter_probe("python3", "/", &found, NULL), 0);
    assert_string_equal(found.executable, "/usr/bin/python3");
}

/* A shim that warns and leaves something behind is asked once, and what it starts is the answer. */
static void a_shim(void **state)
{
    const char *shim = file_with("shim",
                                 "#!/bin/sh\necho warning: locale >&2\nsleep 5 &\n"
                                 "exec /usr/bin/python3 \"$@\"\n",
                                 0755);
    struct interpreter found;
    int64_t start = mu_mono_ms();
    assert_int_equal(interpreter_probe(shim, NULL, &found, NULL), 0);
    assert_in_range(mu_mono_ms() - start, 0, 3000);
    assert_string_equal(found.executable, "/usr/bin/python3");
    assert_false(interpreter_is_binary(shim));
}

static void a_venv_keeps_its_name(void **state)
{
    char path[128], config[128];
    snprintf(path, sizeof path, "%s/bin", folder);
    mkdir(path, 0755);
    file_with("pyvenv.cfg", "home = /usr/bin\n", 0644);
    snprintf(config, sizeof config, "%s/bin/python3", folder);
    unlink(config);
    assert_int_equal(symlink("/usr/bin/python3", config), 0);
    struct interpreter found;
    assert_int_equal(interpreter_probe(config, NULL, &found, NULL), 0);
    assert_string_equal(found.executable, config);
}

static void errors_say_what_is_wrong(void **state)
{
    static const struct {
        const char *name, *text;
        mode_t mode;
        const char *expected;
    } cases[] = {
        {"talker", "#!/bin/sh\necho first\necho I am a shell\n", 0755,
         "is no Python 3: it answered \"I am a shell\""},
        {"mute", "#!/bin/sh\n", 0755, "it answered nothing"},
        {"liar", "#!/bin/sh\nprintf 'muster-probe\\nrelative\\n3.1.1\\ncpython\\n'\n", 0755,
         "is no Python 3"},
        {"closed", "#!/bin/sh\n", 0644, "is not executable"},
        {"data", "\001\002", 0755, "wrong format"},
        {"lost", "#!/no/such/loader\n", 0755, "is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct interpreter found;
        struct mu_err err = MU_ERR_INIT;
        const char *path = file_with(cases[i].name, cases[i].text, cases[i].mode);
        assert_int_equal(interpreter_probe(path, NULL, &found, &err), -1);
        assert_int_equal(err.code, MU_E_SETTINGS);
        if (!strstr(err.text, cases[i].expected))
            fail_msg("%s: %s", cases[i].name, err.text);
    }
    struct interpreter found;
    struct mu_err err;
    assert_int_equal(interpreter_probe("no-such-python", NULL, &found, &err), -1);
    assert_non_null(strstr(err.text, "PATH"));
    assert_int_equal(interpreter_probe("/no/such/python", NULL, &found, &err), -1);
    assert_non_null(strstr(err.text, "/no/such/python is missing"));
}

static void patience_ends(void **state)
{
    const char *path = file_with("sleeper", "#!/bin/sh\nsleep 60 & sleep 60\n", 0755);
    struct interpreter found;
    struct mu_err err = MU_ERR_INIT;
    int64_t start = mu_mono_ms();
    assert_int_equal(interpreter_probe(path, NULL, &found, &err), -1);
    assert_in_range(mu_mono_ms() - start, 9900, 11000);
    assert_non_null(strstr(err.text, "no answer in 10 seconds"));
}

static int make_folder(void **state)
{
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "%s", folder);
    static const char *const names[] = {"shim",   "bin/python3", "bin",    "pyvenv.cfg",
                                        "talker", "mute",        "liar",   "closed",
                                        "data",   "lost",        "sleeper"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(command, sizeof command, "%s/%s", folder, names[i]);
        remove(command);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_one),
        cmocka_unit_test(by_name),
        cmocka_unit_test(a_shim),
        cmocka_unit_test(a_venv_keeps_its_name),
        cmocka_unit_test(errors_say_what_is_wrong),
        cmocka_unit_test(patience_ends),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
