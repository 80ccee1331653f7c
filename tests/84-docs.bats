#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # for the shell in the host; what run sets
# The pages in docs/: their files are put in place and their commands run, as they stand there.

load lab/test
load lab/dhcp
load lab/old

# --- the blocks of a page (tests/manual/blocks.awk) ------------------------------------------

# blocks PAGE [HEADING]: a NUL after each.
blocks() {
	awk -v heading="${2-}" -f "$LAB_REPO/tests/manual/blocks.awk" "$LAB_REPO/docs/$1.md"
}

# section PAGE HEADING: does what its blocks say, from top to bottom.
section() {
	local block kind n=0
	while IFS= read -r -d '' block; do
		kind=${block%%$'\n'*}
		do_block "$kind" "${block#*$'\n'}"
		n=$((n + 1))
	done < <(blocks "$1" "$2")
	[ $n != 0 ] || { echo "docs/$1.md has no block below $2"; return 1; }
}

# as_written STATUS COMMANDS: by a shell that stops at an error; $output is what it prints.
as_written() {
	run --separate-stderr host env HOME=/tmp bash -ec "$2"
	[ "$status" = "$1" ] && return
	printf 'status %s, expected %s, of\n%s\n%s\n%s\n' "$status" "$1" "$2" "$output" "$stderr"
	return 1
}

do_block() { # KIND BLOCK
	local line
	case $1 in
	run) as_written 0 "$2" ;;
	'run, status '*) as_written "${1##* }" "$2" ;;
	prints) is "$output" "${2%$'\n'}" 'what the page shows' ;;
	'prints, with more')
		while IFS= read -r line; do
			grep -qxF -- "$line" <<<"$output" ||
				{ printf 'no line %s in\n%s\n' "$line" "$output"; return 1; }
		done <<<"${2%$'\n'}" ;;
	'file '*) mkdir -p "$(dirname "$LAB_ROOT${1#file }")" && printf %s "$2" >"$LAB_ROOT${1#file }" ;;
	'added to '*) printf %s "$2" >>"$LAB_ROOT${1#added to }" ;;
	'not run: '*) ;;
	*) echo "a block that no comment tells of: $1: $2"; return 1 ;;
	esac
}

@test "each block says what it is, and each section with commands is run here" {
	local page block heading known
	known='run|run, status [0-9]|prints|prints, with more|file /[^ ]+|added to /[^ ]+|not run: .+'
	for page in "$LAB_REPO"/docs/*.md; do
		page=$(basename "$page" .md)
		while IFS= read -r -d '' block; do
			grep -qxE -- "$known" <<<"${block%%$'\n'*}" ||
				{ printf 'docs/%s.md: what is this?\n%s\n' "$page" "$block"; return 1; }
		done < <(blocks "$page")
		while IFS= read -r heading; do
			! blocks "$page" "$heading" | grep -zqvE '^not run: ' ||
				grep -qF "section $page '$heading'" "$BATS_TEST_FILENAME" ||
				{ echo "docs/$page.md: no test runs $heading"; return 1; }
		done < <(sed -n 's/^#\+ //p' "$LAB_REPO/docs/$page.md")
	done
}

@test "lines of the pages have 100 columns at most, but for tables, and what they link to is there" {
	local page link
	cd "$LAB_REPO/docs"
	for page in *.md; do
		is "$(LC_ALL=C.UTF-8 gawk '!/^\|/ && length > 100' "$page")" '' "$page"
		while IFS= read -r link; do
			[ -e "$link" ] || { echo "$page: $link"; return 1; }
		done < <(grep -o '](\([^)]*\))' "$page" | sed 's/](//; s/)//; s/#.*//; /^https*:/d; /^$/d')
	done
}

# --- by-hand.md ------------------------------------------------------------------------------

# by_hand [KEY=VALUE…]: the recipe, started, with nothing of multihome in place.
by_hand() {
	host_up "$@"
	section by-hand 'The recipe'
	links_settle
}

