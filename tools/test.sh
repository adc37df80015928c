#!/bin/bash
# `make test`: the unit tests and the end-to-end tests under each build folder given; all of them
# run, whatever the one before said. Ends with the totals.
#   tools/test.sh build build-asan
set -u
cd "$(dirname "$0")/.." || exit 1
export PYTHONDONTWRITEBYTECODE=1
status=0
reports=()

for folder in "$@"; do
    rm -rf "$folder/junit" "$folder/sanitizer"
    mkdir -p "$folder/junit" "$folder/sanitizer"
    # A report goes to a file, so that none is lost in what a test captures; 86 is no exit code of
    # muster's own.
    log="log_path=$PWD/$folder/sanitizer/report"
    export ASAN_OPTIONS="$log:exitcode=86:detect_stack_use_after_return=1"
    export UBSAN_OPTIONS="$log:exitcode=86:print_stacktrace=1:halt_on_error=1"
    export LSAN_OPTIONS="exitcode=86"

    echo "== unit tests, $folder"
    if ! meson test -C "$folder" --print-errorlogs </dev/null; then
        status=1
        # Meson names the case that failed, but keeps what it said (TAP comments) to its log.
        grep -A 12 '^not ok' "$folder/meson-logs/testlog.txt" >&2
    fi
    cp "$folder/meson-logs/testlog.junit.xml" "$folder/junit/unit.xml" || status=1

    echo "== end to end, $folder"
    MUSTER_BIN=$PWD/$folder/muster /usr/bin/python3 -m pytest -q -p no:cacheprovider \
        --junitxml="$folder/junit/e2e.xml" tests/tools tests/e2e </dev/null || status=1

    if [[ -n $(ls -A "$folder/sanitizer") ]]; then
        echo "== sanitizer reports, $folder" >&2
        cat "$folder/sanitizer"/* >&2
        status=1
    fi
    reports+=("$folder"/junit/unit.xml "$folder"/junit/e2e.xml)
done

/usr/bin/python3 tools/test_totals.py "${reports[@]}" || status=1
exit $status
