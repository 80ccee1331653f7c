#!/bin/bash
# SPDX-License-Identifier: MIT
# The lab: a host with several uplinks, their routers and a client, in namespaces.
#
# As a library: source it, lab_up, use host, client, router, the probes; lab_down.
# As a program: lab.sh shell [uplinks]   a root shell in the lab's host
#               lab.sh run COMMAND…      one command there, after a start
#
# What lab_up heeds:
#   LAB_UPLINKS=2           1 to 8, to 3 with LAB_IPV6=1
#   LAB_RP_FILTER=none      none: nothing filters (EL5); el6: strict by default,
#                           set on each device; all: strict on all (EL7)
#   LAB_STRICT_ROUTERS=0    1: routers drop what is not of their segment
#   LAB_IPV6=0              1: addresses, routes and servers of IPv6, too
#   LAB_INITSCRIPTS=        a checkout of initscripts; empty: the stand-in
#   LAB_BUILD=build         where the programs are
#   LAB_MACHINE=            a user-mode kernel that is the host (machine.bash)
#   LAB_PROGRAMS=           programs that such a host has instead of these here, in bin and sbin
#   LAB_KERNEL=             set within a kernel that was given (kernel-init.sh), as is, empty, LAB_NET
#                           where the host is that kernel's own network namespace
# lab-init.sh has the topology. The lab lives only as long as the shell that
# started it, however that ends.

LAB_DIR=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
LAB_REPO=$(readlink -f "$LAB_DIR/../..")
LAB_PORT=7777
# Seconds for an answer; a user-mode kernel beside other tests may take more than one.
LAB_WAIT=1
[ -z "${LAB_KERNEL-}${LAB_MACHINE-}" ] || LAB_WAIT=4
LAB_CLIENT=172.31.0.2
LAB_CLIENT6=2001:db8:c::2
LAB_ADDRESSES=(192.168.2.99 10.0.0.99 172.20.{3..8}.99)
LAB_ADDRESSES6=(2001:db8:2::99 2001:db8:10::99 2001:db8:20::99)

# shellcheck source-path=SCRIPTDIR source=machine.bash
. "$LAB_DIR/machine.bash"

# --- up and down ---------------------------------------------------------------

lab_up() {
	export LAB_REPO LAB_UPLINKS=${LAB_UPLINKS:-2} LAB_RP_FILTER=${LAB_RP_FILTER:-none}
	export LAB_STRICT_ROUTERS=${LAB_STRICT_ROUTERS:-0} LAB_INITSCRIPTS=${LAB_INITSCRIPTS-}
	export LAB_IPV6=${LAB_IPV6:-0} LAB_BUILD=${LAB_BUILD:-build}
	lab_tools lab_witness ${LAB_MACHINE:+lab_netlink.so lab_xstate.so} || return 1
	# Only this shell holds the other end of its input, so when this shell is
	# gone, even killed, the lab's first process ends and takes all with it.
	coproc LAB {
		# shellcheck disable=SC2086 # a word or none
		exec unshare --mount ${LAB_NET---net} --pid --uts --fork "$LAB_DIR/lab-init.sh" 3>&-
	}
	# shellcheck disable=SC2153 # coproc sets LAB_PID
	lab_process=$LAB_PID
	if ! read -r LAB_INIT <&"${LAB[0]}"; then
		echo "lab: cannot be built" >&2
		lab_down
		return 1
	fi
	export LAB_INIT LAB_ROOT=/proc/$LAB_INIT/root
	LAB_SCRIPTS=$LAB_ROOT/etc/sysconfig/network-scripts
	export LAB_SCRIPTS
	lab_serve
}

# lab_tools NAME…: builds those that are not there.
lab_tools() {
	local name
	for name; do
		[ -x "$LAB_REPO/$LAB_BUILD/$name" ] ||
			make -s -C "$LAB_REPO" BUILD="$LAB_BUILD" "$LAB_BUILD/$name" || return
	done
}

