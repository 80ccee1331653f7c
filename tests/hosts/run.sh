#!/bin/bash
# SPDX-License-Identifier: MIT
# Random hosts, asked by packets: each is brought up by the network service and disturbed step by
# step, once without multihome and once with it. After every step all of its addresses are asked
# from everywhere, and the two are compared (judge.awk). TAP, a line a host.
#
# HOSTS=N            so many hosts (100)
# HOSTS_SEED=N       the first one's seed (1); without HOSTS only that one
# HOSTS_AT_ONCE=N    so many at a time (6)
# HOSTS_KEEP=1       keep those that do not fail, too
# HOSTS_TOLD=N       ask explain so many times after each step (3)
# LAB_INITSCRIPTS=D  a checkout of initscripts instead of the stand-in
#
# After every step multihome is asked, too: check, and explain of some of the questions. What they
# say is compared with what packets did (told.awk).
#
# A host that fails stays in build/hosts/SEED: make.c tells what is in it; without/ and with/ have
# of each step N what was answered (N.answers), files, rules, routes, what the step printed, and
# what multihome said (N.told).

tools=/mnt/tools
scripts=/etc/sysconfig/network-scripts
export PATH=/sbin:/usr/sbin:/bin:/usr/bin

# --- one side of a host: with or without multihome, in namespaces of its own --------------------

# The other ends of the NICs are in the namespace of the process $world.
make_nics() {
	local device
	local -a devices
	mapfile -t devices < <(sed -n 's/^port \([^ ]*\) .*/\1/p' "$folder/net")
	{
		echo link set lo up
		for device in "${devices[@]}"; do
			echo "link add $device type veth peer name $device netns $world"
		done
	} | ip -batch -
	printf 'link set %s up\n' "${devices[@]}" | nsenter --target "$world" --net ip -batch -
}

set_sysctls() {
	local key
	for key in rp_filter arp_ignore arp_announce arp_filter; do
		echo 0 >/proc/sys/net/ipv4/conf/all/$key
		echo 0 >/proc/sys/net/ipv4/conf/default/$key
	done
	# Ahead of the devices, too: EL6 copies the default to those that are there.
	sysctl -qep /etc/sysctl.conf
	grep -q NETWORKING_IPV6=yes /etc/sysconfig/network || inet6=''
	for key in all default; do
		key=/proc/sys/net/ipv6/conf/$key
		[ -n "$inet6" ]
		echo $? >$key/disable_ipv6
		# Nobody is asked whether an address is a duplicate, and nobody for a router.
		echo 0 >$key/accept_dad
		echo 0 >$key/router_solicitations
	done
}

