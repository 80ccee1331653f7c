#!/bin/bash
# SPDX-License-Identifier: MIT
# First process of a lab: builds the host and the network around it.
#
# Started by lab.sh with new mount, network, PID and UTS namespaces. Its network
# namespace is the host's. When it ends, the kernel takes down all the rest:
# processes, mounts, namespaces. It ends when its standard input is closed.
#
#  client                       router K                     host
#  lo 172.31.0.2  coreK ====== core     uplink ====== ethK   eth0 192.168.2.99/24
#     172.31.K+1.2/24   172.31.K+1.1    GATEWAY              eth1 10.0.0.99/8
#                                                            eth2 172.20.3.99/24 … eth7
# With LAB_IPV6=1 the same in IPv6: client 2001:db8:c::2, routers ::1 and fe80::1 in the
# segments 2001:db8:2::/64, 2001:db8:10::/64, 2001:db8:20::/64, the host to be ::99.
# The client reaches each segment through that segment's router; a reply gets
# back through any of them, unless LAB_STRICT_ROUTERS=1.

set -eu
lab=/run/lab
client=172.31.0.2
scripts=/etc/sysconfig/network-scripts

# What each uplink's router is: gateway/prefix and segment.
gateways=(192.168.2.1/24 10.0.0.1/8 172.20.{3..8}.1/24)
segments=(192.168.2.0/24 10.0.0.0/8 172.20.{3..8}.0/24)

client6=2001:db8:c::2
nets6=(2001:db8:2 2001:db8:10 2001:db8:20)

# overlay DIR: changes below DIR go to memory from here on. A kernel that was given may have no
# overlays, as EL6's has not: then DIR is copied, and of /usr there are links, for nobody writes into
# a file of it.
overlay() {
	local layers=$lab/layers/${1#/} links=
	mkdir -p "$layers/upper" "$layers/work"
	if [ -z "${LAB_KERNEL-}" ] || grep -qw overlay /proc/filesystems; then
		mount -t overlay -o "lowerdir=$1,upperdir=$layers/upper,workdir=$layers/work" lab "$1"
		return
	fi
	mount --bind "$1" "$layers/work"
	[ "$1" != /usr ] || links=s
	cp -a$links "$layers/work/." "$layers/upper"
	mount --bind "$layers/upper" "$1"
}

make_mounts() {
	mount --make-rprivate /
	mount -t tmpfs -o mode=755 lab /run
	mkdir -p $lab/repo $lab/initscripts /run/lock/subsys /run/netreport
	# Before /tmp is covered: either may be below it.
	mount --bind "$LAB_REPO" $lab/repo
	[ -z "$LAB_INITSCRIPTS" ] || mount --bind "$LAB_INITSCRIPTS" $lab/initscripts
	if [ -n "${LAB_MACHINE-}" ]; then
		mkdir $lab/programs
		touch $lab/machine
		mount --bind "$LAB_MACHINE" $lab/machine
		[ -z "${LAB_PROGRAMS-}" ] || mount --bind "$LAB_PROGRAMS" $lab/programs
	fi
	overlay /etc
	overlay /usr
	overlay /var
	mount -t tmpfs -o mode=1777 lab /tmp
	mount -t proc proc /proc
	# Old kernels do not mount it over itself.
	[ -z "${LAB_KERNEL-}" ] || umount /sys
	mount -t sysfs sysfs /sys
	# Terminals of its own: a container's /dev may have none to give.
	if [ -z "${LAB_KERNEL-}" ] && [ -d /dev/pts ] && [ -e /dev/ptmx ]; then
		mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts /dev/pts
		mount --bind /dev/pts/ptmx /dev/ptmx
	fi
	ln -sfn /run /var/run
	ln -sfn /run/lock /var/lock
	[ ! -S /dev/log ] || mount --bind /dev/null /dev/log
}

# settle_at_once NETNS: no second of doubt whether an IPv6 address is a duplicate, in
# which a neighbour is not asked for.
settle_at_once() {
	[ "$LAB_IPV6" != 1 ] || ip netns exec "$1" sysctl -qw \
		net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
}

# empty_network: what an earlier lab left in the machine's own network namespace.
empty_network() {
	local family device table name
	for device in $(ip -o link | sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p'); do
		case $device in
		bond*) echo "-$device" >/sys/class/net/bonding_masters ;;
		# Without an address of IPv6 it would have none any more.
		lo) ip address flush dev lo; ip link set lo down; ip link set lo up ;;
		*) ip link delete "$device" ;;
		esac || true
	done
	for family in -4 -6; do
		for table in $(ip $family route show table all | sed -n 's/.* table \([^ ]*\).*/\1/p' | sort -u) main; do
			[ "$table" = local ] || ip $family route flush table "$table" || true
		done
		ip $family rule flush
		ip $family rule add from all lookup main priority 32766
	done
	ip rule add from all lookup default priority 32767
	for name in iptables-restore ip6tables-restore; do
		for table in filter mangle nat raw; do
			printf '*%s\nCOMMIT\n' $table | $name || true
		done
	done
	sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
} 2>/dev/null

