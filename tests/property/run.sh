#!/bin/bash
# SPDX-License-Identifier: MIT
# Random hosts: multihome sync, then the kernel is asked which way replies go, and the answers are
# compared with what README.md promises (model.c). TAP, a line a host.
#
# PROPERTY_HOSTS=N   so many hosts (200)
# PROPERTY_SEED=N    the first one's seed (1); without PROPERTY_HOSTS only that one
# PROPERTY_EXPLAIN=N one reply in so many is explained (40)
#
# A host that fails stays in build/property/SEED, a folder as those of tests/cases, with the
# questions and what was found.

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${BUILD:-$here/../../build}" && pwd) || exit 1
scripts=/etc/sysconfig/network-scripts
out=/mnt/out

# Within a mount namespace, and for each host a network namespace, of its own from here on.

strict() {
	echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
}

# The lines of setup as one run of ip: nic NAME makes a device that is up, as tests/cases/run.sh.
setup() {
	{
		echo link set lo up
		sed -e 's/^ip //' -e 's/^nic \(.*\)/link add \1 type veth peer name peer-\1\
link set peer-\1 up\
link set \1 up/' "$case/setup"
	} | ip -batch - 2>&1
}

kernel_state() {
	ip -4 -batch - <<<$'rule show\nroute show table all'
	grep -s . /proc/sys/net/ipv4/conf/*/{rp_filter,arp_ignore,arp_announce,arp_filter}
}

# Without multihome's own: its routes by their protocol, its rules by their form.
foreign_state() {
	grep -v -e 'proto 109' -e ' iif lo lookup ' -e '^/proc' "$1"
}

files_state() {
	stat -c '%n %i %Y %Z %a %s' "$scripts"/*
}

# WHAT: what is wrong, from stdin; nothing is said of what is right.
wrong() {
	local lines
	lines=$(cat)
	[ -z "$lines" ] || printf '%s:\n%s\n' "$1" "$lines"
}

same() { # WHAT BEFORE AFTER
	[ "$(<"$2")" = "$(<"$3")" ] || diff "$2" "$3" | wrong "$1"
}

sync() { # WHICH
	local status
	multihome sync >"$out/sync" 2>&1
	status=$?
	[ $status = 0 ] || echo "exit status $status" >>"$out/sync"
	[ ! -s "$out/sync" ] ||
		grep -v -e 'lies in no network; it is taken to be on the link$' \
			-e ': \(GATEWAY=\|default via \).* \(lies in the network\|is an address\) of .*; eth[^ ]* is not served$' \
			-e ': left alone: rule-.* has rules of its own' "$out/sync" |
		wrong "$1 sync says"
}

check_answers() {
	local status
	property_hosts check "$case" "$out/answers" >"$out/failed" 2>&1
	status=$?
	[ $status -le 1 ] || echo "property_hosts check: exit status $status" >>"$out/failed"
	wrong replies <"$out/failed"
}

# Of one reply in so many: the walk that explain tells must end as the kernel's does.
check_explained() {
	local to from said
	awk -v every="${PROPERTY_EXPLAIN:-40}" -F '[ \t]' \
		'$1 == "reply" && $2 != "any" && ++n % every == 0 { print $3, $2 }' \
		"$case/questions" | while read -r to from; do
		said=$(multihome explain "$to" "$from" 2>&1)
		case $said in
		*DIFFERS* | *REFUSES* | *'says the kernel'*) echo "$said" ;;
		*verdict*) ;;
		*) echo "explain $to $from: ${said:-nothing}" ;;
		esac
	done | wrong explain
}

check_host() {
	local said
	strict
	if ! said=$(setup); then
		wrong setup <<<"$said"
		return
	fi
	property_hosts ask "$case" >"$out/answers"
	kernel_state >"$out/kernel.before"
	check_explained
	sync first
	multihome plan 2>/dev/null | wrong 'plan after sync'
	check_answers
	check_explained
	kernel_state >"$out/kernel"
	foreign_state "$out/kernel.before" >"$out/foreign.before"
	foreign_state "$out/kernel" >"$out/foreign"
	same 'foreign routes and rules' "$out/foreign.before" "$out/foreign"
	files_state >"$out/files"
	sync second
	kernel_state >"$out/kernel.2"
	same 'kernel after a second sync' "$out/kernel" "$out/kernel.2"
	files_state >"$out/files.2"
	same 'files after a second sync' "$out/files" "$out/files.2"
	multihome clean >"$out/clean" 2>&1 || wrong 'clean says' <"$out/clean"
	kernel_state >"$out/kernel.clean"
	# Where main had no default, the last way out stays.
	grep '^default ' "$out/kernel.before" | grep -qv ' table ' ||
		sed -i '/^default /{ / table /!d; }' "$out/kernel.clean"
	same 'kernel after clean' "$out/kernel.before" "$out/kernel.clean"
	diff -r "$case/etc/sysconfig/network-scripts" "$scripts" >"$out/files.diff" ||
		wrong 'files after clean' <"$out/files.diff"
	[ ! -e /run/multihome ] || echo 'left after clean: /run/multihome'
}

run_host() { # SEED
	local failed
	case=/mnt/case
	rm -rf /etc/sysconfig "$case" "$out" /run/multihome
	mkdir "$out"
	property_hosts make "$1" "$case"
	cp -a "$case/etc/." /etc/
	failed=$(unshare -n bash "$here/run.sh" --host "$case" 2>&1)
	count=$((count + 1))
	if [ -z "$failed" ]; then
		echo "ok $count - random host of seed $1"
		return
	fi
	failures=$((failures + 1))
	rm -rf "$build/property/$1"
	mkdir -p "$build/property"
	cp -a "$case" "$build/property/$1"
	cp "$out/kernel" "$build/property/$1/kernel.after"
	echo "$failed" >"$build/property/$1/failed"
	echo "not ok $count - random host of seed $1: see $build/property/$1"
	head -n 12 <<<"$failed" | sed 's/^/# /'
	sed 's/^/# setup: /' "$case/setup"
}

PATH=$build:$PATH
if [ "$1" = --host ]; then
	case=$2
	check_host
	exit
fi
if [ "$1" != --inside ]; then
	exec unshare -m bash "$0" --inside
fi

first=${PROPERTY_SEED:-1}
hosts=${PROPERTY_HOSTS:-${PROPERTY_SEED:+1}}
count=0
failures=0
mount -t tmpfs none /run || exit 1
mount -t tmpfs none /mnt || exit 1
mkdir /mnt/upper /mnt/work
mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc || exit 1
rm -rf /etc/iproute2/rt_tables.d
for ((seed = first; seed < first + ${hosts:-200}; seed++)); do
	run_host "$seed"
done
echo "1..$count"
[ $failures -eq 0 ]