lab_down() {
	local status=0
	[ -n "${lab_process-}" ] || return 0
	[ -z "${LAB_MACHINE-}" ] || [ -z "${LAB_INIT-}" ] || machine_ran || status=1
	lab_input=${LAB[1]-}
	[ -z "$lab_input" ] || exec {lab_input}>&-
	wait "$lab_process" 2>/dev/null
	unset lab_process LAB_INIT
	return $status
}

# Echo servers: TCP on the wildcard address, UDP one on each address. They may
# be bound before the addresses are there, and stay through every restart.
lab_serve() {
	local k tries wanted=$((LAB_UPLINKS + 1))
	lab_server "TCP4-LISTEN:$LAB_PORT,fork,reuseaddr"
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		lab_server "UDP4-RECVFROM:$LAB_PORT,bind=${LAB_ADDRESSES[k]},freebind,fork"
	done
	if [ "$LAB_IPV6" = 1 ]; then
		wanted=$((wanted + 1))
		lab_server "TCP6-LISTEN:$LAB_PORT,fork,reuseaddr,ipv6only"
		for ((k = 0; k < LAB_UPLINKS; k++)); do
			lab_server "UDP6-RECVFROM:$LAB_PORT,bind=[${LAB_ADDRESSES6[k]}],fork"
		done
		# Old kernels bind no IPv6 address ahead of its coming: the server waits for it.
		! host test -e /proc/sys/net/ipv6/ip_nonlocal_bind || wanted=$((wanted + LAB_UPLINKS))
	fi
	for ((tries = 0; tries < 200; tries++)); do
		[ "$(host ss -Hlntu "sport = :$LAB_PORT" | wc -l)" -lt "$wanted" ] || return 0
		sleep 0.02
	done
	echo "lab: the servers do not start" >&2
	lab_down
	return 1
}

lab_server() {
	# shellcheck disable=SC2016 # for the shell in the host
	host sh -c 'until socat "$1" PIPE; do sleep 0.1; done' - "$1" >/dev/null 2>&1 &
	disown
}

# --- commands in the lab ---------------------------------------------------------

lab_service=(env -i PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/root TERM=dumb)

# lab_enter NETNS COMMAND…: NETNS is the file that stands for it. The environment
# is that of a service: nothing but a PATH.
lab_enter() {
	local net=$1
	shift
	nsenter --target "$LAB_INIT" --mount --pid --uts --net="$net" -- "${lab_service[@]}" "$@" 3>&-
}

# A machine takes all that standard input has: a loop over lines that calls this reads them from
# another descriptor.
host() {
	if [ -n "${LAB_MACHINE-}" ]; then
		machine_run "${lab_service[@]}" "$@"
	else
		lab_enter "/proc/$LAB_INIT/ns/net" "$@"
	fi
}

client() {
	lab_enter "$LAB_ROOT/run/netns/client" "$@"
}

# router K COMMAND…
router() {
	local k=$1
	shift
	lab_enter "$LAB_ROOT/run/netns/router$k" "$@"
}

# lab_install: puts the built package into the host, as `make install` does; a machine sees the files.
lab_install() {
	lab_enter "/proc/$LAB_INIT/ns/net" make -s -C /run/lab/repo install BUILD="${LAB_BUILD:-build}" \
		DESTDIR= PREFIX=/usr SBINDIR=/sbin SYSCONFDIR=/etc >/dev/null
}

# --- the host's configuration ------------------------------------------------------

# lab_ifcfg NAME KEY=VALUE…: the whole of ifcfg-NAME. The keys keep a start short.
lab_ifcfg() {
	local name=$1
	shift
	printf '%s\n' "$@" ARPCHECK=no >"${LAB_SCRIPTS:?no lab}/ifcfg-$name"
}

