/* Two levels of the same walk: a path is a row of names and a pattern a row of parts, where the
 * part
 * `**` stands for any number of names; a name is a row of characters, where `*` stands for any
 * number of them. On each level only the last star is ever tried again, which is enough (an earlier
 * one can give nothing that the last could not take) and keeps the time bounded. */
#include "service/glob.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/fd.h"
#include "base/utf8.h"
#include "service/discover.h"

struct span {
    const char *at, *end;
};

/* The next character; an invalid byte is one of its own, outside of Unicode. */
static uint32_t take_char(struct span *span)
{
    uint32_t ch;
    size_t n = mu_utf8_decode(span->at, (size_t)(span->end - span->at), &ch);
    if (n == 0) {
        ch = 0x110000U + (unsigned char)*span->at;
        n = 1;
    }
    span->at += n;
    return ch;
}

/* `[…]` at `pattern->at`. Returns 1 or 0 and moves behind it, -1 where the bracket never closes (it
 * is an ordinary character then). */
static int match_set(struct span *pattern, uint32_t ch)
{
    struct span p = *pattern;
    p.at++;
    bool negated = p.at < p.end && (*p.at == '!' || *p.at == '^');
    if (negated)
        p.at++;
    bool found = false;
    for (bool first = true; p.at < p.end; first = false) {
        if (*p.at == ']' && !first) {
            pattern->at = p.at + 1;
            return found != negated;
        }
        if (*p.at == '\\' && p.at + 1 < p.end)
            p.at++;
        uint32_t low = take_char(&p), high = low;
        if (p.end - p.at >= 2 && p.at[0] == '-' && p.at[1] != ']') {
            p.at++;
            high = take_char(&p);
        }
        found = found || (low <= ch && ch <= high);
    }
    return -1;
}

/* One character of the pattern that is no star, against one of the name. Moves both. */
static bool match_char(struct span *pattern, struct span *name)
{
    uint32_t ch = take_char(name);
    if (*pattern->at == '?') {
        pattern->at++;
        return true;
    }
    if (*pattern->at == '[') {
        int in_set = match_set(pattern, ch);
        if (in_set >= 0)
            return in_set;
    } else if (*pattern->at == '\\' && pattern->at + 1 < pattern->end) {
        pattern->at++;
    }
    return take_char(pattern) == ch;
}

static bool match_name(struct span pattern, struct span name)
{
    struct span star_pattern = {NULL, NULL}, star_name = {NULL, NULL};
    for (;;) {
        if (pattern.at < pattern.end && *pattern.at == '*') {
            pattern.at++;
            star_pattern = pattern;
            star_name = name;
            continue;
        }
        if (name.at == name.end && pattern.at == pattern.end)
            return true;
        if (name.at < name.end && pattern.at < pattern.end && match_char(&pattern, &name))
            continue;
        if (!star_pattern.at || star_name.at == star_name.end)
            return false;
        take_char(&star_name); /* let the star take one more */
        pattern = star_pattern;
        name = star_name;
    }
}

/* The part of `path` up to the next '/'. */
static struct span part_of(const char *path)
{
    return (struct span){path, path + strcspn(path, "/")};
}

static const char *after(struct span part)
{
    return *part.end == '/' ? part.end + 1 : part.end;
}

static bool is_any_folders(struct span part)
{
    return part.end - part.at == 2 && part.at[0] == '*' && part.at[1] == '*';
}

enum goal {
    WHOLE,   /* the pattern ends at the path's end, or at a folder above it */
    BENEATH, /* the path ends while the pattern may go on */
    NAMED,   /* the path ends with a name that a part of the pattern other than `**` took */
};

static bool match_path(const char *pattern, const char *path, enum goal goal)
{
    const char *star_pattern = NULL, *star_path = NULL;
    bool named = false;
    for (;;) {
        if (*path == '\0' && goal != WHOLE)
            return goal == BENEATH || named;
        /* The end of the pattern names a folder or the whole; "name/" only a folder. */
        if (*pattern == '\0' && (*path == '\0' || (path[-1] == '/' && goal != NAMED)))
            return *path != '\0' || pattern[-1] != '/';
        if (*pattern != '\0') {
            struct span part = part_of(pattern);
            if (is_any_folders(part)) {
                star_pattern = pattern = after(part);
                star_path = path;
                named = false;
                if (*pattern == '\0')
                    return goal != NAMED;
                continue;
            }
            struct span name = part_of(path);
            if (*path != '\0' && match_name(part, name)) {
                pattern = after(part);
                path = after(name);
                named = true;
                continue;
            }
        }
        if (!star_path || *star_path == '\0')
            return false;
        star_path = after(part_of(star_path)); /* let `**` take one more name */
        path = star_path;
        pattern = star_pattern;
        named = false;
    }
}

/* Bring pattern and path to the same footing: both from the root, or both below the project.
 * Returns false where the one can never match the other. */
static bool align(const char **pattern, const char **path)
{
    while ((*pattern)[0] == '.' && (*pattern)[1] == '/')
        *pattern += 2;
    if (**path == '/') {
        if (**pattern != '/' && strncmp(*pattern, "**/", 3) != 0)
            return false;
        ++*path;
    } else if (**pattern == '/') {
        return false;
    }
    if (**pattern == '/')
        ++*pattern;
    return **pattern != '\0' && **path != '\0';
}

bool glob_is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/* Most patterns differ from most paths in what they begin with: seen here, before anything is taken
 * apart, it costs a tenth. */
static bool begins_alike(const char *pattern, const char *path)
{
    while (*pattern != '\0' && !strchr("*?[\\", *pattern))
        if (*pattern++ != *path++)
            return false;
    return true;
}

bool glob_match_anchored(const char *pattern, const char *path)
{
    return align(&pattern, &path) && begins_alike(pattern, path) &&
           match_path(pattern, path, WHOLE);
}

/* Without '/', except at its end: such a pattern fits a name anywhere. */
static bool is_name_pattern(const char *pattern)
{
    const char *slash = strchr(pattern, '/');
    return *pattern != '\0' && (!slash || slash[1] == '\0');
}

bool glob_match(const char *pattern, const char *path)
{
    if (!is_name_pattern(pattern))
        return glob_match_anchored(pattern, path);
    struct span part = part_of(pattern);
    for (; *path != '\0'; path = after(part_of(path))) {
        struct span name = part_of(path);
        if ((*part.end == '\0' || *name.end == '/') && match_name(part, name))
            return true;
    }
    return false;
}

bool glob_reaches_beneath(const char *pattern, const char *folder)
{
    return align(&pattern, &folder) && match_path(pattern, folder, BENEATH);
}

bool glob_names_folder(const char *pattern, const char *folder)
{
    if (is_name_pattern(pattern))
        return match_name(part_of(pattern), part_of(mu_path_name(folder)));
    return align(&pattern, &folder) && match_path(pattern, folder, NAMED);
}
