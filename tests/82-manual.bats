#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # what run sets
# The manual pages: clean, whole and true.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/.." || return
	PATH=$(readlink -f "${BUILD:-build}"):$PATH
	out=$BATS_TEST_TMPDIR
}

# text PAGE: as a terminal has it, without bold and underlining.
text() {
	mandoc -Tascii "man/$1" | sed 's/.\x08//g'
}

# messages FILE…: what these sources can print, beside the program's.
messages() {
	awk -f tests/manual/messages.awk helper/*/*.h helper/*/*.c "$@"
}

# nothing COMMAND…: it prints nothing.
nothing() {
	run "$@"
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "mandoc has nothing to say of the pages" {
	nothing mandoc -Tlint -Wwarning man/multihome.5 man/multihome.8 man/ja/multihome.8
}

@test "the English pages are ASCII, and all have macros only that EL5's groff knows" {
	local macros='TH|SH|SS|TP|PP|IP|RS|RE|B|I|BR|RB|IR|RI|nf|fi'
	LC_ALL=C nothing grep -n '[^ -~]' man/multihome.5 man/multihome.8
	nothing grep -nPe "^\.(?!\\\\\"|($macros)( |\$))" man/multihome.5 man/multihome.8
	# Without blanks between words an adjusted line has gaps: that page is ragged.
	macros+='|ad'
	nothing grep -nPe "^\.(?!\\\\\"|($macros)( |\$))" man/ja/multihome.8
}

@test "the pages fit 80 columns" {
	# But for lines to paste, which are not broken.
	text multihome.5 | grep -v '^ *[-+~] ip ' >"$out/5"
	text multihome.8 >"$out/8"
	nothing grep -nE '^.{81}' "$out/5" "$out/8"
	# Japanese letters are two columns wide.
	mandoc -Tutf8 man/ja/multihome.8 >"$out/ja"
	grep -q '応答' "$out/ja"
	nothing python3 -c 'import re, sys, unicodedata
for line in open(sys.argv[1], encoding="utf-8"):
    line = re.sub(".\b", "", line.rstrip("\n"))
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in line)
    if len(line) + wide > 80:
        print(sys.argv[1] + ":", ascii(line))' "$out/ja"
}

# outline PAGE: what it has in any language.
outline() {
	awk -f tests/manual/page.awk "$1" "$1"
}

@test "the Japanese page has the sections, entries, code and marked words of the English one" {
	outline man/multihome.8 >"$out/en"
	[ "$(grep -c '^\.TP' "$out/en")" -ge 200 ]
	diff -u --label man/multihome.8 --label man/ja/multihome.8 "$out/en" \
		<(outline man/ja/multihome.8)
}

@test "what the Japanese page lacks, or has otherwise, would be seen there" {
	local edit
	outline man/ja/multihome.8 >"$out/whole"
	# An entry, a message, a line of code, an option, a key, a reference, paragraphs, a title.
	for edit in '/^\.B no\\-way\\-back/,/^\.TP/d' 's/^\(\.B "DEVICE: \)alive/\1lives/' \
		'/restored: ip rule/d' 's/sync \\-\\-confirm 60/sync/' 's/TRACK_DOWN/TRACK_UP/' \
		's/「 検出項目 」/「 検出 」/' '/^\.IP/d' 's/^\.SH ログ/.SH 環境変数/'; do
		sed "$edit" man/ja/multihome.8 >"$out/page"
		run ! cmp -s man/ja/multihome.8 "$out/page"
		outline "$out/page" >"$out/edited"
		run ! cmp -s "$out/whole" "$out/edited"
	done
}

@test "each verb is on the page with its usage, and each option with its value" {
	local words page
	page=$(sed -n 's/\\-/-/g; s/^\.B //p' man/multihome.8 | sed 's/^-h, //')
	multihome --help | sed -n 's/^  \([a-z].*[^ ]\)  .*/\1/p' >"$out/verbs"
	[ "$(wc -l <"$out/verbs")" -ge 8 ]
	while read -r words; do
		multihome "${words%% *}" --help
	done <"$out/verbs" | sed -n 's/^  \(--[^ ]*\( [A-Z]\{2,\}\)\{0,1\}\) .*/\1/p' |
		sort -u >"$out/options"
	[ "$(wc -l <"$out/options")" -ge 3 ]
	while read -r words; do
		grep -qxFe "$words" <<<"$page" || { echo "not there: $words"; return 1; }
	done < <(cat "$out/verbs" "$out/options")
}

@test "each message of the program is in DIAGNOSTICS, and nothing else is" {
	messages >"$out/messages"
	[ "$(wc -l <"$out/messages")" -gt 50 ]
	nothing awk -f tests/manual/documented.awk man/multihome.8 "$out/messages"
}

@test "each kind of finding is on the page with a meaning, and nothing else is" {
	sed -n '/names\[FINDING_KINDS\]/, /^};/s/.*"\(.*\)".*/\1/p' helper/judge/findings.c >"$out/kinds"
	[ "$(wc -l <"$out/kinds")" -ge 20 ]
	diff "$out/kinds" <(sed -n '/^\.SH FINDINGS/,/^\.SH [^F]/p' man/multihome.8 |
		sed 's/\\-/-/g' |
		awk '/^\.TP/ { getline; sub(/^\.B /, ""); name = $0; getline; if (/^[A-Z].*\.$/) print name }')
}

