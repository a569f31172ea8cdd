# SPDX-License-Identifier: MIT
# Tests that need neither root nor a network; ./run-tests adds the others.

# ------------------------------------------------------------- what they use
check_LTLIBRARIES = tests/libtesting.la
tests_libtesting_la_SOURCES = \
	tests/sign.c tests/sign.h \
	tests/unit/world.c tests/unit/world.h
LDADD = tests/libtesting.la lib/libcognito.la $(CMOCKA_LIBS)

# Where tests find their data; nothing that is installed knows.
test_cppflags = $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) $(CMOCKA_CFLAGS) \
	-DCOG_TESTS_DIR=\"$(abs_top_srcdir)/tests\" \
	-DCOG_BUILD_DIR=\"$(abs_top_builddir)\"
tests/%.lo tests/%.$(OBJEXT): AM_CPPFLAGS += $(test_cppflags)

# ---------------------------------------------------------------- unit tests
unit_tests = \
	tests/unit/test_account \
	tests/unit/test_api \
	tests/unit/test_b64 \
	tests/unit/test_config \
	tests/unit/test_endpoints \
	tests/unit/test_file \
	tests/unit/test_flow \
	tests/unit/test_hash \
	tests/unit/test_http \
	tests/unit/test_identity \
	tests/unit/test_json \
	tests/unit/test_jwks \
	tests/unit/test_jwt \
	tests/unit/test_keyset \
	tests/unit/test_lines \
	tests/unit/test_login \
	tests/unit/test_name \
	tests/unit/test_number \
	tests/unit/test_options \
	tests/unit/test_prepare \
	tests/unit/test_protocol \
	tests/unit/test_refusal \
	tests/unit/test_scope \
	tests/unit/test_secret \
	tests/unit/test_srp \
	tests/unit/test_text \
	tests/unit/test_timestamp \
	tests/unit/test_usermap \
	tests/unit/test_wire

# A failing random generator and u = 0, which no input can bring about.
tests_unit_test_srp_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=BN_priv_rand,--wrap=cog_hash_sha256

# ------------------------------------ fuzz targets, replayed over their corpus
fuzz_targets = config jwks jwt reply srp usermap wire

tests_fuzz_replay_config_SOURCES = tests/fuzz/fuzz_config.c $(replay_main)
tests_fuzz_replay_jwks_SOURCES = tests/fuzz/fuzz_jwks.c $(replay_main)
tests_fuzz_replay_jwt_SOURCES = tests/fuzz/fuzz_jwt.c $(replay_main)
tests_fuzz_replay_reply_SOURCES = tests/fuzz/fuzz_reply.c $(replay_main)
tests_fuzz_replay_srp_SOURCES = tests/fuzz/fuzz_srp.c $(replay_main)
tests_fuzz_replay_usermap_SOURCES = tests/fuzz/fuzz_usermap.c $(replay_main)
tests_fuzz_replay_wire_SOURCES = tests/fuzz/fuzz_wire.c $(replay_main)
replay_main = tests/fuzz/replay_main.c
fuzz_replays = \
	tests/fuzz/replay_config \
	tests/fuzz/replay_jwks \
	tests/fuzz/replay_jwt \
	tests/fuzz/replay_reply \
	tests/fuzz/replay_srp \
	tests/fuzz/replay_usermap \
	tests/fuzz/replay_wire

# ------------------------------------------------------- files of known answers
tests_vectors_SOURCES = \
	tests/vectors.h \
	tests/vectors_host.c \
	tests/vectors_jwt.c \
	tests/vectors_main.c \
	tests/vectors_pool.c

# ------------------------------------------------------------------- all of it
check_PROGRAMS = $(unit_tests) $(fuzz_replays) tests/vectors
AM_DEFAULT_SOURCE_EXT = .c
test_scripts = tests/run-corpora tests/run-vectors tests/rules
TESTS = $(unit_tests) $(test_scripts)
AM_TESTS_ENVIRONMENT = top_builddir='$(abs_top_builddir)' CC='$(CC)'; \
	export top_builddir CC;

check-valgrind:
	$(MAKE) check TESTS='$(unit_tests)' LOG_COMPILER=valgrind \
		AM_LOG_FLAGS='-q --error-exitcode=99 --leak-check=full'

# Each target for FUZZ_SECONDS, starting from its corpus; clang's libFuzzer.
FUZZ_SECONDS = 60
fuzz:
	$(MKDIR_P) fuzzing
	set -e; for t in $(fuzz_targets); do \
	  mkdir -p fuzzing/$$t.found; \
	  clang -g -O1 -std=c17 $(AM_CPPFLAGS) $(test_cppflags) \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    $(srcdir)/tests/fuzz/fuzz_$$t.c $(srcdir)/tests/sign.c \
	    $$(find $(srcdir)/lib -name '*.c') \
	    $(CURL_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) -o fuzzing/$$t; \
	  fuzzing/$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    -max_len=16384 fuzzing/$$t.found $(srcdir)/tests/fuzz/corpus/$$t; \
	done

.PHONY: check-valgrind fuzz

test_extra_dist = $(test_scripts) tests/data tests/e2e tests/fuzz/corpus \
	tests/mutate tests/npm/package.json tests/npm/package-lock.json \
	tests/pool