# without: multihome of the source.
without() {
	run --separate-stderr host "/run/lab/repo/${LAB_BUILD:-build}/multihome" "$@"
}

# shown STATUS PATTERN ARGUMENT…: what the program says on a host without it.
shown() {
	local expected=$1 pattern=$2
	shift 2
	without "$@"
	is "$status" "$expected" "multihome $*"
	has "$output" "$pattern"
}

@test "by hand: both NICs answer, with any reverse-path filter and beyond strict routers" {
	local filter
	for filter in none el6 all; do
		by_hand LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=$filter
		answers 0 1
		without check
		is "$status" 0
		lab_down
	done
}

@test "by hand: what it misses is shown by the command that the page names" {
	by_hand LAB_RP_FILTER=el6
	host ip address add 192.168.2.98/24 dev eth0
	is "$(probe_ping 192.168.2.98)" 'lost -'
	shown 1 '192\.168\.2\.98 from other networks are dropped' check
	host ip address del 192.168.2.98/24 dev eth0

	container_up
	run ! host ip netns exec container ping -q -c1 -W1 192.168.2.99
	shown 1 '^verdict +lost' explain 172.17.0.2 192.168.2.99 by docker0
	host ip link del docker0

	host ip route add blackhole 198.51.100.0/24
	client ip address add 198.51.100.7/32 dev lo
	router 0 ip route add 198.51.100.7 via 172.31.1.2
	client ping -q -c1 -W1 -I 198.51.100.7 192.168.2.99
	shown 0 '^verdict +right' explain 198.51.100.7 192.168.2.99
	host ip route del blackhole 198.51.100.0/24

	host ip link set eth0 down
	host ip link set eth0 up
	links_settle
	is "$(probe_ping 192.168.2.99)" 'lost -'
	shown 1 'leads to an empty table' check
	service restart

	host ifdown eth1
	is "$(probe_own)" 'lost -'
	shown 1 'no default route' check
	host ifup eth1

	dhcp_hooks
	dhcp_nic 0
	dhcp_server 0 ADDRESS=192.168.2.77
	service restart
	is "$(probe_ping 192.168.2.77)" 'lost -'
	shown 1 '192\.168\.2\.77 from other networks are dropped' check
	lab_uplink 0
	service restart

	sed -i 's/ priority [0-9]*//' "$LAB_SCRIPTS"/rule-eth?
	host ip rule del priority 201
	host ip rule del priority 202
	service restart
	host ip link set eth1 down
	service restart
	is "$(rules | grep -c 'from 10\.0\.0\.99')" 2 'rules of eth1'
	shown 1 'is there 2 times' check
}