@test "each word of a fault, each state and each form of a cure is on the page" {
	local words page
	page=$(text multihome.8)
	{
		sed -n '/^const char \*words_fault/,/^}/p; /^const char \*words_outcome/,/^}/p' \
			helper/judge/words.c | grep -o '"[a-z-]*"'
		sed -n '/^static const char \*describe_state/,/^}/p' helper/judge/show.c |
			grep -o '"[a-z-]*"'
	} | tr -d '"' | sort -u >"$out/words"
	[ "$(wc -l <"$out/words")" -ge 25 ]
	sed -n 's/^ \*   \([a-z]* .*\)/\1/p' helper/judge/cures.h |
		sed 's/ *….*/ WHAT/' >>"$out/words"
	grep -qx 'see WHAT' "$out/words"
	while read -r words; do
		grep -qwF -- "$words" <<<"$page" || { echo "not there: $words"; return 1; }
	done <"$out/words"
}

@test "each verdict of explain is in the page" {
	local words page
	page=$(text multihome.8 | tr -s ' \n' '  ')
	# The literals, taken apart where something is filled in.
	sed -n '/^static void format_astray/,/^}/p; /^void words_verdict/,/^}/p' \
		helper/judge/words.c | grep -o '"[^"]*"' |
		sed 's/"//g; s/%[a-z]/\n/g' | grep '[a-z]\{2\}' | sed 's/^[ ,]*//; s/ *$//' >"$out/verdicts"
	[ "$(wc -l <"$out/verdicts")" -gt 15 ]
	while read -r words; do
		grep -qF -- "$words" <<<"$page" || { echo "not there: $words"; return 1; }
	done <"$out/verdicts"
}

@test "a message that is new, in whatever form, would be missed there" {
	cat >"$out/new.c" <<-'END'
	/* log_error("in a comment"); */
	void shout(int loud, const char *format, ...) __attribute__((format(printf, 2, 3)));
	static void f(void)
	{
		log_error("%s: one %d, (\"two\"); "
			  "three", call(a, "no"), 1);
		shout(',', loud ? "loud %s\n" : "soft %s\n", "no");
		fprintf(stderr, "plain\n");
		fprintf(stdout, "a result");
		text_format(&text, "a text");
	}
	END
	messages "$out/new.c" | tail -n 4 >"$out/messages"
	run awk -f tests/manual/documented.awk man/multihome.8 "$out/messages"
	diff <(grep new.c <<<"$output") - <<-END
	$out/new.c:5: not in DIAGNOSTICS of multihome(8): %s: one %d, ("two"); three
	$out/new.c:7: not in DIAGNOSTICS of multihome(8): loud %s
	$out/new.c:7: not in DIAGNOSTICS of multihome(8): soft %s
	$out/new.c:8: not in DIAGNOSTICS of multihome(8): plain
	END
	[[ $output == *"but printed by nothing: multihome: out of memory"* ]]
}

@test "the lines for chaining are those that the installation prints" {
	local line
	mkdir "$out/sbin"
	touch "$out/sbin/ifup-local" "$out/sbin/dhclient-exit-hooks"
	sh network-scripts/activate link /usr/libexec/multihome "$out/sbin" ifup-local \
		dhclient-exit-hooks >"$out/printed"
	[ "$(wc -l <"$out/printed")" = 2 ]
	text multihome.8 >"$out/8"
	while read -r line; do
		grep -qxF "              ${line#*add to it: }" "$out/8" ||
			{ echo "not there: $line"; return 1; }
	done <"$out/printed"
}

@test "each key that the program reads is on the page" {
	local key keys
	keys=$(grep -hv '^ *\(/\*\| \*\)' helper/conf/{config,ifcfg,ifcfg6,profile,gateway}.c |
		grep -oE '"[A-Z][A-Z0-9_]{4,}"' | tr -d '"' | sort -u)
	[ -n "$keys" ]
	for key in $keys; do
		grep -qw -- "$key" man/multihome.5 || { echo "not there: $key"; return 1; }
	done
}

@test "the defaults on the page are those of the commented file" {
	diff <(sed -n 's/^#\([A-Z_]*=\)/\1/p' sysconfig/multihome) \
		<(sed -n '/^\.SH .etc.sysconfig/,/^\.SH CHOICE/s/^\.B \([A-Z_]*=\)/\1/p' man/multihome.5 |
			sed 's/\\-/-/g')
}

# carry_out PLAN: the files of a plan by patch; what is for the kernel into OUT/commands.
carry_out() {
	sed -n 's/^\([-+~] \(ip\|sysctl\) \)/\1/p' "$1" >"$out/commands"
	grep -v '^[-+~] \(ip\|sysctl\) ' "$1" >"$out/diff" || return 0
	patch -s -p1 -d / -i "$out/diff"
}

@test "each example gives what the page says" {
	local name examples root count=0
	examples=$(awk -v out="$out/examples" -f tests/manual/examples.awk man/multihome.5)
	[ "$(wc -w <<<"$examples")" -ge 5 ]
	for name in $examples; do
		root=$out/examples/$name
		multihome plan --root "$root/before" >"$out/plan"
		carry_out "$out/plan"
		while read -r file; do
			diff -u "$root/after/$file" "$root/before/$file"
			count=$((count + 1))
		done < <(cd "$root/after" 2>/dev/null && find . -type f)
		[ ! -f "$root/commands" ] || diff -u "$root/commands" "$out/commands"
		multihome plan --root "$root/before" >"$out/plan"
		nothing grep '^@@' "$out/plan"
	done
	[ $count -ge 11 ]
}
