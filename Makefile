# Sluis: `make demo` plays the main job, `make check` runs the tests; `make help` lists the rest.
SHELL   := /bin/bash
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all

# A flavour is a set of flags with a build folder of its own: rel (default), asan, tsan, fuzz.
FLAVOUR ?= rel
B       := build/$(FLAVOUR)
CC_rel  ?= gcc
CC_asan ?= gcc
CC_tsan ?= gcc
CC_fuzz ?= clang
ifneq ($(origin CC),default)
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
INC     := -Iproto -Igateway -Iadapters -I$(B)/gen
CFLAGS   = $(WARN) $(HARD) $(FL_$(FLAVOUR)) -D_GNU_SOURCE $(INC) $(shell pkg-config --cflags $(PKGS) 2>/dev/null) -MMD -MP
LDFLAGS  = $(FL_$(FLAVOUR)) -pie -Wl,-z,relro,-z,now
LDLIBS   = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -llmdb -lpthread

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
ctests  := $(units) $(vectors) $(convs) $(faults)
fuzzers := $(patsubst tests/fuzz/fuzz_%.c,$(B)/fuzz/fuzz_%,$(wildcard tests/fuzz/fuzz_*.c))
benches := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))
sources := $(shell find proto gateway adapters tests -name '*.[ch]' 2>/dev/null)

.PHONY: all build help deps demo run check bench asan tsan fuzz layers format-check format lint clean
.SECONDARY:

all: deps
	@$(MAKE) --no-print-directory build
build: $(progs) $(tools)

help:
	@sed -n 's/^## //p' Makefile
## make              build the programs (installs what is missing first)
## make demo         the main job, played by real processes; ends in "demo: ok"
## make run          the demo's parties kept running; Ctrl-C stops them
## make check        every test; ends in "N passed, N failed, N skipped"
## make bench        figures on screen and in build/bench.json
## make asan, tsan   the scenarios against the daemon under the sanitizers
## make fuzz         every fuzz target for FUZZ_SECONDS (10) each
## make layers       fails on an include that points upward
## make format-check fails on a formatting difference; make format mends it
## make lint         static analysis
## make clean        removes build/

deps:
	@tests/tools/deps.sh

$(B)/gen/%.pb-c.c: proto/%.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=proto --c_out=$(B)/gen $<
$(B)/gen/%.pb-c.h: $(B)/gen/%.pb-c.c ;
$(B)/gen/%.pb-c.o: $(B)/gen/%.pb-c.c
	$(cc) -std=c11 $(HARD) $(FL_$(FLAVOUR)) -w -I$(B)/gen -MMD -MP -c -o $@ $<
$(B)/%.o: %.c | $(gen)
	@mkdir -p $(@D)
	$(cc) $(CFLAGS) -c -o $@ $<

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
	$$(cc) $$(LDFLAGS) -o $$@ $$< $$(libs) $$(LDLIBS)
endef
$(foreach f,$(wildcard gateway/*.c) $(wildcard adapters/*.c),$(eval $(call program,$(f))))

# Lists of targets, not bare patterns: those match each other's objects and make would search without end.
$(tools): $(B)/tests/%: $(B)/tests/tools/%.o $(libs)
	$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS)
$(units): $(B)/tests/%: $(B)/tests/unit/%.o $(libs)
	$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS) -lcmocka
$(vectors): $(B)/tests/%: $(B)/tests/vectors/%.o $(libs)
	$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS) -lcmocka
$(convs): $(B)/tests/%: $(B)/tests/conversations/%.o $(libs)
	$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS) -lcmocka
$(faults): $(B)/tests/%: $(B)/tests/faults/%.o $(libs)
	$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS) -lcmocka
$(benches): $(B)/bench/%: $(B)/tests/bench/%.o $(libs)
	@mkdir -p $(@D)
	$(cc) $(LDFLAGS) -o $@ $< $(libs) $(LDLIBS)
$(fuzzers): $(B)/fuzz/%: $(B)/tests/fuzz/%.o $(libs)
	@mkdir -p $(@D)
	$(cc) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(libs) $(LDLIBS)

check-build: build $(ctests)

check: deps
	@$(MAKE) --no-print-directory -j2 check-build
	@tests/tools/check.sh $(B)

demo: deps
	@$(MAKE) --no-print-directory -j2 build
	@tests/demo/demo.py $(B)/bin
run: deps
	@$(MAKE) --no-print-directory -j2 build
	@tests/demo/demo.py --keep $(B)/bin
bench: deps
	@$(MAKE) --no-print-directory -j2 build $(benches)
	@tests/bench/bench.py $(B)

layers:
	@tests/tools/layers.sh
format-check:
	@n=$(words $(sources)); test $$n -gt 20 || { echo "format-check: found only $$n files"; exit 1; }; \
	clang-format --dry-run -Werror $(sources) && echo "format-check: $$n files"
format:
	@clang-format -i $(sources)
clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
