#include "scratch.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "base/str.h"
#include "service/discover.h"

struct run {
    struct project project;
    struct settings_set *set;
    struct script_list list;
    struct mu_err err;
    int rc;
};

static struct run run_with(struct discover_options options, const char *const *paths)
{
    struct run run = {.err = MU_ERR_INIT};
    unsetenv("MUSTER_HOME");
    assert_int_equal(project_locate(NULL, &run.project, NULL), 0);
    if (settings_load(run.project.settings_path, run.project.folder, &run.set, &run.err) != 0)
        fail_msg("%s", run.err.text);
    options.paths = paths;
    while (paths[options.path_count])
        options.path_count++;
    run.rc = discover(&run.project, run.set, &options, &run.list, &run.err);
    return run;
}
#define PATHS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void release(struct run *run)
{
    if (run->rc == 0)
        script_list_release(&run->list);
    settings_set_free(run->set);
    project_release(&run->project);
}

/* The script_paths, one a line, must be these. */
static void assert_scripts(struct run run, const char *wanted)
{
    MU_AUTO_STR struct mu_str got = {0};
    if (run.rc != 0)
        fail_msg("%s", run.err.text);
    for (size_t i = 0; i < run.list.count; i++)
        mu_str_printf(&got, "%s\n", run.list.items[i].script_path);
    if (strcmp(mu_str_text(&got), wanted) != 0)
        fail_msg("got\n%sinstead of\n%s", mu_str_text(&got), wanted);
    release(&run);
}

static void assert_fails(struct run run, enum mu_code code, const char *text)
{
    assert_int_equal(run.rc, -1);
    assert_int_equal(run.err.code, code);
    if (!strstr(run.err.text, text))
        fail_msg("%s", run.err.text);
    release(&run);
}

static const char *why_excluded(const struct run *run, const char *path)
{
    for (size_t i = 0; i < run->list.excluded_count; i++)
        if (strcmp(run->list.excluded[i].path, path) == 0)
            return run->list.excluded[i].why;
    return NULL;
}

