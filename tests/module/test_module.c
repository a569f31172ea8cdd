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

#include <dlfcn.h>
#include <locale.h>
#include <security/pam_modules.h>

#include "lib/core/err.h"
#include "lib/core/text.h"
#include "tests/module/interpose.h"
#include "tests/module/scene.h"

#define HELPER_PATH COG_BUILD_DIR "/tests/module/fake_helper"
#define MODULE_PATH COG_BUILD_DIR "/tests/module/.libs/pam_cognito.so"

/* What the user sees. */
#define OFF(text)  "off: " text "\n"
#define ON(text)   "on: " text "\n"
#define INFO(text) "info: " text "\n"
#define TOLD(text) "error: " text " (ref REF)\n"

#define PASSWORD OFF("Password: ")
#define TOTP     ON("Authenticator code: ")
#define OR_MENU  OFF("Password (Enter for other ways): ")
#define CURRENT  OFF("Current password (Enter if forgotten): ")
#define NEW      OFF("New password: ")
#define AGAIN    OFF("New password again: ")
/* What a later module of the password stack finds. */
#define LEFT(old, new) INFO("left: old=" old " new=" new)

#define REFUSED TOLD("Sign-in refused. Check your user name and password.")
#define UNAVAILABLE \
    TOLD("The sign-in service cannot be used right now. Try again later.")
#define THROTTLED \
    TOLD("Too many sign-ins right now. Wait a minute and try again.")
#define MAXTRIES TOLD("Too many attempts. Wait a few minutes and try again.")
#define NOT_CHANGEABLE \
    TOLD("You are not allowed to change this account's password here.")
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
#define DISABLED                                                               \
    TOLD("This account was disabled when last checked. If that is over, sign " \
         "in once with your pool password.")
#define NOT_CHANGED TOLD("The password was not changed.")
#define REFUSED_PROVEN \
    TOLD("Sign-in refused. Try again, or ask your administrator why.")
#define LATE TOLD("That took too long. Please start again.")
#define LOST \
    TOLD("Sign in once with your pool password to use this account again.")
#define BROWSER                                                        \
    TOLD("This account signs in with a browser, which is not offered " \
         "here.")

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
_Static_assert(COG_E_COUNT_ == 25,
               "a row for each, and the first that is none");
