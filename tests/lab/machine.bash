# shellcheck shell=bash disable=SC2154,SC2086 # lab-init.sh sets lab, words without blanks
# SPDX-License-Identifier: MIT
# A lab whose host is a machine of its own: the user-mode kernel LAB_MACHINE, for kernels without
# namespaces. Its files are the lab's (hostfs); each of its NICs is a tap on a bridge, whose other
# port is the router's.

machine_jobs=/run/lab/jobs

# --- in the lab's first process (lab-init.sh) ---------------------------------------------------

# machine_port K: where the machine's ethK is plugged in. The router's cable ends here as ethK.
machine_port() {
	ip -batch - <<-END
		link add port$1 type bridge forward_delay 0 mcast_snooping 0
		link set eth$1 master port$1
		tuntap add dev tap$1 mode tap
		link set tap$1 master port$1
		link set eth$1 up
		link set tap$1 up
		link set port$1 up
	END
}

# machine_boot: comes back when it runs, or fails. Jobs go there by their names, and come back when
# they ended.
machine_boot() {
	local k job nics=()
	mkdir -p $machine_jobs
	# This namespace is cables only.
	sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	mkfifo $machine_jobs/asked $machine_jobs/told
	for ((k = 0; k < LAB_UPLINKS; k++)); do
		machine_port "$k"
		nics+=("eth$k=tuntap,tap$k,52:54:00:00:00:0$k")
	done
	exec 5<>$machine_jobs/told
	{
		# The kernel makes its lines nonblocking, so they are opened anew; one that crashes ends
		# its process group.
		TMPDIR=/tmp LD_PRELOAD=$lab/repo/$LAB_BUILD/lab_xstate.so \
			setsid $lab/machine "mem=${KERNEL_MEMORY:-256M}" \
			rootfstype=hostfs rootflags=/ rw init=$lab/repo/tests/lab/machine-init.sh panic=-1 \
			uml_dir=/tmp/ con=null con0=null,fd:3 ssl=null ssl0=fd:4,fd:5 "${nics[@]}" \
			3>$lab/machine.log 4<>$machine_jobs/asked 5<>$machine_jobs/told \
			</dev/null >>$lab/machine.log 2>&1
		echo gone >&5
	} &
	until read -r -t 60 job <&5 && [ "$job" = ready ]; do
		[[ $job != gone && $job ]] || { machine_told_last $lab/machine.log; return 1; }
	done
	while read -r job && [ "$job" != gone ]; do
		echo >"$machine_jobs/$job.ended" &
	done <&5 && rm -r $machine_jobs &
}

machine_told_last() { # LOG
	{ echo 'lab: the machine does not run; it said last'; tail -n 20 "$1"; } >&2
}

# --- where the tests are ------------------------------------------------------------------------

# machine_ran: false if it crashed, and then what it said is told.
machine_ran() {
	[ -e "$LAB_ROOT$machine_jobs" ] || { machine_told_last "$LAB_ROOT/run/lab/machine.log"; return 1; }
}

# machine_run COMMAND…: runs it there; what it writes comes when it ends. What there is to read is
# its input, whether it reads it or not. 255 if the machine is gone.
machine_run() {
	local job=$LAB_ROOT$machine_jobs/$BASHPID-$RANDOM status=1
	mkfifo "$job.ended" 2>/dev/null || return 255
	[ /dev/fd/1 -ef /dev/fd/2 ] || : >"$job.err"
	if [ -p /dev/stdin ] || [ -f /dev/stdin ]; then cat; fi >"$job.in"
	printf '%q ' "$@" >"$job.command"
	echo "${job##*/}" >"$LAB_ROOT$machine_jobs/asked"
	until read -r -t 1; do
		# 2.6.32's line now and then loses what it is to tell.
		[ ! -s "$job.status" ] || break
		[ -e "$job.ended" ] || return 255
	done <>"$job.ended"
	read -r status <"$job.status"
	cat "$job.out"
	[ ! -e "$job.err" ] || cat "$job.err" >&2
	rm "$job".*
	return "$status"
}
