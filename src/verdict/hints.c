/* Hints are looked up in the order of the table; the first row all of whose texts occur holds.
 * The standard modules are those of sys.stdlib_module_names, private ones left out. */
#include "verdict/hints.h"

#include <stdlib.h>
#include <string.h>

#include "base/i18n.h"

static const struct hint {
    const char *error;  /* the exception line begins with it, after its module ("" any) */
    const char *text;   /* and holds this ("" any) */
    const char *source; /* and its source line holds this ("" any) */
    const char *hint;
} hints[] = {
    {"ImportError", "attempted relative import", "",
     N_("the script imports from its own package: `runner: module` starts it as a part of it")},
    {"SystemError", "attempted relative import", "",
     N_("the script imports from its own package: `runner: module` starts it as a part of it")},
    {"ModuleNotFoundError", "is not a package", "",
     N_("a file has the name of the package that it imports, and hides it: rename the file")},
#define CIRCULAR                                                                                   \
    N_("modules import each other in a circle, or a file has the name of the module that it "      \
       "imports: rename the file")
    {"AttributeError", "partially initialized module", "", CIRCULAR},
    {"ImportError", "partially initialized module", "", CIRCULAR},
    {"ImportError", "circular import", "", CIRCULAR},
#define READS_INPUT                                                                                \
    N_("the script waits for the keyboard: `stdin: newline`, or `stdin: FILE`, answers it")
    {"EOFError", "EOF when reading a line", "", READS_INPUT},
    {"EOFError", "", "input(", READS_INPUT},
    {"KeyboardInterrupt", "", "input(", READS_INPUT},
    {"KeyboardInterrupt", "", "plt.show(",
     N_("plt.show() waits until its window is closed: set MPLBACKEND=Agg under `env:`")},
    {"KeyboardInterrupt", "", "pyplot.show(",
     N_("plt.show() waits until its window is closed: set MPLBACKEND=Agg under `env:`")},
#define NO_DISPLAY N_("there is no display: set DISPLAY, or MPLBACKEND=Agg for plots, under `env:`")
    {"TclError", "display", "", NO_DISPLAY},
    {"", "connect to display", "", NO_DISPLAY},
    {"", "cannot connect to X server", "", NO_DISPLAY},
    {"UnicodeEncodeError", "", "",
     N_("the file or stream is not UTF-8: open it with encoding='utf-8'")},
    {"UnicodeDecodeError", "'utf-8' codec", "",
     N_("what is read is not UTF-8: open it with the encoding that it has, often "
        "encoding='gb18030'")},
    {"UnicodeDecodeError", "'gbk' codec", "",
     N_("what is read is not GBK: open it with the encoding that it has, often encoding='utf-8'")},
    {"SyntaxError", "Missing parentheses in call to 'print'", "",
     N_("the script is written for Python 2")},
    {"SyntaxError", "Non-UTF-8 code", "",
     N_("the script is not saved as UTF-8: save it so, or begin it with `# -*- coding: gbk -*-`")},
    {"SyntaxError", "'utf-8' codec", "",
     N_("the script is not saved as UTF-8: save it so, or begin it with `# -*- coding: gbk -*-`")},
    {"PermissionError", "'/dev/", "",
     N_("the user may not open the device: add the user to the device's group")},
    {"OSError", "Address already in use", "",
     N_("another program holds the port: end it, or put the scripts into one group")},
    {"OSError", "No space left on device", "", N_("the disk is full")},
};

