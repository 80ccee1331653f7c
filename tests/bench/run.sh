#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures multihome beside its peers; "make bench" runs it, as root. HACKING.md says how.
#
# run.sh [PART...]    all parts, or: apply nothing foreign numbered uplinks daemon packets marks hooks
#                     ifup size
#
# What it heeds:
#   BUILD=build         where the program is and the results go, in bench/
#   INITSCRIPTS=        exported branches of initscripts: the real ifup-routes and service network
#   BENCH_REPEATS=11    of each figure, which is their median
#   BENCH_LARGE=10000   the largest N
#   ACCEPT=1            keeps the results and the plot in tests/bench, for the next run to compare
#                       with, and puts the table into docs/speed.md
# The results are times in microseconds; what is told of them are ratios, since both sides of
# each were measured in turn.

here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "${BUILD:-build}") || exit 1
out=$build/bench
repeats=${BENCH_REPEATS:-11}
# Of what takes seconds each time: a restart, one with aliases, one ip a line of 1,000.
restarts=3
restarts_aliases=1
lines_repeats=3
large=${BENCH_LARGE:-10000}
release=${INITSCRIPTS:+$(readlink -f "$INITSCRIPTS")/rhel6-branch}
export PATH=$out:$build:$PATH

# --- within namespaces: "run.sh --inside PART [ARGUMENT...]" --------------------------------

# watch REPEATS BEFORE NAME=COMMAND…: the lines of stopwatch, told apart by part and N.
watch() {
	stopwatch "$@" | sed "s/^/$label /"
}

# ifup-routes as it is, but for the folder and for a warning of newer greps.
real_routes() {
	mkdir -p /run/scripts
	sed 's/^route add //' /run/routes >/run/scripts/route-eth0
	sed 's/^rule add //' /run/rules >/run/scripts/rule-eth0
	sed "s|$scripts/|/run/scripts/|g; s/egrep/grep -E/" \
		"$release/sysconfig/network-scripts/ifup-routes" >/run/ifup-routes
	chmod 755 /run/ifup-routes
}

part_apply() {
	local n=$1 slow=()
	label="apply $n"
	host_make "$n" && host_changes || return 1
	[ "$n" -ge 1000 ] || slow+=("line=each /run/lines")
	if [ -n "$release" ] && [ "$n" -le 100 ]; then
		real_routes
		slow+=("ifup-routes=/run/ifup-routes eth0")
	fi
	watch "$repeats" "$host_forget" "ours=multihome sync" "bare=bare send /run/messages" \
		"batch=ip -batch /run/lines" \
		"batches=ip -batch /run/routes ; ip -batch /run/rules" "${slow[@]}"
	[ "$n" -lt 1000 ] || watch $((n > 1000 ? 1 : lines_repeats)) "$host_forget" "line=each /run/lines"
}

part_nothing() {
	label="nothing $1"
	host_make "$1" && multihome sync || return 1
	watch "$repeats" '' "ours=multihome sync" "dump=bare dump"
	writes_nothing
}

part_foreign() {
	label="foreign $2"
	host_make 1 && host_foreign "$1" "$2" && multihome sync || return 1
	watch "$repeats" '' "ours=multihome sync" "dump=bare dump"
	writes_nothing
}

part_numbered() {
	label="numbered $1"
	host_numbered "$1" && host_changes || return 1
	watch -c "$repeats" "$host_forget" "ours=multihome sync" "batch=ip -batch /run/lines"
	multihome sync && writes_nothing || return 1
	watch -c "$repeats" '' "nothing=multihome sync"
}

part_uplinks() {
	label="uplinks $1"
	host_uplinks "$1" && host_changes || return 1
	watch -c "$repeats" "$host_forget" "ours=multihome sync" "batch=ip -batch /run/lines"
	multihome sync && writes_nothing || return 1
	watch -c "$repeats" '' "hook=multihome up eth0"
}