static const struct scene verdicts[] = {
    {
        .name = "ok",
        .helper = "ready:5000/ask:password/want:hunter2/say:ok",
        .answers = {"hunter2"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .time = SCENE_AT_ONCE,
        .starts = 1,
    },
#define ROW(word, pam, level, shown)                               \
    {                                                              \
        .name = word " is " #pam, .helper = "ready:1/say:" word,   \
        .status = pam, .talk = shown, .log = VERDICT(level, #pam), \
        .time = SCENE_AT_ONCE, .starts = 1                         \
    }
    ROW("nomem", PAM_BUF_ERR, "err", INTERNAL),
    ROW("system", PAM_SYSTEM_ERR, "err", INTERNAL),
    ROW("config", PAM_SERVICE_ERR, "err", MISCONFIGURED),
    ROW("conv", PAM_CONV_ERR, "notice", NO_CONVERSATION),
    ROW("net", PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW("unreachable", PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW("protocol", PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW("client", PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW("throttled", PAM_AUTHINFO_UNAVAIL, "notice", THROTTLED),
    ROW("denied", PAM_AUTH_ERR, "notice", REFUSED),
    ROW("challenge", PAM_AUTH_ERR, "notice", REFUSED),
    ROW("maxtries", PAM_MAXTRIES, "notice", MAXTRIES),
    ROW("token", PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW("identity", PAM_PERM_DENIED, "notice", NOT_ALLOWED),
    {
        .name = "scope is PAM_USER_UNKNOWN, about which the user hears nothing",
        .helper = "say:scope",
        .status = PAM_USER_UNKNOWN,
        .log = VERDICT("info", "PAM_USER_UNKNOWN"),
        .time = SCENE_AT_ONCE,
        .starts = 1,
    },
    ROW("never", PAM_AUTH_ERR, "notice", NEVER),
    ROW("disabled", PAM_ACCT_EXPIRED, "notice", DISABLED),
    ROW("browser", PAM_AUTH_ERR, "notice", BROWSER),
    ROW("authtok", PAM_AUTHTOK_ERR, "notice", NOT_CHANGED),
    ROW("lookup", PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW("privilege", PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    ROW("refused", PAM_AUTH_ERR, "notice", REFUSED_PROVEN),
    ROW("late", PAM_AUTH_ERR, "notice", LATE),
    ROW("lost", PAM_PERM_DENIED, "notice", LOST),
#undef ROW
#define NO_CODE(number)                                        \
    {                                                          \
        .name = number " is no code", .helper = "say:" number, \
        BROKEN("malformed frame: a number is out of range"),   \
    }
    NO_CODE("25"),
    NO_CODE("99"),
#undef NO_CODE
    {
        .name = "out of scope in account is nothing to log",
        .helper = "say:scope",
        .phase = SCENE_ACCOUNT,
        .status = PAM_USER_UNKNOWN,
        .starts = 1,
    },
    {
        .name = "unless the configuration says debug",
        .helper = "debug/say:scope",
        .phase = SCENE_ACCOUNT,
        .status = PAM_USER_UNKNOWN,
        .log = LINE("info", "sshd:account", "refused", "PAM_USER_UNKNOWN",
                    FACTS, "-", "as the test says"),
        .starts = 1,
    },
    {
        .name = "or the arguments do",
        .helper = "say:scope",
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
#define X32      X8("xxxx")
#define X64      X8("xxxxxxxx")

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
        .helper = "tell:maxtries/kill",
        .flags = PAM_SILENT,
        .status = PAM_SYSTEM_ERR,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper ended without a verdict"),
        .starts = 1,
    },
    {
        .name = "stops when it was answered",
        .helper = "ready:100/ask:password/stop",
        .answers = {"hunter2"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR", "no answer in time"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "is stopped after its verdict",
        .helper = "ready:100/say:ok/stop",
        BROKEN("no answer in time"),
    },
    {
        .name = "keeps the socket open after its verdict",
        .helper = "ready:100/say:ok/hang",
        BROKEN("no answer in time"),
    },
    {
        .name = "stays, with the socket closed: the verdict counts",
        .helper = "say:ok/linger",
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "is ready twice",
        .helper = "ready:5000/ready:5000/say:ok",
        BROKEN("the helper was ready twice"),
    },
    {
        .name = "wants a huge budget",
        .helper = "ready:60001/say:ok",
        BROKEN("malformed frame: a number is out of range"),
    },
    {
        .name = "answers another request",
        .helper = "nonce/say:ok",
        BROKEN("malformed frame: the verdict is for another request"),
    },
    {
        .name = "answers for another user",
        .helper = "user:bob/say:ok",
        BROKEN("malformed frame: the verdict is for another user"),
    },
    {
        .name = "lets somebody in without saying whom",
        .helper = "no_sub/say:ok",
        BROKEN("the helper's verdict names no pool user"),
    },
    {
        .name = "may refuse without saying whom",
        .helper = "no_sub/say:denied",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = LINE("notice", "sshd:auth", "refused", "PAM_AUTH_ERR",
                    ALICE("alice@pool", "-", "password", "totp"), "-",
                    "as the test says"),
        .starts = 1,
    },
    {
        .name = "says it twice",
        .helper = "say:ok/say:ok",
        BROKEN("the helper went on after its verdict"),
    },
    {
        .name = "says no, then yes",
        .helper = "say:denied/say:ok",
        BROKEN("the helper went on after its verdict"),
    },
    {
        .name = "goes on after its verdict",
        .helper = "say:ok/tell:password",
        BROKEN("the helper went on after its verdict"),
    },
    {
        .name = "goes on with nonsense after its verdict",
        .helper = "say:ok/raw:ff",
        BROKEN("frame of another version: are the module and the helper from "
               "the same release?"),
    },
    {
        .name = "tells what there is no text for, then yes",
        .helper = "raw:020539393900000000/say:ok",
        BROKEN("malformed frame: a number is out of range"),
    },
    {
        .name = "speaks another version",
        .helper = "raw:01023100/say:ok",
        BROKEN("frame of another version: are the module and the helper from "
               "the same release?"),
    },
    {
        .name = "sends an unknown kind",
        .helper = "raw:02073100/say:ok",
        BROKEN("malformed frame"),
    },
    {
        .name = "sends trailing bytes",
        .helper = "raw:0202310032/say:ok",
        BROKEN("malformed frame"),
    },
    {
        .name = "sends too many strings",
        .helper = "raw:020231003200/say:ok",
        BROKEN("malformed frame"),
    },
    {
        .name = "sends an empty frame",
        .helper = "raw:/hang",
        BROKEN("empty frame"),
    },
    {
        .name = "sends a frame too long",
        .helper = "oversized/say:ok",
        BROKEN("oversized frame"),
    },
    {
        .name = "sends a descriptor",
        .helper = "descriptor/say:ok",
        BROKEN("oversized frame"),
    },
    {
        .name = "sends an answer",
        .helper = "raw:02047800/say:ok",
        BROKEN("the helper ended without a verdict"),
    },
    {
        .name = "asks what there is no text for",
        .helper = "raw:0203300039390000000000/say:ok",
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "malformed frame: a number is out of range"),
        .starts = 1,
    },
    {
        .name = "chatters",
        .helper = "chatter:password",
        .flags = PAM_SILENT,
        .status = PAM_SYSTEM_ERR,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper does not come to an end"),
        .starts = 1,
    },
    {
        .name = "asks for passwords without end",
        .helper = "nag:password",
        .answers = {"#again"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD PASSWORD PASSWORD INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper asks for too many passwords"),
        .starts = 1,
    },
    {
        .name = "asks for passwords of all kinds",
        .helper = "ask:password_or_menu/ask:current/ask:password/"
                  "ask:password_or_menu/say:ok",
        .answers = {"#again"},
        .status = PAM_SYSTEM_ERR,
        .talk = OR_MENU CURRENT PASSWORD INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "the helper asks for too many passwords"),
        .starts = 1,
    },
    {
        .name = "puts a menu of nine",
        .helper = "raw:0203310033310000000031362c31362c31362c31362c31362c31362c"
                  "31362c31362c31362c00/say:ok",
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "malformed frame: too many options"),
        .starts = 1,
    },
    {
        .name = "puts a menu with an option there is no text for",
        .helper = "raw:0203310033310000000039392c00/say:ok",
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = REFUSAL("err", "PAM_SYSTEM_ERR",
                       "malformed frame: a number is out of range"),
        .starts = 1,
    },
    {
        .name = "asks without end",
        .helper = "nag:totp",
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
        .helper = "ready:5000/ask:password/kill",
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
        .helper = "nasty/say:denied",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = LINE(
            "notice", "sshd:auth", "refused", "PAM_AUTH_ERR",
            ALICE("x_sub=root%n", "\\xe2\\x80\\xaeevil\\xff", "\\\"", "\\x09"),
            "-", "%s\\\" ref=none\\x0a\\\\ \\x1b[2J"),
        .starts = 1,
    },
};

static void
utf8_host(void)
{
    if (setlocale(LC_ALL, "C.UTF-8") == NULL)
        scene_complain("no locale C.UTF-8");
}

static void
plain_host(void)
{
    if (setlocale(LC_ALL, "C") == NULL)
        scene_complain("no locale C");
}

/* Questions and answers. */
static const struct scene conversations[] = {
    {
        .name = "a wrong password waits",
        .helper = "ready:5000/ask:password/say:denied",
        .answers = {"wrong"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD REFUSED,
        .log = VERDICT("notice", "PAM_AUTH_ERR"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "so does whoever is not allowed",
        .helper = "ready:5000/ask:password/say:identity",
        .answers = {"hunter2"},
        .status = PAM_PERM_DENIED,
        .talk = PASSWORD NOT_ALLOWED,
        .log = VERDICT("notice", "PAM_PERM_DENIED"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "and whoever is out of scope",
        .helper = "ready:5000/ask:password/say:scope",
        .answers = {"hunter2"},
        .status = PAM_USER_UNKNOWN,
        .talk = PASSWORD,
        .log = VERDICT("info", "PAM_USER_UNKNOWN"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "the wait counts from the first answer",
        .helper = "ready:5000/ask:password/sleep:1500/echo:totp/say:denied",
        .answers = {"hunter2", "123456"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD TOTP REFUSED,
        .log = VERDICT("notice", "PAM_AUTH_ERR"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "several questions, and texts between",
        .helper = "ready:5000/ask:password/want:hunter2/tell:maxtries/"
                  "echo:totp/want:123456/"
                  "say:ok",
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
        .helper = "ready:5000/ask:password/tell:maxtries/say:denied",
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
        .helper = "ready:5000/ask:password/say:ok",
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
        .helper = "ready:5000/ask:password/echo:totp/say:ok",
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
        .helper = "ready:5000/echo:totp/say:ok",
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
        .helper = "ready:5000/ask:password/want:/say:ok",
        .answers = {"#null"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "so is one without a text",
        .helper = "ready:5000/ask:password/want:/say:ok",
        .answers = {"#nothing"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "an empty answer",
        .helper = "ready:5000/ask:password/want:/say:ok",
        .answers = {""},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "the longest answer",
        .helper = "ready:5000/ask:password/want_bytes:511/say:ok",
        .answers = {"#len:511"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
#define TOO_LONG(length)                                                    \
    {                                                                       \
        .name = length " bytes are too many",                               \
        .helper = "ready:5000/ask:password/say:ok",                         \
        .answers = {"#len:" length}, .status = PAM_AUTH_ERR,                \
        .talk = PASSWORD REFUSED,                                           \
        .log = REFUSAL("notice", "PAM_AUTH_ERR", "the answer is too long"), \
        .time = SCENE_FLOOR, .starts = 1                                    \
    }
    TOO_LONG("512"),
    TOO_LONG("65536"),
#undef TOO_LONG
    {
        .name = "an answer too late for a console",
        .service = "login",
        .helper = "ready:5000/ask:password/say:ok",
        .answers = {"#sleep:1300"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD LATE,
        .log = LINE("notice", "login:auth", "refused", "PAM_AUTH_ERR", BARE,
                    "-", "the answer came too late"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "all questions share the time",
        .service = "login",
        .helper = "ready:5000/ask:password/echo:totp/say:ok",
        .answers = {"#sleep:600", "#sleep:600"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD TOTP LATE,
        .log = LINE("notice", "login:auth", "refused", "PAM_AUTH_ERR", BARE,
                    "-", "the answer came too late"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "the helper's time stands still meanwhile",
        .helper = "ready:1/ask:password/say:ok",
        .answers = {"#sleep:3500"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "a menu shows its options",
        .helper = "ready:5000/menu:choose/want:2/say:ok",
        .answers = {"2"},
        .status = PAM_SUCCESS,
        .talk = ON("Sign in with:\n"
                   "  1  password\n"
                   "  2  code from an authenticator app\n"
                   "  3  code by text message\n"
                   "Number: "),
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "sshd's password method has no menus",
        .helper = "ready:5000/ask:password_or_menu/menu:choose/say:ok",
        .answers = {"", "#fail"},
        .status = PAM_CONV_ERR,
        .talk = OR_MENU ON("Sign in with:\n"
                           "  1  password\n"
                           "  2  code from an authenticator app\n"
                           "  3  code by text message\n"
                           "Number: ") NO_CONVERSATION,
        .log = FAILED("sshd:auth")
            REFUSAL("notice", "PAM_CONV_ERR",
                    "sshd's password method cannot ask \\\"Sign in with:"
                    "\\x0a{1}Number: \\\": set KbdInteractiveAuthentication "
                    "yes"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "a menu's password waits as any second one",
        .helper = "ready:5000/ask:password_or_menu/want:/ask:password/"
                  "want:hunter2/say:ok",
        .answers = {"", "hunter2"},
        .status = PAM_SUCCESS,
        .talk = OR_MENU PASSWORD,
        .log = OK_LINE,
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "who signs in with a browser waits as well",
        .helper = "ready:5000/ask:password/say:browser",
        .answers = {"hunter2"},
        .status = PAM_AUTH_ERR,
        .talk = PASSWORD BROWSER,
        .log = VERDICT("notice", "PAM_AUTH_ERR"),
        .time = SCENE_FLOOR,
        .starts = 1,
    },
    {
        .name = "the helper knows nothing of the terminal",
        .helper = "hints:,,0/say:ok",
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "it knows what PAM says, and that the host prints UTF-8",
        .helper = "hints:.dev.pts.3,carol,1/say:ok",
        .tty = "/dev/pts/3",
        .ruser = "carol",
        .host = utf8_host,
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "another locale",
        .helper = "hints:ssh,,0/say:ok",
        .tty = "ssh",
        .host = plain_host,
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "the longest terminal and user",
        .helper = "hints:" X64 "," X32 ",0/say:ok",
        .tty = X64,
        .ruser = X32,
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "longer ones are none",
        .helper = "hints:,,0/say:ok",
        .tty = X64 "x",
        .ruser = X32 "x",
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "nor are control characters",
        .helper = "hints:,,0/say:ok",
        .tty = "/dev/pts/3\n",
        .ruser = "carol\x7f",
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "the remote host is logged",
        .helper = "say:ok",
        .rhost = "host.example",
        .status = PAM_SUCCESS,
        .log = LINE("info", "sshd:auth", "ok", "PAM_SUCCESS", FACTS,
                    "host.example", "as the test says"),
        .starts = 1,
    },
    {
        .name = "and cannot forge a line",
        .helper = "say:ok",
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
        .helper = "ask:password/say:ok",
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
        .helper = "ask:password/say:ok",
        .answers = {"#uid:2005"},
        .status = PAM_SYSTEM_ERR,
        .talk = PASSWORD INTERNAL,
        .log = LINE("err", "sshd:auth", "refused", "PAM_SYSTEM_ERR", FACTS, "-",
                    "the user's uid changed meanwhile"),
        .starts = 1,
    },
    {
        .name = "root's uid",
        .helper = "ask:password/say:ok",
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
        .helper = "say:ok",
        .user = "ALICE",
        .status = PAM_PERM_DENIED,
        .talk = NOT_ALLOWED,
        .log = LINE("notice", "sshd:auth", "refused", "PAM_PERM_DENIED", FACTS,
                    "-", "the account is spelled 'alice'"),
        .starts = 1,
    },
    {
        .name = "another spelling of somebody who is not ours",
        .helper = "say:scope",
        .user = "ALICE",
        .status = PAM_USER_UNKNOWN,
        .starts = 1,
    },
    {
        .name = "none any more",
        .helper = "ask:password/say:ok",
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
        .helper = "say:ok",
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
        .helper = "request:1,2/ask:password/say:ok",
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
        .helper = "request:1,2/ask:password/want:earlier/say:ok",
        .args = "use_first_pass",
        .authtok = "earlier",
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "it is used once",
        .helper = "request:1,2/ask:password/want:earlier/ask:password/say:ok",
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
        .helper = "request:1,2/ask:password/want:earlier/echo:totp/want:123456/"
                  "say:ok",
        .args = "use_first_pass",
        .authtok = "earlier",
        .answers = {"123456"},
        .status = PAM_SUCCESS,
        .talk = TOTP,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "it answers where Enter leads to a menu, too",
        .helper = "request:1,2/ask:password_or_menu/want:earlier/say:ok",
        .args = "use_first_pass",
        .authtok = "earlier",
        .status = PAM_SUCCESS,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "an empty one is none",
        .helper = "request:1,0/ask:password_or_menu/want:typed/say:ok",
        .args = "try_first_pass",
        .authtok = "",
        .answers = {"typed"},
        .status = PAM_SUCCESS,
        .talk = OR_MENU,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "whatever the arguments",
        .helper = "request:1,2/ask:password/say:ok",
        .args = "use_first_pass",
        .authtok = "",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = REFUSAL("notice", "PAM_AUTH_ERR",
                       "use_first_pass, but no usable password was given to "
                       "an earlier module"),
        .starts = 1,
    },
    {
        .name = "a password stack's arguments mean nothing here",
        .helper = "request:1,0/ask:password/want:typed/ask:new/want:fresh/"
                  "ask:again/want:fresh/say:ok",
        .args = "use_authtok",
        .authtok = "earlier",
        .old = "old",
        .answers = {"typed", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD NEW AGAIN,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "nor is a forced change answered from the stack",
        .helper = "request:1,1/ask:password/want:earlier/ask:new/want:fresh/"
                  "ask:again/want:fresh/say:ok",
        .args = "try_first_pass",
        .authtok = "earlier",
        .answers = {"fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = NEW AGAIN,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "a long one is refused",
        .helper = "ask:password/say:ok",
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
        .helper = "request:1,1/ask:password/want:earlier/ask:password/"
                  "want:typed/say:ok",
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
        .helper = "request:1,0/ask:password/want:typed/say:ok",
        .args = "try_first_pass",
        .answers = {"typed"},
        .status = PAM_SUCCESS,
        .talk = PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "it is not used unless we are told to",
        .helper = "request:1,0/ask:password/want:typed/say:ok",
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
        .helper = "request:2,0/say:never",
        .phase = SCENE_ACCOUNT,
        .status = PAM_AUTH_ERR,
        .talk = NEVER,
        .log = LINE("notice", "sshd:account", "refused", "PAM_AUTH_ERR", FACTS,
                    "-", "as the test says"),
        .starts = 1,
    },
    {
        .name = "account takes the helper's word",
        .helper = "request:2,0/say:ok",
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
        .helper = "no_sub/say:ok",
        .phase = SCENE_ACCOUNT,
        .status = PAM_SYSTEM_ERR,
        .talk = INTERNAL,
        .log = LINE("err", "sshd:account", "refused", "PAM_SYSTEM_ERR", BARE,
                    "-", "the helper's verdict names no pool user"),
        .starts = 1,
    },
    {
        .name = "account tells the leaver",
        .helper = "request:2,0/say:disabled",
        .phase = SCENE_ACCOUNT,
        .status = PAM_ACCT_EXPIRED,
        .talk = DISABLED,
        .log = LINE("notice", "sshd:account", "refused", "PAM_ACCT_EXPIRED",
                    FACTS, "-", "as the test says"),
        .time = SCENE_AT_ONCE,
        .starts = 1,
    },
    {
        .name = "account tells whom no rule allows any more",
        .helper = "request:2,0/say:identity",
        .phase = SCENE_ACCOUNT,
        .status = PAM_PERM_DENIED,
        .talk = NOT_ALLOWED,
        .log = LINE("notice", "sshd:account", "refused", "PAM_PERM_DENIED",
                    FACTS, "-", "as the test says"),
        .time = SCENE_AT_ONCE,
        .starts = 1,
    },
    {
        .name = "but not in silence",
        .helper = "request:2,0/say:identity",
        .phase = SCENE_ACCOUNT,
        .flags = PAM_SILENT,
        .status = PAM_PERM_DENIED,
        .log = LINE("notice", "sshd:account", "refused", "PAM_PERM_DENIED",
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
        .helper = "ask:password/say:ok",
        .answers = {"alice", "hunter2"},
        .status = PAM_SUCCESS,
        .talk = ON("login:") PASSWORD,
        .log = OK_LINE,
        .starts = 1,
    },
    {
        .name = "root says so and is left alone",
        .user = "",
        .helper = "ask:password/say:ok",
        .answers = {"root"},
        .status = PAM_USER_UNKNOWN,
        .talk = ON("login:"),
        .time = SCENE_AT_ONCE,
    },
    {
        .name = "no name is said",
        .user = "",
        .helper = "ask:password/say:ok",
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
        .helper = "say:denied",
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
        .helper = "ask:password/say:denied",
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
        .helper = "say:denied",
        .status = PAM_AUTH_ERR,
        .talk = REFUSED,
        .log = VERDICT("notice", "PAM_AUTH_ERR"),
        .starts = 1,
    },
};

/* Changing a password: both halves in one call of the application's. */
#define PASSWD .service = "passwd", .phase = SCENE_PASSWORD, .later = "show"
/* The same, seen in both halves. */
#define HALVES \
    .service = "passwd", .phase = SCENE_PASSWORD, .later = "both show"
#define PASSWD_LINE(level, result, code, facts, reason) \
    LINE(level, "passwd:chauthtok", result, code, facts, "-", reason)
#define CHANGED \
    PASSWD_LINE("info", "ok", "PAM_SUCCESS", FACTS, "as the test says")
#define UNCHANGED(code, reason) \
    PASSWD_LINE("notice", "refused", code, BARE, reason)
#define NO_AUTHTOK                                                     \
    UNCHANGED("PAM_AUTHTOK_ERR", "use_authtok, but no acceptable new " \
                                 "password was given to an earlier module")
#define TWICE "ask:new/want:fresh/ask:again/want:fresh/"

static const struct scene passwords[] = {
    {
        PASSWD,
        .name = "changed; later modules get old and new",
        .helper = "prelim:ok/request:4,0/ask:current/want:old/" TWICE "say:ok",
        .answers = {"old", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = CURRENT NEW AGAIN LEFT("old", "fresh"),
        .log = CHANGED,
        .time = SCENE_AT_ONCE,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "in silence",
        .helper = "prelim:ok/ask:current/want:old/" TWICE "say:ok",
        .flags = PAM_SILENT,
        .answers = {"old", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = CURRENT NEW AGAIN LEFT("old", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "set with a code: nobody proved the old one",
        .helper = "prelim:ok/ask:current/want:/echo:forgotten/echo:reset_code/"
                  "no_sub/" TWICE "say:ok",
        .answers = {"", "yes", "123456", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = CURRENT ON("Get a code to choose a new password? Type yes in "
                           "full to go on: ") ON("Code sent to : ")
            NEW AGAIN LEFT("", "fresh"),
        .log = PASSWD_LINE("info", "ok", "PAM_SUCCESS",
                           ALICE("alice@pool", "-", "password", "totp"),
                           "as the test says"),
        .starts = 2,
    },
    {
        PASSWD,
        .name = "the old one of an earlier module stays",
        .helper =
            "prelim:ok/ask:current/echo:reset_code/no_sub/" TWICE "say:ok",
        .old = "earlier",
        .answers = {"old", "123456", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk =
            CURRENT ON("Code sent to : ") NEW AGAIN LEFT("earlier", "fresh"),
        .log = PASSWD_LINE("info", "ok", "PAM_SUCCESS",
                           ALICE("alice@pool", "-", "password", "totp"),
                           "as the test says"),
        .starts = 2,
    },
    {
        PASSWD,
        .name = "a typed one that nobody proved is not passed on",
        .helper =
            "prelim:ok/ask:current/echo:reset_code/no_sub/" TWICE "say:ok",
        .answers = {"old", "123456", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = CURRENT ON("Code sent to : ") NEW AGAIN LEFT("", "fresh"),
        .log = PASSWD_LINE("info", "ok", "PAM_SUCCESS",
                           ALICE("alice@pool", "-", "password", "totp"),
                           "as the test says"),
        .starts = 2,
    },
    {
        PASSWD,
        .name = "the last new password is the one",
        .helper = "prelim:ok/ask:current/ask:new/ask:again/ask:differs/"
                  "ask:again/say:ok",
        .answers = {"old", "bad", "worse", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk =
            CURRENT NEW AGAIN OFF("The two passwords differ. New password: ")
                AGAIN LEFT("old", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "a wrong old one waits, and nothing is left",
        .helper = "prelim:ok/ask:current/want:wrong/say:denied",
        .answers = {"wrong"},
        .status = PAM_AUTH_ERR,
        .talk = CURRENT NOT_CHANGED LEFT("", "-"),
        .log = PASSWD_LINE("notice", "refused", "PAM_AUTH_ERR", FACTS,
                           "as the test says"),
        .time = SCENE_FLOOR,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "no new one is good enough",
        .helper = "prelim:ok/ask:current/ask:new/ask:again/say:authtok",
        .answers = {"old", "bad", "bad"},
        .status = PAM_AUTHTOK_ERR,
        .talk = CURRENT NEW AGAIN NOT_CHANGED LEFT("", "-"),
        .log = PASSWD_LINE("notice", "refused", "PAM_AUTHTOK_ERR", FACTS,
                           "as the test says"),
        .time = SCENE_FLOOR,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "the conversation fails",
        .helper = "prelim:ok/ask:current/ask:new/say:ok",
        .answers = {"old", "#fail"},
        .status = PAM_CONV_ERR,
        .talk = CURRENT NEW NO_CONVERSATION LEFT("", "-"),
        .log = FAILED("passwd:chauthtok") UNCHANGED(
            "PAM_CONV_ERR", "the conversation failed: Conversation error"),
        .time = SCENE_FLOOR,
        .starts = 2,
    },
#define FIRST_HALF(word, pam, level, shown)                                   \
    {                                                                         \
        PASSWD,                                                               \
            .name = "the first half says " word,                              \
            .helper = "prelim:" word "/say:ok", .status = pam, .talk = shown, \
            .log = PASSWD_LINE(level, "refused", #pam,                        \
                               ALICE("alice@pool", "-", "password", "totp"),  \
                               "as the test says"),                           \
            .time = SCENE_AT_ONCE, .starts = 1                                \
    }
    FIRST_HALF("config", PAM_SERVICE_ERR, "err", MISCONFIGURED),
    FIRST_HALF("unreachable", PAM_AUTHINFO_UNAVAIL, "notice", UNAVAILABLE),
    FIRST_HALF("identity", PAM_PERM_DENIED, "notice", NOT_CHANGEABLE),
#undef FIRST_HALF
    {
        PASSWD,
        .name = "the first half says not ours",
        .helper = "prelim:scope/say:ok",
        .status = PAM_USER_UNKNOWN,
        .starts = 1,
    },
    {
        PASSWD,
        .name = "the second half says not ours",
        .helper = "prelim:ok/say:scope",
        .status = PAM_USER_UNKNOWN,
        .talk = LEFT("", "-"),
        .starts = 2,
    },
    {
        HALVES,
        .name = "there is an old one, if empty, from the first half on",
        .helper = "prelim:ok/ask:current/" TWICE "say:ok",
        .args = "try_first_pass use_authtok",
        .authtok = "fresh",
        .answers = {"old"},
        .status = PAM_SUCCESS,
        .talk = LEFT("", "-") CURRENT LEFT("old", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        HALVES,
        .name = "first: modules below may ask for theirs",
        .helper = "prelim:ok/ask:current/" TWICE "say:ok",
        .args = "first",
        .answers = {"old", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = LEFT("-", "-") CURRENT NEW AGAIN LEFT("old", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        HALVES,
        .name = "first, with a code: they have to have asked",
        .helper =
            "prelim:ok/ask:current/echo:reset_code/no_sub/" TWICE "say:ok",
        .args = "first",
        .answers = {"old", "123456", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = LEFT("-", "-") CURRENT ON("Code sent to : ")
            NEW AGAIN LEFT("", "fresh"),
        .log = PASSWD_LINE("info", "ok", "PAM_SUCCESS",
                           ALICE("alice@pool", "-", "password", "totp"),
                           "as the test says"),
        .starts = 2,
    },
    {
        HALVES,
        .name = "first, and refused: they have to have asked",
        .helper = "prelim:ok/ask:current/say:denied",
        .args = "first",
        .answers = {"wrong"},
        .status = PAM_AUTH_ERR,
        .talk = LEFT("-", "-") CURRENT NOT_CHANGED LEFT("", "-"),
        .log = PASSWD_LINE("notice", "refused", "PAM_AUTH_ERR", FACTS,
                           "as the test says"),
        .starts = 2,
    },
    {
        HALVES,
        .name = "first, and not ours in the end: it is theirs to know",
        .helper = "prelim:ok/say:scope",
        .args = "first",
        .status = PAM_USER_UNKNOWN,
        .talk = LEFT("-", "-") LEFT("-", "-"),
        .starts = 2,
    },
    {
        PASSWD,
        .name = "only if it has expired: never of ours",
        .helper = "say:ok",
        .flags = PAM_CHANGE_EXPIRED_AUTHTOK,
        .status = PAM_USER_UNKNOWN,
    },
    {
        PASSWD,
        .name = "as debug says",
        .helper = "say:ok",
        .args = "debug",
        .flags = PAM_CHANGE_EXPIRED_AUTHTOK,
        .status = PAM_USER_UNKNOWN,
        .log = PASSWD_LINE("info", "refused", "PAM_USER_UNKNOWN", BARE,
                           "asked for expired passwords only; pool passwords "
                           "never are"),
    },
    {
        PASSWD,
        .name = "under another spelling of the name",
        .user = "ALICE",
        .helper = "prelim:ok/say:ok",
        .status = PAM_PERM_DENIED,
        .talk = NOT_ALLOWED,
        .log = PASSWD_LINE("notice", "refused", "PAM_PERM_DENIED", FACTS,
                           "the account is spelled 'alice'"),
        .starts = 1,
    },
    {
        PASSWD,
        .name = "an old one of an earlier module",
        .helper =
            "prelim:ok/request:4,2/ask:current/want:earlier/" TWICE "say:ok",
        .args = "use_first_pass",
        .old = "earlier",
        .answers = {"fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = NEW AGAIN LEFT("earlier", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "there is none, and nobody is asked",
        .helper = "prelim:ok/request:4,2/ask:current/say:ok",
        .args = "use_first_pass",
        .authtok = "fresh",
        .status = PAM_AUTH_ERR,
        .talk = NOT_CHANGED LEFT("", "fresh"),
        .log = UNCHANGED("PAM_AUTH_ERR",
                         "use_first_pass, but no usable password was given to "
                         "an earlier module"),
        .starts = 2,
    },
    {
        PASSWD,
        .name = "it is tried, then the user is asked",
        .helper = "prelim:ok/request:4,1/ask:current/want:earlier/ask:current/"
                  "want:old/" TWICE "say:ok",
        .args = "try_first_pass",
        .old = "earlier",
        .answers = {"old", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = CURRENT NEW AGAIN LEFT("earlier", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "it is not used unless we are told to, and stays",
        .helper = "prelim:ok/request:4,0/ask:current/want:old/" TWICE "say:ok",
        .old = "earlier",
        .authtok = "other",
        .answers = {"old", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = CURRENT NEW AGAIN LEFT("earlier", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "the new one of an earlier module",
        .helper = "prelim:ok/request:4,0/ask:current/want:old/" TWICE "say:ok",
        .args = "use_authtok",
        .authtok = "fresh",
        .answers = {"old"},
        .status = PAM_SUCCESS,
        .talk = CURRENT LEFT("old", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "there is no new one",
        .helper = "prelim:ok/ask:current/ask:new/say:ok",
        .args = "use_authtok",
        .answers = {"old"},
        .status = PAM_AUTHTOK_ERR,
        .talk = CURRENT NOT_CHANGED LEFT("", "-"),
        .log = NO_AUTHTOK,
        .time = SCENE_FLOOR,
        .starts = 2,
    },
#define ASKED_AGAIN(why)                                                       \
    {                                                                          \
        PASSWD, .name = "it is refused: " why,                                 \
                .helper = "prelim:ok/ask:current/" TWICE "ask:" why "/say:ok", \
                .args = "use_authtok", .authtok = "fresh", .answers = {"old"}, \
                .status = PAM_AUTHTOK_ERR,                                     \
                .talk = CURRENT NOT_CHANGED LEFT("", "fresh"),                 \
                .log = NO_AUTHTOK, .time = SCENE_FLOOR, .starts = 2            \
    }
    ASKED_AGAIN("same"),
    ASKED_AGAIN("differs"),
    ASKED_AGAIN("refused"),
    ASKED_AGAIN("breaks"),
    ASKED_AGAIN("new"),
#undef ASKED_AGAIN
    {
        PASSWD,
        .name = "it is too long",
        .helper = "prelim:ok/ask:current/ask:new/say:ok",
        .args = "use_authtok",
        .authtok = X8(X64),
        .answers = {"old"},
        .status = PAM_AUTHTOK_ERR,
        .talk = CURRENT NOT_CHANGED LEFT("", X8(X64)),
        .log = UNCHANGED("PAM_AUTHTOK_ERR", "the stacked password is too long"),
        .starts = 2,
    },
    {
        PASSWD,
        .name = "nothing needs to be asked",
        .helper =
            "prelim:ok/request:4,2/ask:current/want:earlier/" TWICE "say:ok",
        .args = "use_first_pass use_authtok",
        .old = "earlier",
        .authtok = "fresh",
        .status = PAM_SUCCESS,
        .talk = LEFT("earlier", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "both are tried; what is refused is asked for",
        .helper = "prelim:ok/request:4,1/ask:current/want:earlier/ask:new/"
                  "want:weak/ask:again/want:weak/ask:breaks/want:fresh/"
                  "ask:again/want:fresh/say:ok",
        .args = "try_first_pass",
        .old = "earlier",
        .authtok = "weak",
        .answers = {"fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = OFF("The password rules refuse this one: \nNew password: ")
            AGAIN LEFT("earlier", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "no old one, but a new one to try",
        .helper =
            "prelim:ok/request:4,2/ask:current/want:earlier/" TWICE "say:ok",
        .args = "use_first_pass",
        .old = "earlier",
        .authtok = "fresh",
        .status = PAM_SUCCESS,
        .talk = LEFT("earlier", "fresh"),
        .log = CHANGED,
        .starts = 2,
    },
    {
        PASSWD,
        .name = "empty ones are none",
        .helper = "prelim:ok/request:4,0/ask:current/want:old/" TWICE "say:ok",
        .args = "try_first_pass",
        .old = "",
        .authtok = "",
        .answers = {"old", "fresh", "fresh"},
        .status = PAM_SUCCESS,
        .talk = CURRENT NEW AGAIN LEFT("old", "fresh"),
        .log = CHANGED,
        .starts = 2,
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
    {"say:ok", BREAK_GLASS},
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
    {"at once", "say:ok", nothing, true},
    {"after setcred", "say:ok", credentials_are_set, true},
    {"a second time", "say:ok", account_asks, true},
    {"within five minutes", "say:ok", almost_five_minutes_pass, true},
    {"after five minutes", "say:ok", five_minutes_pass, false},
    {"before it was set", "say:ok", time_runs_backwards, false},
    {"for another user", "say:ok", becomes_bob, false},
    {"for another uid", "say:ok", uid_changes, false},
    {"for nobody", "say:ok", user_vanishes, false},
    {"after a refusal", "say:denied", nothing, false},
    {"after a lie", "no_sub/say:ok", nothing, false},
    {"after a second sign-in that failed", "say:ok", a_second_sign_in_fails,
     false},
    {"after a second sign-in that was skipped", "say:ok",
     a_second_sign_in_is_skipped, false},
};

/* Account's own helper says "never signed in": whoever asks it has no mark. */
static void
account_after(size_t index)
{
    const struct mark *mark = &marks[index];
    const struct scene scene = {
        .helper = mark->helper,
        .account = "request:2,0/say:never",
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
        .helper = "ask:password/say:denied",
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
        .helper = "long/debug/say:ok",
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
    static const struct scene scene = {.helper = "say:ok"};
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
        .helper = "ask:password/echo:totp/say:denied",
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
        .helper = "ask:password/ask:password/say:denied",
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
    static const struct scene scene = {.helper = "say:ok"};
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
    static const struct scene scene = {.service = name, .helper = "say:ok"};
    struct stage *stage = stage_open(&scene);

    check_status("sign-in", stage_call(stage, SCENE_AUTHENTICATE, 0),
                 PAM_SERVICE_ERR);
    if (interpose_spawns() != 0)
        scene_complain("the helper was started");
    stage_close(stage);
}

/* How long the pool's own words are, and what comes of it: the longest prompt
 * there is, and one that is not shown in part. */
static const struct {
    const char *helper;
    size_t words;
    int status;
    const char *log;
} prompts[] = {
    {"long_question:16349/want:fine/say:ok", 16349, PAM_SUCCESS, OK_LINE},
    {"long_question:16350/say:ok", 16350, PAM_AUTHINFO_UNAVAIL,
     REFUSAL("notice", "PAM_AUTHINFO_UNAVAIL",
             "a question of the helper's: more than 16384 bytes")},
};

static const char *
prompt_name(size_t index)
{
    return prompts[index].helper;
}

static void
long_prompt(size_t index)
{
    static const char before[] = "on: The sign-in service asks: ";
    static char talk[2 * COG_TEXT_MAX];
    const struct scene scene = {
        .helper = prompts[index].helper,
        .answers = {"fine"},
        .status = prompts[index].status,
        .talk = prompts[index].status == PAM_SUCCESS ? talk : UNAVAILABLE,
        .log = prompts[index].log,
        .starts = 1,
    };
    struct stage *stage = stage_open(&scene);
    const size_t len = sizeof(before) - 1;

    memcpy(talk, before, len);
    memset(talk + len, 'x', prompts[index].words);
    memcpy(talk + len + prompts[index].words, "\nAnswer: \n",
           sizeof("\nAnswer: \n"));
    stage_play(stage, &scene);
    stage_close(stage);
}

/* Without that a later half of another module might ask for no old one. */
static const struct {
    struct scene scene;
    unsigned starts;
} unguarded[] = {
    {{PASSWD, .helper = "prelim:ok/say:ok"}, 1},
    {{PASSWD, .helper = "prelim:ok/say:ok", .args = "first"}, 2},
};

static const char *
unguarded_name(size_t index)
{
    return unguarded[index].starts == 1 ? "first half" : "second half";
}

static void
no_empty_old_password(size_t index)
{
    struct stage *stage = stage_open(&unguarded[index].scene);

    interpose_break(INTERPOSE_SET_OLD);
    check_status("chauthtok", stage_call(stage, SCENE_PASSWORD, 0),
                 PAM_SYSTEM_ERR);
    interpose_break(INTERPOSE_NOTHING);
    if (interpose_spawns() != unguarded[index].starts)
        scene_complain("%u helpers started", interpose_spawns());
    stage_close(stage);
}

/* Only who debugs wants to know of the first half, when it goes well. */
static void
both_halves_logged(size_t index COG_UNUSED)
{
    static const struct scene scene = {
        PASSWD,
        .helper = "prelim:ok/ask:current/say:ok",
        .args = "debug",
        .answers = {"old"},
    };
    struct stage *stage = stage_open(&scene);
    const char *line;

    check_status("chauthtok", stage_call(stage, SCENE_PASSWORD, 0),
                 PAM_SUCCESS);
    line = strstr(interpose_log(), "result=ok");
    if (line == NULL || strstr(line + 1, "result=ok") == NULL)
        scene_complain("logged:\n%s", interpose_log());
    stage_close(stage);
}

/* libpam names exactly one half of chauthtok; others might not. */
static const int halves[] = {
    0,
    PAM_SILENT,
    PAM_CHANGE_EXPIRED_AUTHTOK,
    PAM_PRELIM_CHECK | PAM_UPDATE_AUTHTOK,
    PAM_PRELIM_CHECK | PAM_UPDATE_AUTHTOK | PAM_CHANGE_EXPIRED_AUTHTOK,
};

static const char *
half_name(size_t index COG_UNUSED)
{
    return "chauthtok without its half";
}

static void
unknown_half(size_t index)
{
    /* Outside of libpam's own call it looks up nobody who is known. */
    static const struct scene scene = {.helper = "say:ok", .user = "ghost"};
    struct stage *stage = stage_open(&scene);
    void *module = dlopen(MODULE_PATH, RTLD_NOW | RTLD_LOCAL);
    union {
        void *object;
        int (*function)(pam_handle_t *pamh, int flags, int argc,
                        const char **argv);
    } chauthtok = {module == NULL ? NULL : dlsym(module, "pam_sm_chauthtok")};

    if (chauthtok.object == NULL) {
        scene_complain("%s", dlerror());
        return;
    }
    check_status("chauthtok",
                 chauthtok.function(stage_pam(stage), halves[index], 0, NULL),
                 PAM_SYSTEM_ERR);
    if (strstr(interpose_log(), "reason=\"neither half of chauthtok\"") == NULL)
        scene_complain("logged:\n%s", interpose_log());
    if (interpose_spawns() != 0)
        scene_complain("the helper was started");
    stage_close(stage);
    (void)dlclose(module);
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
SCENES(passwords_are_changed, passwords)
SCENES(skips_are_explained, skip_reasons)
JOBS(skipped_users_are_left_alone, leave_alone, skip_name, COG_COUNT(skipped))
JOBS(a_sign_in_is_remembered, account_after, mark_name, COG_COUNT(marks))
JOBS(the_wait_is_the_users_own, floor_of, floor_name, COG_COUNT(floors))
JOBS(lines_stay_lines, longest_line, only_name, 1)
JOBS(any_program_is_survived, a_program_that_ends, only_name, 1)
JOBS(the_wait_begins_with_the_first_answer, a_slow_second_answer, only_name, 1)
JOBS(each_password_has_its_wait, two_wrong_passwords, only_name, 1)
JOBS(what_fails_refuses, a_call_that_fails, break_name, COG_COUNT(breaks))
JOBS(an_old_password_is_never_missing, no_empty_old_password, unguarded_name,
     COG_COUNT(unguarded))
JOBS(debug_tells_of_both_halves, both_halves_logged, only_name, 1)
JOBS(chauthtok_has_two_halves, unknown_half, half_name, COG_COUNT(halves))
JOBS(prompts_are_whole_or_not_at_all, long_prompt, prompt_name,
     COG_COUNT(prompts))
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
        cmocka_unit_test(passwords_are_changed),
        cmocka_unit_test(an_old_password_is_never_missing),
        cmocka_unit_test(debug_tells_of_both_halves),
        cmocka_unit_test(chauthtok_has_two_halves),
        cmocka_unit_test(prompts_are_whole_or_not_at_all),
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
