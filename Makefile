# SPDX-License-Identifier: MIT
# multihome: build, install, check. "make help" lists the targets.

# The one place that has the version: rpmbuild takes the spec alone from a tarball.
SPEC := rpm/multihome.spec
VERSION := $(shell sed -n 's/^Version: *//p' $(SPEC))

PREFIX ?= /usr
SBINDIR ?= /sbin
SYSCONFDIR ?= /etc
MANDIR ?= $(PREFIX)/share/man
# Where EL5 and EL6 look; later releases look there as well.
COMPLETIONDIR ?= $(SYSCONFDIR)/bash_completion.d
# A folder that is given as nothing gets nothing: a package takes those of its release.
DHCPDIR ?= $(SYSCONFDIR)/dhcp/dhclient.d
NMDIR ?= $(SYSCONFDIR)/NetworkManager/dispatcher.d
# The service of watch: EL5 and EL6; later releases.
INITDIR ?= $(SYSCONFDIR)/init.d
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=
# What others call, by links in /sbin or by a line in a script of somebody's own: initscripts' hooks
# are the program itself, under these names.
LIBDIR := $(PREFIX)/libexec/multihome
HOOKDIR := /sbin
HOOKS := ifup-pre-local ifup-local ifdown-local
# Where 0.1 had them: somebody's own script may still say so.
OLD_LIBDIR := $(PREFIX)/lib/multihome
# From LIBDIR up to the root: a link that is no absolute one holds in an image or a chroot, too.
empty :=
UP := $(subst $(empty) $(empty),/,$(patsubst %,..,$(subst /, ,$(LIBDIR))))
# EL6 and later: files in folders; EL5 has one file of dhclient's, so again a link.
DHCP_HOOK = $(if $(DHCPDIR),$(DHCPDIR)/multihome.sh)
NM_HOOK = $(if $(NMDIR),$(NMDIR)/50-multihome)
INIT_SCRIPT = $(if $(INITDIR),$(INITDIR)/multihome)
UNIT = $(if $(UNITDIR),$(UNITDIR)/multihome.service)

CC ?= cc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	-Wpointer-arith -Wwrite-strings -Wformat=2
# Whatever CFLAGS says, these are needed.
NEEDED_CFLAGS = -std=gnu99 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-DLIBDIR='"$(LIBDIR)"' -DSYSCONFDIR='"$(SYSCONFDIR)"' $(WARNINGS)
# Root runs this at boot. gcc before 4.9 has no -strong; FORTIFY wants an optimizer and no sanitizer.
# Asked once, and not where nothing is compiled.
STACK_CFLAGS = $(eval STACK_CFLAGS := $(shell \
	$(CC) -fstack-protector-strong -S -o /dev/null -x c /dev/null 2>/dev/null && \
	echo -fstack-protector-strong || echo -fstack-protector --param=ssp-buffer-size=4))$(STACK_CFLAGS)
