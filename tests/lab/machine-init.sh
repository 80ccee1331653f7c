#!/bin/bash
# SPDX-License-Identifier: MIT
# The first process of a machine that is a lab's host (machine.bash): runs the jobs that it is told.

export PATH=/sbin:/usr/sbin:/bin:/usr/bin HOME=/root TERM=dumb

node() {
	mknod -m 666 "/dev/$1" c "$2" "$3"
}

make_devices() {
	mount -t tmpfs -o mode=755 dev /dev
	node null 1 3
	node zero 1 5
	node full 1 7
	# An old kernel that has just booted has no entropy, and dhclient waits for some.
	node random 1 9
	node urandom 1 9
	node tty 5 0
	node console 5 1
	node ptmx 5 2
	node ttyS0 4 64
	mkdir -p /dev/{pts,shm,net}
	node net/tun 10 200
	mount -t devpts pts /dev/pts
	ln -s /proc/self/fd /dev/fd
	ln -s fd/0 /dev/stdin
	ln -s fd/1 /dev/stdout
	ln -s fd/2 /dev/stderr
}

# run JOB: its output is in files; both in one, if there is none for errors.
run() {
	local job=/run/lab/jobs/$1
	cd /
	(
		exec <"$job.in" >"$job.out" 2>&1
		[ ! -e "$job.err" ] || exec 2>"$job.err"
		# shellcheck disable=SC1090
		. "$job.command"
	)
	echo $? >"$job.status"
	echo "$1" >/dev/ttyS0
}

mount -t proc proc /proc
# The lab's own is for initscripts, and loads none.
echo /usr/lib/lab/modprobe >/proc/sys/kernel/modprobe
/usr/lib/lab/modprobe -q ipv6
mount -t sysfs sysfs /sys
make_devices
[ -e /sys/class/net/eth0 ] || {
	echo 'this kernel has no transport tuntap (UML_NET_TUNTAP)' >/dev/console
	echo o >/proc/sysrq-trigger
	sleep 2
	exit 1
}
hostname host
ip link set lo up
sysctl -qew net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
	net.ipv6.ip_nonlocal_bind=1
sysctl -qp
# As if the NICs' drivers came later.
for name in /proc/sys/net/ipv4/conf/eth*/rp_filter; do
	cat /proc/sys/net/ipv4/conf/default/rp_filter >"$name"
done
exec </dev/ttyS0
stty raw -echo
echo ready >/dev/ttyS0
while read -r job; do
	run "$job" &
done