# lab_uplink K [KEY=VALUE…]: the ordinary ifcfg file of uplink K, later keys win.
lab_uplink() {
	local k=$1 plain
	shift
	case $k in
	0) plain='NETMASK=255.255.255.0 GATEWAY=192.168.2.1' ;;
	1) plain='NETMASK=255.0.0.0 GATEWAY=10.0.0.1' ;;
	*) plain="NETMASK=255.255.255.0 GATEWAY=${LAB_ADDRESSES[k]%99}1" ;;
	esac
	# shellcheck disable=SC2086 # one word a line
	lab_ifcfg "eth$k" "DEVICE=eth$k" ONBOOT=yes BOOTPROTO=none \
		"IPADDR=${LAB_ADDRESSES[k]}" $plain "$@"
}

# lab_uplinks: all of them.
lab_uplinks() {
	local k
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		lab_uplink "$k"
	done
}

# lab_uplinks6 [KEY=VALUE…]: all of them, with IPv6 as well.
lab_uplinks6() {
	local k
	sed -i s/NETWORKING_IPV6=.*/NETWORKING_IPV6=yes/ "$LAB_ROOT/etc/sysconfig/network"
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		lab_uplink "$k" IPV6INIT=yes "IPV6ADDR=${LAB_ADDRESSES6[k]}/64" \
			"IPV6_DEFAULTGW=${LAB_ADDRESSES6[k]%99}1" "$@"
	done
}

# --- probes --------------------------------------------------------------------------

# Each prints `ok NIC` or `lost NIC`: whether the client got the answer, and by
# which NIC it left the host, `-` for none.

# lab_ask K WORDS…: what router K's witness says to it is in $told, a line each, a space at its end.
lab_ask() {
	local at=$LAB_ROOT/run/lab/witness$1 asked line
	told=$'\n'
	exec {asked}<>"$at.asked"
	echo "${*:2}" >&$asked
	exec {asked}>&-
	while read -r -t 5 line && [ "$line" != . ]; do
		told+="$line "$'\n'
	done <>"$at.told"
	[ "$line" = . ] || { echo "lab: the witness of router $1 is gone" >&2; return 1; }
}

# lab_learn: what all of them noted is in $noted.
lab_learn() {
	local k told
	noted=()
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		lab_ask "$k" tell
		noted[k]=$told
	done
}

# lab_by KIND [ADDRESS [PORT]]: the NICs whose router noted such a packet for the client, in $by.
lab_by() {
	local k
	by=
	for k in "${!noted[@]}"; do
		[[ ${noted[k]} != *$'\n'"$* "* ]] || by=$by${by:+,}eth$k
	done
	by=${by:--}
}

# lab_seen KIND [ADDRESS [PORT]]: the same, of now.
lab_seen() {
	local noted by
	lab_learn
	lab_by "$@"
	echo "$by"
}

# lab_forget KIND: icmp, own, tcp, udp.
lab_forget() {
	local k told
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		lab_ask "$k" forget "$1"
	done
}

probe_ping() {
	local result=lost
	lab_forget icmp
	! client ping -n -q -c1 -W$LAB_WAIT "$1" >/dev/null 2>&1 || result=ok
	echo "$result $(lab_seen icmp "$1")"
}

# The client's port tells a probe from what an earlier one left on its way. It
# is below the ports that the kernel hands out.
lab_port() {
	echo $((10000 + RANDOM % 20000))
}

# lab_echo PROTOCOL ADDRESS PORT: a line to the server there and back.
lab_echo() {
	local line address=$2
	case $address in
	*:*) address=[$address] ;;
	esac
	line=$(echo "to $2" | client timeout $((2 * LAB_WAIT)) socat -t$LAB_WAIT - \
		"$1:$address:$LAB_PORT,sourceport=$3${4-}" 2>/dev/null)
	[ "$line" = "to $2" ]
}

probe_tcp() {
	local result=lost port
	port=$(lab_port)
	lab_forget tcp
	! lab_echo TCP "$1" "$port" ,reuseaddr,connect-timeout=$LAB_WAIT || result=ok
	echo "$result $(lab_seen tcp "$1" "$port")"
}

