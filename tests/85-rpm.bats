#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # words of others' scripts; what run sets
# The tarball and the packages: what is in them, and their life on a host, with packets.

load lab/test

# Where nothing depends on how the compiler optimizes, nor on the unit tests.
# shellcheck disable=SC2089,SC2090 # make quotes it again
QUICK="--nocheck --define 'optflags -O0'"
EL5="$QUICK --with static_libnl --define 'dist .el5'"

# What is in the working tree is tested, committed or not: a copy of it, with commits of its own.
setup_file() {
	export HOME=$BATS_FILE_TMPDIR/home TREE=$BATS_FILE_TMPDIR/tree
	mkdir -p "$HOME" "$TREE"
	git config --global user.name tests
	git config --global user.email tests@localhost
	tar -C "$LAB_REPO" --exclude=./.git --exclude=./build -c . | tar --no-same-owner -x -C "$TREE"
	git -C "$TREE" init -q
	commit
	make_packages new
	git -C "$TREE" branch -q new
	sed -i 's/^Version: .*/Version: 0.0.9/' "$TREE/rpm/multihome.spec"
	echo '# as it was in 0.0.9' >>"$TREE/sysconfig/multihome"
	commit
	make_packages old "$QUICK"
	git -C "$TREE" checkout -q new
	make_packages el5 "$EL5"
}

commit() {
	git -C "$TREE" add -A
	git -C "$TREE" commit -q -m 'as it is'
}

# make_packages NAME [OPTION…]: from the commit; `make rpm` prints the files last.
make_packages() {
	local name=$1
	shift
	make -s -C "$TREE" rpm BUILD="$BATS_FILE_TMPDIR/$name" RPM_FLAGS="$*" \
		>"$BATS_FILE_TMPDIR/$name.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/$name.log"; return 1; }
}

# package NAME, source_package NAME: the file.
package() {
	echo "$BATS_FILE_TMPDIR/$1/rpm/RPMS"/*/multihome-[0-9]*.rpm
}

source_package() {
	echo "$BATS_FILE_TMPDIR/$1/rpm/SRPMS"/multihome-*.src.rpm
}

# query FILE FORMAT
query() {
	rpm -qp --qf "$2" "$1" 2>/dev/null
}

# --- the tarball ------------------------------------------------------------------

@test "the tarball of a commit has the same bytes in every clone" {
	local first
	make -s -C "$TREE" dist BUILD="$BATS_TEST_TMPDIR"
	first=$(sha256sum <"$(echo "$BATS_TEST_TMPDIR"/*.tar.gz)")
	rm "$BATS_TEST_TMPDIR"/*.tar.gz
	(umask 077; git clone -q "$TREE" "$BATS_TEST_TMPDIR/clone")
	find "$BATS_TEST_TMPDIR/clone" -type f -exec touch -d '2001-01-01' {} +
	make -s -C "$BATS_TEST_TMPDIR/clone" dist BUILD=build
	is "$(sha256sum <"$(echo "$BATS_TEST_TMPDIR"/clone/build/*.tar.gz)")" "$first"
}

@test "no tarball of what is not committed, and a line for each such file" {
	git clone -q "$TREE" "$BATS_TEST_TMPDIR/clone"
	cd "$BATS_TEST_TMPDIR/clone"
	echo >>NEWS
	touch helper/new.c
	run --separate-stderr make -s dist
	is_not "$status" 0 status
	has "$stderr" 'NEWS$'
	has "$stderr" 'helper/new\.c$'
	[ ! -e build ]
}

@test "the version stands in the spec; program, packages, NEWS and changelog agree" {
	local version news changes
	version=$(sed -n 's/^Version: *//p' "$LAB_REPO/rpm/multihome.spec")
	is "$(lines "$version")" 1
	news=$(sed -n 's/^multihome \([0-9][0-9.]*\).*/\1/p' "$LAB_REPO/NEWS")
	changes=$(sed -n '/^%changelog/,$s/^\* .* - \([0-9.]*\)-[0-9]*$/\1/p' \
		"$LAB_REPO/rpm/multihome.spec")
	is "$(head -n1 <<<"$news")" "$version" 'in NEWS'
	is "$changes" "$news" 'in %changelog'
	is "$(query "$(package new)" '%{VERSION}')" "$version"
	is "$(query "$(source_package new)" '%{VERSION}')" "$version"
	(cd "$BATS_TEST_TMPDIR" && rpm2cpio "$(package new)" | cpio -id --quiet)
	is "$("$BATS_TEST_TMPDIR/sbin/multihome" --version)" "multihome $version"
}

# --- a release ------------------------------------------------------------------------

# release_tree: a clone that may become a release of today, in the folder of the test.
release_tree() {
	git clone -q "$TREE" "$BATS_TEST_TMPDIR/clone"
	cd "$BATS_TEST_TMPDIR/clone" || return
	version=$(sed -n 's/^Version: *//p' rpm/multihome.spec)
	sed -i "1s/(.*)/($(date -u +%F))/" NEWS
	day=$(LC_ALL=C date -u '+%a %b %d %Y')
	sed -i "0,/^\* /s/^\* [^ ]* [^ ]* [^ ]* [^ ]*/* $day/" rpm/multihome.spec
	git diff --quiet || git commit -q -a -m 'a release of today'
}

# releases [RELEASE_CHECKS]
releases() {
	run make -s release RELEASE_CHECKS="${1-echo checks are run}"
}

