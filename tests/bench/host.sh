# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A host to measure on, made within mount and network namespaces of its own.
#
# Two uplinks in one network, so that each address needs a rule of its own, and a third NIC,
# which is none, with static routes, which each uplink's table gets a copy of.

scripts=/etc/sysconfig/network-scripts

# host_mounts: what is written goes to memory.
host_mounts() {
	mount -t tmpfs none /run
	[ -L /var/run ] || mount -t tmpfs none /var/run
	mount -t tmpfs none /mnt
	mkdir -p /mnt/upper /mnt/work
	mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
	mount -t sysfs none /sys
	rm -rf /etc/sysconfig /etc/sysctl.d /etc/sysctl.conf /etc/iproute2/rt_tables.d
	mkdir -p $scripts
}

# nic NAME ADDRESS
nic() {
	ip link add "$1" type veth peer name "peer-$1"
	ip link set "peer-$1" up
	ip link set "$1" up
	ip address add "$2" dev "$1"
}

# lines N FORMAT: FORMAT with the last three numbers of as many different addresses, none of them
# 0 or 255, and with 0, 1, 0 … for a device.
lines() {
	awk -v n="$1" -v format="$2\n" 'BEGIN {
		for (i = 0; i < n; i++)
			printf format, 1 + i / 62500, 1 + i / 250 % 250, 1 + i % 250, i % 2
	}'
}

# host_make N: a host that wants N address rules and N copies of routes, and ten more.
host_make() {
	local i
	host_mounts
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	sysctl -qw net.ipv4.conf.{all,default}.rp_filter=0
	ip link set lo up
	nic eth0 10.0.0.10/8
	nic eth1 10.0.0.11/8
	nic eth2 172.16.0.1/16
	for i in 0 1; do
		printf '%s\n' "DEVICE=eth$i" "IPADDR=10.0.0.1$i" PREFIX=8 "GATEWAY=10.0.0.$((i + 1))" \
			>"$scripts/ifcfg-eth$i"
	done
	{
		lines "$1" 'address add 10.%d.%d.%d/8 dev eth%d'
		lines $((($1 + 1) / 2)) 'route add 192.%d.%d.%d via 172.16.0.2'
	} >/run/host
	ip -batch /run/host
}

# host_changes: what sync would send, in /run: lines for ip(8), messages for bare.
host_changes() {
	multihome plan | sed -n 's/^[+~] ip //p' >/run/lines
	grep ^route /run/lines >/run/routes
	grep ^rule /run/lines >/run/rules
	bare encode </run/lines >/run/messages
}

# host_forget: as before any change. Deleting what is not there is no failure here.
# shellcheck disable=SC2034 # for run.sh
host_forget="bare undo /run/messages; rm -rf /run/multihome $scripts/r*"

# host_foreign RULES ROUTES: somebody else's, in a table of their own.
host_foreign() {
	{
		lines "$1" 'rule add from 198.%d.%d.%d lookup 1000 priority 1200%d'
		lines "$2" 'route add 193.%d.%d.%d via 172.16.0.2 dev eth2 table 1000 proto 186'
	} | bare encode >/run/foreign
	bare send /run/foreign
}
