#!/bin/bash
# Install what is missing of the named sets of tools/packages.txt, through apt, without asking.
# Costs one dpkg-query where nothing is missing.
#   tools/deps.sh build test
set -eu
cd "$(dirname "$0")"

mapfile -t wanted < <(
    for set in "$@"; do
        awk -v set="$set" '$1 == set { print $2 }' packages.txt
    done
)

if ! command -v dpkg-query >/dev/null; then
    echo "deps: this is no Debian: make sure by hand that these are there: ${wanted[*]}" >&2
    exit 0
fi

present=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "${wanted[@]}" 2>/dev/null || true)"
missing=()
for package in "${wanted[@]}"; do
    [[ $present == *" installed:$package "* ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

echo "deps: installing ${missing[*]}" >&2
if [[ $(id -u) -eq 0 ]]; then
    as_root=(env DEBIAN_FRONTEND=noninteractive)
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
    cat >&2 <<EOF
deps: these packages are missing, and installing them needs root:
    sudo apt-get install --no-install-recommends ${missing[*]}
EOF
    exit 1
fi
apt_install=("${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}")
{
    "${as_root[@]}" apt-get update -qq && "${apt_install[@]}"
} </dev/null >&2 || {
    echo "deps: apt could not install: ${missing[*]}" >&2
    exit 1
}