part_daemon() {
	label="daemon $1"
	host_daemon "$1" && multihome sync && writes_nothing || return 1
	if [ "$(ip route show table 1000 | grep -c '')" -gt 10 ]; then
		echo "run.sh: $label: routes were copied that lead where the default does" >&2
		return 1
	fi
	watch -c "$repeats" '' "hook=multihome up eth0" "show=ip route show table all"
}

writes_nothing() {
	strace -e trace=network -o /run/trace multihome sync
	! grep '^send' /run/trace | grep -qE 'RTM_(NEW|DEL|SET)' ||
		{ echo "run.sh: $label: sends a change where nothing is to do" >&2; return 1; }
}

# One namespace a host: without rules, with one that leads nowhere (any rule at all takes the kernel
# off its short way), as multihome makes it, with a rule an address. The same addresses, default routes and routers' MAC addresses in each.
packet_host() {
	ip netns add "$1"
	ip netns add "$1-beyond"
	# shellcheck disable=SC2016 # for the shell in there
	ip netns exec "$1" bash -c '. "$0/host.sh"
		sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.conf.all.rp_filter=0
		ip link set lo up
		nic eth0 10.0.0.10/8
		nic eth1 172.16.0.10/16
		for k in 0 1; do
			ip link set "peer-eth$k" netns "$1-beyond"
			ip netns exec "$1-beyond" ip link set "peer-eth$k" up
		done
		lines 1000 "address add 10.%d.%d.%d/8 dev eth0" | ip -batch -
		ip neighbour add 10.0.0.1 lladdr 02:00:00:00:00:01 nud permanent dev eth0
		ip neighbour add 172.16.0.1 lladdr 02:00:00:00:00:01 nud permanent dev eth1
		ip route add default via 10.0.0.1' "$here" "$1"
}

part_packets() {
	local k address host times
	host_mounts
	for k in plain one ours rules; do
		packet_host $k || return 1
	done
	printf '%s\n' DEVICE=eth0 IPADDR=10.0.0.10 PREFIX=8 GATEWAY=10.0.0.1 >"$scripts/ifcfg-eth0"
	printf '%s\n' DEVICE=eth1 IPADDR=172.16.0.10 PREFIX=16 GATEWAY=172.16.0.1 >"$scripts/ifcfg-eth1"
	ip netns exec ours multihome sync || return 1
	lines 1000 'rule add from 10.%d.%d.%d lookup 100 priority 10000' |
		ip netns exec rules ip -batch -
	ip netns exec rules ip route add default via 10.0.0.1 table 100
	ip netns exec one ip rule add from 198.51.100.1 lookup 100 priority 10000
	for ((k = 0; k < repeats; k++)); do
		for address in 1:10.1.1.1 254:10.1.2.4 1000:10.1.4.250; do
			for host in plain one ours rules; do
				times=$(ip netns exec $host packets "${address#*:}" 203.0.113.9) || return 1
				echo "packets ${address%:*} $host $times"
			done
		done
	done >/run/packets
	packet_medians sendto 4
	packet_medians connect 5
}

packet_medians() { # WHAT COLUMN
	sort -k2,2n -k3,3 -k"$2","$2"n /run/packets | awk -v what="$1" -v column="$2" -v n="$repeats" '
		{ time[(NR - 1) % n] = $column }
		NR % n == 0 { print what, $2, $3, time[int(n / 2)], time[0], time[n - 1], 0 }'
}

# mark_host NAME: two uplinks, and behind the host a guest to which a port is led.
mark_host() {
	ip netns add "$1"
	ip netns add "$1-beyond"
	ip netns add "$1-guest"
	# shellcheck disable=SC2016 # for the shell in there
	ip netns exec "$1" bash -c '. "$0/host.sh"
		sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.ip_forward=1
		ip link set lo up
		nic eth0 10.0.0.10/8
		nic eth1 172.16.0.10/16
		nic docker0 172.17.0.1/16
		ip route add default via 172.16.0.1
		for k in eth0 eth1; do ip link set "peer-$k" netns "$1-beyond"; done
		ip link set peer-docker0 netns "$1-guest"' "$here" "$1"
	ip -n "$1-beyond" -batch - <<-END
		link set peer-eth0 up
		link set peer-eth1 up
		address add 10.0.0.1/8 dev peer-eth0
		address add 172.16.0.1/16 dev peer-eth1
		link set lo up
		address add 198.51.100.2/32 dev lo
	END
	ip -n "$1-guest" -batch - <<-END
		link set peer-docker0 up
		address add 172.17.0.2/16 dev peer-docker0
		route add default via 172.17.0.1
	END
	ip netns exec "$1" iptables-legacy -t nat -A PREROUTING -p udp --dport 9 \
		-j DNAT --to-destination 172.17.0.2
	for guest in "$1-guest" "$1-beyond"; do
		ip netns exec "$guest" iptables-legacy -t raw -A PREROUTING -p udp --dport 9 -j DROP
	done
}