static void in_natural_order_without_what_is_none(void **state)
{
    write_text("TS_10.py", "");
    write_text("TS_2.py", "");
    write_text("a/b/测试 1.py", "");
    write_text("a/[x].py", "");
    write_text("a/new\nline.py", "");
    write_text("a/\xb2\xe2.py", "");
    write_text("a/readme.txt", "");
    write_text("a/x.pyc", "");
    write_text("a/py", "");
    static const char *const none[] = {
        "a/__init__.py",     "a/__main__.py",      "conftest.py",
        "setup.py",          "noxfile.py",         "manage.py",
        ".git/x.py",         "a/__pycache__/x.py", "env/lib/site-packages/x.py",
        "node_modules/x.py", "build/x.py",         "dist/x.py",
        "venv/lib/x.py",     ".muster/data/x.py",  "a/.#lock.py"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        write_text(none[i], "");
    write_text("venv/pyvenv.cfg", "");
    assert_scripts(run_with((struct discover_options){0}, PATHS()),
                   "TS_2.py\nTS_10.py\na/[x].py\na/b/测试 1.py\na/new\nline.py\na/\xb2\xe2.py\n");

    struct run run = run_with((struct discover_options){.list_excluded = true}, PATHS());
    assert_string_equal(why_excluded(&run, "venv"), "a virtual environment");
    assert_string_equal(why_excluded(&run, "build"),
                        "a folder of this name is left out by default");
    assert_string_equal(why_excluded(&run, "conftest.py"),
                        "a file of this name is left out by default");
    assert_string_equal(why_excluded(&run, ".git"), "a hidden folder");
    assert_string_equal(why_excluded(&run, "a/.#lock.py"), "a hidden file");
    assert_null(why_excluded(&run, "a/readme.txt"));
    release(&run);
}

static void names_modules_and_keys(void **state)
{
    write_text("muster.yaml", "scripts: [checks]\n");
    write_text("checks/deep/er/a.py", "");
    write_text("checks/b.py", "");
    write_text("other/x/c.py", "");
    struct run run = run_with((struct discover_options){0}, PATHS());
    assert_int_equal(run.list.count, 2);
    const struct script *b = &run.list.items[0], *a = &run.list.items[1];
    assert_string_equal(b->script_path, "checks/b.py");
    assert_string_equal(b->script_name, "b.py");
    assert_string_equal(b->module_name, "");
    assert_string_equal(a->script_path, "checks/deep/er/a.py");
    assert_string_equal(a->module_name, "deep/er");
    assert_string_equal(a->path_abs + strlen(scratch_folder) + 1, a->script_path);
    assert_ptr_equal(a->settings, b->settings);
    release(&run);

    /* A PATH outside all roots is its own root; one within counts from the root. */
    run = run_with((struct discover_options){0}, PATHS("other", "checks/deep", "/dev/../other.py"));
    assert_int_equal(run.rc, -1);
    release(&run);
    run = run_with((struct discover_options){0}, PATHS("other", "checks/deep/er/a.py"));
    assert_string_equal(run.list.items[0].module_name, "x");
    assert_string_equal(run.list.items[1].module_name, "deep/er");
    release(&run);

    /* Outside the project the key is absolute. */
    assert_int_equal(chdir("checks"), 0);
    write_text("muster.yaml", "");
    run = run_with((struct discover_options){0}, PATHS("../other"));
    assert_string_equal(run.list.items[0].script_path, run.list.items[0].path_abs);
    assert_string_equal(run.list.items[0].module_name, "x");
    release(&run);
}

static void include_and_exclude(void **state)
{
    write_text("muster.yaml", "include: [conftest.py, 'build/gen/**', '**/.hidden/y.py']\n"
                              "exclude: ['**/helpers/**', 'build/gen/not.py', old]\n");
    static const char *const files[] = {"a.py",
                                        "conftest.py",
                                        "x/conftest.py",
                                        "x/setup.py",
                                        "build/gen/b.py",
                                        "build/gen/deep/c.py",
                                        "build/gen/not.py",
                                        "build/d.py",
                                        "build/other/e.py",
                                        ".hidden/x.py",
                                        ".hidden/y.py",
                                        "x/helpers/f.py",
                                        "helpers/g.py",
                                        "old/h.py",
                                        ".venv/conftest.py"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        write_text(files[i], "");
    assert_scripts(run_with((struct discover_options){0}, PATHS()),
                   ".hidden/y.py\na.py\nbuild/gen/b.py\nbuild/gen/deep/c.py\nconftest.py\n"
                   "x/conftest.py\n");
    /* By hand: always. */
    assert_scripts(run_with((struct discover_options){0},
                            PATHS("old/h.py", "x/setup.py", "muster.yaml", "old/h.py")),
                   "old/h.py\nx/setup.py\nmuster.yaml\n");
    assert_scripts(run_with((struct discover_options){0}, PATHS(".venv/", "build")),
                   ".venv/conftest.py\nbuild/d.py\nbuild/gen/b.py\nbuild/gen/deep/c.py\n"
                   "build/other/e.py\n");
    struct run run = run_with((struct discover_options){.list_excluded = true}, PATHS());
    assert_string_equal(why_excluded(&run, "x/helpers"), "exclude: in muster.yaml");
    assert_string_equal(why_excluded(&run, "build/d.py"),
                        "in a folder that is left out by default");
    release(&run);
}

static void links_are_followed_once(void **state)
{
    write_text("m/real.py", "");
    write_text("z/real.py", "");
    assert_int_equal(symlink("m/real.py", "a_link.py"), 0); /* sorts before what it means */
    assert_int_equal(symlink("..", "m/up"), 0);             /* a circle */
    assert_int_equal(symlink("z", "b_folder"), 0);          /* a folder there anyway */
    assert_int_equal(symlink("nothing", "dangling.py"), 0);
    assert_int_equal(symlink("self.py", "self.py"), 0);
    assert_int_equal(link("z/real.py", "z/second.py"), 0);
    assert_int_equal(mkfifo("fifo.py", 0644), 0);
    assert_int_equal(mkdir("folder.py", 0755), 0);
    write_text("folder.py/in.py", "");
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket.py"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    assert_scripts(run_with((struct discover_options){0}, PATHS()),
                   "folder.py/in.py\nm/real.py\nz/real.py\n");
    struct run run = run_with((struct discover_options){.list_excluded = true}, PATHS());
    assert_string_equal(why_excluded(&run, "dangling.py"), "a link to nothing");
    assert_string_equal(why_excluded(&run, "self.py"), "a link in a circle");
    assert_string_equal(why_excluded(&run, "fifo.py"), "not a regular file");
    assert_string_equal(why_excluded(&run, "socket.py"), "not a regular file");
    assert_string_equal(why_excluded(&run, "a_link.py"), "the same file is there by another name");
    assert_string_equal(why_excluded(&run, "m/up"), "a link to a folder already visited");
    release(&run);

    /* A link that leads out of the folder is followed; named by hand it keeps its own name. */
    assert_scripts(run_with((struct discover_options){0}, PATHS("m/up/z")), "m/up/z/real.py\n");
    assert_int_equal(mkdir("k", 0755), 0);
    assert_int_equal(symlink("../z", "k/out"), 0);
    assert_scripts(run_with((struct discover_options){0}, PATHS("k")), "k/out/real.py\n");
    assert_scripts(run_with((struct discover_options){0}, PATHS("a_link.py", "m")),
                   "a_link.py\nm/up/folder.py/in.py\nm/up/z/real.py\n");
}

static void paths_and_globs(void **state)
{
    write_text("[x].py", "");
    write_text("x.py", "");
    write_text("t/TS_1.py", "");
    write_text("t/TS_2.py", "");
    write_text("t/other.py", "");
    write_text("t/deep/TS_3.py", "");
    write_text("t/deep/conftest.py", "");
    write_text("plain.txt", "");
    assert_scripts(run_with((struct discover_options){0}, PATHS("[x].py")), "[x].py\n");
    assert_scripts(run_with((struct discover_options){0}, PATHS("[xyz].py")), "x.py\n");
    assert_scripts(run_with((struct discover_options){0}, PATHS("t/TS_*.py")),
                   "t/TS_1.py\nt/TS_2.py\n");
    assert_scripts(run_with((struct discover_options){0}, PATHS("./t/../**/TS_*.py")),
                   "t/TS_1.py\nt/TS_2.py\nt/deep/TS_3.py\n");
    assert_scripts(run_with((struct discover_options){0}, PATHS("t/de*")), "t/deep/TS_3.py\n");
    /* In the order given, each once. */
    assert_scripts(
        run_with((struct discover_options){0}, PATHS("x.py", "t", "t/TS_1.py", "./x.py")),
        "x.py\nt/TS_1.py\nt/TS_2.py\nt/deep/TS_3.py\nt/other.py\n");

    assert_fails(run_with((struct discover_options){0}, PATHS("nope.py")), MU_E_NOT_FOUND,
                 "no such file or folder: nope.py");
    assert_fails(run_with((struct discover_options){0}, PATHS("x.py/y.py")), MU_E_NOT_FOUND,
                 "x.py/y.py");
    assert_fails(run_with((struct discover_options){0}, PATHS("t/q*.py")), MU_E_NOT_FOUND,
                 "no script matches t/q*.py");
    assert_fails(run_with((struct discover_options){0}, PATHS("")), MU_E_USAGE, "empty PATH");
    assert_fails(run_with((struct discover_options){0}, PATHS("/dev/null")), MU_E_USAGE,
                 "neither a file nor a folder");
    assert_int_equal(mkdir("empty", 0755), 0);
    assert_scripts(run_with((struct discover_options){0}, PATHS("empty")), "");

    write_text("muster.yaml", "scripts: [gone]\n");
    assert_fails(run_with((struct discover_options){0}, PATHS()), MU_E_NOT_FOUND,
                 "scripts: in muster.yaml: no such file or folder");
}

static void selection_comes_before_directives(void **state)
{
    write_text("a_can.py", "");
    write_text("b_CAN_slow.py", "# MUSTER: timeout=never\n");
    assert_scripts(run_with((struct discover_options){.select = "can and not slow"}, PATHS()),
                   "a_can.py\n");
    assert_scripts(run_with((struct discover_options){.select = "lin"}, PATHS()), "");
    assert_fails(run_with((struct discover_options){.select = "can and"}, PATHS()), MU_E_USAGE,
                 "-k: ");
    assert_fails(run_with((struct discover_options){0}, PATHS()), MU_E_SETTINGS,
                 "b_CAN_slow.py:1:19: timeout: \"never\"");
}

static void unstarted_tests_are_counted(void **state)
{
    write_text("a.py", "def test_a(): pass\ndef test_b(): pass\n");
    write_text("b.py", "print('合格')\n");
    struct run run = run_with((struct discover_options){.inspect = true}, PATHS());
    assert_int_equal(run.list.items[0].defines_tests, 2);
    assert_int_equal(run.list.items[1].defines_tests, 0);
    release(&run);
}

static void folders_that_cannot_be_read(void **state)
{
    bool is_root = geteuid() == 0;
    write_text("closed/a.py", "");
    write_text("b.py", "");
    assert_int_equal(chmod("closed", 0), 0);
    assert_int_equal(chmod(".", 0755), 0);
    if (is_root) /* nothing is unreadable to root */
        assert_int_equal(seteuid(65534), 0);
    struct run run = run_with((struct discover_options){.list_excluded = true}, PATHS());
    assert_int_equal(run.list.count, 1);
    assert_string_equal(why_excluded(&run, "closed"), "cannot be read: Permission denied");
    release(&run);
    assert_fails(run_with((struct discover_options){0}, PATHS("closed")), MU_E_IO,
                 "cannot read the folder closed");
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod("closed", 0755), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_natural_order_without_what_is_none),
        TEST(names_modules_and_keys),
        TEST(include_and_exclude),
        TEST(links_are_followed_once),
        TEST(paths_and_globs),
        TEST(selection_comes_before_directives),
        TEST(unstarted_tests_are_counted),
        TEST(folders_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
