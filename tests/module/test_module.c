/* SPDX-License-Identifier: MIT */
/*
 * The module in the real libpam with a helper that does what a test says: what
 * PAM, the user and the log are told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/module/interpose.h"
#include "tests/module/scene.h"

#define HELPER_PATH COG_BUILD_DIR "/tests/module/fake_helper"

/* What the user sees. */
#define OFF(text)  "off: " text "\n"
#define ON(text)   "on: " text "\n"
#define INFO(text) "info: " text "\n"
#define TOLD(text) "error: " text " (ref REF)\n"

#define PASSWORD OFF("Password: ")
#define TOTP     ON("Authenticator code: ")

#define REFUSED TOLD("Sign-in refused. Check your user name and password.")
#define UNAVAILABLE \
    TOLD("The sign-in service cannot be used right now. Try again later.")
#define THROTTLED \
    TOLD("Too many sign-ins right now. Wait a minute and try again.")
#define MAXTRIES    TOLD("Too many attempts. Wait a few minutes and try again.")
#define NOT_ALLOWED TOLD("You are not allowed to sign in to this account.")
#define MISCONFIGURED                                    \
    TOLD("Sign-in is not set up on this host. Tell its " \
         "administrator.")
#define NO_CONVERSATION TOLD("This program cannot ask what the sign-in needs.")
#define INTERNAL                         \
    TOLD("Sign-in failed on this host. " \
         "Tell its administrator.")
#define NEVER                                        \
    TOLD("New on this host: sign in once with your " \
         "pool password.")
#define UNSUPPORTED TOLD("Pool passwords cannot be changed from this host.")

/* What is logged. */
#define LINE(level, who, result, code, facts, rhost, reason)                \
    "authpriv." level " pam_cognito(" who "): result=" result " code=" code \
    " " facts " rhost=" rhost " reason=\"" reason "\" ref=REF\n"
#define ALICE(pool_user, sub, method, mfa)                              \
    "user=alice pool_user=" pool_user " sub=" sub " method=" method " " \
    "mfa=" mfa
/* By what the fake helper's verdicts say, and by the module itself. */
#define FACTS ALICE("alice@pool", "sub-1", "password", "totp")
#define BARE  ALICE("-", "-", "-", "-")

/* libpam's own, when the application's conversation fails. */
#define FAILED(who) "authpriv.err pam_cognito(" who "): conversation failed\n"

#define OK_LINE                                                \
    LINE("info", "sshd:auth", "ok", "PAM_SUCCESS", FACTS, "-", \
         "as the test says")
#define VERDICT(level, code) \
    LINE(level, "sshd:auth", "refused", code, FACTS, "-", "as the test says")
#define REFUSAL(level, code, reason) \
    LINE(level, "sshd:auth", "refused", code, BARE, "-", reason)
/* The helper is not to be trusted. */
#define BROKEN(reason)                                       \
    .status = PAM_SYSTEM_ERR, .talk = INTERNAL, .starts = 1, \
    .log = REFUSAL("err", "PAM_SYSTEM_ERR", reason)