# mark_rules HOST MARK MARK MASK: as both make them, and a table each.
mark_rules() {
	ip -n "$1" -batch - <<-END
		rule add fwmark $2/$4 lookup 201 priority 10000
		rule add fwmark $3/$4 lookup 202 priority 10001
		rule add from 10.0.0.10 lookup 201 priority 20000
		rule add from 172.16.0.10 lookup 202 priority 20001
		route add default via 10.0.0.1 table 201
		route add default via 172.16.0.1 table 202
	END
}

# What Shorewall makes of two providers that are tracked, and mwan3 of two members without a policy.
mark_peers() {
	mark_rules shorewall 0x1 0x2 0xff
	mark_rules mwan3 0x100 0x200 0x3f00
	ip netns exec shorewall iptables-legacy-restore --noflush <<-END
		*mangle
		:routemark - [0:0]
		-A PREROUTING -m connmark ! --mark 0x0/0xff -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
		-A PREROUTING -i eth0 -m mark --mark 0x0/0xff -j routemark
		-A PREROUTING -i eth1 -m mark --mark 0x0/0xff -j routemark
		-A OUTPUT -m connmark ! --mark 0x0/0xff -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff
		-A routemark -i eth0 -j MARK --set-xmark 0x1/0xff
		-A routemark -i eth1 -j MARK --set-xmark 0x2/0xff
		-A routemark -m mark ! --mark 0x0/0xff -j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff
		COMMIT
	END
	ip netns exec mwan3 iptables-legacy-restore --noflush <<-END
		*mangle
		:hook - [0:0]
		:in - [0:0]
		:in_wan - [0:0]
		:in_wanb - [0:0]
		-A PREROUTING -j hook
		-A OUTPUT -j hook
		-A hook -m mark --mark 0x0/0x3f00 -j CONNMARK --restore-mark --nfmask 0x3f00 --ctmask 0x3f00
		-A hook -m mark --mark 0x0/0x3f00 -j in
		-A hook -j CONNMARK --save-mark --nfmask 0x3f00 --ctmask 0x3f00
		-A in -m mark --mark 0x0/0x3f00 -j in_wan
		-A in -m mark --mark 0x0/0x3f00 -j in_wanb
		-A in_wan -i eth0 -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x100/0x3f00
		-A in_wanb -i eth1 -m mark --mark 0x0/0x3f00 -j MARK --set-xmark 0x200/0x3f00
		COMMIT
	END
}

part_marks() {
	local k host times
	host_mounts
	for host in plain nft iptables shorewall mwan3; do
		mark_host $host || return 1
	done
	printf '%s\n' DEVICE=eth0 IPADDR=10.0.0.10 PREFIX=8 GATEWAY=10.0.0.1 >"$scripts/ifcfg-eth0"
	printf '%s\n' DEVICE=eth1 IPADDR=172.16.0.10 PREFIX=16 GATEWAY=172.16.0.1 >"$scripts/ifcfg-eth1"
	ip netns exec plain multihome sync || return 1
	echo CONNMARK=yes >/etc/sysconfig/multihome
	rm -rf /run/multihome
	ip netns exec nft multihome sync || return 1
	rm -rf /run/multihome
	# shellcheck disable=SC2016 # for the shell in there
	ip netns exec iptables bash -c 'mount --bind /dev/null /usr/sbin/nft
		mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi
		multihome sync' || return 1
	mark_peers || return 1
	for ((k = 0; k < repeats; k++)); do
		for host in plain nft iptables shorewall mwan3; do
			times=$(ip netns exec $host-beyond packets 198.51.100.2 10.0.0.10) || return 1
			echo "marks in $host $times"
			times=$(ip netns exec $host-guest packets 172.17.0.2 198.51.100.2) || return 1
			echo "marks out $host $times"
		done
	done >/run/packets
	sort -k2,3 -k4,4n /run/packets | awk -v n="$repeats" '
		{ time[(NR - 1) % n] = $4 }
		NR % n == 0 { print $1, $2, $3, time[int(n / 2)], time[0], time[n - 1], 0 }'
}