make_client() {
	ip netns add client
	settle_at_once client
	ip -n client link set lo up
	ip -n client address add $client/32 dev lo
}

make_router() {
	local k=$1 gateway=${gateways[$1]} segment=${segments[$1]}
	local link=172.31.$((k + 1))
	ip netns add "router$k"
	settle_at_once "router$k"
	ip netns exec "router$k" sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0
	ip -n "router$k" -batch - <<-END
		link set lo up
		link add core type veth peer name core$k netns client
		link add uplink type veth peer name eth$k netns $$
		address add $link.1/24 dev core
		address add $gateway brd + dev uplink
		link set core up
		link set uplink up
		route add $client via $link.2
	END
	ip -n client -batch - <<-END
		address add $link.2/24 dev core$k
		link set core$k up
		route add $segment via $link.1 src $client
	END
	strict_router "$k" -4 "$segment"
	watch_router "$k"
	[ "$LAB_IPV6" != 1 ] || make_router6 "$k"
}

make_router6() {
	local k=$1 net=${nets6[$1]}
	local link=2001:db8:f$k:
	ip netns exec "router$k" sysctl -qw net.ipv6.conf.all.forwarding=1
	# Old kernels always give it one, beside fe80::1.
	ip -n "router$k" link set uplink addrgenmode none 2>/dev/null || true
	ip -n "router$k" -batch - <<-END
		link set uplink down
		link set uplink up
		address add fe80::1/64 dev uplink nodad
		address add $net::1/64 dev uplink nodad
		address add $link:1/64 dev core nodad
		route add $client6 via $link:2
	END
	ip -n client -batch - <<-END
		address replace $client6/128 dev lo nodad
		address add $link:2/64 dev core$k nodad
		route add $net::/64 via $link:1 src $client6
	END
	strict_router "$k" -6 "$net::/64"
}

# strict_router K FAMILY SEGMENT: drops what is not of its segment. Without netfilter, which old
# kernels may not have in a namespace.
strict_router() {
	[ "$LAB_STRICT_ROUTERS" = 1 ] || return 0
	ip -n "router$1" "$2" rule add from "$3" iif uplink priority 10 lookup main
	ip -n "router$1" "$2" rule add iif uplink priority 11 blackhole
}

# Each router notes what comes from its uplink for the client (lab_seen). Not by ip: this may still be
# on its way when a stub takes ip's place (make_old_programs).
watch_router() {
	local at=$lab/witness$1
	mkfifo "$at.asked" "$at.told"
	nsenter --net="/var/run/netns/router$1" "$lab/repo/$LAB_BUILD/lab_witness" uplink $client $client6 \
		"$at.asked" "$at.told" >/dev/null &
}

# A network namespace inherits the machine's values: begin with known ones.
# What distributions set afterwards is in sysctl.conf, as there.
set_filtering() {
	sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.default.arp_ignore=0 \
		net.ipv4.conf.all.arp_announce=0 net.ipv4.conf.default.arp_announce=0
	# Spares EL7's and EL8's ifup 2 seconds a device.
	sysctl -qew net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	rm -rf /etc/sysctl.d /usr/lib/sysctl.d
	mkdir -p /etc/sysctl.d /usr/lib/sysctl.d
	ln -s ../sysctl.conf /etc/sysctl.d/99-sysctl.conf
	case $LAB_RP_FILTER in
	none) : ;;
	el6)  echo net.ipv4.conf.default.rp_filter=1 ;;
	all)  echo net.ipv4.conf.all.rp_filter=1
	      echo net.ipv4.conf.default.rp_filter=1 ;;
	*)    echo "lab: LAB_RP_FILTER is none, el6 or all" >&2; exit 2 ;;
	esac >/etc/sysctl.conf
	# EL6 copies a default to the devices that are there already. Newer kernels
	# do not always: set it ahead of the devices too.
	sysctl -qp
}

# stub NAME LINE…: a program of that name for the host, once make_programs is done.
stub() {
	local file=/usr/sbin/$1 old
	shift
	for old in "$file" "/usr/bin/${file##*/}"; do
		if [ -e "$old" ] || [ -L "$old" ]; then
			rm "$old"
		fi
	done
	printf '%s\n' '#!/bin/bash' "$@" >"$file"
	stubs+=("$file")
}

