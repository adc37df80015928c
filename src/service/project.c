/* Home, project and muster.yaml are found by going up from the current folder; everything is
 * absolute and canonical by text afterwards, so that two spellings of one folder are one. */
#include "service/project.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/str.h"

/* folder/name, malloc'd; NULL without memory. */
static char *join(const char *folder, const char *name)
{
    return mu_path_absolute(folder, name);
}

/* Anything of that name: a broken or unreadable muster.yaml must be complained about, not passed
 * by. */
static bool has_entry(const char *folder, const char *name)
{
    MU_AUTO_FREE char *path = join(folder, name);
    struct stat st;
    return path && lstat(path, &st) == 0;
}

/* The nearest folder at or above `start` that has one of the names (NULL-terminated); NULL: none.
 * malloc'd. */
static char *find_above(const char *start, const char *const names[])
{
    char *folder = strdup(start);
    while (folder) {
        for (size_t i = 0; names[i]; i++)
            if (has_entry(folder, names[i]))
                return folder;
        char *slash = strrchr(folder, '/');
        if (folder[1] == '\0' || !slash)
            break;
        slash[slash == folder ? 1 : 0] = '\0';
    }
    free(folder);
    return NULL;
}

int project_locate(const char *home_option, struct project *ret, struct mu_err *err)
{
    static const char *const settings_names[] = {"muster.yaml", NULL};
    static const char *const project_names[] = {".git", "pyproject.toml", NULL};

    MU_AUTO_FREE char *cwd = getcwd(NULL, 0);
    if (!cwd)
        return mu_err_sys(err, MU_E_IO, errno, _("cannot tell the current folder"));
    if (home_option && *home_option == '\0')
        return mu_err_set(err, MU_E_USAGE, _("--home: empty: name a folder"));
    const char *given = home_option ? home_option : getenv("MUSTER_HOME");

    struct project project = {0};
    MU_AUTO_FREE char *settings_folder = NULL;
    if (given && *given != '\0') {
        project.home = mu_path_absolute(NULL, given);
        if (project.home && has_entry(project.home, "muster.yaml"))
            settings_folder = strdup(project.home);
    }
    if (!settings_folder)
        settings_folder = find_above(cwd, settings_names);
    if (settings_folder) {
        project.settings_path = join(settings_folder, "muster.yaml");
        project.folder = strdup(settings_folder);
    } else {
        project.folder = find_above(cwd, project_names);
        if (!project.folder)
            project.folder = strdup(cwd);
    }
    if (!project.home && settings_folder)
        project.home = strdup(settings_folder);
    if (!project.home && project.folder) {
        project.home = join(project.folder, ".muster");
        project.home_is_default = true;
    }
    if (!project.home || !project.folder || (settings_folder && !project.settings_path)) {
        project_release(&project);
        return mu_err_nomem(err);
    }
    *ret = project;
    return 0;
}

/* WAL needs memory shared between processes, which file systems of other machines do not give. */
static const char *network_file_system(const char *folder)
{
    enum { CIFS_MAGIC = 0xff534d42, SMB2_MAGIC = 0xfe534d42 }; /* fs/smb/client/cifsfs.c */
    struct statfs fs;
    if (statfs(folder, &fs) != 0)
        return NULL;
    switch ((unsigned)fs.f_type) {
    case NFS_SUPER_MAGIC: return "NFS";
    case SMB_SUPER_MAGIC:
    case (unsigned)CIFS_MAGIC:
    case (unsigned)SMB2_MAGIC: return "CIFS";
    default: return NULL;
    }
}

static int write_gitignore(const char *home, struct mu_err *err)
{
    MU_AUTO_FREE char *path = join(home, ".gitignore");
    if (!path)
        return mu_err_nomem(err);
    MU_AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : mu_err_sys(err, MU_E_IO, errno, _("cannot write %s"), path);
    if (mu_write_all(fd, "*\n", 2) != 0) {
        int saved = errno;
        unlink(path);
        return mu_err_sys(err, MU_E_IO, saved, _("cannot write %s"), path);
    }
    return 0;
}

/* The nearest folder at or above `path` that exists: where a home that is not there yet will be. */
static char *existing_folder(const char *path)
{
    char *folder = strdup(path);
    while (folder && access(folder, F_OK) != 0 && folder[1] != '\0') {
        char *slash = strrchr(folder, '/');
        slash[slash == folder ? 1 : 0] = '\0';
    }
    return folder;
}

int project_make_home(const struct project *project, struct mu_err *err)
{
    static const char *const folders[] = {"data", "logs", "backups"};
    const char *home = project->home;
    struct stat st;
    if (stat(home, &st) == 0 && !S_ISDIR(st.st_mode))
        return mu_err_set(err, MU_E_IO, _("the home %s is not a folder: name another with --home"),
                          home);
    MU_AUTO_FREE char *existing = existing_folder(home);
    if (!existing)
        return mu_err_nomem(err);
    const char *network = network_file_system(existing);
    if (network)
        return mu_err_set(err, MU_E_IO,
                          _("the home %s lies on a network file system (%s), where the database is "
                            "not safe: name a local folder with --home or MUSTER_HOME"),
                          home, network);
    if (mu_mkdirs(home, 0700, err) != 0)
        return mu_err_wrap(err,
                           _("cannot make the home (name another with --home or MUSTER_HOME)"));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        MU_AUTO_FREE char *path = join(home, folders[i]);
        if (!path)
            return mu_err_nomem(err);
        if (mu_mkdirs(path, 0700, err) != 0)
            return mu_err_wrap(err, _("cannot use the home %s"), home);
        if (access(path, R_OK | W_OK | X_OK) != 0)
            return mu_err_sys(err, MU_E_IO, errno,
                              _("cannot write to the home's folder %s: name another with --home"),
                              path);
    }
    return project->home_is_default ? write_gitignore(home, err) : 0;
}

void project_release(struct project *project)
{
    free(project->home);
    free(project->folder);
    free(project->settings_path);
    *project = (struct project){0};
}