# nothing_released LINE…: and each of these is said.
nothing_released() {
	local line
	is_not "$status" 0 status
	is "$(git tag)" ''
	[ ! -e build ]
	has_no "$output" 'checks are run'
	for line; do
		has "$output" "^make release: $line"
	done
}

@test "make release runs the checks and makes tag, tarball and checksum" {
	release_tree
	releases
	is "$status" 0
	is "$(head -n 1 <<<"$output")" 'checks are run'
	has "$output" '^ *git push --follow-tags$'
	is "$(git cat-file -t "v$version") $(git rev-parse "v$version^{commit}")" \
		"tag $(git rev-parse HEAD)"
	(cd build && sha256sum -c --quiet --strict SHA256SUMS)
	is "$(cut -d' ' -f3 build/SHA256SUMS)" "multihome-$version.tar.gz"
	is "$(gzip -dc "build/multihome-$version.tar.gz" | git get-tar-commit-id)" \
		"$(git rev-parse HEAD)"
	releases
	is_not "$status" 0
	has "$output" "^make release: there is a tag v$version"
}

@test "make release does nothing while anything is not in order, and says all of it" {
	release_tree
	echo >>HACKING.md
	releases
	nothing_released 'commit these first'
	has "$output" '^ M HACKING\.md$'
	git checkout -q .
	sed -i 1d NEWS
	sed -i 's/^Version: .*/Version: 9.9.9/' rpm/multihome.spec
	git commit -q -a -m 'a Version alone'
	releases
	nothing_released 'NEWS begins with .*; expected .multihome 9\.9\.9 \(' \
		'%changelog begins with .*; expected .* - 9\.9\.9-1'
	git reset -q --hard HEAD~
	sed -i '1s/(.*)/(2001-01-01)/' NEWS
	git commit -q -a -m 'of another day'
	releases
	nothing_released 'NEWS begins with .*2001-01-01'
}

@test "make release makes no tag when the checks fail, or leave something behind" {
	release_tree
	releases false
	is_not "$status" 0
	is "$(git tag)" ''
	releases 'touch left-behind'
	is_not "$status" 0
	has "$output" 'left-behind'
	is "$(git tag)" ''
	[ ! -e build/SHA256SUMS ]
}

# --- what is in the packages ---------------------------------------------------------

# contents NAME: but for documents and what rpmbuild adds to find debug information. Manual pages
# are compressed by some rpmbuilds only.
contents() {
	query "$(package "$1")" \
		'[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES} %{FILEFLAGS:fflags}\n]' |
		grep -v '/\.build-id\|/doc/\|/licenses/' | sed 's/\.gz / /; s/ *$//'
}

etc_dhcp='drwxr-x--- root:root /etc/dhcp
drwxr-xr-x root:root /etc/dhcp/dhclient.d
-rwxr-xr-x root:root /etc/dhcp/dhclient.d/multihome.sh'
of_all='-rw-r--r-- root:root /etc/sysconfig/multihome cn
-rwxr-xr-x root:root /sbin/multihome
drwxr-xr-x root:root /usr/lib/multihome
lrwxrwxrwx root:root /usr/lib/multihome/dhclient-exit-hooks
lrwxrwxrwx root:root /usr/lib/multihome/ifdown-local
lrwxrwxrwx root:root /usr/lib/multihome/ifup-local
lrwxrwxrwx root:root /usr/lib/multihome/ifup-pre-local
drwxr-xr-x root:root /usr/libexec/multihome
-rwxr-xr-x root:root /usr/libexec/multihome/activate
-rwxr-xr-x root:root /usr/libexec/multihome/dhclient-exit-hooks
lrwxrwxrwx root:root /usr/libexec/multihome/ifdown-local
lrwxrwxrwx root:root /usr/libexec/multihome/ifup-local
lrwxrwxrwx root:root /usr/libexec/multihome/ifup-pre-local
-rwxr-xr-x root:root /usr/libexec/multihome/multihome-local.example
-rw-r--r-- root:root /usr/share/man/ja/man8/multihome.8 d
-rw-r--r-- root:root /usr/share/man/man5/multihome.5 d
-rw-r--r-- root:root /usr/share/man/man8/multihome.8 d'

@test "the packages hold program, scripts, defaults, manual, and no hook of initscripts" {
	is "$(contents new | LC_ALL=C sort -k3)" "$(LC_ALL=C sort -k3 <<-END
		$of_all
		$etc_dhcp
		-rw-r--r-- root:root /usr/lib/systemd/system/multihome.service
		drwxr-xr-x root:root /usr/lib/NetworkManager
		drwxr-xr-x root:root /usr/lib/NetworkManager/dispatcher.d
		-rwxr-xr-x root:root /usr/lib/NetworkManager/dispatcher.d/50-multihome
		drwxr-xr-x root:root /usr/share/bash-completion
		drwxr-xr-x root:root /usr/share/bash-completion/completions
		-rw-r--r-- root:root /usr/share/bash-completion/completions/multihome
	END
	)"
	is "$(contents el5 | LC_ALL=C sort -k3)" "$(LC_ALL=C sort -k3 <<-END
		$of_all
		-rwxr-xr-x root:root /etc/init.d/multihome
		drwxr-xr-x root:root /etc/NetworkManager
		drwxr-xr-x root:root /etc/NetworkManager/dispatcher.d
		-rwxr-xr-x root:root /etc/NetworkManager/dispatcher.d/50-multihome
		drwxr-xr-x root:root /etc/bash_completion.d
		-rw-r--r-- root:root /etc/bash_completion.d/multihome
	END
	)"
}