FORTIFY_CFLAGS = $(if $(filter -O%,$(filter-out -O0,$(CFLAGS))),$(if $(findstring \
	-fsanitize,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
NEEDED_CFLAGS += -fPIE $(STACK_CFLAGS) $(FORTIFY_CFLAGS)
NEEDED_LDFLAGS := -pie -Wl,-z,relro,-z,now
# Without the tables that exceptions and sampling profilers walk by: a sixth of the program.
LEAN_CFLAGS = -fno-asynchronous-unwind-tables
# STATIC_LIBNL=1 puts libnl into the program (EL5 has none): LIBNL=DIR is a libnl-3 source tree
# that was built; without it the library is the one that pkg-config knows.
ifneq ($(LIBNL),)
NL_CFLAGS = -isystem $(LIBNL)/include
NL_ARCHIVE = $(LIBNL)/lib/.libs/libnl-3.a
else
NL_CFLAGS = $(shell $(PKG_CONFIG) --cflags libnl-3.0)
NL_ARCHIVE = $(shell $(PKG_CONFIG) --variable=libdir libnl-3.0)/libnl-3.a
endif
ifneq ($(STATIC_LIBNL),)
NL_LIBS = $(NL_ARCHIVE) -lpthread
else
NL_LIBS = $(shell $(PKG_CONFIG) --libs libnl-3.0)
endif

BUILD ?= build
# The rooms, each of which uses only those before it (tests/rooms.sh).
PURE_ROOMS := base net conf plan judge
EDGE_ROOMS := sys watch cmd
objects_of = $(patsubst helper/%.c,$(BUILD)/%.o,$(foreach room,$(1),$(wildcard helper/$(room)/*.c)))
# Parsing, planning, diffing, rendering: structs in, structs or text out. Their unit tests are
# linked without libnl, so nothing of the edge can creep in.
PURE_OBJECTS := $(call objects_of,$(PURE_ROOMS)) \
	$(addprefix $(BUILD)/watch/,opponents.o settle.o vital.o)
EDGE_OBJECTS := $(filter-out $(PURE_OBJECTS),$(call objects_of,$(EDGE_ROOMS)))
# Where a host with thousands of addresses spends its time; all else is better small than fast.
HOT := base/array base/prefix net/net net/route net/rule plan/diff plan/routes plan/lookups \
	sys/apply sys/decode sys/kernel sys/netlink
SMALL_CFLAGS = $(if $(filter -O2 -O3,$(CFLAGS)),-Os)
BENCH_TOOLS := $(addprefix $(BUILD)/bench/,bare stopwatch packets tally nothing)
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))

TARBALL = $(BUILD)/multihome-$(VERSION).tar.gz
RPMBUILD ?= rpmbuild
RPM_FLAGS ?=
RPM_DIR = $(abspath $(BUILD))/rpm
# Where rpmbuild is no package of rpm's (Debian), nothing that the spec requires is.
RPM_NODEPS = $(shell rpm -q --quiet rpm-build 2>/dev/null || echo --nodeps)

.PHONY: all build static unit install uninstall dist release rpm srpm demo check check-faults \
	check-property check-hosts check-kernel check-long check-real check-unit bench shellcheck fuzzers \
	fuzz-replay fuzz check-memory coverage mutation clean help

all: build

build: $(BUILD)/multihome

# For a kernel that is older than the C library wants: LIBNL, built by the same musl-gcc.
static:
	@test -f "$(LIBNL)/lib/.libs/libnl-3.a" || \
		{ echo 'make static: LIBNL=DIR is to be a libnl-3 that musl-gcc built' >&2; exit 1; }
	$(MAKE) BUILD=$(BUILD)/static CC=musl-gcc STATIC_LIBNL=1 LIBNL=$(LIBNL) LDFLAGS=-static \
		CFLAGS="$(CFLAGS) $(addprefix -idirafter /usr/include/,. $(shell $(CC) -print-multiarch))" build

$(BUILD)/multihome: $(EDGE_OBJECTS) $(PURE_OBJECTS)
	$(CC) $(CFLAGS) $(NEEDED_LDFLAGS) $(LDFLAGS) -o $@ $^ $(NL_LIBS)

$(BUILD)/cmd/main.o: $(SPEC)

$(HOT:%=$(BUILD)/%.o): SMALL_CFLAGS =
# Without `private`, which make 3.81 (EL5, EL6) does not know.
$(filter $(BUILD)/sys/%,$(EDGE_OBJECTS)): NEEDED_CFLAGS += $(NL_CFLAGS)

$(BUILD)/%.o: helper/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(NEEDED_CFLAGS) $(LEAN_CFLAGS) $(CFLAGS) $(SMALL_CFLAGS) -Ihelper -MMD -MP -c -o $@ $<

$(BUILD)/test_%: tests/unit/test_%.c $(PURE_OBJECTS)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -Ihelper -MMD -MP -o $@ $< $(PURE_OBJECTS)

$(BUILD)/shvar_dump: tests/unit/shvar_dump.c $(PURE_OBJECTS)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -Ihelper -MMD -MP -o $@ $< $(PURE_OBJECTS)

# No object of the program: the model is a second opinion.
$(BUILD)/property_hosts: $(wildcard tests/property/*.[ch]) Makefile
	@mkdir -p $(@D)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -o $@ $(filter %.c,$^)

# Nor of these: one makes hosts, the other asks them by packets.
HOSTS_TOOLS := $(BUILD)/hosts_make $(BUILD)/hosts_ask
$(BUILD)/hosts_%: tests/hosts/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -o $@ $<

# What the packet tests see of a router's packets.
LAB_WITNESS := $(BUILD)/lab_witness
$(LAB_WITNESS): tests/lab/witness.c Makefile
	@mkdir -p $(@D)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -o $@ $<

# What a user-mode kernel is started with, and what hosts of another kernel.
LAB_PRELOADED := $(BUILD)/lab_xstate.so $(BUILD)/lab_netlink.so $(BUILD)/lab_uname.so
$(BUILD)/lab_%.so: tests/lab/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -shared -fPIC -o $@ $<

$(BUILD)/bench/core: tests/bench/core.c $(PURE_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -Ihelper -o $@ $< $(PURE_OBJECTS)

# Nor of this: what is measured is the program itself.
$(BUILD)/bench/%: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -o $@ $<

# Preloaded into the program by tests/faults.
$(BUILD)/faults_shim.so: tests/faults/shim.c Makefile
	@mkdir -p $(@D)
	$(CC) $(NEEDED_CFLAGS) $(CFLAGS) -shared -fPIC -o $@ $< -ldl

# With the sanitizers, in a folder of their own: as a program that replays inputs, by any
# compiler; as a fuzzer, by clang.
SANITIZE := -fno-sanitize-recover=all -fno-omit-frame-pointer -fsanitize=address,undefined
FUZZ_MAIN := tests/fuzz/replay.c
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

# Of which the linker takes what a target asks for.
$(BUILD)/fuzz.a: $(PURE_OBJECTS) $(call objects_of,sys)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_MAIN) tests/fuzz/fuzz.h helper/sys/file.c \
		$(BUILD)/fuzz.a
	$(CC) $(NEEDED_CFLAGS) $(NL_CFLAGS) $(CFLAGS) -Ihelper -o $@ $(filter %/fuzz_$*.c,$^) \
		$(FUZZ_MAIN) $(BUILD)/fuzz.a $(LDFLAGS) $(NL_LIBS)

fuzzers: $(FUZZERS:%=$(BUILD)/%)

fuzz-replay:
	@$(MAKE) --no-print-directory -s BUILD=$(BUILD)/replay CFLAGS="-g -O1 $(SANITIZE)" fuzzers

# One after the other, each for so long; what they find new goes to build/fuzz/corpus.
fuzz:
	@sh tests/lab/deps.sh deep
	@$(MAKE) --no-print-directory -s CC=clang BUILD=$(BUILD)/fuzz FUZZ_MAIN= LDFLAGS=-fsanitize=fuzzer \
		CFLAGS="-w -g -O2 -fsanitize=fuzzer-no-link $(SANITIZE)" fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_RUNS=$(FUZZ_RUNS) bash tests/fuzz/run.sh $(BUILD)/fuzz \
		$(FUZZ_TARGETS)

unit: $(UNIT_TESTS) $(BUILD)/shvar_dump $(BUILD)/property_hosts $(BUILD)/faults_shim.so \
	$(BUILD)/bench/core $(HOSTS_TOOLS) $(LAB_WITNESS) $(LAB_PRELOADED)

# Needs neither root nor network nor bats: a build of a package runs it.
check-unit: $(UNIT_TESTS)
	@for test in $(UNIT_TESTS); do \
		$$test >$$test.tap 2>&1 || { echo "$$test:"; cat $$test.tap; exit 1; }; \
	done >&2
	@echo "$(words $(UNIT_TESTS)) suites of unit tests passed"

check-memory:
	@sh tests/lab/deps.sh deep
	@bash tests/watched.sh valgrind $(SUITES)
	@bash tests/watched.sh sanitizers $(SUITES)

coverage:
	@sh tests/lab/deps.sh check
	@bash tests/watched.sh coverage $(SUITES)

mutation:
	@sh tests/lab/deps.sh check
	@bash tests/mutation.sh "$(MUTATIONS)" "$(MUTATION_SEED)"

# $(call put,SCRIPT,FILE,MODE): with the script's own time, as install -p does it.
put = sed 's|@SBINDIR@|$(SBINDIR)|' network-scripts/$(1) >$(DESTDIR)$(2) && \
	chmod $(3) $(DESTDIR)$(2) && touch -r network-scripts/$(1) $(DESTDIR)$(2)
# $(call put_in,SCRIPT,FOLDER,FILE,MODE): nothing if FOLDER is none.
put_in = $(if $(2),install -d $(DESTDIR)$(2) && $(call put,$(1),$(3),$(4)))

install: build
	install -d $(DESTDIR)$(SBINDIR)
	install -p -m 755 $(BUILD)/multihome $(DESTDIR)$(SBINDIR)/multihome
	install -d $(DESTDIR)$(LIBDIR) $(DESTDIR)$(OLD_LIBDIR) $(DESTDIR)$(SYSCONFDIR)/sysconfig
	for script in dhclient-exit-hooks activate multihome-local.example; do \
		$(call put,$$script,$(LIBDIR)/$$script,755) || exit 1; \
	done
	for hook in $(HOOKS); do \
		ln -sf $(UP)$(SBINDIR)/multihome $(DESTDIR)$(LIBDIR)/$$hook || exit 1; \
	done
	for hook in $(HOOKS) dhclient-exit-hooks; do \
		ln -sf ../../libexec/multihome/$$hook $(DESTDIR)$(OLD_LIBDIR)/$$hook || exit 1; \
	done
	test -e $(DESTDIR)$(SYSCONFDIR)/sysconfig/multihome || \
		install -p -m 644 sysconfig/multihome $(DESTDIR)$(SYSCONFDIR)/sysconfig/multihome
	install -d $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(MANDIR)/ja/man8 \
		$(DESTDIR)$(COMPLETIONDIR)
	install -p -m 644 man/multihome.5 $(DESTDIR)$(MANDIR)/man5
	install -p -m 644 man/multihome.8 $(DESTDIR)$(MANDIR)/man8
	install -p -m 644 man/ja/multihome.8 $(DESTDIR)$(MANDIR)/ja/man8
	install -p -m 644 helper/multihome.bash-completion $(DESTDIR)$(COMPLETIONDIR)/multihome
ifeq ($(DESTDIR),)
	@sh network-scripts/activate link $(LIBDIR) $(HOOKDIR) $(HOOKS)
	@if test -d "$(DHCPDIR)"; then \
		$(call put,multihome.sh,$(DHCP_HOOK),755); \
	else \
		sh network-scripts/activate link $(LIBDIR) $(SYSCONFDIR) dhclient-exit-hooks; \
	fi
	@test ! -d "$(NMDIR)" || { $(call put,nm-dispatcher,$(NM_HOOK),755); }
	@if test -d "$(UNITDIR)"; then \
		$(call put,multihome.service,$(UNIT),644); \
	elif test -d "$(INITDIR)"; then \
		$(call put,multihome.init,$(INIT_SCRIPT),755); \
	fi
else
	$(call put_in,multihome.service,$(UNITDIR),$(UNIT),644)
	$(call put_in,multihome.init,$(INITDIR),$(INIT_SCRIPT),755)
	$(call put_in,multihome.sh,$(DHCPDIR),$(DHCP_HOOK),755)
	$(call put_in,nm-dispatcher,$(NMDIR),$(NM_HOOK),755)
endif

# What is the administrator's stays, with a line each.
uninstall:
ifeq ($(DESTDIR),)
	@sh network-scripts/activate unlink $(LIBDIR) $(HOOKDIR) $(HOOKS)
	@sh network-scripts/activate unlink $(LIBDIR) $(SYSCONFDIR) dhclient-exit-hooks
	test ! -x "$(INIT_SCRIPT)" || $(INIT_SCRIPT) stop >/dev/null || :
	test ! -e "$(UNIT)" || systemctl disable --now multihome || :
	test ! -x $(SBINDIR)/multihome || $(SBINDIR)/multihome clean
endif
	rm -f $(DESTDIR)$(SBINDIR)/multihome $(HOOKS:%=$(DESTDIR)$(LIBDIR)/%) \
		$(HOOKS:%=$(DESTDIR)$(OLD_LIBDIR)/%) $(DESTDIR)$(OLD_LIBDIR)/dhclient-exit-hooks \
		$(DESTDIR)$(LIBDIR)/dhclient-exit-hooks $(DESTDIR)$(LIBDIR)/activate \
		$(DESTDIR)$(LIBDIR)/multihome-local.example \
		$(patsubst %,$(DESTDIR)%,$(UNIT) $(INIT_SCRIPT) $(DHCP_HOOK) $(NM_HOOK))
	test ! -d $(DESTDIR)$(LIBDIR) || rmdir $(DESTDIR)$(LIBDIR)
	test ! -d $(DESTDIR)$(OLD_LIBDIR) || rmdir $(DESTDIR)$(OLD_LIBDIR)
	@config=$(DESTDIR)$(SYSCONFDIR)/sysconfig/multihome; \
	if cmp -s sysconfig/multihome $$config; then \
		rm -f $$config; \
	elif test -e $$config; then \
		echo "$$config was edited and stays"; \
	fi
	rm -f $(DESTDIR)$(MANDIR)/man5/multihome.5 $(DESTDIR)$(MANDIR)/man8/multihome.8 \
		$(DESTDIR)$(MANDIR)/ja/man8/multihome.8 $(DESTDIR)$(COMPLETIONDIR)/multihome

# The commit, not the folder: what is not committed would be missing. Dates are the commit's.
dist:
	@changes=$$(git status --porcelain) || exit 1; test -z "$$changes" || { \
		echo "make dist: commit these first, the tarball has what is committed:"; \
		echo "$$changes"; exit 1; } >&2
	@mkdir -p $(BUILD)
	git -c tar.umask=0022 archive --format=tar --prefix=multihome-$(VERSION)/ HEAD >$(TARBALL:.gz=)
	gzip -9nf $(TARBALL:.gz=)

# The tag comes last: what fails before it leaves none. Signed with RELEASE_TAG=-s.
RELEASE_CHECKS ?= $(MAKE) --no-print-directory check
RELEASE_TAG ?= -a
release:
	@sh rpm/release.sh $(VERSION)
	$(RELEASE_CHECKS)
	@$(MAKE) --no-print-directory -s dist
	@cd $(dir $(TARBALL)) && sha256sum $(notdir $(TARBALL)) >SHA256SUMS
	@git tag $(RELEASE_TAG) -m 'multihome $(VERSION)' v$(VERSION)
	@echo "v$(VERSION) is tagged; $(TARBALL) and $(dir $(TARBALL))SHA256SUMS are made. Next:"
	@echo "  gpg --clearsign $(dir $(TARBALL))SHA256SUMS"
	@echo "  git push --follow-tags"
	@echo "  rpmbuild -ta $(notdir $(TARBALL))      on each release, EL5 to EL8"
	@echo "  publish the tarball, SHA256SUMS.asc and the packages, with this version's part of NEWS"

# One commit gives the same bytes wherever and whenever: the build's time is the commit's (rpm 4.14
# and later know these macros), no host has a name, and no path but relative ones is in the source
# package, which holds the spec as it was expanded (4.18).
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct))
BUILD_PACKAGE = SOURCE_DATE_EPOCH=$(EPOCH) $(RPMBUILD) $(RPM_NODEPS) $(RPM_FLAGS) \
	--define 'use_source_date_epoch_as_buildtime 1' \
	--define 'clamp_mtime_to_source_date_epoch 1' --define '_buildhost localhost'

rpm srpm: dist
	rm -rf $(RPM_DIR)
	mkdir -p $(RPM_DIR)/BUILD $(RPM_DIR)/RPMS $(RPM_DIR)/SOURCES $(RPM_DIR)/SPECS $(RPM_DIR)/SRPMS
	install -m 644 $(TARBALL) $(RPM_DIR)/SOURCES
	install -m 644 $(SPEC) $(RPM_DIR)/SPECS
	cd $(RPM_DIR) && $(BUILD_PACKAGE) -bs --define '_topdir .' SPECS/multihome.spec
	$(if $(filter rpm,$@),$(BUILD_PACKAGE) -tb --define '_topdir $(RPM_DIR)' $(TARBALL))
	@find $(RPM_DIR) -name '*.rpm'

demo:
	@sh tests/lab/deps.sh demo
	@$(MAKE) --no-print-directory -s build
	@bash tests/lab/demo.sh

check:
	@sh tests/lab/deps.sh check
	@bash tests/check.sh

check-faults:
	@sh tests/lab/deps.sh check
	@$(MAKE) --no-print-directory -s build $(BUILD)/faults_shim.so
	@FAULTS=all BUILD=$(BUILD) bash tests/faults/run.sh $(FAULTS_PARTS)

check-property:
	@sh tests/lab/deps.sh check
	@$(MAKE) --no-print-directory -s build $(BUILD)/property_hosts
	@PROPERTY_HOSTS=$(PROPERTY_HOSTS) PROPERTY_SEED=$(PROPERTY_SEED) BUILD=$(BUILD) \
		bash tests/property/run.sh

# tests/lab/kernel.sh says what KERNEL may be.
check-kernel:
	@test -n "$(KERNEL)" || { echo 'make check-kernel: KERNEL=FILE is to be a kernel' >&2; exit 1; }
	@sh tests/lab/deps.sh check
	@exec env BUILD=$(BUILD) setpriv --pdeathsig TERM bash tests/lab/kernel.sh "$(KERNEL)" $(TESTS)

check-long:
	@sh tests/lab/deps.sh check
	@$(MAKE) --no-print-directory -s build
	@bats --tap --filter-tags long tests/*.bats

check-hosts:
	@sh tests/lab/deps.sh check
	@$(MAKE) --no-print-directory -s build $(HOSTS_TOOLS)
	@HOSTS=$(HOSTS) HOSTS_SEED=$(HOSTS_SEED) HOSTS_TOLD=$(or $(HOSTS_TOLD),8) BUILD=$(BUILD) \
		bash tests/hosts/run.sh

check-real:
	@sh tests/lab/deps.sh check
	@$(MAKE) --no-print-directory -s build $(HOSTS_TOOLS)
	@HOSTS=$(HOSTS) BUILD=$(BUILD) bash tests/lab/check-real.sh "$(INITSCRIPTS)"

bench:
	@sh tests/lab/deps.sh deep
	@$(MAKE) --no-print-directory -s build $(BENCH_TOOLS)
	@BUILD=$(BUILD) INITSCRIPTS=$(INITSCRIPTS) bash tests/bench/run.sh $(PARTS)

clean:
	rm -rf $(BUILD)

help:
	@echo "make                 build the helper into $(BUILD)/"
	@echo "make install         install it and its hooks (DESTDIR, PREFIX, SBINDIR, SYSCONFDIR, MANDIR)"
	@echo "make uninstall       take back what make install did"
	@echo "make STATIC_LIBNL=1  build it with libnl inside (LIBNL=DIR: a built libnl-3 source tree)"
	@echo "make static LIBNL=DIR   with musl-gcc and a libnl-3 that it built: it needs no C library"
	@echo "make dist            the tarball of the commit that is checked out"
	@echo "make release         checks, then tag, tarball, checksums (RELEASE_CHECKS, RELEASE_TAG)"
	@echo "make rpm, make srpm  packages from that tarball (RPM_FLAGS for rpmbuild)"
	@echo "make demo            the problem and its cure, in network namespaces (root)"
	@echo "make check           all tests (root)"
	@echo "make check-unit      the unit tests alone, as any user"
	@echo "make check-faults       runs killed or failing at each place, races, a soak (root)"
	@echo "make check-property PROPERTY_HOSTS=5000   replies of so many random hosts (root)"
	@echo "make check-hosts HOSTS=2000        packets of so many random hosts, step by step (root)"
	@echo "make fuzz FUZZ_SECONDS=600   fuzzes each parser for so long (clang)"
	@echo "make bench [INITSCRIPTS=DIR] speed beside other ways to do the same (root)"
	@echo "make check-kernel KERNEL=FILE [TESTS=..] the packet tests on that kernel (root)"
	@echo "make check-long      the packet tests that make check leaves out (root)"
	@echo "make check-memory    the tests under valgrind and sanitizers (root)"
	@echo "make coverage        which lines of helper/ the tests reach (root)"
	@echo "make mutation        whether the tests notice 50 small faults (root)"
	@echo "make check-real INITSCRIPTS=DIR   the packet tests under the real network service"

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d)
