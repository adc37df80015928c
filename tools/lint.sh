#!/bin/bash
# `make lint`: every check runs, whatever the one before it said; the result of each is also written
# to build/junit/lint.xml.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
cases=

check() { # name, command …
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "  ok      $name"
        cases+="<testcase classname=\"lint\" name=\"$name\"/>"
    else
        echo "  FAILED  $name"
        printf '%s\n' "$output" | sed 's/^/    /'
        cases+="<testcase classname=\"lint\" name=\"$name\"><failure/></testcase>"
        failed=$((failed + 1))
    fi
}

c_files() {
    find src include tests -name '*.[ch]' 2>/dev/null | sort
}

formatted() {
    c_files | xargs clang-format --dry-run -Werror
}

# base/banned.h is included before every file; this proves that it bites.
banned() {
    local word words
    read -ra words < <(sed -n 's/^#pragma GCC poison //p' src/base/banned.h)
    for word in "${words[@]}"; do
        if echo "void *use = (void *)$word;" |
            cc -x c -fsyntax-only -include src/base/banned.h - 2>/dev/null; then
            echo "$word is not refused"
            return 1
        fi
    done
}

shell_scripts() {
    local scripts
    mapfile -t scripts < <(grep -rIlE '^#!.*\b(ba)?sh\b' .ci tools tests bench examples | sort)
    shellcheck "${scripts[@]}"
}

messages() {
    local po
    for po in po/*.po; do
        [[ -e $po ]] || continue
        msgfmt --check --output-file=/dev/null "$po" || return 1
    done
}

python_scripts() {
    find tools tests bench examples -name '*.py' -not -path '*/corpus/*' -print0 |
        PYTHONWARNINGS=error xargs -0 /usr/bin/python3 -c '
import sys
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        compile(file.read(), name, "exec")
'
}

no_warnings() {
    [[ -e build-lint/build.ninja ]] || meson setup build-lint --werror || return 1
    ninja -C build-lint all meson-test-prereq
}

check 'clang-format' formatted
check 'layers' /usr/bin/python3 tools/check_layers.py
check 'banned functions' banned
check 'shellcheck' shell_scripts
check 'python' python_scripts
check 'messages' messages
check 'warnings' no_warnings

mkdir -p build/junit
printf '<testsuite name="lint">%s</testsuite>\n' "$cases" >build/junit/lint.xml
[[ $failed -eq 0 ]]
