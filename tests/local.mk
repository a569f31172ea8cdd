# SPDX-License-Identifier: MIT
# Tests that need neither root nor a network; ./run-tests adds the others.

# ------------------------------------------------------------- what they use
check_LTLIBRARIES = tests/libtesting.la
tests_libtesting_la_SOURCES = \
	tests/sign.c tests/sign.h \
	tests/unit/allocations.h \
	tests/unit/guest.c tests/unit/guest.h \
	tests/unit/link.c tests/unit/link.h \
	tests/unit/scenario.c tests/unit/scenario.h \
	tests/unit/shelf.c tests/unit/shelf.h \
	tests/unit/starved.h \
	tests/unit/tokens.c tests/unit/tokens.h \
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
	tests/unit/test_authtok \
	tests/unit/test_b64 \
	tests/unit/test_binding \
	tests/unit/test_change \
	tests/unit/test_config \
	tests/unit/test_decision \
	tests/unit/test_device \
	tests/unit/test_dialogue \
	tests/unit/test_display \
	tests/unit/test_endpoints \
	tests/unit/test_farewell \
	tests/unit/test_file \
	tests/unit/test_flow \
	tests/unit/test_flow_choices \
	tests/unit/test_flow_codes \
	tests/unit/test_flow_memory \
	tests/unit/test_flow_renewal \
	tests/unit/test_guest_memory \
	tests/unit/test_hash \
	tests/unit/test_http \
	tests/unit/test_identity \
	tests/unit/test_json \
	tests/unit/test_jwks \
	tests/unit/test_jwt \
	tests/unit/test_keep \
	tests/unit/test_keyset \
	tests/unit/test_lines \
	tests/unit/test_login \
	tests/unit/test_mark \
	tests/unit/test_memory \
	tests/unit/test_name \
	tests/unit/test_number \
	tests/unit/test_offline \
	tests/unit/test_options \
	tests/unit/test_password \
	tests/unit/test_pause \
	tests/unit/test_prepare \
	tests/unit/test_protocol \
	tests/unit/test_qr \
	tests/unit/test_reauth \
	tests/unit/test_recheck \
	tests/unit/test_record \
	tests/unit/test_refresh \
	tests/unit/test_refusal \
	tests/unit/test_renewal \
	tests/unit/test_rows \
	tests/unit/test_sandbox \
	tests/unit/test_scope \
	tests/unit/test_screen \
	tests/unit/test_seal \
	tests/unit/test_secret \
	tests/unit/test_session \
	tests/unit/test_skip \
	tests/unit/test_slot \
	tests/unit/test_srp \
	tests/unit/test_store \
	tests/unit/test_text \
	tests/unit/test_ticket \
	tests/unit/test_timestamp \
	tests/unit/test_tombstone \
	tests/unit/test_totp \
	tests/unit/test_unreachable \
	tests/unit/test_userlock \
	tests/unit/test_usermap \
	tests/unit/test_verifier \
	tests/unit/test_wire

# A failing random generator and u = 0, which no input can bring about.
tests_unit_test_device_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getrandom
tests_unit_test_srp_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=BN_priv_rand,--wrap=cog_hash_sha256

# SRP pairs of known secrets, or none.
flow_test_ldflags = $(AM_LDFLAGS) -Wl,--wrap=cog_srp_start
tests_unit_test_flow_LDFLAGS = $(flow_test_ldflags)
tests_unit_test_flow_choices_LDFLAGS = $(flow_test_ldflags)
tests_unit_test_flow_codes_LDFLAGS = $(flow_test_ldflags)
tests_unit_test_flow_memory_LDFLAGS = $(flow_test_ldflags) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=cog_flow_run
tests_unit_test_flow_renewal_LDFLAGS = $(flow_test_ldflags)

# Files of the store cannot be read or written, each call in turn.
tests_unit_test_record_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_slot_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=fchmod,--wrap=flock,--wrap=fsync,--wrap=openat,--wrap=read \
	-Wl,--wrap=renameat2,--wrap=write

