#!/bin/sh
# Sourced by dhclient-script (EL6 and later), which then calls one of these functions by the
# name of this file: the first after it set up a lease, the other before it takes one down.
multihome_config() {
	@SBINDIR@/multihome lease || :
}

multihome_restore() {
	@SBINDIR@/multihome lease || :
}
