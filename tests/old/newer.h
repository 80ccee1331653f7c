/* SPDX-License-Identifier: MIT
 * Put before each source file, after the system headers that it includes: what headers of EL5
 * (glibc 2.5, kernel 2.6.18) lack does not compile. Functions are not here, since the program's
 * symbols tell them.
 */

/* glibc 2.7; under #ifdef only. */
#undef O_CLOEXEC
#undef SOCK_CLOEXEC
#undef SOCK_NONBLOCK
#undef F_DUPFD_CLOEXEC
#undef MSG_CMSG_CLOEXEC

/* linux/fib_rules.h came with 2.6.19: whoever includes it finds nothing in it. */
#ifdef FIB_RULE_PERMANENT
#error "a system header includes linux/fib_rules.h"
#endif
#define __LINUX_FIB_RULES_H

/* Attributes and flags of rtnetlink. RTA_TABLE (2.6.19) is one that EL5 has nevertheless. */
#pragma GCC poison RTA_MARK RTA_MFC_STATS RTA_VIA RTA_NEWDST RTA_PREF RTA_ENCAP_TYPE RTA_ENCAP
#pragma GCC poison RTA_EXPIRES RTA_PAD RTA_UID RTA_TTL_PROPAGATE RTA_IP_PROTO RTA_SPORT RTA_DPORT
#pragma GCC poison RTA_NH_ID
#pragma GCC poison RTAX_RTO_MIN RTAX_INITRWND RTAX_QUICKACK RTAX_CC_ALGO RTAX_FASTOPEN_NO_COOKIE
#pragma GCC poison RTNH_F_OFFLOAD RTNH_F_LINKDOWN RTNH_F_UNRESOLVED RTNH_F_TRAP
#pragma GCC poison RTM_F_LOOKUP_TABLE RTM_F_FIB_MATCH RTM_F_OFFLOAD RTM_F_TRAP RTM_F_OFFLOAD_FAILED
#pragma GCC poison IFLA_LINKINFO IFLA_NET_NS_PID IFLA_IFALIAS IFLA_STATS64 IFLA_AF_SPEC IFLA_GROUP
#pragma GCC poison IFLA_EXT_MASK IFLA_PROP_LIST IFLA_ALT_IFNAME IFLA_PERM_ADDRESS
#pragma GCC poison IFA_FLAGS IFA_RT_PRIORITY IFA_TARGET_NETNSID IFA_PROTO IFA_F_OPTIMISTIC
#pragma GCC poison IFA_F_DADFAILED IFA_F_MANAGETEMPADDR IFA_F_NOPREFIXROUTE IFA_F_MCAUTOJOIN
#pragma GCC poison NLM_F_DUMP_INTR NLM_F_DUMP_FILTERED NLM_F_CAPPED NLM_F_ACK_TLVS
#pragma GCC poison NETLINK_NO_ENOBUFS NETLINK_LISTEN_ALL_NSID NETLINK_CAP_ACK NETLINK_EXT_ACK
#pragma GCC poison NETLINK_GET_STRICT_CHK NLA_F_NESTED NLA_F_NET_BYTEORDER NLA_TYPE_MASK
#pragma GCC poison RTM_NEWNEXTHOP RTM_GETNSID RTM_NEWSTATS SOL_NETLINK

/* gcc 4.1 has none of these builtins. */
#pragma GCC poison __builtin_unreachable __builtin_bswap16 __builtin_bswap32 __builtin_bswap64
#pragma GCC poison __builtin_add_overflow __builtin_sub_overflow __builtin_mul_overflow
#pragma GCC poison __atomic_load_n __atomic_store_n static_assert
