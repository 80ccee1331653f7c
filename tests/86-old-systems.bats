#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# What EL5 and EL6 lack is not used: gcc 4.1, glibc 2.5, libnl 3.2.21, kernel 2.6.18.

load lab/test

# Built without what a hardening or sanitizing CFLAGS would bring in.
setup_file() {
	export PLAIN=$BATS_FILE_TMPDIR/build
	make -s -C "$LAB_REPO" build BUILD="$PLAIN" CFLAGS=-O2 LDFLAGS=
}

# --- the compiler and the headers ----------------------------------------------------

# compiles FILE: as gnu99, with all refused that is newer.
compiles() {
	local first=$BATS_TEST_TMPDIR/first.h
	[ -e "$first" ] || {
		# Poisoning a macro is worth a warning elsewhere.
		echo '#pragma GCC system_header'
		grep -h '^#include <' "$LAB_REPO"/helper/*/*.[ch] | sort -u
		cat "$LAB_REPO/tests/old/newer.h"
	} >"$first"
	# shellcheck disable=SC2046 # words of pkg-config
	${CC:-cc} -std=gnu99 -pedantic-errors -D_GNU_SOURCE -DVERSION='""' -DLIBDIR='""' \
		-DSYSCONFDIR='""' -fsyntax-only -I"$LAB_REPO/helper" \
		$(pkg-config --cflags libnl-3.0 | sed 's/-I/-isystem /g') -include "$first" "$1"
}

# refused SOURCE…: each of these does not compile.
refused() {
	local source file=$BATS_TEST_TMPDIR/newer.c
	for source; do
		printf '%s\n' "$source" >"$file"
		! compiles "$file" 2>/dev/null || { echo "compiles: $source"; return 1; }
	done
}

@test "the program compiles as gnu99 with all newer than gcc 4.1 and EL5's headers refused" {
	local file
	for file in "$LAB_REPO"/helper/*/*.c; do
		run compiles "$file"
		is "$status/$output" 0/ "$file"
	done
}

@test "what gcc 4.1 does not know is refused" {
	printf 'int f(int a);\nint f(int a)\n{\n\treturn a;\n}\n' >"$BATS_TEST_TMPDIR/old.c"
	compiles "$BATS_TEST_TMPDIR/old.c"
	refused 'struct s { int a; union { int b; char c; }; };' \
		'_Static_assert(1, "");' \
		'int f(int a); int f(int a) { goto out; out: int b = a; return b; }' \
		'int f(int a); int f(int a) { return _Generic(a, int: 1); }' \
		'_Noreturn void f(void);' \
		'_Thread_local int a;' \
		'int a = 0b1;' \
		'int f(int a); int f(int a) { return __builtin_add_overflow(a, 1, &a); }'
}

@test "what EL5's headers lack is refused" {
	refused 'int a = O_CLOEXEC;' 'int a = RTAX_RTO_MIN;' 'int a = RTA_MARK;' \
		'int a = NLM_F_DUMP_INTR;' $'#include <linux/fib_rules.h>\nint a = FRA_TABLE;'
}

# Others are but a warning to gcc 4.1, which make does not turn into an error, or an error.
@test "attributes and pragmas are those that gcc 4.1 knows" {
	is "$(grep -rhoE '__attribute__ *\(\(_*[a-z_]+' "$LAB_REPO/helper" | sed 's/.*(//; s/_*$//' |
		grep -vxE '_*(aligned|const|format|malloc|nonnull|noreturn|packed|pure|sentinel|unused)')" ''
	is "$(grep -rhE '^[ 	]*# *pragma|__has_[a-z]+' "$LAB_REPO/helper")" ''
}

@test "the Makefile has nothing that make 3.81 lacks" {
	has_no "$(cat "$LAB_REPO/Makefile")" \
		'^[^#]*(: *private |^undefine |^[A-Z_]+ *!=|::=|^load |\$\((file|guile) |\.ONESHELL|\$\(intcmp|\$\(let )'
}

# --- the symbols of the program ----------------------------------------------------------

# Newer than glibc 2.5 by their version, but no more than another name or version of what it has.
excepted() {
	cat <<-'END'
		__isoc99_fscanf    2.7: fscanf, as newer headers call it for the sake of %a
		__isoc99_sscanf    2.7: sscanf, the same
		__libc_start_main  2.34: of this machine's crt1.o; its first version is 2.0
		fstat              2.33: in 2.5's libc_nonshared.a
		fstatat            2.33: the same
		lstat              2.33: the same
		stat               2.33: the same
		memcpy             2.14: another for those whose source and target overlap
	END
}

