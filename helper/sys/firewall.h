/* SPDX-License-Identifier: MIT
 * Are there firewall rules, or policies of IPsec? What they say is not read.
 *
 * Source: net/ipv4/netfilter/ip_tables.c (ip_tables_names, get_info), include/uapi/linux/netfilter:
 * ipt_getinfo, nf_tables_api.c (NFT_MSG_GETRULE), xfrm_user.c (XFRM_MSG_GETPOLICY), 2.6.18
 * to 6.x. Loads no module.
 */
#ifndef SYS_FIREWALL_H
#define SYS_FIREWALL_H

#include "judge/facts.h"

/* Is nftables in the kernel? */
bool firewall_has_nftables(void);
/* In any table of iptables or nftables that sees IPv4's, or IPv6's, packets, or for such packets. */
enum firewall firewall_read(int family);

#endif