# EL's dhclient knows -H NAME, and its script is another than Debian's. The file keeps its name:
# ifdown looks for a process that is called so.
make_dhclient() {
	mkdir -p /var/lib/dhclient /usr/lib/lab
	[ ! -x /usr/sbin/dhclient ] || mv /usr/sbin/dhclient /usr/lib/lab
	# shellcheck disable=SC2016 # for the stub
	stub dhclient 'for word; do
		shift
		[ "$word" != -H ] || { name=next; continue; }
		[ "$name" != next ] || { name=; continue; }
		set -- "$@" "$word"
	done
	exec /usr/lib/lab/dhclient "$@"'
	cp -a $lab/repo/tests/lab/standin/dhclient-script /usr/sbin
}

# Of kernels that may be old. Today's ip asks for a link by its name, which 2.6.32 refuses; EL6's
# looked it up. And what netlink.c is for.
make_old_programs() {
	local preload="export LD_PRELOAD=$lab/repo/$LAB_BUILD/lab_netlink.so"
	mkdir -p /usr/lib/lab
	cp -aL /usr/sbin/ip /usr/bin/ss /usr/lib/lab
	# shellcheck disable=SC2016 # for the stubs
	stub ip "$preload" 'words=$*; case $words in *"link show dev "*) words=${words#*link show dev }' \
		'name=${words%% *}' \
		'/usr/lib/lab/ip -o link show ${words#"$name"} |' \
		'awk -v name="$name" "\$2 ~ \"^\" name \"[@:]\" { print; n++ } END { exit !n }" ;;' \
		'*) exec /usr/lib/lab/ip "$@" ;;' 'esac'
	# shellcheck disable=SC2016 # for the stub
	stub ss "$preload" 'exec /usr/lib/lab/ss "$@"'
}

# given_modules: those of a machine, by the kmod of here; Debian has a user-mode kernel's elsewhere.
given_modules() {
	mkdir -p /usr/lib/lab /usr/lib/modules
	ln -s "$(type -P kmod)" /usr/lib/lab/modprobe
	cp -as /usr/lib/uml/modules/. /usr/lib/modules 2>/dev/null || true
}

# given_programs: those of LAB_PROGRAMS are the machine's instead of what is here.
given_programs() {
	local program name here
	read -r here </proc/version
	for program in "$lab"/programs/{,s}bin/*; do
		name=${program##*/}
		# Of bash the stub itself would be run by it.
		[[ -x $program && $name != bash ]] || continue
		mkdir -p /usr/lib/lab/here
		! type -P "$name" >/dev/null || install "$(type -P "$name")" /usr/lib/lab/here
		# shellcheck disable=SC2016 # for the stub
		stub "$name" 'read -r here </proc/version' "[ \"\$here\" = ${here@Q} ] || exec $program \"\$@\"" \
			"exec /usr/lib/lab/here/$name \"\$@\""
	done
}

# What the scripts expect of an EL machine and others lack, or what would reach
# beyond the lab. arping would only wait 3 seconds for each address.
make_programs() {
	local stubs=()
	ln -sfn bash /usr/bin/sh
	[ ! -x /usr/bin/gawk ] || ln -sfn gawk /usr/bin/awk
	[ ! -x /usr/bin/ipcalc-ng ] || ln -sfn ipcalc-ng /usr/bin/ipcalc
	stub arping 'exit 0'
	stub consoletype 'echo serial'
	# shellcheck disable=SC2016 # for the stub
	stub usleep 'exec sleep "$1e-6"'
	# Bonds may be there already, and EL6's scripts ask for them all the same.
	# shellcheck disable=SC2016 # for the stub
	stub modprobe '[ "$1" = bonding ] && [ -e /sys/class/net/bonding_masters ]'
	stub systemctl 'exit 1'
	stub nmcli 'exit 1'
	make_dhclient
	if [ -z "${LAB_NET---net}" ] || [ -n "${LAB_MACHINE-}" ]; then
		make_old_programs
	fi
	if [ -n "${LAB_MACHINE-}" ]; then
		given_modules
		given_programs
	fi
	# EL5's scripts make VLANs by it.
	# shellcheck disable=SC2016 # for the stub
	stub vconfig 'case $1 in' 'set_name_type) echo "$2" >/run/lab/vlan-names ;;' \
		'add) case $(</run/lab/vlan-names) in' 'VLAN_PLUS_VID_NO_PAD) name=vlan$3 ;;' \
		'VLAN_PLUS_VID) name=vlan$(printf %04d "$3") ;;' 'DEV_PLUS_VID) name=$2.$(printf %04d "$3") ;;' \
		'*) name=$2.$3 ;;' 'esac' 'ip link add link "$2" name "$name" type vlan id "$3" ;;' \
		'rem) ip link delete "$2" ;;' 'esac'
	# What the scripts ask of bridge-utils. Delays are for bridges that others may loop.
	# shellcheck disable=SC2016,SC1010 # words of the stub, not ours
	stub brctl '[ "$2" != -- ] || set -- "$1" "${@:3}"' 'case $1 in' \
		'addbr) [ -d "/sys/class/net/$2" ] || ip link add "$2" type bridge forward_delay 0 ;;' \
		'delbr) ip link delete "$2" ;;' \
		'addif) ip link set "$3" master "$2" ;;' \
		'delif) ip link set "$3" nomaster ;;' \
		'show) for d in /sys/class/net/*/bridge; do d=${d%/bridge}; printf "%s\t\n" "${d##*/}"; done ;;' \
		'esac'
	# Newer ones warn on every call that they are obsolescent.
	# shellcheck disable=SC2016
	stub egrep 'exec grep -E "$@"'
	# shellcheck disable=SC2016
	stub fgrep 'exec grep -F "$@"'
	chmod 755 "${stubs[@]}"
}

