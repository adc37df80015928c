#!/bin/bash
# `make fuzz`: run every fuzz target for the given seconds, from its corpus in tests/fuzz/corpus/.
# What it finds new stays in build-fuzz/; a crash is printed, and the file that caused it kept there.
set -eu
seconds=$1
cd "$(dirname "$0")/.."
[[ -e build-fuzz/build.ninja ]] ||
    CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
        -Dc_args=-fsanitize=fuzzer-no-link
ninja -C build-fuzz

status=0
for target in build-fuzz/tests/fuzz/fuzz_*; do
    [[ -x $target && -f $target ]] || continue
    name=$(basename "$target")
    mkdir -p "build-fuzz/found/$name"
    echo "== $name, $seconds s"
    "$target" -max_total_time="$seconds" -print_final_stats=0 -verbosity=0 -timeout=10 \
        -artifact_prefix="build-fuzz/$name-" "build-fuzz/found/$name" "tests/fuzz/corpus/$name" ||
        status=1
done
exit $status