# spec_for DIST [OPTION…]: the spec as it is for that release, without blank lines.
spec_for() {
	local dist=$1
	shift
	rpmspec -P --define "dist $dist" "$@" "$LAB_REPO/rpm/multihome.spec" | grep .
}

@test "each release has its folders, its service and its network scripts" {
	local dist spec
	for dist in .el5 .el6 .el7_9 .el8; do
		spec=$(spec_for $dist)
		case $dist in
		.el[56])
			has "$spec" '^/etc/bash_completion\.d/multihome$'
			has "$spec" '^/sbin/chkconfig --add multihome '
			has "$spec" '^Requires\(preun\): chkconfig, initscripts$'
			has_no "$spec" systemctl
			has "$spec" '^%doc LICENSE$'
			;;
		*)
			has "$spec" '^/usr/share/bash-completion/completions/multihome$'
			has "$spec" 'systemctl preset multihome\.service '
			has "$spec" '^BuildRequires: systemd$'
			has_no "$spec" chkconfig
			has "$spec" '^%license LICENSE$'
			;;
		esac
		case $dist in
		.el8)
			has "$spec" '^/usr/lib/NetworkManager/dispatcher\.d/50-multihome$'
			has "$spec" '^Requires: network-scripts$'
			has "$spec" '^Conflicts: NetworkManager < 1:1\.20$'
			;;
		*)
			has "$spec" '^/etc/NetworkManager/dispatcher\.d/50-multihome$'
			has "$spec" '^Requires: initscripts$'
			has_no "$spec" network-scripts$
			;;
		esac
	done
	has_no "$(spec_for .el5)" '^/etc/dhcp'
	has "$(spec_for .el6)" '^/etc/dhcp/dhclient\.d/multihome\.sh$'
}

@test "the release is that of dist, of rhel, of the host, in this order" {
	local line
	# expected, dist, rhel
	while read -r line; do
		# shellcheck disable=SC2086 # words
		set -- $line
		is "$(rpmspec -P --define "dist $2" ${3+--define "rhel $3"} \
			"$LAB_REPO/rpm/multihome.spec" | grep -c '^/sbin/chkconfig --add')" "$1" "$line"
	done <<-END
		1 .el5
		1 .el6.centos
		0 .el7_9
		0 .el10
		1 .el6 8
		0 .el7 5
		1 .mine 6
		0 .mine 7
	END
	# On this host, which is none of them.
	[ -e /etc/redhat-release ] || is "$(spec_for .mine | grep -c '^/sbin/chkconfig --add')" 0
}

@test "where systemd's macros are known, they are what the scriptlets use" {
	local spec
	spec=$(spec_for .el7 --define 'systemd_post() its post of %*' \
		--define 'systemd_preun() its preun of %*' \
		--define 'systemd_postun_with_restart() its postun of %*' --define '_unitdir /its/units' \
		--define 'systemd_requires Requires(post): its-systemd')
	for word in post preun postun; do
		has "$spec" "^its $word of multihome\\.service\$"
	done
	has "$spec" '^Requires\(post\): its-systemd$'
	has "$spec" '^/its/units/multihome\.service$'
	has_no "$spec" systemctl
}

@test "no link in the packages is an absolute one" {
	local name
	for name in new el5; do
		is "$(query "$(package $name)" '[%{FILENAMES} %{FILELINKTOS}\n]' |
			grep -v '/\.build-id' | awk 'NF == 2' | wc -l)" 7 'links'
		is "$(query "$(package $name)" '[%{FILENAMES} %{FILELINKTOS}\n]' | awk '$2 ~ "^/"')" ''
	done
}

@test "make install keeps the times of what it copies" {
	local out=$BATS_TEST_TMPDIR/out tree=$BATS_TEST_TMPDIR/tree
	git clone -q "$TREE" "$tree"
	find "$tree" -type f -exec touch -d '2001-01-01' {} +
	mkdir "$tree/build"
	cp "$LAB_REPO/${BUILD:-build}/multihome" "$tree/build"
	make -s -C "$tree" install BUILD=build DESTDIR="$out" -o build/multihome
	is "$(find "$out" -type f -newermt 2001-01-02)" "$out/sbin/multihome"
}

@test "the unit tests were run by the build, and need neither root nor a network" {
	local out=$BATS_TEST_TMPDIR
	has "$(cat "$BATS_FILE_TMPDIR/new.log")" '^[0-9]+ suites of unit tests passed$'
	make -s -C "$LAB_REPO" unit BUILD="${BUILD:-build}"
	cp "$LAB_REPO/${BUILD:-build}"/test_* "$out"
	rm -f "$out"/*.*
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "${out%/*}" "$out"
	cd "$out"
	for test in ./test_*; do
		run unshare -n setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "$test"
		is "$status" 0 "$test"
	done
}

@test "a unit test that fails stops the build" {
	local out=$BATS_TEST_TMPDIR
	printf '#!/bin/sh\necho not ok 1 - it\nexit 1\n' >"$out/test_array"
	chmod 755 "$out/test_array"
	run make -s -C "$LAB_REPO" check-unit BUILD="$out" UNIT_TESTS="$out/test_array" \
		-o "$out/test_array"
	is_not "$status" 0
	has "$output" '^not ok 1 - it$'
}

@test "what is written for people is there as documents, with what it links to" {
	local name docs file
	for name in new el5; do
		docs=$(rpm -qpd "$(package $name)" 2>/dev/null | sed 's|/usr/share/doc/[^/]*/||')
		for file in README.md README.ja.md NEWS SECURITY.md; do
			has "$docs" "^$file\$"
		done
		while read -r file; do
			has "$docs" "^$file\$"
		done < <(cd "$LAB_REPO" && find docs -type f 2>/dev/null)
	done
	is "$(query "$(package new)" '[%{FILEFLAGS:fflags} %{FILENAMES}\n]' |
		sed -n 's|^l .*/||p')" LICENSE
	has "$docs" '^LICENSE$'
}

