#!/bin/bash
# SPDX-License-Identifier: MIT
# Within the lab's host: one run after the other is disturbed, each at another place.
#
# usage: campaign.sh kill|fail|memory|netlink VERB EVERY     at every EVERYth place
#
# kill     the process is killed instead of its next system call
# fail     a system call fails, in each of the ways that are known of it
# memory   an allocation fails
# netlink  a message to or from the kernel is lost or spoilt, or is a refusal

here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=host.sh
. "$here/host.sh"
how=$1 verb=$2 every=$3

# errors CALL: in what ways it may fail on a system that has run out of something, or is broken.
errors() {
	case $1 in
	openat | open) echo EIO EACCES EMFILE ENOMEM ;;
	read | getdents64 | getdents) echo EIO ;;
	write) echo ENOSPC EIO ;;
	fsync) echo EIO ENOSPC EINTR ;;
	close) echo EIO ;;
	rename | mkdir) echo ENOSPC EROFS EACCES ;;
	unlink | unlinkat) echo EROFS EACCES ;;
	fchown | fchmod) echo EPERM EROFS ;;
	stat | lstat | fstat | newfstatat | statx | access | faccessat | readlink) echo EIO EACCES ;;
	llistxattr | lgetxattr | fsetxattr | fgetxattr | fremovexattr) echo EIO ;;
	fcntl) echo ENOLCK EINTR ;;
	socket) echo EMFILE EPERM ;;
	bind | setsockopt | getsockname) echo ENOMEM ;;
	sendmsg) echo ENOBUFS EPERM EINTR ;;
	recvmsg) echo ENOBUFS ENOMEM EINTR ;;
	mmap) echo ENOMEM ;;
	esac
}

# places: a line each: CALL NTH FAULT of strace, or - - FAULT of the shim.
places() {
	local call nth error allocs sends receptions n
	case $how in
	kill) sed 's/$/ signal=KILL/' $work/calls ;;
	fail)
		while read -r call nth; do
			for error in $(errors "$call"); do
				echo "$call $nth error=$error"
			done
		done <$work/calls
		;;
	*)
		read -r allocs sends receptions <$work/counts
		[ "$how" = netlink ] || { seq -f '- - alloc:%g' "$allocs"; return; }
		seq -f '- - lost:%g' "$sends"
		echo '- - intr:0'
		for ((n = 1; n <= receptions; n++)); do
			# Errors of Linux: EPERM, ESRCH, EAGAIN, EEXIST, ENOBUFS
			printf -- '- - %s\n' intr:$n garbage:$n cut:$n ending:$n:105 \
				error:$n:{1,3,11,17,105}
		done
		;;
	esac
}

# run_disturbed CALL NTH FAULT: status in $status, what it said in $work/said. In a group: the
# shell has its own word on who was killed.
run_disturbed() {
	local words=(/sbin/multihome "$verb")
	# shellcheck disable=SC2207 # a word, or none
	words+=($(argument "$verb"))
	if [ "$1" = - ]; then
		FAULT=$3 LD_PRELOAD=$shim timeout 5 "${words[@]}"
	else
		strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:$3:when=$2" "${words[@]}"
	fi >$work/said 2>&1
	status=$?
}

# One line, and a failure; or it went on, and then all is as if nothing had been.
said_so() {
	if [ "$status" = 0 ]; then
		state >$work/now
		diff $work/ended $work/now
		# What nothing needed is said, and no failure.
		grep -v '; passed over$' $work/said
	elif [ "$status" != 1 ] || [ "$(grep -c . $work/said)" != 1 ]; then
		echo "status $status, and it said:"
		cat $work/said
	fi
}

# disturb CALL NTH FAULT: prints what is wrong after it, if anything.
disturb() {
	"spoil_$verb"
	{ run_disturbed "$@"; } 2>/dev/null
	[ "$how" = kill ] || said_so
	wholly
	ways | diff $work/ways -
	others | diff $work/others -
	# Of those that were killed some meet with a restart, which takes its time.
	if [ "$how" = kill ] && [ $((tried % 10)) = 1 ]; then
		restart
		state | diff $work/restarted -
		recover "$verb"
	else
		complete "$verb"
	fi
}

# The host may have been through another campaign.
restart
begin "$verb" >$work/wrong 2>&1 || not_ok "$verb: an undisturbed run" <$work/wrong
restart
state >$work/restarted
recover "$verb"
places >$work/places
n=$((RANDOM % every)) tried=0 wrong=0
while read -r call nth fault <&4; do
	n=$((n + 1))
	[ $((n % every)) = 0 ] || continue
	tried=$((tried + 1))
	disturb "$call" "$nth" "$fault" >$work/wrong 2>&1
	[ -s $work/wrong ] || continue
	wrong=$((wrong + 1))
	not_ok "$how: $verb, $call $nth $fault" <$work/wrong
done 4<$work/places
if [ $wrong = 0 ] && [ $tried != 0 ]; then
	ok "$how: $verb at $tried of $(wc -l <$work/places) places"
elif [ $wrong = 0 ]; then
	not_ok "$how: $verb at no place" <$work/places
fi
finish
