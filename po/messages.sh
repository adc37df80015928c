#!/bin/sh
# messages.sh check SOURCE_ROOT: every text of the sources has a translation in every catalogue.
# messages.sh update SOURCE_ROOT: bring POTFILES and the catalogues up to the sources.
set -eu
cd "$2"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8

grep -rlE '\b(_|N_|P_)\(' src --include='*.c' | sort >"$work/POTFILES"
xgettext --from-code=UTF-8 --keyword=_ --keyword=N_ --keyword=P_:1,2 --no-location \
	--files-from="$work/POTFILES" --output="$work/muster.pot"
[ "$1" = check ] || cp "$work/POTFILES" po/POTFILES
status=0
while read -r language; do
	msgmerge --quiet --no-fuzzy-matching --output="$work/merged.po" "po/$language.po" \
		"$work/muster.pot"
	msgattrib --no-obsolete --output="$work/current.po" "$work/merged.po"
	msgfmt --check-format --output=/dev/null "$work/current.po"
	[ "$1" = check ] || cp "$work/current.po" "po/$language.po"
	msgattrib --untranslated "$work/current.po" >"$work/missing"
	msgattrib --only-fuzzy "$work/current.po" >>"$work/missing"
	if [ -s "$work/missing" ]; then
		echo "po/$language.po lacks:"
		cat "$work/missing"
		status=1
	fi
done <po/LINGUAS
[ "$1" = update ] || exit $status