# /sbin/ifup-local may be an administrator's own, so it is nobody's file to rpm.
@test "a document of the package names each hook that it links" {
	local path pages
	(cd "$BATS_TEST_TMPDIR" && rpm2cpio "$(package new)" | cpio -id --quiet)
	pages=$(rpm -qpd "$(package new)" 2>/dev/null | sed "s|^|$BATS_TEST_TMPDIR|" |
		grep '/man8/' | xargs zcat -f | sed 's/\\-/-/g')
	for path in /sbin/ifup-pre-local /sbin/ifup-local /sbin/ifdown-local /etc/dhclient-exit-hooks \
		/etc/dhcp/dhclient.d/multihome.sh; do
		has "$pages" "$path"
		has "$(rpm -qpl "$(package new)" 2>/dev/null)" "/${path##*/}\$"
	done
}

@test "one commit gives the same packages, wherever and whenever they are built" {
	local clone=$BATS_TEST_TMPDIR/some/where/else name
	mkdir -p "$clone"
	git clone -q "$TREE" "$clone"
	find "$clone" -type f -exec touch -d '2001-01-01' {} +
	(umask 077 && cd "$clone" && TZ=Asia/Tokyo LANG=C make -s rpm RPM_FLAGS="$EL5") >/dev/null 2>&1
	for name in RPMS/x86_64 SRPMS; do
		name=${name/x86_64/$(uname -m)}
		cmp "$BATS_FILE_TMPDIR/el5/rpm/$name"/*.rpm "$clone/build/rpm/$name"/*.rpm
	done
	is "$(query "$(package el5)" '%{BUILDTIME} %{BUILDHOST}')" \
		"$(git -C "$TREE" log -1 --format=%ct) localhost"
}

@test "libnl is required by its soname, and inside where it is static" {
	has "$(rpm -qp --requires "$(package new)" 2>/dev/null)" '^libnl-3\.so\.200\('
	has_no "$(rpm -qp --requires "$(package el5)" 2>/dev/null)" libnl
}

# rpm 4.4.2's own list (rpmlib(…) of --showrc), as far as a package may ask for it.
@test "rpm 4.4 can read the packages for EL5" {
	local file
	for file in "$(package el5)" "$(source_package el5)"; do
		has "$(query "$file" '%{FILEDIGESTALGO}')" '^(1|\(none\))$'
		is "$(query "$file" '[%{FILEDIGESTS}\n]' | awk 'length && length != 32')" ''
		is "$(query "$file" '%{PAYLOADFORMAT} %{PAYLOADCOMPRESSOR} %{PAYLOADFLAGS}')" 'cpio gzip 9'
		is_not "$(query "$file" '%{SIGMD5}')" '(none)' 'MD5 of the package'
		is "$(rpm -qp --requires "$file" 2>/dev/null | sed -n 's/ .*//; /^rpmlib(/p' |
			grep -vxF 'rpmlib(CompressedFileNames)
rpmlib(PayloadFilesHavePrefix)
rpmlib(VersionedDependencies)')" ''
		is "$(rpm -qp --requires "$file" 2>/dev/null | grep '^(')" '' 'rich dependencies'
		is "$(query "$file" '%{LONGSIZE} %{LONGARCHIVESIZE}' | grep -v none)" \
			"$(query "$file" '%{SIZE} %{ARCHIVESIZE}')" 'sizes of 64 bits'
	done
}

@test "other packages have digests and payload as this rpmbuild makes them" {
	is_not "$(query "$(package new)" '%{FILEDIGESTALGO}')" 1
}

@test "rpmlint has nothing to say that rpm/multihome.rpmlintrc does not waive" {
	run rpmlint -r "$LAB_REPO/rpm/multihome.rpmlintrc" "$LAB_REPO/rpm/multihome.spec" \
		"$(package new)" "$(source_package new)"
	is "$status" 0
	has_no "$output" ': [EW]: '
}

@test "make srpm makes the source package alone" {
	run make -s -C "$TREE" srpm BUILD="$BATS_TEST_TMPDIR"
	is "$status" 0
	is "$(find "$BATS_TEST_TMPDIR" -name '*.rpm')" "$(tail -n1 <<<"$output")"
	has "$(tail -n1 <<<"$output")" '/SRPMS/multihome-.*\.src\.rpm$'
}

# --- their life on a host --------------------------------------------------------------

# rpm_host [KEY=VALUE…]: a host with the admin's own things about, network started, packages
# in /tmp. Its rpm has a database of its own, in which nothing is that a package requires.
rpm_host() {
	host_up "$@"
	[ ! -d "$LAB_ROOT/etc/dhcp" ] || chmod 750 "$LAB_ROOT/etc/dhcp"
	host_program rpm '[ "$1" = -q ] || set -- "$@" --nodeps' \
		'/usr/bin/rpm --dbpath /tmp/rpmdb "$@" 2>/tmp/rpm.err; status=$?' \
		'grep -v "^rpm: " /tmp/rpm.err >&2; exit $status'
	for name in old new el5; do
		cp "$(package $name)" "$LAB_ROOT/tmp/$name.rpm"
	done
	admin_moves_in
	service start
}

# host_program NAME LINE…: a script of that name in /sbin.
host_program() {
	local file=$LAB_ROOT/usr/sbin/$1
	shift
	printf '%s\n' '#!/bin/sh' "$@" >"$file"
	chmod 755 "$file"
}

# rpm_says STATUS TEXT ARGUMENT…: what rpm and the scriptlets print, both streams.
rpm_says() {
	local expected=$1 text=$2
	shift 2
	run host rpm "$@"
	is "$status/$output" "$expected/$text" "rpm $*"
}

# whole_host: what an erased package has to leave as it was.
whole_host() {
	kernel
	host sh -c 'find /etc /usr/sbin /run -path /run/lab -prune -o -printf "%y %m %u %g %p %l\n" |
		sort
		find /usr/lib /usr/share -name "*multihome*"
		find /etc -type f -print0 | sort -z | xargs -0 sha256sum'
}

hooks() {
	host find /usr/sbin -name '*-local' -printf '%f -> %l\n' | sort
}

our_hooks='ifdown-local -> /usr/libexec/multihome/ifdown-local
ifup-local -> /usr/libexec/multihome/ifup-local
ifup-pre-local -> /usr/libexec/multihome/ifup-pre-local'

# pings_start, pings_lost: the client pings both uplinks without a pause; $lost counts. Not in a
# subshell, which could not wait for them.
pings_start() {
	local k
	for k in 0 1; do
		client sh -c 'echo $$ >"/tmp/ping$1.pid"; exec ping -q -n -i 0.02 -w 60 "$2"' - \
			"$k" "${LAB_ADDRESSES[k]}" >"$BATS_TEST_TMPDIR/ping$k" 3>&- &
		pings[k]=$!
	done
	sleep 0.2
}

pings_lost() {
	local k
	sleep 0.2
	for k in 0 1; do
		host kill -INT "$(cat "$LAB_ROOT/tmp/ping$k.pid")"
		wait "${pings[k]}" || return
		has "$(cat "$BATS_TEST_TMPDIR/ping$k")" '[0-9]{2} packets transmitted'
	done
	lost=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' \
		"$BATS_TEST_TMPDIR"/ping? | awk '{ lost += $1 - $2 } END { print lost }')
}

@test "installed, upgraded, downgraded, reinstalled, erased: packets at each step, then as before" {
	rpm_host LAB_RP_FILTER=el6
	local before kernel_before running
	before=$(whole_host)
	kernel_before=$(kernel)
	rpm_says 0 '' -U /tmp/old.rpm
	is "$(hooks)/$(kernel)" "$our_hooks/$kernel_before" 'before a restart'
	rpm_says 0 '' -V multihome
	service restart
	answers 0 1
	running=$(kernel; lab_files)

	pings_start
	rpm_says 0 '' -U /tmp/new.rpm
	is "$(hooks)/$(kernel; lab_files)" "$our_hooks/$running" 'after the upgrade'
	rpm_says 0 '' -V multihome
	changes_nothing multihome sync
	rpm_says 0 '' -U --oldpackage /tmp/old.rpm
	is "$(hooks)/$(kernel; lab_files)" "$our_hooks/$running" 'after the downgrade'
	rpm_says 0 '' -U --replacepkgs /tmp/old.rpm
	rpm_says 0 '' -V multihome
	is "$(hooks)/$(kernel; lab_files)" "$our_hooks/$running" 'after the reinstall'
	pings_lost
	is "$lost" 0 'lost pings'
	answers 0 1
	service restart
	is "$(kernel; lab_files)" "$running" 'after a restart'

	rpm_says 0 '' -e multihome
	is "$(whole_host)" "$before"
	service restart
	is "$(whole_host)" "$before"
}

# bats test_tags=long
@test "an upgrade keeps changed defaults and puts the new ones beside them" {
	rpm_host
	rpm_says 0 '' -U /tmp/old.rpm
	echo RULE_PRIORITY=9000 >"$LAB_ROOT/etc/sysconfig/multihome"
	service restart
	has "$(host ip rule)" "^9001:"
	run host rpm -U /tmp/new.rpm
	is "$status" 0
	has "$output" '/etc/sysconfig/multihome\.rpmnew'
	is "$(lines "$output")" 1 "lines of rpm's"
	is "$(cat "$LAB_ROOT/etc/sysconfig/multihome")" RULE_PRIORITY=9000
	cmp "$LAB_ROOT/etc/sysconfig/multihome.rpmnew" "$LAB_REPO/sysconfig/multihome"
	settled
	run host rpm -e multihome
	is "$status" 0
	is "$(cat "$LAB_ROOT/etc/sysconfig/multihome.rpmsave")" RULE_PRIORITY=9000
	is "$(our_routes)$(our_rules | grep -v 203.0.113.2)" ''
	admin_still_there
}

# bats test_tags=long
@test "what make install brought becomes the package's" {
	rpm_host
	lab_install
	service restart
	rpm_says 0 '' -U /tmp/new.rpm
	is "$(hooks)" "$our_hooks"
	rpm_says 0 '' -V multihome
	answers 0 1
	settled
}

# own_hook NAME LINE…: the admin's script of that name, and a copy to compare.
own_hook() {
	host_program "$@"
	cp "$LAB_ROOT/usr/sbin/$1" "$BATS_TEST_TMPDIR"
}

own_hooks_intact() {
	local name
	for name in "$@"; do
		cmp "$LAB_ROOT/usr/sbin/$name" "$BATS_TEST_TMPDIR/$name"
	done
}

chain='to chain, add to it: /usr/libexec/multihome'

@test "an ifup-local of the admin's stays, one line says how to chain, and that works" {
	rpm_host LAB_RP_FILTER=el6
	own_hook ifup-local 'echo "$1" >>/tmp/mine'
	rpm_says 0 "/sbin/ifup-local is not ours and stays as it is; $chain/ifup-local \"\$@\"" \
		-U /tmp/old.rpm
	own_hooks_intact ifup-local
	is "$(hooks)" "${our_hooks/\/usr\/libexec\/multihome\/ifup-local}"
	own_hook ifup-local 'echo "$1" >>/tmp/mine' '/usr/libexec/multihome/ifup-local "$@"'
	rpm_says 0 '' -U /tmp/new.rpm
	service restart
	has "$(cat "$LAB_ROOT/tmp/mine")" eth1
	answers 0 1
	settled
	rpm_says 0 '/sbin/ifup-local still runs /usr/libexec/multihome/ifup-local; remove that line' \
		-e multihome
	own_hooks_intact ifup-local
	is "$(hooks)" 'ifup-local -> '
	admin_still_there
}

# shorewall-init is a file of its own at ifup-local and ifdown-local, tells it by its name in it,
# and puts it there only where both are its own or neither is there.
# bats test_tags=long
@test "shorewall-init's hooks stay; when it is gone, an upgrade links ours" {
	rpm_host
	own_hook ifup-local '# Shorewall' 'echo "$1" >>/tmp/shorewall'
	own_hook ifdown-local '# Shorewall' 'echo "$1" >>/tmp/shorewall'
	run host rpm -U /tmp/new.rpm
	is "$status/$(lines "$output")" 0/2
	has "$output" "^/sbin/ifup-local is not ours and stays as it is; $chain/ifup-local \"\\\$@\"\$"
	has "$output" "^/sbin/ifdown-local is not ours and stays as it is; $chain/ifdown-local \"\\\$@\"\$"
	service restart
	own_hooks_intact ifup-local ifdown-local
	is "$(sort -u "$LAB_ROOT/tmp/shorewall" | tr '\n' ' ')" 'eth0 eth1 lo '
	# The blocks of ifup-pre-local do the most of it.
	answers 0 1
	rpm_says 0 '/sbin/ifup-local is not ours and stays as it is
/sbin/ifdown-local is not ours and stays as it is' -e multihome
	own_hooks_intact ifup-local ifdown-local
	run host rpm -U /tmp/old.rpm
	is "$status/$(lines "$output")" 0/2
	rm "$LAB_ROOT"/usr/sbin/if{up,down}-local
	rpm_says 0 '' -U /tmp/new.rpm
	is "$(hooks)" "$our_hooks"
	service restart
	settled
}

# sbin_becomes rw|ro
sbin_becomes() {
	host mountpoint -q /usr/sbin || host mount --bind /usr/sbin /usr/sbin
	host mount -o "remount,bind,$1" /usr/sbin
}

# refused OPTION… FILE: rpm does not do it, and all is as before.
refused() {
	local before
	before=$(whole_host)
	run host rpm "$@"
	is_not "$status" 0 "status of rpm $*"
	is "$(whole_host)" "$before" "after rpm $*"
}

# Most rpms ask for room first, of which a read-only file system has none for them.
# bats test_tags=long
@test "with /sbin read-only nothing is installed, upgraded or erased, and a line says why" {
	local why='^multihome: /sbin is read-only; it must be writable to'
	rpm_host
	sbin_becomes ro
	refused -U /tmp/old.rpm
	refused -U --ignoresize /tmp/old.rpm
	has "$output" "$why install\$"
	rpm_says 1 'package multihome is not installed' -q multihome
	sbin_becomes rw
	rpm_says 0 '' -U /tmp/old.rpm
	service restart
	sbin_becomes ro
	refused -U /tmp/new.rpm
	refused -U --ignoresize /tmp/new.rpm
	has "$output" "$why install\$"
	refused -e multihome
	has "$output" "$why erase\$"
	rpm_says 0 '' -V multihome
	answers 0 1
	sbin_becomes rw
	rpm_says 0 '' -e multihome
	is "$(hooks)" ''
}

# bats test_tags=long
@test "with /sbin read-only make install does nothing, and says why" {
	rpm_host
	local before
	before=$(whole_host)
	sbin_becomes ro
	run host make -s -C /run/lab/repo install DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is_not "$status" 0 status
	has "$output" '/sbin/multihome.*Read-only file system'
	is "$(whole_host)" "$before"
}

@test "the package for EL5 links dhclient's hook, and takes the link back" {
	rpm_host
	local before
	rm -rf "$LAB_ROOT/etc/dhcp"
	before=$(whole_host)
	rpm_says 0 '' -U /tmp/el5.rpm
	is "$(readlink "$LAB_ROOT/etc/dhclient-exit-hooks")" /usr/libexec/multihome/dhclient-exit-hooks
	is "$(hooks)" "$our_hooks"
	service restart
	answers 0 1
	settled
	rpm_says 0 '' -e multihome
	is "$(whole_host)" "$before"
}

# bats test_tags=long
@test "an own dhclient-exit-hooks stays, and a line says how to chain" {
	rpm_host
	echo '# mine' >"$LAB_ROOT/etc/dhclient-exit-hooks"
	rpm_says 0 "/etc/dhclient-exit-hooks is not ours and stays as it is; to chain, add to it:\
 . /usr/libexec/multihome/dhclient-exit-hooks" -U /tmp/el5.rpm
	rpm_says 0 '/etc/dhclient-exit-hooks is not ours and stays as it is' -e multihome
	is "$(cat "$LAB_ROOT/etc/dhclient-exit-hooks")" '# mine'
}

# bats test_tags=long
@test "with SELinux each link gets the label of its folder" {
	rpm_host
	host_program restorecon 'echo "$@" >>/tmp/labels'
	rpm_says 0 '' -U /tmp/new.rpm
	is "$(sort "$LAB_ROOT/tmp/labels")" "$(printf '/sbin/%s\n' ifdown-local ifup-local ifup-pre-local)"
	rpm_says 0 '' -U --replacepkgs /tmp/new.rpm
	is "$(lines "$(cat "$LAB_ROOT/tmp/labels")")" 3 'labels'
}

# failing_host: one on which each command that a scriptlet runs fails.
failing_host() {
	local name
	host_up
	for name in sh grep readlink ln rm stat chkconfig service systemctl multihome; do
		mkdir -p "$LAB_ROOT/tmp/failing"
		printf '#!/bin/bash\necho "$0 fails" >&2\nexit 1\n' >"$LAB_ROOT/tmp/failing/$name"
		chmod 755 "$LAB_ROOT/tmp/failing/$name"
	done
	host_program chkconfig 'exit 1'
	host_program service 'exit 1'
	host_program multihome 'exit 1'
}

@test "a scriptlet ends well whatever fails, with a read-only /sbin as the one exception" {
	local name tag argument
	failing_host
	for name in new el5; do
		for tag in PREIN POSTIN PREUN POSTUN; do
			query "$(package $name)" "%{$tag}" >"$LAB_ROOT/tmp/scriptlet"
			[ -s "$LAB_ROOT/tmp/scriptlet" ]
			for argument in 0 1 2; do
				run host env PATH=/tmp/failing /bin/bash --posix /tmp/scriptlet $argument
				is "$status" 0 "$name $tag $argument: $output"
				run host env PATH=/tmp/failing /bin/bash --posix -e /tmp/scriptlet $argument
				is "$status" 0 "$name $tag $argument, by a shell that stops at an error: $output"
			done
		done
	done
}

# called NAME: what the scriptlets had it do since the last time, one a line.
called() {
	cat "$LAB_ROOT/tmp/$1" 2>/dev/null
	rm -f "$LAB_ROOT/tmp/$1"
}

@test "the service is off after the installation, and gone after the erase" {
	rpm_host
	host_program systemctl 'echo "$@" >>/tmp/systemctl'
	host_program chkconfig 'echo "$@" >>/tmp/chkconfig'
	rpm_says 0 '' -U /tmp/old.rpm
	is "$(called systemctl)" 'preset multihome.service'
	rpm_says 0 '' -U /tmp/new.rpm
	is "$(called systemctl)" $'daemon-reload\ntry-restart multihome.service'
	rpm_says 0 '' -e multihome
	is "$(called systemctl)" $'--no-reload disable --now multihome.service\ndaemon-reload'
	rpm_says 0 '' -U /tmp/el5.rpm
	is "$(called chkconfig)" '--add multihome'
	rpm_says 0 '' -e multihome
	is "$(called chkconfig)" '--del multihome'
	is "$(called systemctl)" ''
}

@test "an erase names what stays, one line each, and nothing else" {
	rpm_host
	own_hook ifup-local 'exit 0'
	host_program multihome-local 'exit 0'
	rpm_says 0 "/sbin/ifup-local is not ours and stays as it is; $chain/ifup-local \"\$@\"" \
		-U /tmp/new.rpm
	service restart
	echo '# mine' >>"$LAB_ROOT/etc/sysconfig/multihome"
	rpm_says 0 "/sbin/ifup-local is not ours and stays as it is
/sbin/multihome-local stays; nothing runs it any more
warning: /etc/sysconfig/multihome saved as /etc/sysconfig/multihome.rpmsave" -e multihome
	own_hooks_intact ifup-local
	is "$(tail -n 1 "$LAB_ROOT/etc/sysconfig/multihome.rpmsave")" '# mine'
	admin_still_there
}

@test "make uninstall names what stays, too" {
	rpm_host
	lab_install
	echo '# mine' >>"$LAB_ROOT/etc/sysconfig/multihome"
	rm "$LAB_ROOT/usr/sbin/ifup-local"
	own_hook ifup-local 'exit 0'
	run host make -s -C /run/lab/repo uninstall DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc
	is "$status/$output" "0//sbin/ifup-local is not ours and stays as it is
/etc/sysconfig/multihome was edited and stays"
	own_hooks_intact ifup-local
}

@test "a clean that fails does not stop the erase, and is told" {
	rpm_host
	rpm_says 0 '' -U /tmp/new.rpm
	host_program multihome 'echo it fails >&2' 'exit 1'
	rpm_says 0 $'it fails\nmultihome: something is left, see above' -e multihome
	is "$(hooks)" ''
	[ ! -e "$LAB_ROOT/usr/sbin/multihome" ]
}

# bats test_tags=long
@test "erased from an image in a chroot, it keeps the host around it routing" {
	rpm_host
	rpm_says 0 '' -U /tmp/new.rpm
	service restart
	local before
	before=$(kernel)
	host sh -ec 'mkdir -p /tmp/image/proc /tmp/image/tmp /tmp/image/var/run
		cd /tmp/image
		cp -a /etc /bin /sbin /lib* .
		mkdir usr
		mount --rbind /usr usr
		mount --rbind /proc proc
		cp -a /tmp/rpmdb tmp
		chroot . rpm -e multihome' >"$BATS_TEST_TMPDIR/said" 2>&1
	has "$(cat "$BATS_TEST_TMPDIR/said")" '^multihome: no running host is seen here, so managed blocks stay in /etc/sysconfig/network-scripts: route-eth0 route-eth1 rule-eth0 rule-eth1$'
	is "$(hooks)" '' 'in /usr/sbin, which they share'
	is "$(kernel)" "$before"
	answers 0 1
}

# erased_blindly: by who may not look at the first process.
erased_blindly() {
	run host setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace sh -c \
		'stat -L /proc/1/root/. >/dev/null 2>&1 && exit 9; exec rpm -e multihome'
}

@test "erased where init's root cannot be read, it takes all back, or says what is left" {
	rpm_host
	local before
	before=$(whole_host)
	rpm_says 0 '' -U /tmp/new.rpm
	service restart
	erased_blindly
	is "$status/$output" 0/
	is "$(whole_host)" "$before"
	rpm_says 0 '' -U /tmp/new.rpm
	service restart
	host rm -r /run/multihome
	erased_blindly
	is "$status" 0
	has "$output" '^multihome: no running host is seen here, so managed blocks stay in /etc/sysconfig/network-scripts: route-eth0 route-eth1 rule-eth0 rule-eth1$'
}

# --- README.md, docs/install.md ---------------------------------------------------------

# blocks FILE FIRST LAST: the commands between these headings, a NUL after each block; without what
# only CentOS with its repositories can do.
blocks() {
	sed -n "/^## $2/,/^## $3/p" "$LAB_REPO/$1" |
		awk '/^    / { sub(/^    /, ""); if (!/^yum /) print; inside = 1; next }
			inside { printf "%c", 0; inside = 0 }'
}

# as_written COMMANDS: in a folder with the tarball, by a shell that stops at an error.
as_written() {
	host rm -rf /tmp/home
	host mkdir -p /tmp/home/work
	cp "$BATS_FILE_TMPDIR"/new/*.tar.gz "$LAB_ROOT/tmp/home/work"
	echo '%optflags -O0' >"$LAB_ROOT/tmp/home/.rpmmacros"
	[ "${2-}" != EL5 ] || echo '%_topdir /usr/src/redhat' >>"$LAB_ROOT/tmp/home/.rpmmacros"
	run host env HOME=/tmp/home CFLAGS=-O0 bash -ec "cd ~/work; $1"
	[ "$status" = 0 ] || { printf '%s\n%s\n' "$1" "$output"; return 1; }
}

# libnl's built source tree, as far as it is looked at.
libnl_tree() {
	local tree=$LAB_ROOT/usr/src/libnl-3.2.21
	mkdir -p "$tree/lib/.libs"
	cp -r /usr/include/libnl3 "$tree/include"
	cp "$(pkg-config --variable=libdir libnl-3.0)/libnl-3.a" "$tree/lib/.libs"
	printf '#!/bin/sh\n' >"$tree/configure"
	chmod 755 "$tree/configure"
	echo 'all:' >"$tree/Makefile"
}

@test "the commands of README and docs/install.md install the package, EL5's, and the tarball, and the host answers" {
	local block parts=()
	while IFS= read -r -d '' block; do
		parts+=("$block")
	done < <(blocks docs/install.md 'A package' 'What is' && blocks README.md Install Three)
	is "${#parts[@]}" 5 'blocks: package, EL5, tarball, and of README package, start'
	is "${parts[3]}" "${parts[0]}"
	rpm_host LAB_RP_FILTER=el6
	host_program rpmbuild 'exec /usr/bin/rpmbuild --nodeps --nocheck "$@"'
	libnl_tree
	for block in 0 1 2; do
		as_written "${parts[block]}" "$([ $block != 1 ] || echo EL5)"
		as_written "${parts[4]}"
		links_settle
		answers 0 1
		changes_nothing multihome sync
		if [ $block != 2 ]; then
			is "$(host ldd /sbin/multihome | grep -c libnl)" $((1 - block)) 'libnl shared'
			rpm_says 0 '' -e multihome
		fi
	done
	is "$(host ldd /sbin/multihome | grep -c libnl)" 1 'libnl shared'
	as_written "${parts[2]/make * # EL5: /}"
	is "$(host ldd /sbin/multihome | grep -c libnl)" 0 'libnl shared'
	host make -s -C /run/lab/repo uninstall
	is "$(hooks)" ''
}