# What of libnl 3.2.21 may be used; ask its headers before you add one.
libnl_names() {
	cat <<-'END'
		nl_complete_msg nl_connect nl_geterror nl_recvmsgs_default nl_send_iovec nl_send_simple
		nl_socket_alloc nl_socket_disable_auto_ack nl_socket_disable_seq_check nl_socket_free
		nl_socket_get_fd nl_socket_modify_cb nl_socket_modify_err_cb nl_socket_set_buffer_size
		nl_socket_set_msg_buf_size nl_socket_set_nonblocking nl_socket_set_passcred
		nl_recvmsgs nl_recv nl_send nl_sendmsg nl_send_auto nl_wait_for_ack
		nl_syserr2nlerr nl_debug nl_cb_overwrite_recv nl_socket_alloc_cb nl_cb_alloc nl_cb_clone nl_cb_err nl_cb_put nl_cb_set
		nla_data nla_get_u32 nla_get_u8 nla_len nla_memcpy nla_nest_end nla_nest_start nla_next
		nla_ok nla_parse nla_put nla_put_u32 nla_put_u8 nla_reserve nla_type
		nlmsg_alloc nlmsg_alloc_simple nlmsg_alloc_size nlmsg_append nlmsg_attrdata
		nlmsg_attrlen nlmsg_convert nlmsg_data nlmsg_datalen nlmsg_find_attr nlmsg_free
		nlmsg_hdr nlmsg_next nlmsg_ok nlmsg_parse nlmsg_put nlmsg_reserve nlmsg_valid_hdr
	END
}

# symbols: NAME VERSION of each that the program takes from a library; `-` for no version.
symbols() {
	objdump -T "$PLAIN/multihome" | awk '/\*UND\*/ && !/^[^ ]+ +w / {
		version = $(NF - 1)
		gsub(/[()]/, "", version)
		print $NF, version ~ /^GLIBC_/ ? substr(version, 7) : "-"
	}'
}

@test "each function of the C library is in glibc 2.5, or excepted with its reason" {
	has "$(symbols)" '^(__)?printf(_chk)? 2\.'
	is "$(symbols | awk '$2 != "-" { split($2, v, "."); if (v[1] > 2 || v[2] > 5) print $1 }' |
		grep -vxF "$(excepted | awk '{ print $1 }')")" ''
}

@test "each function of libnl is in 3.2.21" {
	has "$(symbols)" '^nlmsg_free '
	is "$(symbols | awk '$2 == "-" { print $1 }' | grep -vxF "$(libnl_names | tr ' ' '\n')")" ''
}

# --- what the kernel is sent ----------------------------------------------------------------

# attributes: those that were sent, as strace names them. What is in RTA_METRICS is copied from
# a route that the kernel has, so it knows these.
attributes() {
	grep -oE 'nla_type=[^,}]*' "$LAB_ROOT/tmp/trace" | sed 's/nla_type=//' | grep -v '^RTAX_' |
		sort -u
}

# All of 2.6.18 but the two of tables above 255, which came with 2.6.19 and which EL5 has. A rule
# has the numbers of RTA_SRC, RTA_IIF, RTA_PRIORITY there.
old_attributes='FRA_IIFNAME
FRA_PRIORITY
FRA_SRC
FRA_TABLE
RTA_DST
RTA_GATEWAY
RTA_IIF
RTA_METRICS
RTA_MULTIPATH
RTA_OIF
RTA_PRIORITY
RTA_SRC
RTA_TABLE'

# traced VERB [DEVICE]: runs it; adds to what was sent.
traced() {
	host strace -f -v -s 4096 -e trace=sendto,sendmsg,sendmmsg -A -o /tmp/trace multihome "$@"
}

