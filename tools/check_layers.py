#!/usr/bin/python3
"""The layer check: reads the #include lines and fails on an arrow that runs the wrong way.

    base <- model <- {verdict, store, engine, report} <- service <- {http, cli}

A folder may include itself and what stands below it; siblings never see each other. Includes are
root-relative. Some libraries and some calls have one room only.

    tools/check_layers.py [ROOT]
"""
import re
import sys
from pathlib import Path

BASE = {"base"}
MODEL = BASE | {"model"}
MIDDLE = {"verdict", "store", "engine", "report"}
SERVICE = MODEL | MIDDLE | {"service"}

# What each folder may include, itself always.
BELOW = {
    "base": set(),
    "model": BASE,
    **{layer: MODEL for layer in MIDDLE},
    "service": MODEL | MIDDLE,
    "http": SERVICE,
    "cli": SERVICE,
}

# Headers of libraries that only some folders may see.
ROOMS_OF_HEADERS = {
    "sqlite3.h": {"store"},
    "zstd.h": {"store"},
    "uv.h": {"engine", "http"},
    "pcre2.h": {"verdict"},
    "libfyaml.h": {"service"},
    "microhttpd.h": {"http"},
}

# Calls that only some folders may make. uv_spawn forks: its cost grows with the heap.
ROOMS_OF_CALLS = {
    **{call: {"engine"} for call in (
        "fork", "vfork", "clone", "execl", "execlp", "execle", "execv", "execve", "execvp",
        "execvpe", "fexecve", "posix_spawn", "posix_spawnp", "popen")},
    "uv_spawn": set(),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CALL = re.compile(r"(?<![\w.>])(" + "|".join(ROOMS_OF_CALLS) + r")\s*\(")
COMMENT_OR_TEXT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'",
                             re.DOTALL)


def blank(match):
    """The match as blanks, its newlines kept so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group())


def check_include(path, layer, quote, header):
    """Answer what is wrong with one #include of a file in `layer`, or None."""
    if header in ROOMS_OF_HEADERS and layer not in ROOMS_OF_HEADERS[header]:
        rooms = " and ".join(sorted(ROOMS_OF_HEADERS[header]))
        return f"{header} belongs to {rooms} alone"
    if quote != '"':
        return None
    target = header.split("/")[0]
    if "/" not in header:
        # A generated header has no file beside its user.
        if (path.parent / header).exists():
            return f'"{header}" is not root-relative: write "{layer}/{header}"'
        return None
    if target == layer:
        return None
    if target in BELOW and target not in BELOW[layer]:
        return f'{layer} must not see {target} ("{header}")'
    if target not in BELOW and target != "muster":
        return f'"{header}" names no known folder'
    return None


def check_file(path, layer):
    """Answer [(line number, what is wrong)] of one file."""
    text = path.read_text(encoding="utf-8")
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            wrong = check_include(path, layer, *match.groups())
            if wrong:
                found.append((number, wrong))
    code = COMMENT_OR_TEXT.sub(blank, text)
    for match in CALL.finditer(code):
        call = match.group(1)
        if layer not in ROOMS_OF_CALLS[call]:
            rooms = " and ".join(sorted(ROOMS_OF_CALLS[call])) or "nobody"
            found.append((code.count("\n", 0, match.start()) + 1,
                          f"{call}() may be called by {rooms} alone"))
    return found


def check_public(path):
    """Public headers stand alone: they may include each other and the system's headers."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match and match.group(1) == '"' and not match.group(2).startswith("muster/"):
            found.append((number, f'a public header must not see "{match.group(2)}"'))
    return found


def check(root):
    """Answer every finding under `root` as a sentence."""
    findings = []
    for path in sorted((root / "src").rglob("*.[ch]")):
        layer = path.relative_to(root / "src").parts[0]
        if layer not in BELOW:
            findings.append(f"{path.relative_to(root)}: in no known folder")
            continue
        findings += [f"{path.relative_to(root)}:{line}: {wrong}"
                     for line, wrong in check_file(path, layer)]
    for path in sorted((root / "include").rglob("*.h")):
        findings += [f"{path.relative_to(root)}:{line}: {wrong}"
                     for line, wrong in check_public(path)]
    return findings


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    findings = check(root)
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
