#!/bin/sh
# Every text of the sources has a translation in every catalogue, and every source with texts is in
# POTFILES. Usage: check.sh SOURCE_ROOT
set -eu
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8

grep -rlE '\b(_|N_|P_)\(' src --include='*.c' | sort >"$work/used"
sort po/POTFILES | diff - "$work/used" >"$work/diff" || {
	echo "po/POTFILES is not what uses texts (< too many, > missing):"
	cat "$work/diff"
	exit 1
}
xgettext --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=P_:1,2 --no-location \
	--files-from="$work/used" --output="$work/muster.pot"
for language in $(cat po/LINGUAS); do
	msgmerge --quiet --no-fuzzy-matching --output="$work/merged.po" "po/$language.po" \
		"$work/muster.pot"
	msgfmt --check-format --output=/dev/null "$work/merged.po"
	msgattrib --untranslated --no-obsolete "$work/merged.po" >"$work/missing"
	msgattrib --only-fuzzy --no-obsolete "$work/merged.po" >>"$work/missing"
	if [ -s "$work/missing" ]; then
		echo "po/$language.po lacks:"
		cat "$work/missing"
		exit 1
	fi
done