static const char *const standard_modules[] = {
    "abc",
    "aifc",
    "antigravity",
    "argparse",
    "array",
    "ast",
    "asynchat",
    "asyncio",
    "asyncore",
    "atexit",
    "audioop",
    "base64",
    "bdb",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "cProfile",
    "calendar",
    "cgi",
    "cgitb",
    "chunk",
    "cmath",
    "cmd",
    "code",
    "codecs",
    "codeop",
    "collections",
    "colorsys",
    "compileall",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "crypt",
    "csv",
    "ctypes",
    "curses",
    "dataclasses",
    "datetime",
    "dbm",
    "decimal",
    "difflib",
    "dis",
    "distutils",
    "doctest",
    "email",
    "encodings",
    "ensurepip",
    "enum",
    "errno",
    "faulthandler",
    "fcntl",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "genericpath",
    "getopt",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "grp",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "idlelib",
    "imaplib",
    "imghdr",
    "imp",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "lib2to3",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "mailbox",
    "mailcap",
    "marshal",
    "math",
    "mimetypes",
    "mmap",
    "modulefinder",
    "msilib",
    "msvcrt",
    "multiprocessing",
    "netrc",
    "nis",
    "nntplib",
    "nt",
    "ntpath",
    "nturl2path",
    "numbers",
    "opcode",
    "operator",
    "optparse",
    "os",
    "ossaudiodev",
    "pathlib",
    "pdb",
    "pickle",
    "pickletools",
    "pipes",
    "pkgutil",
    "platform",
    "plistlib",
    "poplib",
    "posix",
    "posixpath",
    "pprint",
    "profile",
    "pstats",
    "pty",
    "pwd",
    "py_compile",
    "pyclbr",
    "pydoc",
    "pydoc_data",
    "pyexpat",
    "queue",
    "quopri",
    "random",
    "re",
    "readline",
    "reprlib",
    "resource",
    "rlcompleter",
    "runpy",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtpd",
    "smtplib",
    "sndhdr",
    "socket",
    "socketserver",
    "spwd",
    "sqlite3",
    "sre_compile",
    "sre_constants",
    "sre_parse",
    "ssl",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "subprocess",
    "sunau",
    "symtable",
    "sys",
    "sysconfig",
    "syslog",
    "tabnanny",
    "tarfile",
    "telnetlib",
    "tempfile",
    "termios",
    "textwrap",
    "this",
    "threading",
    "time",
    "timeit",
    "tkinter",
    "token",
    "tokenize",
    "tomllib",
    "trace",
    "traceback",
    "tracemalloc",
    "tty",
    "turtle",
    "turtledemo",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "uu",
    "uuid",
    "venv",
    "warnings",
    "wave",
    "weakref",
    "webbrowser",
    "winreg",
    "winsound",
    "wsgiref",
    "xdrlib",
    "xml",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo",
};

static int compare(const void *key, const void *member)
{
    return strcmp(key, *(const char *const *)member);
}

bool hints_is_standard_module(const char *name, size_t len)
{
    char key[32];
    if (len >= sizeof key)
        return false;
    memcpy(key, name, len);
    key[len] = '\0';
    return bsearch(key, standard_modules, sizeof standard_modules / sizeof standard_modules[0],
                   sizeof standard_modules[0], compare) != NULL;
}

/* `_tkinter.TclError: …` begins with TclError. */
static bool names(const char *error, const char *name)
{
    size_t n = strcspn(error, ": "), len = strlen(name);
    return len == 0 || (n >= len && memcmp(error + n - len, name, len) == 0 &&
                        (n == len || error[n - len - 1] == '.'));
}

bool hints_may_be_shadowed(const char *error)
{
    static const struct {
        const char *error, *text;
    } symptoms[] = {
        {"AttributeError", "module '"},
        {"ImportError", "cannot import name"},
        {"ModuleNotFoundError", "is not a package"},
    };
    for (size_t i = 0; i < sizeof symptoms / sizeof symptoms[0]; i++)
        if (names(error, symptoms[i].error) && strstr(error, symptoms[i].text))
            return true;
    return false;
}

const char *hints_find(const char *error, const char *source)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        const struct hint *h = &hints[i];
        if (names(error, h->error) && strstr(error, h->text) && strstr(source, h->source))
            return h->hint;
    }
    return NULL;
}