# Each of our own allocations, and jansson's, is made to fail.
starved_ldflags = $(AM_LDFLAGS) \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray \
	-Wl,--wrap=strdup,--wrap=strndup,--wrap=vasprintf
tests_unit_test_guest_memory_LDFLAGS = $(starved_ldflags)
tests_unit_test_memory_LDFLAGS = $(starved_ldflags)
# libcurl too calls what the test has instead of the C library's.
tests_unit_test_unreachable_LDFLAGS = $(AM_LDFLAGS) -rdynamic \
	-Wl,--wrap=malloc
# These bring a libpam of their own.
tests_unit_test_authtok_SOURCES = \
	tests/unit/test_authtok.c pam/authtok.c pam/authtok.h
tests_unit_test_authtok_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_mark_SOURCES = tests/unit/test_mark.c pam/mark.c pam/mark.h
tests_unit_test_mark_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_skip_SOURCES = tests/unit/test_skip.c \
	pam/args.c pam/args.h pam/skip.c pam/skip.h
tests_unit_test_qr_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=QRcode_encodeString,--wrap=QRcode_free,--wrap=calloc
tests_unit_test_qr_LDADD = $(LDADD) $(QRENCODE_LIBS)
tests_unit_test_rows_SOURCES = \
	tests/unit/test_rows.c helper/rows.c helper/rows.h
tests_unit_test_dialogue_SOURCES = \
	tests/unit/test_dialogue.c helper/dialogue.c helper/dialogue.h \
	helper/screen.c helper/screen.h
tests_unit_test_farewell_SOURCES = \
	tests/unit/test_farewell.c helper/farewell.c helper/farewell.h
tests_unit_test_farewell_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=syslog,--wrap=__syslog_chk
tests_unit_test_screen_SOURCES = \
	tests/unit/test_screen.c helper/screen.c helper/screen.h
tests_unit_test_screen_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=calloc
tests_unit_test_sandbox_SOURCES = \
	tests/unit/test_sandbox.c helper/sandbox.c helper/sandbox.h

# ------------------------------ the module, with a helper that does as it is told
module_tests = tests/module/test_manners tests/module/test_module
module_test_sources = \
	tests/module/interpose.c tests/module/interpose.h \
	tests/module/scene.c tests/module/scene.h
tests_module_test_manners_SOURCES = \
	tests/module/test_manners.c $(module_test_sources)
tests_module_test_module_SOURCES = \
	tests/module/test_module.c $(module_test_sources)
module_test_ldflags = $(AM_LDFLAGS) -rdynamic
tests_module_test_manners_LDFLAGS = $(module_test_ldflags)
tests_module_test_module_LDFLAGS = $(module_test_ldflags)
module_test_ldadd = lib/libcore.la $(CMOCKA_LIBS) -lpam -ldl
tests_module_test_manners_LDADD = $(module_test_ldadd)
tests_module_test_module_LDADD = $(module_test_ldadd)

# The same objects as the installed module but for the helper's path and
# shorter patience. -rpath makes libtool link a plugin.
check_LTLIBRARIES += tests/module/pam_cognito.la tests/module/pam_earlier.la
tests_module_pam_cognito_la_SOURCES = $(pam_pam_cognito_la_SOURCES)
tests_module_pam_cognito_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DCOG_HELPER_PATH=\"$(abs_top_builddir)/tests/module/fake_helper\" \
	-DCOG_START_MS=1000 -DCOG_QUESTIONS_LOGIN_MS=1000 \
	-DCOG_SLACK_MS=2000
tests_module_pam_cognito_la_LIBADD = tests/module/libcore.la -lpam
tests_module_pam_cognito_la_LDFLAGS = $(pam_pam_cognito_la_LDFLAGS) \
	-rpath $(pamdir)
tests_module_pam_earlier_la_SOURCES = tests/module/pam_earlier.c
tests_module_pam_earlier_la_LIBADD = -lpam
tests_module_pam_earlier_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version \
	-shared -rpath $(pamdir)