/* Every code of a verdict, in the order of enum cog_errc. */
static const struct scene verdicts[] = {
    {
        .name = "ok",
        .helper = "ready:5000/ask:1/want:hunter2/say:0",
        .answers = {"hunter2"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .time = SCENE_AT_ONCE,
        .starts = 1,
    },
#define ROW(number, pam, level, shown)                                 \
    {                                                                  \
        .name = #number " is " #pam, .helper = "ready:1/say:" #number, \
        .status = pam, .talk = shown, .log = VERDICT(level, #pam),     \
        .time = SCENE_AT_ONCE, .starts = 1                             \
    }
    ROW(1, PAM_BUF_ERR, "err", INTERNAL),
    ROW(2, PAM_SYSTEM_ERR, "err", INTERNAL),
    ROW(3, PAM_SERVICE_ERR, "err", MISCONFIGURED),
    ROW(4, PAM_CONV_ERR, "notice", NO_CONVERSATION),
    ROW(5, PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW(6, PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW(7, PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW(8, PAM_AUTHINFO_UNAVAIL, "notice", THROTTLED),
    ROW(9, PAM_AUTH_ERR, "notice", REFUSED),
    ROW(10, PAM_AUTH_ERR, "notice", REFUSED),
    ROW(11, PAM_MAXTRIES, "notice", MAXTRIES),
    ROW(12, PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW(13, PAM_PERM_DENIED, "notice", NOT_ALLOWED),
    {
        .name = "14 is PAM_USER_UNKNOWN, about which the user hears nothing",
        .helper = "say:14",
        .status = PAM_USER_UNKNOWN,
        .log = VERDICT("info", "PAM_USER_UNKNOWN"),
        .time = SCENE_AT_ONCE,
        .starts = 1,
    },
    ROW(15, PAM_AUTH_ERR, "notice", NEVER),
    ROW(16, PAM_AUTHTOK_ERR, "notice", UNSUPPORTED),
    ROW(17, PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW(18, PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
#undef ROW
    {
        .name = "19 is no code",
        .helper = "say:19",
        BROKEN("malformed frame: a number is out of range"),
    },
    {
        .name = "out of scope in account is nothing to log",
        .helper = "say:14",
        .phase = SCENE_ACCOUNT,
        .status = PAM_USER_UNKNOWN,
        .starts = 1,
    },
    {
        .name = "unless the configuration says debug",
        .helper = "debug/say:14",
        .phase = SCENE_ACCOUNT,
        .status = PAM_USER_UNKNOWN,
        .log = LINE("info", "sshd:account", "refused", "PAM_USER_UNKNOWN",
                    FACTS, "-", "as the test says"),
        .starts = 1,
    },
    {
        .name = "or the arguments do",
        .helper = "say:14",
        .args = "debug",
        .phase = SCENE_ACCOUNT,
        .status = PAM_USER_UNKNOWN,
        .log = LINE("info", "sshd:account", "refused", "PAM_USER_UNKNOWN",
                    FACTS, "-", "as the test says"),
        .starts = 1,
    },
};

static void
no_helper(void)
{
    interpose_spawn("/nonexistent/helper");
}

static void
no_program(void)
{
    interpose_spawn("/etc/passwd");
}

static void
another_program(void)
{
    interpose_spawn("/bin/cat");
}

#define X8(text) text text text text text text text text

/* Helpers that are missing, die, hang, lie and chatter. */
static const struct scene helpers[] = {
    {
        .name = "is missing",
        .host = no_helper,
        BROKEN("cannot run the helper " HELPER_PATH
               ": No such file or directory"),
        .time = SCENE_AT_ONCE,
    },
    {
        .name = "is no program",
        .host = no_program,
        BROKEN("cannot run the helper " HELPER_PATH ": Permission denied"),
        .time = SCENE_AT_ONCE,
    },
    {
        .name = "is another program",
        .host = another_program,
        BROKEN("no answer in time"),
    },
    {
        .name = "leaves at once",
        .helper = "",
        BROKEN("the helper ended without a verdict"),
        .time = SCENE_AT_ONCE,
    },
    {
        .name = "is killed",
        .helper = "kill",
        BROKEN("the helper ended without a verdict"),
        .time = SCENE_AT_ONCE,
    },
    {
        .name = "is killed when it was ready",
        .helper = "ready:60000/kill",
        BROKEN("the helper ended without a verdict"),
        .time = SCENE_AT_ONCE,
    },
    {
        .name = "is never ready",
        .helper = "hang",
        BROKEN("no answer in time"),
    },
    {
        .name = "is stopped",
        .helper = "stop",
        BROKEN("no answer in time"),
    },
    {
        .name = "is stopped when it was ready",
        .helper = "ready:100/stop",
        BROKEN("no answer in time"),
    },
    {
        .name = "talks nonsense when it was ready",
        .helper = "ready:5000/raw:ff",
        BROKEN("frame of another version: are the module and the helper from "
               "the same release?"),
    },
    {
        .name = "is killed when it has told something",
        .helper = "tell:19/kill",
        .flags = PAM_SILENT,
        .status = PAM_SYSTEM_ERR,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper ended without a verdict"),
        .starts = 1,
    },
    {
        .name = "stops when it was answered",
        .helper = "ready:100/ask:1/stop",
        .answers = {"hunter2"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR", "no answer in time"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "is stopped after its verdict",
        .helper = "ready:100/say:0/stop",
        BROKEN("no answer in time"),
    },
    {
        .name = "keeps the socket open after its verdict",
        .helper = "ready:100/say:0/hang",
        BROKEN("no answer in time"),
    },
    {
        .name = "stays, with the socket closed: the verdict counts",
        .helper = "say:0/linger",
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "is ready twice",
        .helper = "ready:5000/ready:5000/say:0",
        BROKEN("the helper was ready twice"),
    },
    {
        .name = "wants a huge budget",
        .helper = "ready:60001/say:0",
        BROKEN("malformed frame: a number is out of range"),
    },
    {
        .name = "answers another request",
        .helper = "nonce/say:0",
        BROKEN("malformed frame: the verdict is for another request"),
    },
    {
        .name = "answers for another user",
        .helper = "user:bob/say:0",
        BROKEN("malformed frame: the verdict is for another user"),
    },
    {
        .name = "lets somebody in without saying whom",
        .helper = "no_sub/say:0",
        BROKEN("the helper's verdict names no pool user"),
    },
    {
        .name = "may refuse without saying whom",
        .helper = "no_sub/say:9",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = LINE("notice", "sshd:auth", "refused", "PAM_AUTH_ERR",
                    ALICE("alice@pool", "-", "password", "totp"), "-",
                    "as the test says"),
        .starts = 1,
    },
    {
        .name = "says it twice",
        .helper = "say:0/say:0",
        BROKEN("the helper went on after its verdict"),
    },
    {
        .name = "says no, then yes",
        .helper = "say:9/say:0",
        BROKEN("the helper went on after its verdict"),
    },
    {
        .name = "goes on after its verdict",
        .helper = "say:0/tell:1",
        BROKEN("the helper went on after its verdict"),
    },
    {
        .name = "goes on with nonsense after its verdict",
        .helper = "say:0/raw:ff",
        BROKEN("frame of another version: are the module and the helper from "
               "the same release?"),
    },
    {
        .name = "tells what there is no text for, then yes",
        .helper = "raw:010539393900000000/say:0",
        BROKEN("malformed frame: a number is out of range"),
    },
    {
        .name = "speaks another version",
        .helper = "raw:02023100/say:0",
        BROKEN("frame of another version: are the module and the helper from "
               "the same release?"),
    },
    {
        .name = "sends an unknown kind",
        .helper = "raw:01073100/say:0",
        BROKEN("malformed frame"),
    },
    {
        .name = "sends trailing bytes",
        .helper = "raw:0102310032/say:0",
        BROKEN("malformed frame"),
    },
    {
        .name = "sends too many strings",
        .helper = "raw:010231003200/say:0",
        BROKEN("malformed frame"),
    },
    {
        .name = "sends an empty frame",
        .helper = "raw:/hang",
        BROKEN("empty frame"),
    },
    {
        .name = "sends a frame too long",
        .helper = "oversized/say:0",
        BROKEN("oversized frame"),
    },
    {
        .name = "sends a descriptor",
        .helper = "descriptor/say:0",
        BROKEN("oversized frame"),
    },
    {
        .name = "sends an answer",
        .helper = "raw:01047800/say:0",
        BROKEN("the helper ended without a verdict"),
    },
    {
        .name = "asks what there is no text for",
        .helper = "raw:01033000393900000000/say:0",
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "malformed frame: a number is out of range"),
        .starts = 1,
    },
    {
        .name = "chatters",
        .helper = "chatter:1",
        .flags = PAM_SILENT,
        .status = PAM_SYSTEM_ERR,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper does not come to an end"),
        .starts = 1,
    },
    {
        .name = "asks for passwords without end",
        .helper = "nag:1",
        .answers = {"#again"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD PASSWORD INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper asks for too many passwords"),
        .starts = 1,
    },
    {
        .name = "asks without end",
        .helper = "nag:2",
        .answers = {"#again"},
        .status = PAM_SYSTEM_ERR,
        .talk = X8(X8(OFF("Authenticator code: "))) INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper does not come to an end"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "asks, then dies",
        .helper = "ready:5000/ask:1/kill",
        .answers = {"hunter2"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper ended without a verdict"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "quotes",
        .helper = "nasty/say:9",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = LINE(
            "notice", "sshd:auth", "refused", "PAM_AUTH_ERR",
            ALICE("x_sub=root%n", "\\xe2\\x80\\xaeevil\\xff", "\\\"", "\\x09"),
            "-", "%s\\\" ref=none\\x0a\\\\ \\x1b[2J"),
        .starts = 1,
    },
};

/* Questions and answers. */
static const struct scene conversations[] = {
    {
        .name = "a wrong password waits",
        .helper = "ready:5000/ask:1/say:9",
        .answers = {"wrong"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD REFUSED,
        .log = VERDICT("notice", "PAM_AUTH_ERR"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "so does whoever is not allowed",
        .helper = "ready:5000/ask:1/say:13",
        .answers = {"hunter2"},
        .status = PAM_PERM_DENIED,
        .talk = PASSWORD NOT_ALLOWED,
        .log = VERDICT("notice", "PAM_PERM_DENIED"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "and whoever is out of scope",
        .helper = "ready:5000/ask:1/say:14",
        .answers = {"hunter2"},
        .status = PAM_USER_UNKNOWN,
        .talk = PASSWORD,
        .log = VERDICT("info", "PAM_USER_UNKNOWN"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "the wait counts from the first answer",
        .helper = "ready:5000/ask:1/sleep:1500/echo:2/say:9",
        .answers = {"hunter2", "123456"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD TOTP REFUSED,
        .log = VERDICT("notice", "PAM_AUTH_ERR"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "several questions, and texts between",
        .helper = "ready:5000/ask:1/want:hunter2/tell:14/echo:2/want:123456/"
                  "say:0",
        .answers = {"hunter2", "123456"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD INFO(
            "Too many attempts. Wait a few minutes and try again.") TOTP,
        .log = OK_LINE,
        .time = SCENE_AT_ONCE,
        .starts = 1,
    },
    {
        .name = "silence hides texts, not questions",
        .helper = "ready:5000/ask:1/tell:14/say:9",
        .flags = PAM_SILENT,
        .answers = {"wrong"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD,
        .log = VERDICT("notice", "PAM_AUTH_ERR"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "the conversation fails",
        .helper = "ready:5000/ask:1/say:0",
        .answers = {"#fail"},
        .status = PAM_CONV_ERR,
        .talk = PASSWORD NO_CONVERSATION,
        .log = FAILED("sshd:auth")
            REFUSAL("notice", "PAM_CONV_ERR",
                    "the conversation failed: Conversation error"),
        .starts = 1,
    },
    {
        .name = "sshd's password method cannot show what is typed",
        .helper = "ready:5000/ask:1/echo:2/say:0",
        .answers = {"hunter2", "#fail"},
        .status = PAM_CONV_ERR,
        .talk = PASSWORD TOTP NO_CONVERSATION,
        .log = FAILED("sshd:auth")
            REFUSAL("notice", "PAM_CONV_ERR",
                    "sshd's password method cannot ask \\\"Authenticator "
                    "code: \\\": set KbdInteractiveAuthentication yes"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "other services just fail",
        .service = "sudo",
        .helper = "ready:5000/echo:2/say:0",
        .answers = {"#fail"},
        .status = PAM_CONV_ERR,
        .talk = TOTP NO_CONVERSATION,
        .log = FAILED("sudo:auth")
            LINE("notice", "sudo:auth", "refused", "PAM_CONV_ERR", BARE, "-",
                 "the conversation failed: Conversation error"),
        .starts = 1,
    },
    {
        .name = "no response is an empty answer",
        .helper = "ready:5000/ask:1/want:/say:0",
        .answers = {"#null"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "so is one without a text",
        .helper = "ready:5000/ask:1/want:/say:0",
        .answers = {"#nothing"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "an empty answer",
        .helper = "ready:5000/ask:1/want:/say:0",
        .answers = {""},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "the longest answer",
        .helper = "ready:5000/ask:1/want_bytes:511/say:0",
        .answers = {"#len:511"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
#define TOO_LONG(length)                                                    \
    {                                                                       \
        .name = length " bytes are too many",                               \
        .helper = "ready:5000/ask:1/say:0", .answers = {"#len:" length},    \
        .status = PAM_AUTH_ERR, .talk = PASSWORD REFUSED,                   \
        .log = REFUSAL("notice", "PAM_AUTH_ERR", "the answer is too long"), \
        .time = SCENE_FLOOR, .starts = 1                                    \
    }
    TOO_LONG("512"),
    TOO_LONG("65536"),
#undef TOO_LONG
    {
        .name = "an answer too late for a console",
        .service = "login",
        .helper = "ready:5000/ask:1/say:0",
        .answers = {"#sleep:1300"},
        .status = PAM_CONV_ERR,
        .talk = PASSWORD NO_CONVERSATION,
        .log = LINE("notice", "login:auth", "refused", "PAM_CONV_ERR", BARE,
                    "-", "the answer came too late"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "all questions share the time",
        .service = "login",
        .helper = "ready:5000/ask:1/echo:2/say:0",
        .answers = {"#sleep:600", "#sleep:600"},
        .status = PAM_CONV_ERR,
        .talk = PASSWORD TOTP NO_CONVERSATION,
        .log = LINE("notice", "login:auth", "refused", "PAM_CONV_ERR", BARE,
                    "-", "the answer came too late"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "the helper's time stands still meanwhile",
        .helper = "ready:1/ask:1/say:0",
        .answers = {"#sleep:3500"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "the remote host is logged",
        .helper = "say:0",
        .rhost = "host.example",
        .status = PAM_SUCCESS,
        .log = LINE("info", "sshd:auth", "ok", "PAM_SUCCESS", FACTS,
                    "host.example", "as the test says"),
        .starts = 1,
    },
    {
        .name = "and cannot forge a line",
        .helper = "say:0",
        .rhost = "h reason=\"ok\"\n",
        .status = PAM_SUCCESS,
        .log = LINE("info", "sshd:auth", "ok", "PAM_SUCCESS", FACTS,
                    "h_reason=\\\"ok\\\"\\x0a", "as the test says"),
        .starts = 1,
    },
};

/* The user is another one than at the beginning. */
static const struct scene changes[] = {
    {
        .name = "another user",
        .helper = "ask:1/say:0",
        .answers = {"#user:bob"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD INTERNAL,
        .log = LINE("err", "sshd:auth", "refused", "PAM_SYSTEM_ERR", FACTS, "-",
                    "the application changed the user meanwhile"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "another uid",
        .helper = "ask:1/say:0",
        .answers = {"#uid:2005"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD INTERNAL,
        .log = LINE("err", "sshd:auth", "refused", "PAM_SYSTEM_ERR", FACTS, "-",
                    "the user's uid changed meanwhile"),
        .starts = 1,
    },
    {
        .name = "root's uid",
        .helper = "ask:1/say:0",
        .answers = {"#uid:0"},
        .status = PAM_USER_UNKNOWN,
        .talk = PASSWORD,
        .log = LINE("info", "sshd:auth", "refused", "PAM_USER_UNKNOWN", FACTS,
                    "-", "uid 0 is never ours"),
        .starts = 1,
    },
    /* NSS says that ALICE is alice: not signed in under another spelling, and
     * passed on only if alice would be. */
    {
        .name = "another spelling",
        .helper = "say:0",
        .user = "ALICE",
        .status = PAM_PERM_DENIED,
        .talk = NOT_ALLOWED,
        .log = LINE("notice", "sshd:auth", "refused", "PAM_PERM_DENIED", FACTS,
                    "-", "the account is spelled 'alice'"),
        .starts = 1,
    },
    {
        .name = "another spelling of somebody who is not ours",
        .helper = "say:14",
        .user = "ALICE",
        .status = PAM_USER_UNKNOWN,
        .starts = 1,
    },
    {
        .name = "none any more",
        .helper = "ask:1/say:0",
        .answers = {"#uid:4294967295"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD INTERNAL,
        .log = LINE("err", "sshd:auth", "refused", "PAM_SYSTEM_ERR", FACTS, "-",
                    "the user's uid changed meanwhile"),
        .starts = 1,
    },
    {
        .name = "never was one",
        .user = "ghost",
        .helper = "say:0",
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = LINE("err", "sshd:auth", "refused", "PAM_SYSTEM_ERR",
                    "user=ghost pool_user=alice@pool sub=sub-1 "
                    "method=password mfa=totp",
                    "-", "the user's uid changed meanwhile"),
        .starts = 1,
    },
};

#define BAD_ARGUMENT(text, reason)                                             \
    {                                                                          \
        .name = "bad argument " text, .args = text, .status = PAM_SERVICE_ERR, \
        .talk = MISCONFIGURED,                                                 \
        .log = REFUSAL("err", "PAM_SERVICE_ERR", reason),                      \
        .time = SCENE_AT_ONCE                                                  \
    }
#define UNKNOWN_ARGUMENT(text) \
    BAD_ARGUMENT(text, "unknown module argument '" text "'")
#define NOT_ABSOLUTE(text) \
    BAD_ARGUMENT(text, "module argument conf= needs an absolute path")
#define X64 X8("xxxxxxxx")

static const struct scene arguments[] = {
    UNKNOWN_ARGUMENT("bogus"),
    UNKNOWN_ARGUMENT("DEBUG"),
    UNKNOWN_ARGUMENT("debug=yes"),
    UNKNOWN_ARGUMENT("skip_user="),
    UNKNOWN_ARGUMENT("helper=/bin/true"),
    BAD_ARGUMENT(X64 X64, "unknown module argument '" X64
                          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'"),
    BAD_ARGUMENT("debug bogus conf=/etc/other skip_user=bob",
                 "unknown module argument 'bogus'"),
    NOT_ABSOLUTE("conf="),
    NOT_ABSOLUTE("conf=pam_cognito.conf"),
    NOT_ABSOLUTE("conf=./pam_cognito.conf"),
    NOT_ABSOLUTE("conf=/" X8(X64)),
    {
        .name = "no password was given earlier",
        .helper = "request:1,2/ask:1/say:0",
        .args = "use_first_pass",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = REFUSAL("notice", "PAM_AUTH_ERR",
                       "use_first_pass, but no usable password was given to "
                       "an earlier module"),
        .starts = 1,
    },
    {
        .name = "one was, and nobody is asked",
        .helper = "request:1,2/ask:1/want:earlier/say:0",
        .args = "use_first_pass",
        .authtok = "earlier",
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "it is used once",
        .helper = "request:1,2/ask:1/want:earlier/ask:1/say:0",
        .args = "use_first_pass",
        .authtok = "earlier",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = REFUSAL("notice", "PAM_AUTH_ERR",
                       "use_first_pass, but no usable password was given to "
                       "an earlier module"),
        .time = SCENE_ANY_TIME,
        .starts = 1,
    },
    {
        .name = "other questions are asked all the same",
        .helper = "request:1,2/ask:1/want:earlier/echo:2/want:123456/say:0",
        .args = "use_first_pass",
        .authtok = "earlier",
        .answers = {"123456"},
        .status = PAM_SUCCESS,
        .talk = TOTP,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "a long one is refused",
        .helper = "ask:1/say:0",
        .args = "use_first_pass",
        .authtok = X8(X64),
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = REFUSAL("notice", "PAM_AUTH_ERR",
                       "the stacked password is too long"),
        .starts = 1,
    },
    {
        .name = "it is tried, then the user is asked",
        .helper = "request:1,1/ask:1/want:earlier/ask:1/want:typed/say:0",
        .args = "try_first_pass",
        .authtok = "earlier",
        .answers = {"typed"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "there is nothing to try",
        .helper = "request:1,0/ask:1/want:typed/say:0",
        .args = "try_first_pass",
        .answers = {"typed"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "it is not used unless we are told to",
        .helper = "request:1,0/ask:1/want:typed/say:0",
        .authtok = "earlier",
        .answers = {"typed"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
};

/* The other phases, and users that are named late or never. */
static const struct scene others[] = {
    {
        .name = "account asks the helper",
        .helper = "request:2,0/say:15",
        .phase = SCENE_ACCOUNT,
        .status = PAM_AUTH_ERR,
        .talk = NEVER,
        .log = LINE("notice", "sshd:account", "refused", "PAM_AUTH_ERR", FACTS,
                    "-", "as the test says"),
        .starts = 1,
    },
    {
        .name = "account takes the helper's word",
        .helper = "request:2,0/say:0",
        .phase = SCENE_ACCOUNT,
        .status = PAM_SUCCESS,
        .log = LINE("info", "sshd:account", "ok", "PAM_SUCCESS", FACTS, "-",
                    "as the test says"),
        .starts = 1,
    },
    {
        .name = "account without a helper",
        .host = no_helper,
        .phase = SCENE_ACCOUNT,
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = LINE(
            "err", "sshd:account", "refused", "PAM_SYSTEM_ERR", BARE, "-",
            "cannot run the helper " HELPER_PATH ": No such file or directory"),
        .starts = 1,
    },
    {
        .name = "account lets nobody in without saying whom",
        .helper = "no_sub/say:0",
        .phase = SCENE_ACCOUNT,
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = LINE("err", "sshd:account", "refused", "PAM_SYSTEM_ERR", BARE,
                    "-", "the helper's verdict names no pool user"),
        .starts = 1,
    },
    {
        .name = "passwords are not changed",
        .helper = "request:3,0/say:16",
        .phase = SCENE_PASSWORD,
        .status = PAM_AUTHTOK_ERR,
        .talk = UNSUPPORTED,
        .log = LINE("notice", "sshd:chauthtok", "refused", "PAM_AUTHTOK_ERR",
                    FACTS, "-", "as the test says"),
        .starts = 1,
    },
    {
        .name = "setcred does nothing",
        .helper = "kill",
        .args = "bogus",
        .phase = SCENE_SETCRED,
        .flags = PAM_ESTABLISH_CRED,
        .status = PAM_SUCCESS,
    },
    {
        .name = "nor does opening a session",
        .helper = "kill",
        .args = "bogus",
        .phase = SCENE_OPEN_SESSION,
        .status = PAM_SUCCESS,
    },
    {
        .name = "nor closing one",
        .helper = "kill",
        .args = "bogus",
        .phase = SCENE_CLOSE_SESSION,
        .status = PAM_SUCCESS,
    },
    {
        .name = "the user is asked for a name",
        .user = "",
        .helper = "ask:1/say:0",
        .answers = {"alice", "hunter2"},
        .status = PAM_SUCCESS,
        .talk = ON("login:") PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "root says so and is left alone",
        .user = "",
        .helper = "ask:1/say:0",
        .answers = {"root"},
        .status = PAM_USER_UNKNOWN,
        .talk = ON("login:"),
        .time = SCENE_AT_ONCE,
    },
    {
        .name = "no name is said",
        .user = "",
        .helper = "ask:1/say:0",
        .answers = {"#fail"},
        .status = PAM_CONV_ERR,
        .talk = ON("login:") NO_CONVERSATION,
        .log = LINE("notice", "sshd:auth", "refused", "PAM_CONV_ERR",
                    "user=- pool_user=- sub=- method=- mfa=-", "-",
                    "no user name: Conversation error"),
        .time = SCENE_AT_ONCE,
    },
    {
        .name = "the lowest uid there is",
        .user = "first",
        .helper = "say:9",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = LINE("notice", "sshd:auth", "refused", "PAM_AUTH_ERR",
                    "user=first pool_user=alice@pool sub=sub-1 "
                    "method=password mfa=totp",
                    "-", "as the test says"),
        .starts = 1,
    },
    {
        .name = "who is unknown is asked about like everyone",
        .user = "ghost",
        .helper = "ask:1/say:9",
        .answers = {"x"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD REFUSED,
        .log = LINE("notice", "sshd:auth", "refused", "PAM_AUTH_ERR",
                    "user=ghost pool_user=alice@pool sub=sub-1 "
                    "method=password mfa=totp",
                    "-", "as the test says"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "skip_user= is for whom it names",
        .args = "skip_user=alic skip_user=alice2 skip_user=bob",
        .helper = "say:9",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = VERDICT("notice", "PAM_AUTH_ERR"),
        .starts = 1,
    },
};

/* Users the module never touches. */
static const char *const skipped[] = {
    "root",
    "daemon",
    "toor",
    "almost",
    "lowest-dynamic",
    "highest-dynamic",
    "nobody",
    "beyond",
    "break-glass",
    "lost-break-glass",
    "Alice",
    "a b",
    "alice\n",
    "-alice",
    "1alice",
    "al/ice",
    "alice@example.org",
    "..",
    "\xc3\xbcnal",
    "abcdefghijklmnopqrstuvwxyzabcdefg",
};

static const enum scene_phase deciding[] = {
    SCENE_AUTHENTICATE,
    SCENE_ACCOUNT,
    SCENE_PASSWORD,
};

#define BREAK_GLASS "skip_user=break-glass skip_user=lost-break-glass"

/* With good arguments, and with all of them broken. */
static const struct {
    const char *helper, *args;
} skip_arguments[] = {
    {"say:0", BREAK_GLASS},
    {NULL, "bogus conf=relative skip_user= " BREAK_GLASS " debug=1"},
};

static void
leave_alone(size_t index)
{
    for (size_t i = 0; i < COG_COUNT(deciding); i++) {
        for (size_t j = 0; j < COG_COUNT(skip_arguments); j++) {
            const struct scene scene = {
                .user = skipped[index],
                .helper = skip_arguments[j].helper,
                .args = skip_arguments[j].args,
                .phase = deciding[i],
                .status = PAM_USER_UNKNOWN,
                .time = SCENE_AT_ONCE,
            };
            struct stage *stage = stage_open(&scene);

            stage_play(stage, &scene);
            stage_close(stage);
        }
    }
}

static const char *
skip_name(size_t index)
{
    return skipped[index];
}

/* Why, where somebody wants to know. */
static const struct scene skip_reasons[] = {
#define SKIPPED(who, arguments, reason)                                   \
    {                                                                     \
        .name = who, .user = who, .args = "debug " arguments,             \
        .status = PAM_USER_UNKNOWN,                                       \
        .log = LINE("info", "sshd:auth", "refused", "PAM_USER_UNKNOWN",   \
                    "user=" who " pool_user=- sub=- method=- mfa=-", "-", \
                    reason),                                              \
        .time = SCENE_AT_ONCE                                             \
    }
    SKIPPED("root", "", "uid 0 is never ours"),
    SKIPPED("nobody", "bogus", "uid 65534 is never ours"),
    SKIPPED("break-glass", BREAK_GLASS, "named in skip_user="),
    SKIPPED("Alice", "", "not a user name we serve"),
#undef SKIPPED
};

/* "Signed in a moment ago": one sign-in, something in between, account. */
struct mark {
    const char *name;
    const char *helper; /* of the sign-in */
    void (*between)(struct stage *stage);
    bool holds;
};

static void
check_status(const char *what, int got, int want)
{
    if (got != want)
        scene_complain("%s: status %d instead of %d", what, got, want);
}

static void
nothing(struct stage *stage COG_UNUSED)
{
}

static void
becomes_bob(struct stage *stage)
{
    (void)pam_set_item(stage_pam(stage), PAM_USER, "bob");
}

static void
uid_changes(struct stage *stage COG_UNUSED)
{
    interpose_set_uid("alice", 2005);
}

static void
user_vanishes(struct stage *stage COG_UNUSED)
{
    interpose_set_uid("alice", UINT32_MAX);
}

static void
almost_five_minutes_pass(struct stage *stage COG_UNUSED)
{
    interpose_advance_ms((5 * 60 - 10) * 1000);
}

static void
five_minutes_pass(struct stage *stage COG_UNUSED)
{
    interpose_advance_ms((5 * 60 + 1) * 1000);
}

static void
time_runs_backwards(struct stage *stage COG_UNUSED)
{
    interpose_advance_ms(-60 * 1000);
}

static void
credentials_are_set(struct stage *stage)
{
    check_status("setcred", stage_call(stage, SCENE_SETCRED, 0), PAM_SUCCESS);
}

static void
account_asks(struct stage *stage)
{
    check_status("account", stage_call(stage, SCENE_ACCOUNT, 0), PAM_SUCCESS);
}

static void
a_second_sign_in_fails(struct stage *stage)
{
    interpose_spawn("/nonexistent/helper");
    check_status("second sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_SYSTEM_ERR);
    interpose_spawn(NULL);
}

static void
a_second_sign_in_is_skipped(struct stage *stage)
{
    (void)pam_set_item(stage_pam(stage), PAM_USER, "root");
    check_status("root's sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_USER_UNKNOWN);
    (void)pam_set_item(stage_pam(stage), PAM_USER, "alice");
}

static const struct mark marks[] = {
    {"at once", "say:0", nothing, true},
    {"after setcred", "say:0", credentials_are_set, true},
    {"a second time", "say:0", account_asks, true},
    {"within five minutes", "say:0", almost_five_minutes_pass, true},
    {"after five minutes", "say:0", five_minutes_pass, false},
    {"before it was set", "say:0", time_runs_backwards, false},
    {"for another user", "say:0", becomes_bob, false},
    {"for another uid", "say:0", uid_changes, false},
    {"for nobody", "say:0", user_vanishes, false},
    {"after a refusal", "say:9", nothing, false},
    {"after a lie", "no_sub/say:0", nothing, false},
    {"after a second sign-in that failed", "say:0", a_second_sign_in_fails,
     false},
    {"after a second sign-in that was skipped", "say:0",
     a_second_sign_in_is_skipped, false},
};

/* Account's own helper says "never signed in": whoever asks it has no mark. */
static void
account_after(size_t index)
{
    const struct mark *mark = &marks[index];
    const struct scene scene = {
        .helper = mark->helper,
        .account = "request:2,0/say:15",
    };
    struct stage *stage = stage_open(&scene);
    unsigned starts;

    (void)stage_call(stage, SCENE_AUTHENTICATE, 0);
    mark->between(stage);
    starts = interpose_spawns();
    check_status("account", stage_call(stage, SCENE_ACCOUNT, 0),
                 mark->holds ? PAM_SUCCESS : PAM_AUTH_ERR);
    if (interpose_spawns() != starts + (mark->holds ? 0 : 1))
        scene_complain("the helper was started %u times",
                       interpose_spawns() - starts);
    if (mark->holds &&
        strstr(interpose_log(),
               "pam_cognito(sshd:account): result=ok code=PAM_SUCCESS "
               "user=alice pool_user=- sub=- method=- mfa=- rhost=- "
               "reason=\"signed in just now\" ref=") == NULL)
        scene_complain("logged:\n%s", interpose_log());
    stage_close(stage);
}

static const char *
mark_name(size_t index)
{
    return marks[index].name;
}

/* One for each user, computed apart from the module: 32-bit FNV-1a of the
 * name modulo 201. */
static const struct {
    const char *user;
    int64_t floor_ms;
} floors[] = {
    {"alice", 2089},
    {"bob", 2071},
    {"first", 2173},
    {"ghost", 2080},
};

static const char *
floor_name(size_t index)
{
    return floors[index].user;
}

static void
floor_of(size_t index)
{
    const struct scene scene = {
        .user = floors[index].user,
        .helper = "ask:1/say:9",
        .answers = {"wrong"},
    };
    struct stage *stage = stage_open(&scene);
    int64_t took_ms;

    check_status("sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_AUTH_ERR);
    took_ms = stage_since_answer_ms(stage);
    if (took_ms < floors[index].floor_ms)
        scene_complain("took %lld ms", (long long)took_ms);
    stage_close(stage);
}

/* What a log line must never become, however long its parts. */
static void
longest_line(size_t index COG_UNUSED)
{
    static const struct scene scene = {
        .helper = "long/debug/say:0",
        .args = "debug",
    };
    struct stage *stage = stage_open(&scene);
    const char *line;

    check_status("sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_SUCCESS);
    line = interpose_log();
    if (strchr(line, '\n') != line + strlen(line) - 1 ||
        strstr(line, "\\x0a\" ref=") == NULL)
        scene_complain("logged:\n%s", line);
    stage_close(stage);
}

/* The request may come too late to be sent: either way it is refused. */
static void
a_program_that_ends(size_t index COG_UNUSED)
{
    static const struct scene scene = {.helper = "say:0"};
    struct stage *stage = stage_open(&scene);

    interpose_spawn("/bin/true");
    check_status("sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_SYSTEM_ERR);
    stage_close(stage);
}

/* The floor counts from the first answer, however late the others come. */
static void
a_slow_second_answer(size_t index COG_UNUSED)
{
    static const struct scene scene = {
        .helper = "ask:1/echo:2/say:9",
        .answers = {"wrong", "#sleep:3000"},
    };
    struct stage *stage = stage_open(&scene);
    int64_t took_ms;

    check_status("sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_AUTH_ERR);
    took_ms = stage_since_answer_ms(stage);
    if (took_ms > 4500)
        scene_complain("took %lld ms", (long long)took_ms);
    stage_close(stage);
}

/* Whoever is asked for a second password learns nothing from when. */
static void
two_wrong_passwords(size_t index COG_UNUSED)
{
    static const struct scene scene = {
        .helper = "ask:1/ask:1/say:9",
        .answers = {"wrong", "wrong as well"},
    };
    struct stage *stage = stage_open(&scene);
    int64_t took_ms;

    check_status("sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_AUTH_ERR);
    took_ms = stage_since_answer_ms(stage);
    if (took_ms < 4000 || took_ms > 4700)
        scene_complain("took %lld ms", (long long)took_ms);
    stage_close(stage);
}

/* What may fail before and after the helper's yes. */
static const struct {
    const char *name;
    enum interpose_call call;
    unsigned starts; /* of the helper */
} breaks[] = {
    {"no random numbers", INTERPOSE_GETRANDOM, 0},
    {"an old mark stays", INTERPOSE_SET_DATA, 0},
    {"the mark is not kept", INTERPOSE_KEEP_DATA, 1},
};

static const char *
break_name(size_t index)
{
    return breaks[index].name;
}

static void
a_call_that_fails(size_t index)
{
    static const struct scene scene = {.helper = "say:0"};
    struct stage *stage = stage_open(&scene);
    const unsigned starts = interpose_spawns();

    interpose_break(breaks[index].call);
    check_status("sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_SYSTEM_ERR);
    interpose_break(INTERPOSE_NOTHING);
    if (interpose_spawns() - starts != breaks[index].starts)
        scene_complain("%u helpers started", interpose_spawns() - starts);
    stage_close(stage);
}

/* A name cut short would be another service's, with its rules. */
static void
a_service_too_long(size_t index COG_UNUSED)
{
    static const char name[] =
        "sshd-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    static const struct scene scene = {.service = name, .helper = "say:0"};
    struct stage *stage = stage_open(&scene);

    check_status("sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_SERVICE_ERR);
    if (interpose_spawns() != 0)
        scene_complain("the helper was started");
    stage_close(stage);
}

static const char *
only_name(size_t index COG_UNUSED)
{
    return "it";
}

#define SCENES(test, table)                 \
    static void test(void **state)          \
    {                                       \
        (void)state;                        \
        scene_run(table, COG_COUNT(table)); \
    }
#define JOBS(test, job, name, count)  \
    static void test(void **state)    \
    {                                 \
        (void)state;                  \
        scene_fork(job, name, count); \
    }

SCENES(every_verdict_has_its_meaning, verdicts)
SCENES(no_helper_is_trusted, helpers)
SCENES(answers_are_relayed, conversations)
SCENES(the_user_may_not_change, changes)
SCENES(arguments_are_checked, arguments)
SCENES(other_calls, others)
SCENES(skips_are_explained, skip_reasons)
JOBS(skipped_users_are_left_alone, leave_alone, skip_name, COG_COUNT(skipped))
JOBS(a_sign_in_is_remembered, account_after, mark_name, COG_COUNT(marks))
JOBS(the_wait_is_the_users_own, floor_of, floor_name, COG_COUNT(floors))
JOBS(lines_stay_lines, longest_line, only_name, 1)
JOBS(any_program_is_survived, a_program_that_ends, only_name, 1)
JOBS(the_wait_begins_with_the_first_answer, a_slow_second_answer, only_name, 1)
JOBS(each_password_has_its_wait, two_wrong_passwords, only_name, 1)
JOBS(what_fails_refuses, a_call_that_fails, break_name, COG_COUNT(breaks))
JOBS(services_are_not_cut, a_service_too_long, only_name, 1)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_has_its_meaning),
        cmocka_unit_test(no_helper_is_trusted),
        cmocka_unit_test(any_program_is_survived),
        cmocka_unit_test(answers_are_relayed),
        cmocka_unit_test(the_wait_is_the_users_own),
        cmocka_unit_test(the_user_may_not_change),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(other_calls),
        cmocka_unit_test(skipped_users_are_left_alone),
        cmocka_unit_test(skips_are_explained),
        cmocka_unit_test(a_sign_in_is_remembered),
        cmocka_unit_test(the_wait_begins_with_the_first_answer),
        cmocka_unit_test(each_password_has_its_wait),
        cmocka_unit_test(what_fails_refuses),
        cmocka_unit_test(services_are_not_cut),
        cmocka_unit_test(lines_stay_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