# A namespace has no defaults of its own for them.
set_neighbours() {
	local folder
	for folder in /proc/sys/net/ipv{4,6}/neigh/*; do
		# What waits for a neighbour that is not there fills the kernel's socket for ICMP, which a
		# processor's namespaces share: other hosts would lose pings.
		echo 1 >"$folder/mcast_solicit"
		echo 50 >"$folder/retrans_time_ms"
		echo 3000 >"$folder/unres_qlen_bytes"
		# The world is there while hosts_ask runs only: who was seen then is not probed later.
		echo 3600 >"$folder/delay_first_probe_time"
		echo 3600000 >"$folder/base_reachable_time_ms"
	done
}

make_host() {
	mount -t sysfs sysfs /sys
	mount -t tmpfs -o mode=755 host /run
	mkdir -p /run/lock/subsys /run/netreport /run/etc
	cp -a /etc/sysconfig "$folder/etc/." /run/etc
	mount --bind /run/etc/sysconfig /etc/sysconfig
	mount --bind /run/etc/sysctl.conf /etc/sysctl.conf
	# The links in /sbin lead nowhere then: initscripts find no hooks.
	[ "$side" = with ] || mount -t tmpfs none /usr/libexec/multihome
	set_sysctls
	make_nics
	set_neighbours
	# shellcheck source=/dev/null
	. "$folder/setup"
}

# What steps are made of, besides programs.

edit() { # FILE KEY VALUE|-
	[ -e "$1" ] || return
	sed -i "/^$2=/d" "$1"
	[ "$3" = - ] || echo "$2=$3" >>"$1"
}

# $at is the path of what is noted of this step, without what tells the kinds apart.
multihome() {
	local status
	[ "$side" = with ] || return 0
	command multihome "$@"
	status=$?
	# 3: a file was refused, as those of aliases with typos.
	[ $status = 0 ] || [ $status = 3 ] || echo "multihome $*: exit status $status" >>"$at.faults"
	[ "$1" = sync ] || return 0
	state >"$at.synced"
	command multihome sync
	state | diff "$at.synced" - >"$at.diff" ||
		{ echo 'a second sync changes'; grep '^[<>]' "$at.diff"; } >>"$at.faults"
}

# Troubles. The other ends of NICs and tunnels are not the host's.

world() {
	nsenter --target "$world" --net "$@"
}

pull() { # NIC
	world ip link set "$1" down
}

plug() { # NIC
	world ip link set "$1" up
}

router() { # on | off SEGMENT ADDRESS…
	if [ "$1" = on ]; then
		rm "$folder/$side/dead"
	else
		printf "$2 %s\n" "${@:3}" >"$folder/$side/dead"
	fi
	ip neigh flush all
}

vpn() { # alive|dead|off
	if [ "$1" = off ]; then
		if [ -n "$holder" ]; then
			kill "$holder"
			wait "$holder"
			holder=''
		fi
		ip tuntap del tun0 mode tun
		return
	fi
	ip tuntap add tun0 mode tun
	if [ "$1" = alive ]; then
		"$tools/hosts_ask" --hold tun0 &
		holder=$!
		until ip link show tun0 | grep -q LOWER_UP; do
			ip link set tun0 up
			sleep 0.02
		done
	fi
	ip address add 172.29.0.2/32 dev tun0
	ip link set tun0 up
	ip route add 0.0.0.0/1 dev tun0
	ip route add 128.0.0.0/1 dev tun0
	[ -z "$inet6" ] || ip -6 -batch - <<<$'address add 2001:db8:29::2/128 dev tun0\nroute add 2000::/3 dev tun0'
}

firewall() { # CHAIN RULE… | off
	if [ "$1" = off ]; then
		nft delete table ip troubles
		return
	fi
	nft add table ip troubles
	nft add chain ip troubles "$1" "{ type filter hook $1 priority 0; }"
	nft add rule ip troubles "$@"
}

setting() { # DEVICE KEY VALUE | back
	if [ "$1" = back ]; then
		echo "$old" >"$changed"
		return
	fi
	changed=/proc/sys/net/ipv4/conf/$1/$2
	old=$(cat "$changed")
	echo "$3" >"$changed"
}

# The first of multihome's, by all its words: somebody else's may have its priority.
lose_rule() {
	local rule
	rule=$(ip -4 rule | sed -n '/ iif lo lookup /{ s/\(.*\):/priority \1/p; q; }')
	# shellcheck disable=SC2086 # words
	[ -z "$rule" ] || ip -4 rule del $rule
}

state() {
	stat -c '%n %i %Y %Z %a %s' $scripts/*
	{
		ip -4 -batch - <<<$'rule show\nroute show table all\naddress show'
		# Link-local ones come when the kernel is ready for them.
		[ -z "$inet6" ] || ip -6 -batch - <<<$'rule show\nroute show table all' |
			grep -v ' proto kernel \|^fe80::/64 '
	} | sed 's/ dead//g; s/ linkdown//g' # marks that come up to a second later
}

# The lines that are not in a managed block; without copies that steps made.
their_lines() {
	shopt -s nullglob
	awk 'FNR == 1 { block = 0 }
		/^# BEGIN multihome / { block = 1 }
		!block { print FILENAME ": " $0 }
		/^# END multihome / { block = 0 }' ifcfg-* {route,rule}{,6}-eth[0-9] </dev/null
	shopt -u nullglob
}

# Some of the questions, as explain is asked them: REMOTE LOCAL NIC, where it is said by which NIC
# they arrive.
choose_questions() {
	awk -v seed="$step" -v most="${HOSTS_TOLD:-3}" '
		# The inner one is not there yet if nothing arrives from it.
		NF == 4 && $1 != "own" && !($1 ~ /^(172\.17\.|2001:db8:d:)/ && $3 == "-") {
			line[n++] = $1 " " $2 " " ($3 == "-" || n % 3 ? "" : $3)
		}
		END {
			srand(seed + n)
			for (; n && most; most--) {
				i = int(rand() * n)
				print line[i]
				line[i] = line[--n]
			}
		}' "$at.answers"
}

# Silent of addresses that the host does not have.
ask_multihome() {
	local remote address nic
	choose_questions | while read -r remote address nic; do
		echo "explain $remote $address ${nic:--} $(command multihome explain "$remote" "$address" \
			${nic:+by "$nic"} --json 2>&1)"
	done
	echo "check $(command multihome check --json 2>&1)"
	ip -o address show | awk '{ sub("/.*", "", $4); print "address", $2, $4 }'
}

observe() {
	local family neighbours
	"$tools/hosts_ask" "$folder/net" "$world" "$folder/$side/dead" >"$at.answers" 2>&1
	for _ in {1..20}; do
		neighbours=$(ip neigh show)
		[[ $neighbours = *INCOMPLETE* ]] || break
		sleep 0.02
	done
	echo "$neighbours" >"$at.neigh"
	ask_multihome >"$at.told"
	for family in 4 $inet6; do
		ip "-$family" rule show >"$at.rules$family"
		# The kernel marks them up to a second after a cable is pulled.
		# -o: the next hops of a route with several stand in its line.
		ip "-$family" -o route show table all | sed "s/ dead//g; s/ linkdown//g" \
			>"$at.routes$family"
	done
	their_lines >"$at.files"
	grep -ls '^# BEGIN multihome ' {route,rule}{,6}-eth[0-9] >"$at.blocks"
}

run_side() {
	local line step=0 holder='' old changed inet6=6
	mkdir -p "$folder/$side"
	make_host
	cd $scripts || exit
	while IFS= read -r line <&3; do
		at=$folder/$side/$step
		eval "$line" >"$at.log" 2>&1
		observe
		step=$((step + 1))
	done 3<"$folder/steps"
	[ -z "$holder" ] || kill "$holder"
}

# --- a host ---------------------------------------------------------------------------------------

# Makes the host, runs both sides, sets $found to what is wrong.
try_host() { # SEED
	local side
	rm -rf "$folder"
	"$tools/hosts_make" "$1" "$folder" || exit
	for side in without with; do
		unshare --net bash $tools/run.sh --world "$folder" $side &
	done
	wait
	found=$(for side in judge told; do
		awk -v folder="$folder" -f $tools/$side.awk "$folder/expect" 2>&1
	done | sort -V | head -n 40)
	echo "$found" >"$folder/found"
}

# A packet may be late on a busy machine: what fails is tried once more.
run_host() { # SEED
	local number=$(($1 - first + 1)) found
	folder=/mnt/$1
	try_host "$1"
	[ -z "$found" ] || try_host "$1"
	rm -rf "${kept:?}/$1"
	if [ -n "$found" ] || [ -n "$HOSTS_KEEP" ]; then
		mkdir -p "$kept"
		cp -a "$folder" "$kept/$1"
	fi
	rm -rf "$folder"
	if [ -z "$found" ]; then
		echo "ok $number - random host of seed $1"
		return
	fi
	echo "not ok $number - random host of seed $1: HOSTS_SEED=$1 bash tests/hosts/run.sh
$(head -n 12 <<<"$found" | sed 's/^/# /')"
	: >/mnt/failed
}

run_hosts() {
	local seed
	for ((seed = first; seed < first + hosts; seed++)); do
		[ "$(jobs -rp | wc -l)" -lt "${HOSTS_AT_ONCE:-6}" ] || wait -n
		run_host "$seed" &
	done
	wait
	echo "1..$hosts"
	[ ! -e /mnt/failed ]
}

# What all hosts share: the lab's /etc, /usr and /var, the network service, the package.
make_lab() {
	export LAB_REPO=$repo LAB_RP_FILTER=none LAB_IPV6=0 LAB_INITSCRIPTS=${LAB_INITSCRIPTS-}
	# shellcheck source=tests/lab/lab-init.sh
	. "$repo/tests/lab/lab-init.sh"
	mount --make-rprivate /
	mount -t tmpfs lab /mnt || exit
	mkdir $tools
	cp "$repo"/tests/hosts/* "$build"/hosts_{ask,make} $tools
	make_mounts
	hostname host
	set_filtering
	make_programs
	make_service
	# /tmp is another by now; the repository may have been below it.
	make -s -C $lab/repo install BUILD="${build#"$repo"/}" DESTDIR= PREFIX=/usr SBINDIR=/sbin \
		SYSCONFDIR=/etc >/dev/null
	set +eu
	case $build in
	"$repo"/*) kept=$lab/repo/${build#"$repo"/}/hosts ;;
	*) kept=$build/hosts ;;
	esac
}

case ${1-} in
--world)
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	unshare --mount --net env -i PATH="$PATH" HOSTS_TOLD="${HOSTS_TOLD-}" \
		bash $tools/run.sh --side "$2" "$3" $$
	;;
--side)
	folder=$2 side=$3 world=$4
	run_side >"$folder/$side.log" 2>&1
	;;
--inside)
	make_lab
	first=${HOSTS_SEED:-1}
	hosts=${HOSTS:-${HOSTS_SEED:+1}}
	hosts=${hosts:-100}
	run_hosts
	;;
*)
	repo=$(cd "$(dirname "$0")/../.." && pwd)
	build=$(cd "$repo" && cd "${BUILD:-build}" && pwd) || exit
	export repo build
	exec unshare --mount --net --pid --uts --fork bash "$0" --inside
	;;
esac