# protocol.c knows how long questions may take.
check_LTLIBRARIES += tests/module/libcore.la
tests_module_libcore_la_SOURCES = $(lib_libcore_la_SOURCES)
tests_module_libcore_la_CPPFLAGS = $(tests_module_pam_cognito_la_CPPFLAGS)
tests_module_fake_helper_SOURCES = tests/module/fake_helper.c
tests_module_fake_helper_LDADD = lib/libcore.la
module_test_programs = $(module_tests) tests/module/fake_helper

# ------------------------------------ fuzz targets, replayed over their corpus
fuzz_targets = binding config flow jwks jwt record reply srp usermap wire

tests_fuzz_replay_binding_SOURCES = tests/fuzz/fuzz_binding.c $(replay_main)
tests_fuzz_replay_config_SOURCES = tests/fuzz/fuzz_config.c $(replay_main)
tests_fuzz_replay_flow_SOURCES = tests/fuzz/fuzz_flow.c $(replay_main)
tests_fuzz_replay_jwks_SOURCES = tests/fuzz/fuzz_jwks.c $(replay_main)
tests_fuzz_replay_jwt_SOURCES = tests/fuzz/fuzz_jwt.c $(replay_main)
tests_fuzz_replay_record_SOURCES = tests/fuzz/fuzz_record.c $(replay_main)
tests_fuzz_replay_reply_SOURCES = tests/fuzz/fuzz_reply.c $(replay_main)
tests_fuzz_replay_srp_SOURCES = tests/fuzz/fuzz_srp.c $(replay_main)
tests_fuzz_replay_usermap_SOURCES = tests/fuzz/fuzz_usermap.c $(replay_main)
tests_fuzz_replay_wire_SOURCES = tests/fuzz/fuzz_wire.c $(replay_main)
replay_main = tests/fuzz/replay_main.c
fuzz_replays = \
	tests/fuzz/replay_binding \
	tests/fuzz/replay_config \
	tests/fuzz/replay_flow \
	tests/fuzz/replay_jwks \
	tests/fuzz/replay_jwt \
	tests/fuzz/replay_record \
	tests/fuzz/replay_reply \
	tests/fuzz/replay_srp \
	tests/fuzz/replay_usermap \
	tests/fuzz/replay_wire

# --------------------------- the store, killed or failing at every system call
tests_store_driver_SOURCES = tests/store_driver.c

# ------------------------------------------------------- files of known answers
tests_vectors_SOURCES = \
	tests/vectors.h \
	tests/vectors_host.c \
	tests/vectors_jwt.c \
	tests/vectors_main.c \
	tests/vectors_pool.c

# ------------------------------------------------------------------- all of it
check_PROGRAMS = $(unit_tests) $(module_test_programs) $(fuzz_replays) \
	tests/store_driver tests/vectors
AM_DEFAULT_SOURCE_EXT = .c
test_scripts = tests/run-corpora tests/run-vectors tests/rules tests/store_sweep
TESTS = $(unit_tests) $(module_tests) $(test_scripts)
AM_TESTS_ENVIRONMENT = top_builddir='$(abs_top_builddir)' CC='$(CC)'; \
	export top_builddir CC;

# Everything `make check` would build, without running it.
build-tests: $(check_PROGRAMS) $(check_LTLIBRARIES)

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
	    $(CRYPT_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) $(QRENCODE_LIBS) \
	    -o fuzzing/$$t; \
	  fuzzing/$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    -max_len=16384 fuzzing/$$t.found $(srcdir)/tests/fuzz/corpus/$$t; \
	done

.PHONY: build-tests check-valgrind fuzz

test_extra_dist = $(test_scripts) tests/data tests/e2e tests/fuzz/corpus \
	tests/mutate tests/npm/package.json tests/npm/package-lock.json \
	tests/package tests/pool tests/setup.sh tests/unit/tls_server.py
