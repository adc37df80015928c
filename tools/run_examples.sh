#!/bin/bash
# `make run`: run examples/ in a home of its own and say where it is. Some of the examples fail on
# purpose, so the honest end of this batch is exit code 1; anything else is an error here.
set -u
muster=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 1

home=$(mktemp -d -t muster-examples-XXXXXX) || exit 1
"$muster" run --home "$home" examples/
code=$?

if [[ $code -ne 1 ]]; then
    echo "run: the examples ended with $code, where 1 was expected" >&2
    exit $((code == 0 ? 1 : code))
fi
cat <<EOF

Some of these fail on purpose. Look around in the home of this run:
    export MUSTER_HOME=$home
    ${muster#"$PWD"/} show latest
    ${muster#"$PWD"/} show 1/c_temp.py
    ${muster#"$PWD"/} history
EOF