@test "no attribute newer than 2.6.18 is sent, be it a change or a question" {
	host_up LAB_RP_FILTER=el6 LAB_IPV6=1
	lab_uplinks6
	lab_uplink 1 TABLE=300 IPV6INIT=yes "IPV6ADDR=${LAB_ADDRESSES6[1]}/64" \
		"IPV6_DEFAULTGW=${LAB_ADDRESSES6[1]%99}1"
	lab_install
	service start
	host ip route add 198.51.100.0/24 via 192.168.2.1 dev eth0 mtu 1400
	host ip route add 203.0.113.0/24 nexthop via 192.168.2.1 dev eth0 nexthop via 192.168.2.2 dev eth0
	traced sync
	traced clean
	traced sync
	traced check
	traced explain "$LAB_CLIENT"
	traced explain fe80::1%eth0 || true
	traced up eth1
	traced down eth1
	traced clean
	is "$(attributes | grep -vxF "$old_attributes")" ''
	# All of them were sent, so the trace has seen them.
	is "$(attributes)" "$old_attributes"
}

# --- kernels by their names ---------------------------------------------------------------------

# named RELEASE: a host whose kernel calls itself so, with two uplinks of both families.
named() {
	host_up LAB_IPV6=1
	lab_uplinks6
	make -s -C "$LAB_REPO" BUILD="$LAB_BUILD" "$LAB_BUILD/lab_uname.so"
	echo "$1" >"$LAB_ROOT/etc/lab-release"
	echo "/run/lab/repo/$LAB_BUILD/lab_uname.so" >"$LAB_ROOT/etc/ld.so.preload"
	is "$(host uname -r)" "$1"
	lab_install
	service start
}

@test "a kernel that calls itself 2.6.18: marks without a mask are known again, and go" {
	local before
	named 2.6.18-419.el5
	echo CONNMARK=yes >"$LAB_ROOT/etc/sysconfig/multihome"
	multihome 0 sync
	has "$(rules)" '^9999: from all fwmark 0x1000000 lookup 100$'
	multihome 0 check
	has_no "$output" fwmark
	before=$(rules)
	host rm -r /var/run/multihome
	multihome 0 sync
	is "$(rules)" "$before"
	multihome 0 clean
	has_no "$(rules)$(host iptables-save)" 'fwmark|MULTIHOME'
}

@test "a kernel that calls itself 2.6.32: a gateway is asked from NUD_DELAY, and answers" {
	named 2.6.32-754.el6.x86_64
	host strace -f -e trace=network -o /tmp/trace timeout 9 multihome watch 3>&- &
	within 8 host grep -q '^up eth1 10' /var/run/multihome/health
	wait $! || true
	has "$(grep RTM_NEWNEIGH "$LAB_ROOT/tmp/trace")" NUD_DELAY
	has_no "$(grep 'send.*RTM_NEWNEIGH' "$LAB_ROOT/tmp/trace")" NUD_PROBE
}

# What is left out for an old kernel, and what is done in its way, is right on a later one as well.
@test "on a kernel that calls itself 2.6.18, 2.6.32 or 3.10 each uplink answers" {
	local release k iif
	for release in 2.6.18-419.el5 2.6.32-754.el6.x86_64 3.10.0-1160.el7.x86_64; do
		named $release
		answers 0 1
		for k in 0 1; do
			answers_at "${LAB_ADDRESSES6[k]}" "eth$k"
		done
		# What is the host's own has no iif in IPv6 before 3.10.
		iif='iif lo '
		[[ $release != 2.6* ]] || iif=
		has "$(rules6)" "^[0-9]+: from 2001:db8:2::/64 ${iif}lookup 100"
		changes_nothing multihome sync
		multihome 0 check
		multihome 0 clean
		is "$(our_routes)" ''
		has_no "$(our_rules)$(rules6)" 'lookup 10[01]'
		lab_down
	done
}

@test "IPv6: what two others lead to is thrown, but before 3.18, where a throw is the end" {
	local thrown='^throw 2001:db8:e::/48 .*table 101'
	named 4.18.0-477.el8.x86_64
	host ip -batch - <<-END
		link add one type veth peer name other
		link set one up
		link set other up
		address add 2001:db8:a::1/64 dev one nodad
		address add 2001:db8:b::1/64 dev other nodad
		route add 2001:db8:e::/48 nexthop via 2001:db8:a::2 nexthop via 2001:db8:b::2
	END
	multihome 0 sync
	has "$(routes6)" "$thrown"
	echo 3.10.0-1160.el7.x86_64 >"$LAB_ROOT/etc/lab-release"
	multihome 0 sync
	has_no "$(routes6)" "$thrown"
	multihome 0 check
	changes_nothing multihome sync
}
