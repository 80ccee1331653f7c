#!/bin/sh
# SPDX-License-Identifier: MIT
# release.sh VERSION: whether what is checked out may become that release; a line for each thing
# that is in the way.
set -eu
version=$1
status=0

wrong() {
	echo "make release: $*" >&2
	status=1
}

changes=$(git status --porcelain)
[ -z "$changes" ] || wrong "commit these first:
$changes"
! git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null ||
	wrong "there is a tag v$version; a new release has a new Version in rpm/multihome.spec"
expected="multihome $version ($(date -u +%Y-%m-%d))"
found=$(head -n 1 NEWS)
[ "$found" = "$expected" ] || wrong "NEWS begins with '$found'; expected '$expected'"
expected=$(LC_ALL=C date -u '+* %a %b %d %Y')
found=$(sed -n '/^%changelog/,$ { /^\*/ { p; q; }; }' rpm/multihome.spec)
case $found in
"$expected "*" - $version-"[0-9]*) ;;
*) wrong "%changelog begins with '$found'; expected '$expected NAME <ADDRESS> - $version-1'" ;;
esac
exit $status
