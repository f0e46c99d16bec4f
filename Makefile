# Sluis: `make demo` plays the main job, `make check` runs the tests; `make help` lists the rest.
SHELL   := /bin/bash
# No built-in rules: only what stands here is tried.
MAKEFLAGS += -rR
.SUFFIXES:
# V=1 shows the commands.
Q       := $(if $(V),,@)
.DEFAULT_GOAL := all

# A flavour is a set of flags with a build folder of its own: rel (default), asan, tsan, fuzz.
FLAVOUR ?= rel
B       := build/$(FLAVOUR)
CC_rel  ?= gcc
CC_asan ?= gcc
CC_tsan ?= gcc
CC_fuzz ?= clang
ifneq ($(filter-out default undefined,$(origin CC)),)
CC_rel  := $(CC)
endif
cc      := $(CC_$(FLAVOUR))

PKGS    := libzmq libprotobuf-c libsodium libevent libevent_pthreads jansson librhonabwy libxml-2.0 libcurl libconfig
WARN    := -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wformat=2 -Werror
HARD    := -fstack-protector-strong -fPIE -fno-strict-aliasing
FL_rel  := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-clash-protection
FL_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FL_tsan := -O1 -g -fsanitize=thread
FL_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
INC     := -Iproto -Igateway -Iadapters -Itests -I$(B)/gen
pkg_c   := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
pkg_l   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
CFLAGS   = $(WARN) $(HARD) $(FL_$(FLAVOUR)) -D_GNU_SOURCE $(INC) $(pkg_c) -MMD -MP
LDFLAGS  = $(FL_$(FLAVOUR)) -pie -Wl,-z,relro,-z,now
LDLIBS   = $(pkg_l) -llmdb -lpthread

