# shellcheck shell=bash disable=SC2154 # kernel.sh sets repo, tests, off ahead of this
# SPDX-License-Identifier: MIT
# The first process of a kernel that kernel.sh booted: makes the machine, runs the tests, ends it.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
# Tests are skipped for what such a kernel lacks.
export LAB_KERNEL=1

# leave_rootfs: nothing of an old kernel's first file system can be bound elsewhere.
leave_rootfs() {
	local folder
	mount -t tmpfs -o size=75%,mode=755 root /mnt
	for folder in /*; do
		[ "$folder" = /mnt ] || cp -a "$folder" /mnt
	done
	cd /mnt || exit
	mkdir mnt
	mount --move . /
	exec chroot . /init
}

make_machine() {
	local name
	mount --bind /tmp /tmp || leave_rootfs
	umount /tmp
	mkdir -p /proc /sys /dev /tmp /run
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev
	mkdir -p /dev/pts
	ln -s /proc/self/fd /dev/fd
	# An old kernel that has just booted has no entropy, and dhclient waits for some.
	ln -sf urandom /dev/random
	# What EL6's network service does not stop without.
	ln -s /proc/self/mounts /etc/mtab
	mount -t devpts -o ptmxmode=0666 pts /dev/pts
	mount -t tmpfs -o mode=755 run /run
	for name in veth bridge 8021q bonding dummy macvlan vrf tun ipv6 overlay; do
		modprobe "$name"
	done 2>/dev/null
	ip link set lo up
}

# can_be_entered: namespaces can be made, and others come in.
can_be_entered() {
	local tries inside status
	unshare --mount --net --pid --uts --fork sleep 60 >/dev/null &
	for ((tries = 0; tries < 100; tries++)); do
		! inside=$(pgrep -P $!) || break
		sleep 0.1
	done
	nsenter --target "$inside" --mount --net --pid --uts ip link add try type veth peer name peer
	status=$?
	kill -KILL "$inside"
	return $status
}

say() {
	printf '%s\n' "$@"
}

make_machine >/dev/console 2>&1
exec >/dev/ttyS0
stty raw -echo <&1
cd "$repo" || exit
if why=$(can_be_entered 2>&1); then
	# Before 2.6.35 /sys has no devices but those of the machine's own network namespace: that is
	# the host's, then, one lab at a time.
	unshare --mount --net sh -c 'ip link add try type veth peer name peer &&
		mount -t sysfs sysfs /mnt && [ -e /mnt/class/net/try ]' || export LAB_NET=
	unshare --net nft add table ip try 2>/dev/null ||
		say "# nft knows no table of IPv4 here: tests that need one are skipped"
	bash tests/lab/kernel-tests.sh "${tests[@]}"
else
	say "# none of these runs here, where namespaces cannot be entered (${why//$'\n'/; }): ${tests[*]}" '# end'
fi
sleep 0.2
echo "$off" >/proc/sysrq-trigger
sleep 2