part_hooks() {
	local hook
	host_make 1 && multihome sync || return 1
	mkdir /run/hooks
	for hook in ifup-pre-local ifup-local ifdown-local; do
		ln -s "$build/multihome" /run/hooks/$hook
	done
	printf '%s\n' DEVICE=eth2 IPADDR=172.16.0.1 PREFIX=16 >"$scripts/ifcfg-eth2"
	printf '%s\n' DEVICE=eth3 SLAVE=yes MASTER=bond0 >"$scripts/ifcfg-eth3"
	label="hooks 0"
	watch "$repeats" '' "true=nothing" "lo=/run/hooks/ifup-local lo" \
		"unknown=/run/hooks/ifup-local tun0" "slave=/run/hooks/ifup-pre-local ifcfg-eth3" \
		"no-uplink=/run/hooks/ifup-local eth2" "uplink=/run/hooks/ifup-local eth0"
}

# --- in ifup: the lab with the real scripts, or with its stand-in -----------------------------

# Each hook's time is noted by a script in its place.
wrap_hooks() {
	local hook
	cp "$out/tally" "$LAB_ROOT/usr/bin/tally"
	for hook in ifup-pre-local ifup-local ifdown-local; do
		rm -f "$LAB_ROOT/usr/sbin/$hook"
		printf '%s\n' '#!/bin/sh' \
			"exec tally /run/hooks /usr/libexec/multihome/$hook \"\$@\"" \
			>"$LAB_ROOT/usr/sbin/$hook"
		chmod 755 "$LAB_ROOT/usr/sbin/$hook"
	done
}

# Restarts, and what the hooks took of each.
restart_shares() { # NAME RESTARTS
	local k restarts=$2
	host service network start >/dev/null 2>&1 || return 1
	for ((k = 0; k < restarts; k++)); do
		rm -f "$LAB_ROOT/run/hooks"
		host tally /run/whole service network restart >/dev/null 2>&1
		echo "$(tail -n 1 "$LAB_ROOT/run/whole")" \
			"$(awk '{ sum += $1; n++ } END { print sum, n }' "$LAB_ROOT/run/hooks")"
	done | sort -n | awk -v name="$1" -v n="$restarts" '
		{ whole[NR] = $1; hooks[NR] = $2; count = $3 }
		END { k = int((n + 1) / 2)
			print "ifup", name, "whole", whole[k], whole[1], whole[n], 0
			print "ifup", name, "hooks", hooks[k], count, 0, 0 }'
}

# System calls and processes of one restart: all of them, and those of the hooks.
restart_counts() { # NAME
	mkdir -p "$LAB_ROOT/tmp/trace"
	host strace -ff -qq -o /tmp/trace/pid service network restart >/dev/null 2>&1
	(cd "$LAB_ROOT/tmp/trace" && for file in pid.*; do
		echo "$(grep -c '' "$file") $(grep -c '^execve(.* = 0$' "$file")" \
			"$(grep -cE '^execve\("[^"]*(/multihome|/multihome/if[^"]*)"' "$file")"
	done) | awk -v name="$1" '
		{ calls += $1; processes++; programs += $2 }
		$3 { ours += $1; hooks++ }
		END { print "ifup", name, "calls", calls, ours, 0, 0
			print "ifup", name, "processes", processes, hooks, 0, 0 }'
	rm -rf "$LAB_ROOT/tmp/trace"
}