# Layout: everything under proto/ is libsluis; gateway/*/ is libgateway; adapters/*/ is libadapters;
# a .c file at the top of gateway/ or adapters/ is a program's main.
protos  := $(wildcard proto/*.proto)
gen     := $(protos:proto/%.proto=$(B)/gen/%.pb-c.c)
lib_src := $(wildcard proto/*/*.c)
gw_src  := $(wildcard gateway/*/*.c)
ad_src  := $(wildcard adapters/*/*.c)
lib_obj := $(lib_src:%.c=$(B)/%.o) $(gen:.c=.o)
gw_obj  := $(gw_src:%.c=$(B)/%.o)
ad_obj  := $(ad_src:%.c=$(B)/%.o)
bins    := $(patsubst gateway/%.c,$(B)/bin/%,$(wildcard gateway/*.c)) $(patsubst adapters/%.c,$(B)/bin/%,$(wildcard adapters/*.c))
progs   := $(subst _,-,$(bins))
tools   := $(patsubst tests/tools/%.c,$(B)/tests/%,$(wildcard tests/tools/*.c))
units   := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
vectors := $(patsubst tests/vectors/%.c,$(B)/tests/%,$(wildcard tests/vectors/test_*.c))
convs   := $(patsubst tests/conversations/%.c,$(B)/tests/%,$(wildcard tests/conversations/test_*.c))
faults  := $(patsubst tests/faults/%.c,$(B)/tests/%,$(wildcard tests/faults/test_*.c))
# What the fault tests share; a shim stands between a program and the C library, and is preloaded into real ones too. That of
# allocations is in its own test alone: beside ThreadSanitizer's allocator no program with it starts.
shim_alloc := $(B)/tests/faults/shim_alloc.o
fault_obj := $(filter-out $(shim_alloc),$(patsubst %.c,$(B)/%.o,$(filter-out tests/faults/test_%,$(wildcard tests/faults/*.c))))
shims   := $(B)/tests/shim_io.so
rig_obj := $(patsubst %.c,$(B)/%.o,$(wildcard tests/rig/*.c))
ctests  := $(units) $(vectors) $(convs) $(faults)
fuzzers := $(patsubst tests/fuzz/fuzz_%.c,$(B)/fuzz/fuzz_%,$(wildcard tests/fuzz/fuzz_*.c))
replays := $(patsubst tests/fuzz/fuzz_%.c,$(B)/replay/%,$(wildcard tests/fuzz/fuzz_*.c))
# tests/bench/bench_x.c is a program; the rest they share, but for the library that is preloaded.
benches := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/bench_*.c))
bench_obj := $(B)/tests/bench/end.o $(B)/tests/bench/limit_work.o
counter := $(B)/bench/count_ed25519.so $(B)/bench/clock_shift.so
# The gateway with a clock around what judging_clock.c names.
timed   := $(shell sed -n 's/^TIMED[A-Z_]*.\([a-z_]*\),.*/-Wl,--wrap=\1/p' tests/bench/judging_clock.c)
sources := $(shell find proto gateway adapters tests -name '*.[ch]' 2>/dev/null)

.PHONY: all build install install-files help deps demo run check check-build sabotage torture bench bench-large bench-peers deps-peers model asan tsan asan-units fuzz fuzz-build layers format-check format lint clean
.SECONDARY:

all: deps
	@$(MAKE) --no-print-directory build
build: $(progs) $(tools)

# Where `make install` puts things; DESTDIR before it, for who makes a package.
PREFIX ?= /usr/local
pages   := $(wildcard config/man/*.[158])
services := $(wildcard config/systemd/*.service) config/systemd/sluis-.service.d/hardening.conf
install: deps
	@$(MAKE) --no-print-directory -j2 build
	@$(MAKE) --no-print-directory install-files
install-files:
	$(Q)install -D -t $(DESTDIR)$(PREFIX)/bin $(progs)
	$(Q)for p in $(pages); do install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${p##*.} $$p || exit 1; done
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/sluis/rules config/rules/*.conf
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/sluis/mappings adapters/*/*.conf
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/sluis/examples config/examples/*.conf
	$(Q)for u in $(services); do \
	    sed 's|^ExecStart=/usr/local|ExecStart=$(PREFIX)|' $$u | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/lib/systemd/system/$${u#config/systemd/} || exit 1; done
	$(Q)install -D -m 644 config/systemd/sluis.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/sluis.conf

help:
	@sed -n 's/^## //p' Makefile
## make              build the programs (installs what is missing first)
## make install      programs, manual pages, services, rules, mappings, examples under DESTDIR and PREFIX (/usr/local)
## make demo         the main job, played by real processes; ends in "demo: ok"
## make run          the demo's parties kept running; Ctrl-C stops them
## make check        every test; ends in "N passed, N failed, N skipped"
## make sabotage     breaks a line of the code for each required item, and demands that its test fails (ITEMS="7 9")
## make torture      the fault tests' long form: TORTURE_KILLS (500) kills, every point, every prefix
## make bench        figures on screen and in build/bench.json; five minutes
## make bench-peers  the same payload through others' programs; make deps-peers installs them
## make bench-large  a journal and a register of ten million; needs 14 GiB of disk
## make model        spin proves the model of delivery, and finds each way to break it
## make asan, tsan   the scenarios against the daemon under the sanitizers
## make asan-units   the unit tests under asan, but the slow ones that tests/tools/units.sh names
## make fuzz         every fuzz target for FUZZ_SECONDS (10) each
## make layers       fails on an include that points upward
## make format-check fails on a formatting difference; make format mends it
## make lint         static analysis
## make clean        removes build/
## .ci/run           all of it: what must pass before a change lands

deps:
	@tests/tools/deps.sh

$(B)/gen/%.pb-c.c: proto/%.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=proto --c_out=$(B)/gen $<
$(B)/gen/%.pb-c.h: $(B)/gen/%.pb-c.c ;
$(B)/gen/%.pb-c.o: $(B)/gen/%.pb-c.c
	$(Q)$(cc) -std=c11 $(HARD) $(FL_$(FLAVOUR)) -w -I$(B)/gen -MMD -MP -c -o $@ $<
$(B)/%.o: %.c | $(gen)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(cc) $(CFLAGS) -c -o $@ $<

# The assembler reads the description (gateway/http/openapi.c): an edit of it rebuilds that object.
$(B)/gateway/http/openapi.o: gateway/http/openapi.json

$(B)/libsluis.a: $(lib_obj)
	@rm -f $@; ar rcs $@ $^
$(B)/libgateway.a: $(gw_obj)
	@rm -f $@; ar rcs $@ $^
$(B)/libadapters.a: $(ad_obj)
	@rm -f $@; ar rcs $@ $^
libs := $(B)/libgateway.a $(B)/libadapters.a $(B)/libsluis.a

# gateway/sluis_http.c becomes bin/sluis-http.
define program
$(B)/bin/$(subst _,-,$(notdir $(basename $(1)))): $(B)/$(1:.c=.o) $(libs)
	@mkdir -p $$(@D)
	@echo "  LINK  $$@"
	$$(Q)$$(cc) $$(LDFLAGS) -o $$@ $$< $$(libs) $$(LDLIBS)
endef
$(foreach f,$(wildcard gateway/*.c) $(wildcard adapters/*.c),$(eval $(call program,$(f))))

$(tools): $(B)/tests/%: $(B)/tests/tools/%.o $(libs)
	$(Q)$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS)
$(units): $(B)/tests/%: $(B)/tests/unit/%.o $(libs)
	$(Q)$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS) -lcmocka
$(vectors): $(B)/tests/%: $(B)/tests/vectors/%.o $(libs)
	$(Q)$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS) -lcmocka
$(convs): $(B)/tests/%: $(B)/tests/conversations/%.o $(rig_obj) $(libs)
	$(Q)$(cc) $(LDFLAGS) -o $@ $< $(rig_obj) $(libs) $(LDLIBS) -lcmocka
$(B)/tests/test_alloc: $(shim_alloc)
$(faults): $(B)/tests/%: $(B)/tests/faults/%.o $(fault_obj) $(rig_obj) $(libs)
	$(Q)$(cc) $(LDFLAGS) -o $@ $(filter %.o,$^) $(libs) $(LDLIBS) -lcmocka
$(shims): $(B)/tests/%.so: tests/faults/%.c tests/faults/%.h
	@mkdir -p $(@D)
	$(Q)$(cc) $(CFLAGS) -fPIC -shared -o $@ $<
$(benches): $(B)/bench/%: $(B)/tests/bench/%.o $(bench_obj) $(libs)
	@mkdir -p $(@D)
	$(Q)$(cc) $(LDFLAGS) -o $@ $< $(bench_obj) $(libs) $(LDLIBS)
$(B)/bench/sluisd_timed: $(B)/gateway/sluisd.o $(B)/tests/bench/judging_clock.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(cc) $(LDFLAGS) $(timed) -o $@ $(filter %.o,$^) $(libs) $(LDLIBS)
# Only make bench-peers asks for it, and only where its library is.
$(B)/bench/peer_amqp: $(B)/tests/bench/peer_amqp.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS) -lrabbitmq
$(counter): $(B)/bench/%.so: tests/bench/%.c
	@mkdir -p $(@D)
	$(Q)$(cc) $(CFLAGS) -fPIC -shared -o $@ $<
$(fuzzers): $(B)/fuzz/%: $(B)/tests/fuzz/%.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(cc) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(libs) $(LDLIBS)

# A target without the fuzzer, to replay its corpus.
$(replays): $(B)/replay/%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(libs)
	@mkdir -p $(@D)
	$(Q)$(cc) $(LDFLAGS) -o $@ $(wordlist 1,2,$^) $(libs) $(LDLIBS)

check-build: build $(ctests) $(shims) $(replays) $(benches) $(counter) $(B)/bench/sluisd_timed
fuzz-build: $(fuzzers)

check: deps
	@$(MAKE) --no-print-directory -j2 check-build
	@tests/tools/check.sh $(B)

demo: deps
	@$(MAKE) --no-print-directory -j2 build
	@tests/demo/demo.py $(B)/bin
run: deps
	@$(MAKE) --no-print-directory -j2 build
	@tests/demo/demo.py --keep $(B)/bin
sabotage: deps
	@$(MAKE) --no-print-directory -j2 check-build
	@tests/tools/requirements.py --sabotage $(B) $(ITEMS)
torture: deps
	@$(MAKE) --no-print-directory -j2 build $(faults) $(shims)
	@tests/faults/torture.sh $(B)
bench: deps
	@$(MAKE) --no-print-directory -j2 build $(benches) $(counter) $(B)/bench/sluisd_timed
	@tests/bench/bench.py $(B)
bench-large: deps
	@$(MAKE) --no-print-directory -j2 build $(benches)
	@tests/bench/bench_large.py $(B)
deps-peers:
	@tests/tools/deps_peers.sh
bench-peers: deps
	@$(MAKE) --no-print-directory -j2 build $(benches) $(if $(wildcard /usr/include/amqp.h),$(B)/bench/peer_amqp)
	@tests/bench/bench_peers.py $(B)
model: deps
	@tests/model/check.sh
asan tsan: deps
	@$(MAKE) --no-print-directory -j2 FLAVOUR=$@ build
	@/usr/bin/python3 tests/scenarios/run.py build/$@
asan-units: deps
	@$(MAKE) --no-print-directory -j2 FLAVOUR=asan check-build
	@tests/tools/units.sh build/asan
fuzz: deps
	@$(MAKE) --no-print-directory -j2 FLAVOUR=fuzz fuzz-build
	@tests/tools/fuzz.sh build/fuzz

layers:
	@tests/tools/layers.sh
format-check:
	@n=$(words $(sources)); test $$n -gt 20 || { echo "format-check: found only $$n files"; exit 1; }; \
	clang-format --dry-run -Werror $(sources) && echo "format-check: $$n files"
format:
	@clang-format -i $(sources)
lint:
	@tests/tools/lint.sh
clean:
	rm -rf build

# Written by the compiler; never a target of its own.
deps_made := $(shell find $(B) -name '*.d' 2>/dev/null)
$(deps_made): ;
-include $(deps_made)
