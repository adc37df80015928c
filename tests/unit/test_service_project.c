#include "scratch.h"

#include <errno.h>
#include <sys/mount.h>

#include "service/project.h"

static char *under(const char *rest)
{
    static char text[256];
    snprintf(text, sizeof text, "%s%s", scratch_folder, rest);
    return text;
}

static int enter(void **state)
{
    unsetenv("MUSTER_HOME");
    return scratch_enter(state);
}

static void without_anything_the_current_folder_is_the_project(void **state)
{
    struct project project;
    assert_int_equal(mu_mkdirs("a/b", 0755, NULL), 0);
    assert_int_equal(chdir("a/b"), 0);
    assert_int_equal(project_locate(NULL, &project, NULL), 0);
    assert_string_equal(project.folder, under("/a/b"));
    assert_string_equal(project.home, under("/a/b/.muster"));
    assert_null(project.settings_path);
    assert_true(project.home_is_default);
    project_release(&project);
}

static void a_repository_above_is_the_project(void **state)
{
    struct project project;
    assert_int_equal(mu_mkdirs("a/b", 0755, NULL), 0);
    write_text("a/pyproject.toml", "");
    assert_int_equal(mu_mkdirs(".git", 0755, NULL), 0);
    assert_int_equal(chdir("a/b"), 0);
    assert_int_equal(project_locate(NULL, &project, NULL), 0);
    assert_string_equal(project.folder, under("/a")); /* the nearest of the two */
    project_release(&project);
}

static void muster_yaml_above_is_home_and_project(void **state)
{
    struct project project;
    write_text("muster.yaml", "");
    write_text("a/.git/HEAD", "");
    assert_int_equal(mu_mkdirs("a/b", 0755, NULL), 0);
    assert_int_equal(chdir("a/b"), 0);
    assert_int_equal(project_locate(NULL, &project, NULL), 0);
    assert_string_equal(project.folder, scratch_folder);
    assert_string_equal(project.home, scratch_folder);
    assert_string_equal(project.settings_path, under("/muster.yaml"));
    assert_false(project.home_is_default);
    project_release(&project);
}

static void a_home_given_is_taken(void **state)
{
    struct project project;
    write_text("muster.yaml", "");
    write_text("other/muster.yaml", "");
    assert_int_equal(mu_mkdirs("bare", 0755, NULL), 0);

    /* One with muster.yaml in it brings its project along. */
    assert_int_equal(project_locate("./x/..//other/", &project, NULL), 0);
    assert_string_equal(project.home, under("/other"));
    assert_string_equal(project.folder, under("/other"));
    project_release(&project);

    /* One without is only the home. */
    setenv("MUSTER_HOME", "bare", 1);
    assert_int_equal(project_locate(NULL, &project, NULL), 0);
    assert_string_equal(project.home, under("/bare"));
    assert_string_equal(project.folder, scratch_folder);
    assert_string_equal(project.settings_path, under("/muster.yaml"));
    project_release(&project);

    /* The option is stronger than the variable, and an empty variable is none. */
    assert_int_equal(project_locate("other", &project, NULL), 0);
    assert_string_equal(project.home, under("/other"));
    project_release(&project);
    setenv("MUSTER_HOME", "", 1);
    assert_int_equal(project_locate(NULL, &project, NULL), 0);
    assert_string_equal(project.home, scratch_folder);
    project_release(&project);

    struct mu_err err = MU_ERR_INIT;
    assert_int_equal(project_locate("", &project, &err), -1);
    assert_int_equal(err.code, MU_E_USAGE);
}

static void the_home_is_made_private(void **state)
{
    struct project project;
    struct stat st;
    char buf[8] = "";
    assert_int_equal(project_locate(NULL, &project, NULL), 0);
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(project_make_home(&project, NULL), 0);
        assert_int_equal(stat(".muster", &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        assert_int_equal(stat(".muster/data", &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
        assert_int_equal(stat(".muster/logs", &st), 0);
        assert_int_equal(stat(".muster/backups", &st), 0);
    }
    int fd = open(".muster/.gitignore", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, buf, sizeof buf), 2);
    close(fd);
    assert_string_equal(buf, "*\n");
    project_release(&project);

    /* A home of one's own choice gets no .gitignore. */
    assert_int_equal(project_locate("mine", &project, NULL), 0);
    assert_int_equal(project_make_home(&project, NULL), 0);
    assert_int_equal(access("mine/data", F_OK), 0);
    assert_int_equal(access("mine/.gitignore", F_OK), -1);
    project_release(&project);
}

static void a_home_that_cannot_be_is_refused(void **state)
{
    struct project project;
    struct mu_err err = MU_ERR_INIT;
    write_text("file", "");
    assert_int_equal(project_locate("file", &project, NULL), 0);
    assert_int_equal(project_make_home(&project, &err), -1);
    assert_int_equal(err.code, MU_E_IO);
    assert_non_null(strstr(err.text, "is not a folder"));
    project_release(&project);

    assert_int_equal(project_locate("file/below", &project, NULL), 0);
    assert_int_equal(project_make_home(&project, &err), -1);
    assert_int_equal(err.sys_errno, ENOTDIR);
    project_release(&project);

    /* Even root cannot write into /proc. */
    assert_int_equal(project_locate("/proc/muster", &project, NULL), 0);
    assert_int_equal(project_make_home(&project, &err), -1);
    assert_int_equal(err.code, MU_E_IO);
    assert_non_null(strstr(err.text, "/proc/muster"));
    project_release(&project);
}

static void a_read_only_home_is_refused(void **state)
{
    struct project project;
    struct mu_err err = MU_ERR_INIT;
    assert_int_equal(mu_mkdirs("ro/data", 0755, NULL), 0);
    assert_int_equal(project_locate("ro", &project, NULL), 0);
    if (geteuid() == 0) {
        if (mount("tmpfs", "ro", "tmpfs", MS_RDONLY, "size=1m") != 0) {
            project_release(&project);
            skip();
        }
        assert_int_equal(project_make_home(&project, &err), -1);
        umount2("ro", MNT_DETACH);
    } else {
        chmod("ro/data", 0500);
        assert_int_equal(project_make_home(&project, &err), -1);
        chmod("ro/data", 0700);
    }
    assert_int_equal(err.code, MU_E_IO);
    assert_true(err.sys_errno == EROFS || err.sys_errno == EACCES);
    project_release(&project);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, scratch_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_anything_the_current_folder_is_the_project),
        TEST(a_repository_above_is_the_project),
        TEST(muster_yaml_above_is_home_and_project),
        TEST(a_home_given_is_taken),
        TEST(the_home_is_made_private),
        TEST(a_home_that_cannot_be_is_refused),
        TEST(a_read_only_home_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