ifup_host() { # NAME UPLINKS RESTARTS
	# shellcheck source=tests/lab/lab.sh
	. "$here/../lab/lab.sh"
	export LAB_UPLINKS=$2 LAB_INITSCRIPTS=$release
	lab_up || return 1
	lab_uplinks
	[ "$1" != aliases ] || lab_ifcfg eth0-range0 IPADDR_START=192.168.8.1 \
		IPADDR_END=192.168.8.254 CLONENUM_START=0 NETMASK=255.255.255.0
	lab_install
	wrap_hooks
	restart_shares "$1" "$3"
	if [ ! -s "$LAB_ROOT/run/hooks" ]; then
		echo "run.sh: ifup $1: the network did not start, or no hook ran" >&2
		return 1
	fi
	restart_counts "$1"
	lab_down
}

part_ifup() {
	(ifup_host 2 2 "$restarts") && (ifup_host 8 8 "$restarts") &&
		(ifup_host aliases 2 "$restarts_aliases")
}

# --- the whole ----------------------------------------------------------------------------------

part_size() {
	strip -o "$out/stripped" "$build/multihome"
	echo "size 0 bytes $(stat -c %s "$out/stripped") 0 0 0"
	echo "size 0 libraries $(readelf -d "$out/stripped" | grep -c NEEDED) 0 0 0"
	echo "size 0 relocations $(readelf -rW "$out/stripped" | grep -c ' R_') 0 0 0"
}

inside() { # PART ARGUMENT…
	unshare --mount --net bash "$here/run.sh" --inside "$@"
}

measure() { # PART
	local n
	case $1 in
	apply | nothing)
		for n in 1 10 100 1000 "$large"; do
			inside "$1" "$n" || return 1
		done
		;;
	foreign) inside foreign 1000 10000 && inside foreign 10000 100000 ;;
	numbered) inside numbered 125 && inside numbered 250 && inside numbered 500 ;;
	uplinks) inside uplinks 2 && inside uplinks 200 && inside uplinks 1000 ;;
	daemon) inside daemon 100000 ;;
	packets | marks | hooks) inside "$1" ;;
	ifup | size) "part_$1" ;;
	*) echo "run.sh: '$1' is no part; expected apply nothing foreign numbered uplinks daemon packets marks hooks ifup size" >&2
		return 2 ;;
	esac
}

machine() {
	echo "# $(date +%F), $(uname -sr), $(grep -m 1 -oP 'model name\s*: \K.*' /proc/cpuinfo), $(nproc) CPUs"
	echo "# $(ip -V), libnl $(pkg-config --modversion libnl-3.0), $(cc --version | head -n 1)"
	echo "# initscripts: $(basename "${release:-stand-in}")"
	echo "# median of $repeats; restarts: $restarts, with aliases $restarts_aliases;" \
		"one ip a line: $lines_repeats of 1000, 1 of $large"
}

main() {
	local part whole=0
	mkdir -p "$out"
	machine >"$out/results"
	[ $# -gt 0 ] || { whole=1; set -- apply nothing foreign numbered uplinks daemon packets marks hooks ifup size; }
	for part; do
		measure "$part" || { echo "run.sh: $part failed" >&2; exit 1; }
	done >>"$out/results"
	awk -f "$here/report.awk" "$out/results" | tee "$out/report"
	[ ! -f "$here/results" ] || awk -f "$here/compare.awk" \
		<(awk -f "$here/report.awk" "$here/results") "$out/report"
	# A part of the parts is for looking at; what is kept is the whole.
	[ $whole = 1 ] || return 0
	gnuplot -e "results='$out/results'; image='$out/growth.svg'" "$here/growth.gnuplot" || exit 1
	[ -n "$ACCEPT" ] || return 0
	cp "$out/results" "$out/growth.svg" "$here" &&
		"$here/table.sh" "$out/report" "$here/../../docs/speed.md"
}

if [ "$1" = --inside ]; then
	# shellcheck source=tests/bench/host.sh
	. "$here/host.sh"
	shift
	"part_$1" "${@:2}"
else
	main "$@"
fi
