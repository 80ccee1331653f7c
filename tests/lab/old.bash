# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2030,SC2031,SC2154 # what run sets
# A host as version 0.1 left it (tests/old/0.1), pings throughout, and today's form.

# old_host KIND [KEY=VALUE…]: the host as 0.1 left it, with this version's package put in place.
#   two        two uplinks
#   outside    the second one's gateway is outside of its network
#   loose      the first one's filter was loosened, and its old value saved
#   inet6      both with IPv6 as well
old_host() {
	local kind=$1 old device key value
	old=$LAB_REPO/tests/old/0.1/$1
	shift
	[ "$kind" != inet6 ] || set -- LAB_IPV6=1 "$@"
	host_up LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6 "$@"
	case $kind in
	inet6) lab_uplinks6 ;;
	outside) lab_uplink 1 NETMASK=255.255.255.255 ;;
	loose) lab_uplink 0 RP_FILTER=loose ;;
	esac
	admin_moves_in
	service start
	kernel >"$BATS_TEST_TMPDIR/without"
	cp "$old"/r*-eth* "$LAB_SCRIPTS"
	cp -r "$old/run" "$LAB_ROOT/run/multihome"
	cat "$old/routes" "$old/rules" | host ip -4 -batch -
	[ "$kind" != inet6 ] || cat "$old/routes6" "$old/rules6" | host ip -6 -batch -
	[ ! -e "$old/run/sysctls" ] || while read -r device key _ value <&4; do
		host sysctl -qw "net.ipv4.conf.$device.$key=$value"
	done 4<"$old/run/sysctls"
	lab_install
	answers_here
}

# answers_here: all that the lab has, of both families.
answers_here() {
	local k
	answers 0 1
	[ "$LAB_IPV6" = 1 ] || return 0
	for k in 0 1; do
		answers_at "${LAB_ADDRESSES6[k]}" "eth$k"
	done
}

# --- pings throughout -------------------------------------------------------------------------

# pings_start ADDRESS…: the client pings each of them every 20 ms.
pings_start() {
	local address
	pinged=() pings=()
	for address; do
		# shellcheck disable=SC2016 # for the shell in the client
		client sh -c 'echo $$ >"/tmp/ping$1.pid"; exec ping -q -n -i 0.02 -w 90 "$2"' - \
			"${#pings[@]}" "$address" >"$BATS_TEST_TMPDIR/ping${#pings[@]}" 3>&- &
		pings+=($!)
		pinged+=("$address")
	done
	sleep 0.2
}

# no_ping_lost WHEN: ends them.
no_ping_lost() {
	local k counts
	sleep 0.2
	for k in "${!pings[@]}"; do
		client kill -INT "$(cat "$LAB_ROOT/tmp/ping$k.pid")"
		wait "${pings[k]}" || { echo "no answer from ${pinged[k]}"; return 1; }
		counts=$(sed -n 's/^\([0-9]*\) packets transmitted, \([0-9]*\) received.*/\1 \2/p' \
			"$BATS_TEST_TMPDIR/ping$k")
		is "${counts#* }" "${counts% *}" "pings of ${pinged[k]} answered, $1"
		[ "${counts% *}" -ge 10 ]
	done
}

all_pinged() {
	if [ "$LAB_IPV6" = 1 ]; then
		pings_start "${LAB_ADDRESSES[@]:0:2}" "${LAB_ADDRESSES6[@]:0:2}"
	else
		pings_start "${LAB_ADDRESSES[@]:0:2}"
	fi
}

# --- today's form --------------------------------------------------------------------------------

# todays: nothing of 0.1's shapes is left, and this version's are there.
todays() {
	local file
	is "$(host ip -4 route show table main proto 109)" '' 'ours in main'
	is "$(host ip -4 route show default | grep -c .)" 1 'defaults in main'
	has "$(host ip -4 route show table 253)" '^default via 192\.168\.2\.1 dev eth0 .*metric 100\b'
	has "$(host ip -4 route show table 253)" '^default via 10\.0\.0\.1 dev eth1 .*metric 101\b'
	has_no "$(cat "$LAB_SCRIPTS"/route*-eth*)" 'metric 110[01]'
	for file in "$LAB_SCRIPTS"/r*-eth*; do
		has "$(cat "$file")" '^# BEGIN multihome eth[01]'
		has "$(cat "$file")" '^# END multihome eth[01]( [0-9a-f]+)+$'
	done
	[ "$LAB_IPV6" = 1 ] || return 0
	is "$(host ip -6 route show table main proto 109)" '' 'ours in IPv6 main'
	has "$(host ip -6 route show table 253)" '^default via 2001:db8:2::1 dev eth0 '
	has "$(host ip -6 route show table 253)" '^default via 2001:db8:10::1 dev eth1 '
	has "$(rules6)" '^32767: from all lookup (253|default)'
}
