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
	mkdir /etc/sysconfig
	mount -t tmpfs none /etc/sysconfig
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

# host_uplinks N: so many, each in a network of its own, as VLANs of one NIC. The kernel here may
# have none, so they are macvlans.
host_uplinks() {
	host_mounts
	sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	sysctl -qw net.ipv4.conf.{all,default}.rp_filter=0
	ip link set lo up
	nic trunk 172.16.0.1/16
	echo TABLE_RANGE=1000-65000 >/etc/sysconfig/multihome
	awk -v n="$1" -v scripts=$scripts 'BEGIN {
		for (i = 0; i < n; i++) {
			net = "10." 1 + int(i / 250) "." 1 + i % 250
			print "link add link trunk name eth" i " type macvlan"
			print "link set eth" i " up"
			print "address add " net ".10/24 dev eth" i
			printf "DEVICE=eth%d\nIPADDR=%s.10\nPREFIX=24\nGATEWAY=%s.1\n", i, net, net \
				>(scripts "/ifcfg-eth" i)
			close(scripts "/ifcfg-eth" i)
		}
	}' >/run/host
	ip -batch /run/host
	ip route add default via 10.1.1.1
}

# host_numbered N: two NICs in one network, with N addresses in the file of each.
host_numbered() {
	local i
	host_make 0
	for i in 0 1; do
		awk -v n="$1" -v nic="$i" 'BEGIN {
			for (k = 1; k < n; k++)
				printf "IPADDR%d=10.%d.%d.%d\nPREFIX%d=8\n", k, 1 + nic, 1 + k / 250,
					1 + k % 250, k
		}' >>"$scripts/ifcfg-eth$i"
		sed -n "s|^IPADDR[0-9]*=\(.*\)|address replace \1/8 dev eth$i|p" "$scripts/ifcfg-eth$i"
	done >/run/host
	ip -batch /run/host
}

# host_daemon N: two uplinks, and N routes that a routing daemon has put into main, by the gateway
# of one of them.
host_daemon() {
	host_uplinks 2
	lines "$1" 'route add 193.%d.%d.%d via 10.1.1.1 dev eth0 proto 186' | bare encode >/run/foreign
	bare send /run/foreign
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
