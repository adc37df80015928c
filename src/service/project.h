/* Where we are: home, project, and the muster.yaml that is read.
 *
 * Home: --home, else $MUSTER_HOME, else the nearest folder at or above the current one that holds
 * muster.yaml, else `.muster/` in the project. Project: the folder of muster.yaml, else the nearest
 * one at or above the current folder with `.git` or `pyproject.toml`, else the current one. A
 * muster.yaml in the home given is read and its folder is the project; else the nearest one above
 * the current folder is read. */
#ifndef SERVICE_PROJECT_H
#define SERVICE_PROJECT_H

#include <stdbool.h>

#include "base/error.h"

struct project {
    char *home;           /* absolute */
    char *folder;         /* absolute: the project */
    char *settings_path;  /* absolute muster.yaml, or NULL */
    bool home_is_default; /* `.muster/` in the project: gets a .gitignore of `*` when it is made */
};

/* `home_option` is --home's value or NULL. Nothing is made. */
int project_locate(const char *home_option, struct project *ret, struct mu_err *err);
/* Make the home's folders (data, logs, backups; 0700), and .gitignore in a default one. Refuses NFS
 * and CIFS, read-only and full file systems with a clear sentence. */
int project_make_home(const struct project *project, struct mu_err *err);
void project_release(struct project *project);

#endif