# first PATH…: the first of the paths that exists.
first() {
	local path
	for path; do
		[ ! -e "$path" ] || { echo "$path"; return; }
	done
	echo "lab: none of these exists: $*" >&2
	exit 1
}

install_initscripts() {
	local from=$lab/initscripts functions
	cp -a "$(first $from/network-scripts/ifup-eth $from/sysconfig/network-scripts/ifup-eth |
		xargs dirname)/." $scripts
	functions=$(first $from/etc/rc.d/init.d/functions $from/rc.d/init.d/functions)
	cp -a "$functions" "${functions%/*}/network" /etc/init.d
	cp -a "$(first $from/usr/sbin/service $from/service)" /usr/sbin/service
	# EL5's bash 3.1 wanted the patterns of =~ quoted, and found the files that
	# are sourced in the working directory even when called as sh.
	if grep -q '=~ "' /etc/init.d/network; then
		echo 'shopt -s compat31' >>$scripts/network-functions
		sed -i '1s|^#! */bin/sh|#!/bin/bash|' $scripts/if{up,down}*
	fi
	touch /etc/sysconfig/disable-deprecation-warnings
}

install_standin() {
	cp -a $lab/repo/tests/lab/standin/{ifup,ifdown,init,network-functions}* $scripts
	cp -a $lab/repo/tests/lab/standin/network /etc/init.d
	cp -a $lab/repo/tests/lab/standin/service /usr/sbin
	printf '%s\n' DEVICE=lo IPADDR=127.0.0.1 NETMASK=255.0.0.0 ONBOOT=yes >$scripts/ifcfg-lo
}

make_service() {
	rm -rf /etc/sysconfig /usr/sbin/service /usr/sbin/if{up,down}{,-local,-pre-local}
	mkdir -p $scripts /etc/init.d /etc/iproute2
	echo BOOTUP=serial >/etc/sysconfig/init
	printf '%s\n' NETWORKING=yes NETWORKING_IPV6=no HOSTNAME=host >/etc/sysconfig/network
	# Its metrics are of the devices' numbers, which go on from lab to lab there.
	[ -n "${LAB_NET---net}" ] || echo NOZEROCONF=yes >>/etc/sysconfig/network
	if [ -n "$LAB_INITSCRIPTS" ]; then
		install_initscripts
	else
		install_standin
	fi
	ln -sfn $scripts/ifup /usr/sbin/ifup
	ln -sfn $scripts/ifdown /usr/sbin/ifdown
	chmod 755 /usr/sbin/service /etc/init.d/network $scripts/if{up,down}*
}

# Sourced for its functions (tests/hosts).
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0
# Elsewhere than in namespaces of its own this would take the machine apart.
if [ $$ != 1 ] || [ -z "${LAB_REPO-}" ]; then
	echo "lab-init.sh: only lab.sh starts this" >&2
	exit 2
fi
# shellcheck source-path=SCRIPTDIR source=machine.bash
. "$(dirname "$0")/machine.bash"
IFS=' ' read -r outer_pid _ </proc/self/stat
make_mounts
[ -n "${LAB_NET---net}" ] || empty_network
hostname host
# With no local routing table at all, a socket bound ahead of its address would
# not use that address as its source.
ip link set lo up
make_client
set_filtering
for ((k = 0; k < LAB_UPLINKS; k++)); do
	make_router "$k"
done
[ "$LAB_IPV6" != 1 ] || sysctl -qew net.ipv6.ip_nonlocal_bind=1
make_programs
make_service
[ -z "${LAB_MACHINE-}" ] || machine_boot
echo "$outer_pid"
cat >/dev/null