# Datagrams have no end: ask for no more than the one line. (Not with read: it
# takes a byte, and the kernel drops the rest of the datagram.)
probe_udp() {
	local result=lost
	lab_forget udp
	# shellcheck disable=SC2016 # for the shell in the client
	! client bash -c 'exec 4<>"/dev/udp/$1/$2" && echo "to $1" >&4 &&
		[ "$(timeout "$3" head -n1 <&4)" = "to $1" ]' - "$1" "$LAB_PORT" $LAB_WAIT 2>/dev/null ||
		result=ok
	echo "$result $(lab_seen udp "$1")"
}

# probe_all ADDRESS…: all three of each, at the same time. A line each: `udp 10.0.0.99 ok eth1`.
probe_all() {
	local kind address got result noted by
	for kind in icmp tcp udp; do
		lab_forget $kind
	done
	# A datagram of one byte: of a longer one bash would read a byte, and the rest is dropped.
	# shellcheck disable=SC2016 # for the shell in the client
	got=$(client timeout $((3 * LAB_WAIT)) bash -c '
		echoed() { # tcp|udp ADDRESS PORT
			exec 4<>"/dev/$1/$2/$3" && echo >&4 && read -r -t "$wait" <&4 && echo "$1 $2"
		}
		wait=$2
		for address in "${@:3}"; do
			ping -n -q -c1 -W"$wait" "$address" >/dev/null && echo "icmp $address" &
			echoed tcp "$address" "$1" &
			echoed udp "$address" "$1" &
		done 2>/dev/null
		wait' - "$LAB_PORT" $LAB_WAIT "$@")
	lab_learn
	for address; do
		for kind in icmp tcp udp; do
			result=lost
			[[ $'\n'$got$'\n' != *$'\n'"$kind $address"$'\n'* ]] || result=ok
			lab_by $kind "$address"
			echo "$kind $address $result $by"
		done
	done
}

# probe_own [FROM]: the host's own traffic to the client, from no address in
# particular or from FROM.
probe_own() {
	local result=lost to=$LAB_CLIENT
	case ${1-} in
	*:*) to=$LAB_CLIENT6 ;;
	esac
	lab_forget own
	! host ping -n -q -c1 -W$LAB_WAIT ${1:+-I "$1"} "$to" >/dev/null 2>&1 || result=ok
	echo "$result $(lab_seen own)"
}

# --- what the host holds ---------------------------------------------------------------

# lab_files: content of all files of network-scripts that are not programs.
lab_files() {
	(cd "${LAB_SCRIPTS:?no lab}" && find . -type f ! -perm -u+x | LC_ALL=C sort | xargs sha256sum)
}

# lab_stamps: inode, times and size of every file that was changed or made in
# /etc, /var and /run since the lab was built, except the lab's own.
lab_stamps() {
	(cd "$LAB_ROOT/run" &&
		find lab/layers/*/upper . -path ./lab -prune -o -path ./netns -prune -o \
			-type f -printf '%p %i %T@ %C@ %s %m\n' | LC_ALL=C sort)
}

# --- as a program ------------------------------------------------------------------------

lab_main() {
	case ${1-} in
	shell) LAB_UPLINKS=${2:-2} ;;
	run) ;;
	*) echo "usage: ${0##*/} shell [uplinks] | run COMMAND…" >&2; exit 2 ;;
	esac
	trap lab_down EXIT
	trap 'exit 130' INT TERM
	lab_up || exit 1
	lab_uplinks
	if [ "$1" = shell ]; then
		echo "Uplinks are configured, not started: service network start."
		echo "The package: make -C /run/lab/repo install DESTDIR= SBINDIR=/sbin"
		host bash -i
	else
		shift
		host service network start >/dev/null 2>&1
		host "$@"
	fi
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	lab_main "$@"
fi
