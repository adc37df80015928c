/* gettext translates only where setlocale has accepted a locale other than "C". A bench often has
 * LANG=zh_CN.UTF-8 and no such locale generated, or none at all over ssh: then C.UTF-8, which
 * Debian always has, is taken, and LANGUAGE names the language that was wanted. Text is UTF-8
 * throughout, so a locale of another character set is replaced in the same way. */
#include "cli/language.h"

#include <langinfo.h>
#include <libintl.h>
#include <limits.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the catalogues: po/ beside the program where it was built, else ../share/locale. */
static void bind_catalogue(void)
{
    char path[PATH_MAX + 32];
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX);
    if (len <= 0)
        return;
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    size_t room = sizeof path - (size_t)(slash - path);
    snprintf(slash, room, "/po");
    if (access(path, F_OK) != 0)
        snprintf(slash, room, "/../share/locale");
    bindtextdomain("muster", path);
    bind_textdomain_codeset("muster", "UTF-8");
    textdomain("muster");
}

static void language_set(const char *lang)
{
    /* "zh_CN.UTF-8", "zh-CN" and "zh" are all written by people; catalogues are named zh_CN. */
    char name[64];
    snprintf(name, sizeof name, "%s", lang);
    name[strcspn(name, ".@")] = '\0';
    char *dash = strchr(name, '-');
    if (dash)
        *dash = '_';
    if (strcmp(name, "zh") == 0)
        snprintf(name, sizeof name, "zh_CN");
    setenv("LANGUAGE", name, 1);
    setlocale(LC_MESSAGES, "C.UTF-8"); /* also makes gettext look at LANGUAGE again */
}

void language_init(const char *lang)
{
    bind_catalogue();
    const char *wanted = NULL;
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; !wanted && i < sizeof names / sizeof names[0]; i++) {
        wanted = getenv(names[i]);
        if (wanted && !*wanted)
            wanted = NULL;
    }
    bool plain = wanted && (strcmp(wanted, "C") == 0 || strcmp(wanted, "POSIX") == 0);
    const char *messages = setlocale(LC_ALL, "") ? setlocale(LC_MESSAGES, NULL) : NULL;
    if (!messages || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
        setlocale(LC_ALL, "C.UTF-8");
        messages = NULL;
    }
    if (lang)
        language_set(lang);
    else if (plain)
        unsetenv("LANGUAGE"); /* the C locale asks for the untranslated text */
    else if (wanted && !messages && !(getenv("LANGUAGE") && *getenv("LANGUAGE")))
        language_set(wanted);
}