@test "by hand: the lines for two NICs in one network make each answer for its own address" {
	local block settings
	while IFS= read -r -d '' block; do
		[[ $block != 'not run: for two NICs'* ]] || settings=${block#*$'\n'}
	done < <(blocks by-hand 'The recipe')
	host_up LAB_UPLINKS=1
	second_in_segment
	lab_ifcfg eth9 DEVICE=eth9 ONBOOT=yes BOOTPROTO=none IPADDR=192.168.2.98 PREFIX=24 \
		GATEWAY=192.168.2.1
	printf '%s\n' '201 net0' '202 net9' >>"$LAB_ROOT/etc/iproute2/rt_tables"
	printf '%s\n' '192.168.2.0/24 dev eth0 src 192.168.2.99 table net0' \
		'default via 192.168.2.1 dev eth0 table net0' >"$LAB_SCRIPTS/route-eth0"
	printf '%s\n' '192.168.2.0/24 dev eth9 src 192.168.2.98 table net9' \
		'default via 192.168.2.1 dev eth9 table net9' >"$LAB_SCRIPTS/route-eth9"
	echo 'from 192.168.2.99 table net0 priority 201' >"$LAB_SCRIPTS/rule-eth0"
	echo 'from 192.168.2.98 table net9 priority 202' >"$LAB_SCRIPTS/rule-eth9"
	service start
	shown 1 'ARP for 192\.168\.2\.98 is answered here as well' check
	printf %s "$settings" >>"$LAB_ROOT/etc/sysctl.conf"
	service restart
	shown 0 '^note: eth0: left alone' check
	is "$(arp_answers 192.168.2.98)" "$(mac eth9)" 'the NIC of .98'
	is "$(arp_answers 192.168.2.99)" "$(mac eth0)" 'the NIC of .99'
	# Behind its bridge the router does not note by which NIC an answer comes.
	is "$(probe_ping 192.168.2.98) $(probe_ping 192.168.2.99)" 'ok - ok -' 'from the client'
	has "$(host ip route get "$LAB_CLIENT" from 192.168.2.98)" ' dev eth9 '
}

mac() {
	host cat "/sys/class/net/$1/address"
}

# arp_answers ADDRESS: the MAC addresses that the router gets for it, asked three times.
arp_answers() {
	for _ in 1 2 3; do
		router 0 ip neigh flush to "$1"
		router 0 ping -q -c1 -W1 "$1" >/dev/null || true
		router 0 ip neigh show to "$1" | sed -n 's/.*lladdr \([^ ]*\).*/\1/p'
	done | sort -u
}

@test "by hand: over to multihome and back, and no ping is lost" {
	by_hand LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	local before
	before=$(kernel; lab_files)
	lab_install
	all_pinged
	section by-hand 'Change to multihome'
	is "$output$stderr" '' 'of check'
	is "$(our_rules | grep -c .)" 2
	has_no "$(rules)" '^20[12]:'
	no_ping_lost 'the change'
	answers 0 1
	changes_nothing multihome sync
	all_pinged
	section by-hand 'And back'
	no_ping_lost 'the way back'
	is "$(kernel; lab_files)" "$before" 'as by hand'
	service restart
	answers 0 1
}

# --- monitoring.md ---------------------------------------------------------------------------

# monitored: two uplinks, served; what the page puts on a host is there.
monitored() {
	host_up LAB_RP_FILTER=el6
	lab_install
	service start
	touch "$LAB_ROOT/etc/sudoers"
}

as_nobody() {
	run --separate-stderr host setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# the_command FILE PREFIX: what the page has behind the prefix in that file.
the_command() {
	sed -n "s|^$2||p" "$LAB_ROOT$1"
}

@test "monitoring: the plugin's line and status, as root and as another user, well and not" {
	local command
	monitored
	section monitoring 'Nagios, Icinga'
	has "$output" '^MULTIHOME OK - 2 addresses of 2 NICs answer by their own NIC \| uplinks_up=2;'
	command=$(the_command /etc/nrpe.d/multihome.cfg 'command\[check_multihome\]=/usr/bin/sudo ')
	has "$(cat "$LAB_ROOT/etc/sudoers")" "NOPASSWD: $command\$"
	as_nobody sh -c "$command"
	is "$status" 0
	has "$output" '^MULTIHOME OK - .*, as far as the firewall lets them \|'
	chmod 600 "$LAB_SCRIPTS/ifcfg-eth0"
	as_nobody sh -c "$command"
	is "$status" 1
	has "$output" 'ifcfg-eth0: cannot be read'
	chmod 644 "$LAB_SCRIPTS/ifcfg-eth0"
	host ip route flush table 253
	as_nobody sh -c "$command"
	is "$status" 1
	cable 1 down
	within 3 host grep -qx 0 /sys/class/net/eth1/carrier
	as_nobody sh -c "$command"
	is "$status" 2
	has "$output" '^MULTIHOME CRITICAL'
}

@test "monitoring: without root the chains of CONNMARK are not seen" {
	needs_nft
	host_up
	echo CONNMARK=yes >"$LAB_ROOT/etc/sysconfig/multihome"
	lab_install
	service start
	host nft flush ruleset
	multihome 1 check --nagios
	as_nobody multihome check --nagios
	is "$status" 0
}

# item NAME: the value of the item of that name, by the JSONPath of the page's table.
item() {
	local path json
	path=$(sed -n "s/^| $1 | \`\(.*\)\` |\$/\1/p" "$LAB_REPO/docs/monitoring.md")
	[ -n "$path" ] || { echo "no item $1"; return 1; }
	json=$(host sh -c "$(the_command /etc/zabbix/zabbix_agentd.d/multihome.conf \
		'UserParameter=multihome.check,')" || true)
	python3 "$LAB_REPO/tests/manual/jsonpath.py" "$path" <<<"$json"
}

items() {
	local name
	for name in 'addresses that are lost' 'addresses that the wrong NIC answers' \
		'ways out that are lost' 'state of eth1' 'who has the default route'; do
		item "$name"
	done | paste -sd' '
}

@test "monitoring: the items of Zabbix, while all is well, a rule is gone, a cable is pulled" {
	host_up
	lab_install
	service start
	section monitoring 'Zabbix'
	is "$(items)" '0 0 0 up eth1'
	host ip rule del from 192.168.2.0/24 iif lo lookup 100 priority 10001
	is "$(items)" '0 1 0 up eth1'
	multihome 0 sync
	cable 1 down
	within 3 host grep -qx 0 /sys/class/net/eth1/carrier
	is "$(items)" '1 0 1 no-carrier eth1'
	run host sh -c "$(the_command /etc/zabbix/zabbix_agentd.d/multihome.conf \
		'UserParameter=multihome.line,')"
	has_no "$output" 'MULTIHOME OK'
}

@test "monitoring: cron's line is silent until something is wrong" {
	monitored
	section monitoring 'Cron'
	local command
	command=$(the_command /etc/cron.d/multihome '\*/10 \* \* \* \* root ')
	is "$(host sh -c "$command")" ''
	host iptables -A INPUT -p tcp --dport 99 -j DROP
	is "$(host sh -c "$command")" '' 'with a note'
	host ip rule del from 192.168.2.0/24 iif lo lookup 100 priority 10001
	has "$(host sh -c "$command")" '^wrong.*192\.168\.2\.99'
}

@test "monitoring: watch calls the program, and its words are in the log" {
	monitored
	section monitoring 'When it happens'
	run with_syslog 'socat -u UNIX-RECV:/dev/log CREATE:/tmp/log' 'multihome watch --background
		until grep -q "^up eth1 " /run/multihome/health; do sleep 0.1; done
		ip netns exec router1 ip link set uplink down
		until grep -q "^dead eth1 " /run/multihome/health; do sleep 0.1; done
		until grep -q "eth1 is down: no carrier" /var/log/uplinks; do sleep 0.1; done
		kill "$(cat /run/multihome.pid)"'
	is "$status" 0 "$output"
	has "$(cat "$LAB_ROOT/tmp/log")" 'multihome\[[0-9]+\]: eth1: dead: no carrier'
	has "$(tail -n1 "$LAB_ROOT/var/log/uplinks")" '^[-0-9]+ [:0-9]+ eth1 is down: no carrier$'
}

@test "monitoring: the words that the page looks for in the log are the program's" {
	local words
	while IFS= read -r words; do
		words=$(sed 's/ [0-9]* times/ %d times/; s/for 30 seconds/for %d seconds/' <<<"$words")
		grep -rqF -- "$words" "$LAB_REPO/helper" || { echo "nowhere: $words"; return 1; }
	done < <(sed -n '/^## The system log/,$ s/^| `\(.*\)` |.*/\1/p' "$LAB_REPO/docs/monitoring.md" |
		grep -v '^/etc\|^File exists\|^eth1')
}

# --- upgrade.md ------------------------------------------------------------------------------

@test "upgrade: from 0.1 by the page no ping is lost, and clean leaves what 0.1 can begin with" {
	old_host two
	all_pinged
	section upgrade 'Upgrade'
	no_ping_lost 'the upgrade'
	has "$output" '^eth0 .* standby .* up$'
	has "$output" '^eth1 .* winner .* up$'
	todays
	admin_still_there
	is "$(lines "$(host ip route show default)")" 1 'default routes in the main table'
	section upgrade 'And back'
	is "$(kernel)" "$(cat "$BATS_TEST_TMPDIR/without")"
	run ! grep -l multihome "$LAB_SCRIPTS"/r*-eth?
}

@test "upgrade: the keys of 0.1 are taken" {
	old_host two
	echo FALLBACK_METRIC=1000 >"$LAB_ROOT/etc/sysconfig/multihome"
	section upgrade 'Upgrade'
	answers 0 1
}

# --- cloud.md --------------------------------------------------------------------------------

# cloud [LEASE…]: two NICs by DHCP as the page has them; LEASE as for dhcp_server, of both.
cloud() {
	host_up LAB_RP_FILTER=el6 LAB_STRICT_ROUTERS=1
	dhcp_hooks
	dhcp_server 0 "$@"
	dhcp_server 1 "$@"
	lab_install
	section cloud 'Two NICs'
	links_settle
}

# host_pings ADDRESS [FROM]: the host does, and gets an answer.
host_pings() {
	host ping -q -n -c1 -W1 ${2:+-I "$2"} "$1" >/dev/null
}

@test "cloud: two NICs by DHCP answer, and the first one has the default route, also restarted" {
	cloud
	answers 0 1
	reaches_client eth0
	multihome 0 check
	is "$output$stderr" ''
	is "$(host ip route show default | cut -d' ' -f-5)" 'default via 192.168.2.1 dev eth0'
	lab_ifcfg eth1:1 DEVICE=eth1:1 IPADDR=10.0.0.98 NETMASK=255.0.0.0
	service restart
	answers 0 1
	answers_by 10.0.0.98 eth1
	reaches_client eth0
	host ifdown eth0
	is "$(host ip route show default; host ip route show table 253)" '' 'no way out by eth1'
	dhclients_rest
	changes_nothing multihome sync
}

@test "cloud: without DEFROUTE=no the second NIC carries all when the first one is down" {
	cloud
	sed -i /DEFROUTE/d "$LAB_SCRIPTS/ifcfg-eth1"
	service restart
	answers 0 1
	host ifdown eth1
	reaches_client eth0
	host ifup eth1
	host ifdown eth0
	reaches_client eth1
}

@test "cloud: the metadata address by the first NIC: by link, route and default route" {
	cloud
	router 0 ip address add 169.254.169.254/32 dev lo
	section cloud 'The metadata address, 169.254.169.254'
	has "$output" '^169\.254\.169\.254 dev eth0 '
	host_pings 169.254.169.254
	host_pings 169.254.169.254 192.168.2.99

	echo NOZEROCONF=yes >>"$LAB_ROOT/etc/sysconfig/network"
	service restart
	section cloud 'The metadata address, 169.254.169.254'
	has "$output" '^169\.254\.169\.254 via 192\.168\.2\.1 dev eth0 '
	host_pings 169.254.169.254

	router 0 ip address add 192.168.2.2/24 dev uplink
	host ip route add 169.254.169.254 via 192.168.2.2 dev eth0
	multihome 0 sync
	section cloud 'The metadata address, 169.254.169.254'
	has "$output" '^169\.254\.169\.254 via 192\.168\.2\.2 dev eth0 '
	host_pings 169.254.169.254
	host_pings 169.254.169.254 192.168.2.99
	has "$(host ip route get 169.254.169.254 from 192.168.2.99)" ' via 192\.168\.2\.2 dev eth0 '
	run ! host_pings 169.254.169.254 10.0.0.99
	answers 0 1
	multihome 0 check
}

@test "cloud: /32 addresses whose lease names the router outside of them" {
	cloud SENT=255.255.255.255
	has "$(host ip address show eth1)" ' 10\.0\.0\.99/32 '
	answers 0 1
	reaches_client eth0
}

# option_121: what dhclient-script of EL6 and later makes of the first NIC's.
option_121() {
	host ip route replace 192.168.2.1 dev eth0
	host ip route replace default via 192.168.2.1 dev eth0
}

@test "cloud: /32 addresses whose lease names no router, which the files do" {
	cloud SENT=255.255.255.255 ROUTERS=
	option_121
	is "$(probe_ping 10.0.0.99)" 'lost -'
	section cloud '/32 addresses: Google Compute Engine'
	answers 0 1
	reaches_client eth0
	multihome 0 check --porcelain
	is "$(grep -c $'^note\tnotice\t.* lies in no network' <<<"$output")" 2
}

@test "cloud: rules and routes of ec2-net-utils, beside multihome and once it is told not to" {
	cloud
	printf '%s\n' 'default via 10.0.0.1 dev eth1 table 10001' \
		'default via 10.0.0.1 dev eth1 metric 10001' \
		'10.0.0.0/8 dev eth1 proto kernel scope link src 10.0.0.99 table 10001' >"$LAB_SCRIPTS/route-eth1"
	service restart
	host ip rule add from 10.0.0.99 lookup 10001
	multihome 0 sync
	answers 0 1
	reaches_client eth0
	multihome 0 check
	dhclients_rest
	changes_nothing multihome sync
	section cloud 'AWS'
	host ip rule del from 10.0.0.99 lookup 10001
	rm "$LAB_SCRIPTS/route-eth1"
	service restart
	answers 0 1
	multihome 0 check
}

@test "cloud: a route- file that cloud-init put in the place of the block" {
	host_up LAB_RP_FILTER=el6 LAB_STRICT_ROUTERS=1
	lab_install
	service start
	printf '# Created by cloud-init automatically, do not edit.\n#\n%s\n' \
		'ADDRESS0=203.0.113.0' 'GATEWAY0=192.168.2.1' 'NETMASK0=255.255.255.0' |
		sed '/^$/d' >"$LAB_SCRIPTS/route-eth0"
	cp "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR"
	section cloud 'cloud-init'
	answers 0 1
	service restart
	answers 0 1
	has "$(host ip route get 203.0.113.9 from 192.168.2.99)" ' via 192\.168\.2\.1 dev eth0 '
	changes_nothing multihome check
	cmp "$LAB_SCRIPTS/route-eth0" "$BATS_TEST_TMPDIR/route-eth0"
}

# --- fleet.md --------------------------------------------------------------------------------

# fleet: two NICs, whose files nobody has written yet; the package is in place.
fleet() {
	host_up LAB_STRICT_ROUTERS=1 LAB_RP_FILTER=el6
	service start
	rm "$LAB_SCRIPTS"/ifcfg-eth?
	lab_install
}

# the_tool NAME: it is here, or the test is skipped: no test but these needs it.
the_tool() {
	host sh -c "command -v $1" >/dev/null || skip "needs $1"
}

# play WORD…: the playbook, in the host, by a connection that is local.
play() {
	run host env HOME=/tmp ANSIBLE_NOCOLOR=1 ansible-playbook -i localhost, -c local \
		--skip-tags package -e ansible_python_interpreter=/usr/bin/python3 "$@" \
		/etc/ansible/multihome.yml
}

# bats test_tags=long
@test "fleet: Ansible's playbook plans, does it, then does nothing, and tells of a refusal" {
	local before
	fleet
	the_tool ansible-playbook
	section fleet 'Ansible'
	play --diff
	is "$status" 0 "$output"
	has "$output" 'localhost .* changed=4 .*failed=0'
	answers 0 1
	before=$(kernel; lab_files)
	play
	is "$status" 0 "$output"
	has "$output" 'localhost .* changed=0 .*failed=0'
	is "$(kernel; lab_files)" "$before"

	host ip rule del from 192.168.2.0/24 iif lo lookup 100 priority 10001
	before=$(kernel; lab_files)
	play --check
	is "$status" 0 "$output"
	has "$output" '\+ ip rule add from 192\.168\.2\.0/24 iif lo lookup 100'
	is "$(kernel; lab_files)" "$before" 'after --check'
	play
	is "$status" 0 "$output"
	answers 0 1

	echo 'TABLE=254' >>"$LAB_ROOT/etc/ansible/templates/ifcfg.j2"
	play
	is_not "$status" 0
	has "$output" 'ifcfg-eth0:7: TABLE=254: expected'
}

# manifest STATUS: Puppet's, but for the package; what it changed is in $output.
manifest() {
	run host env HOME=/tmp puppet apply --confdir=/tmp/puppet --vardir=/tmp/puppet/var \
		--detailed-exitcodes --color=false --tags file,exec /etc/puppet/multihome.pp
	is "$status" "$1" "$output"
}

# 0: nothing was changed, 2: something was, 4: something failed, 6: both.
# bats test_tags=long
@test "fleet: Puppet's manifest does it, does nothing the second time, and tells of a refusal" {
	fleet
	the_tool puppet
	section fleet 'Puppet'
	manifest 2
	answers 0 1
	manifest 0
	host ip rule del from 192.168.2.0/24 iif lo lookup 100 priority 10001
	manifest 2
	answers 0 1
	sed -i 's/BOOTPROTO=none/&\\nTABLE=254/' "$LAB_ROOT/etc/puppet/multihome.pp"
	manifest 6
	has "$output" 'TABLE=254: expected'
}

@test "fleet: plan --exit-code tells what there is to do, and --root does so of a copy" {
	host_up
	lab_install
	service start
	multihome 0 plan --exit-code
	host ip rule del from 192.168.2.0/24 iif lo lookup 100 priority 10001
	multihome 4 plan --exit-code
	multihome 0 sync
	multihome 0 plan --exit-code
	host mkdir -p /tmp/copy/etc/sysconfig
	host cp -r /etc/sysconfig/network-scripts /tmp/copy/etc/sysconfig
	multihome 0 check --root /tmp/copy
	echo TABLE=254 >>"$LAB_ROOT/tmp/copy/etc/sysconfig/network-scripts/ifcfg-eth0"
	multihome 3 plan --root /tmp/copy --exit-code
	multihome 1 check --root /tmp/copy
}

@test "fleet: with FILES=no there is no block, and all is in the kernel, also restarted" {
	started
	section fleet 'Files that the configuration manager owns'
	run ! grep -l 'BEGIN multihome' "$LAB_SCRIPTS"/r*-eth?
	answers 0 1
	settled
	service restart
	run ! grep -l 'BEGIN multihome' "$LAB_SCRIPTS"/r*-eth?
	answers 0 1
	host ifdown eth1
	reaches_client eth0
	host ifup eth1
	answers 0 1
	settled
}

@test "fleet: a sync that is confirmed stays, and one that is not is taken back" {
	local before
	started
	host ip rule del from 192.168.2.0/24 iif lo lookup 100 priority 10001
	section fleet 'By hand, over ssh'
	answers 0 1
	settled
	host ip rule del from 192.168.2.0/24 iif lo lookup 100 priority 10001
	before=$(kernel; lab_files)
	multihome 0 sync --confirm 1
	as_before() { [ "$(kernel; lab_files)" = "$before" ]; }
	within 5 as_before
	multihome 1 confirm
}
