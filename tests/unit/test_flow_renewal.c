/* SPDX-License-Identifier: MIT */
/* What a user must set up to go on: a new password, attributes, a second
 * factor. */
#include "lib/pool/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/pool/attributes.h"
#include "lib/pool/names.h"
#include "tests/unit/scenario.h"

#define RENEW      CHALLENGE("NEW_PASSWORD_REQUIRED", "s1", "")
#define BAD_POLICY ERROR("InvalidPasswordException", "")
#define CHANGE(password, http, text)                                           \
    RESPOND("NEW_PASSWORD_REQUIRED", "s1", "NEW_PASSWORD\":\"" password, http, \
            text)
#define BREAKS(rule, typed_)                                              \
    {                                                                     \
        .text = COG_TEXT_NEW_PASSWORD_BREAKS, .typed = (typed_), .arg = { \
            rule                                                          \
        }                                                                 \
    }
#define WANTED(list)                         \
    CHALLENGE("NEW_PASSWORD_REQUIRED", "s1", \
              "\"requiredAttributes\":\"" list "\"")

static const struct scenario new_passwords[] = {
    {
        .name = "yes and a new password",
        .exchanges = {START(200, RENEW), CHANGE("N3w pass", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w pass",
                                     "N3w pass")},
        .proven = true,
        .changed = true,
        .keeps = "N3w pass",
    },
    {
        .name = "YES is yes; no attribute is wanted; a code follows",
        .exchanges = {START(200, WANTED("[]")), CHANGE("N3w", 200, TOTP("s2")),
                      CODE("s2", "123456", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "YES"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w"),
                  SHOWN(COG_TEXT_TOTP, "123456")},
        .proven = true,
        .changed = true,
        .keeps = "N3w",
        .mfa = "totp",
    },
    {
        .name = "it proves nothing where SRP was to prove the old one",
        .kind = COG_API_SRP,
        .exchanges = {START(200, RENEW), CHANGE("N3w", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "no",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "no"),
                  SHOWN(COG_TEXT_MUST_CHANGE, "no")},
        .code = COG_E_DENIED,
        .message = "did not want",
        .proven = true,
    },
    {
        .name = "blanks around yes do not count, and once is no time",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yse"),
                  SHOWN(COG_TEXT_MUST_CHANGE, " Yes\t"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w")},
        .proven = true,
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "Enter is no yes",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, ""),
                  SHOWN(COG_TEXT_MUST_CHANGE, "")},
        .code = COG_E_DENIED,
        .message = "did not want",
        .proven = true,
    },
    {
        .name = "the old password typed there is no yes",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, PASSWORD),
                  SHOWN(COG_TEXT_MUST_CHANGE, PASSWORD)},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "the conversation cannot ask with echo",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "a yes of a conversation that failed is none",
        .exchanges = {START(200, RENEW)},
        .turns = {BROKEN(COG_TEXT_MUST_CHANGE, true, "yes")},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "nor is a new password one",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  BROKEN(COG_TEXT_NEW_PASSWORD, false, "N3w")},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "nor its repetition",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  HIDDEN(COG_TEXT_NEW_PASSWORD, "N3w"),
                  BROKEN(COG_TEXT_NEW_PASSWORD_AGAIN, false, "N3w")},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "the conversation ends before the new password",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  HIDDEN(COG_TEXT_NEW_PASSWORD, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "the conversation ends before its repetition",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "different, the old one, refused, then good",
        .exchanges = {START(200, RENEW), CHANGE("short", 400, BAD_POLICY),
                      CHANGE("N3w", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3W"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_DIFFERS, PASSWORD,
                                     PASSWORD),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_SAME, "short",
                                     "short"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "N3w",
                                     "N3w")},
        .proven = true,
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "the old one four times is never sent",
        .exchanges = {START(200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, PASSWORD, PASSWORD),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_SAME, PASSWORD,
                                     PASSWORD),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_SAME, PASSWORD,
                                     PASSWORD),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_SAME, PASSWORD,
                                     PASSWORD)},
        .code = COG_E_DENIED,
        .message = "no usable new password",
        .proven = true,
    },
    {
        .name = "nothing typed is nothing sent",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "", ""),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "N3w",
                                     "N3w")},
        .proven = true,
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "one our next sign-in would refuse is not sent",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w\x1b",
                                     "N3w\x1b"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "N3w",
                                     "N3w")},
        .proven = true,
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "the policy refuses four times",
        .exchanges = {START(200, RENEW), CHANGE("a", 400, BAD_POLICY),
                      CHANGE("b", 400, BAD_POLICY),
                      CHANGE("c", 400, BAD_POLICY),
                      CHANGE("d", 400, BAD_POLICY)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "a", "a"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "b", "b"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "c", "c"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "d", "d")},
        .code = COG_E_DENIED,
        .message = "policy",
        .proven = true,
    },
    {
        .name = "another refusal is not asked about again",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 400, WRONG_PASSWORD)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w")},
        .code = COG_E_DENIED,
        .proven = true,
        .in_doubt = true,
    },
    {
        .name = "no answer may be a yes",
        .exchanges = {START(200, RENEW),
                      {.expect = "RespondToAuthChallenge",
                       .fail = COG_E_UNREACHABLE}},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w")},
        .code = COG_E_UNREACHABLE,
        .proven = true,
        .in_doubt = true,
    },
    {
        .name = "the pool's words are said once",
        .exchanges = {START(200, RENEW),
                      CHANGE("a", 400,
                             ERROR("InvalidPasswordException", "too short")),
                      CHANGE("N3w", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "a", "a"),
                  BREAKS("too short", "N3w"),
                  HIDDEN(COG_TEXT_NEW_PASSWORD_AGAIN, "N3W"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_DIFFERS, "N3w",
                                     "N3w")},
        .proven = true,
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "refused in the pool's words, then without any",
        .exchanges = {START(200, RENEW),
                      CHANGE("a", 400,
                             ERROR("InvalidPasswordException",
                                   "Password did not conform with policy: "
                                   "Password not long enough")),
                      CHANGE("b", 400,
                             ERROR("PasswordHistoryPolicyViolationException",
                                   "used before\\u001b[2J")),
                      CHANGE("c", 400, BAD_POLICY), CHANGE("N3w", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "a", "a"),
                  BREAKS("Password not long enough", "b"),
                  HIDDEN(COG_TEXT_NEW_PASSWORD_AGAIN, "b"),
                  BREAKS("used before?[2J", "c"),
                  HIDDEN(COG_TEXT_NEW_PASSWORD_AGAIN, "c"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "N3w",
                                     "N3w")},
        .proven = true,
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "the same question again: nothing was changed",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 200, RENEW)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w"),
                  SHOWN(COG_TEXT_MUST_CHANGE, "no"),
                  SHOWN(COG_TEXT_MUST_CHANGE, NULL)},
        .code = COG_E_CONV,
        .proven = true,
        .in_doubt = true,
    },
};

/* JSON inside a string. */
#define Q          "\\\""
#define ATTR(name) Q "userAttributes." name Q
#define EACH                                                                  \
    "[" ATTR("phone_number") "," ATTR("birthdate") "," ATTR("name") "," ATTR( \
        "given_name") "," ATTR("family_name") "," ATTR("custom:team") "]"
#define HAS(list, members)                                      \
    CHALLENGE("NEW_PASSWORD_REQUIRED", "s1",                    \
              "\"requiredAttributes\":\"" list "\",\"userAttri" \
              "butes\":\"{" members "}\"")
#define SENDS(one, two, http, reply)                                           \
    {                                                                          \
        .expect = "RespondToAuthChallenge", .status = (http), .body = (reply), \
        .holds = {"\"NEW_PASSWORD_REQUIRED\"", "\"NEW_PASSWORD\":\"N3w\"",     \
                  "\"userAttributes." one "\"", "\"userAttributes." two "\""}, \
    }
#define BAD_EMAIL \
    ERROR("InvalidParameterException", "Invalid email address format.")
#define SCHEMA(words)                  \
    ERROR("InvalidParameterException", \
          "Attributes did not conform to the schema: " words)
#define NOT(name, answer)                            \
    SAYING(COG_TEXT_ATTRIBUTE_REFUSED, answer, name, \
           "Invalid email address format.")
#define EMAIL(value) "email\":\"" value
#define CHANGE_N3W   NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w")
#define CHANGED      .proven = true, .changed = true, .keeps = "N3w"

static const struct scenario attributes[] = {
    {
        .name = "one attribute is missing",
        .exchanges = {START(200, WANTED("[" ATTR("email") "]")),
                      SENDS(EMAIL("a@b"), EMAIL("a@b"), 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a@b"), CHANGE_N3W},
        CHANGED,
    },
    {
        .name = "each has its question",
        .exchanges = {START(200, WANTED(EACH)),
                      SENDS("phone_number\":\"+1", "custom:team\":\"blue 1",
                            200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_PHONE, "+1"),
                  SHOWN(COG_TEXT_ATTRIBUTE_BIRTHDATE, "2000-01-01"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "Al Ice"),
                  SHOWN(COG_TEXT_ATTRIBUTE_GIVEN_NAME, "Al"),
                  SHOWN(COG_TEXT_ATTRIBUTE_FAMILY_NAME, "Ice"),
                  SAYING(COG_TEXT_ATTRIBUTE_OTHER, "blue 1", "custom:team"),
                  CHANGE_N3W},
        CHANGED,
    },
    {
        .name = "one that is there is not asked for, an empty one is",
        .exchanges = {START(200,
                            HAS("[" ATTR("email") "," ATTR("name") "," ATTR(
                                    "birthdate") "]",
                                Q "email" Q ":" Q "x@y" Q "," Q "name" Q ":" Q Q
                                  "," Q "birthdate" Q ":null," Q "age" Q ":7")),
                      {.expect = "RespondToAuthChallenge",
                       .holds = {"\"userAttributes.name\":\"Al\"",
                                 "\"userAttributes.birthdate\":\"1\""},
                       .lacks = {"userAttributes.email", "age"},
                       .status = 200,
                       .body = TOKENS}},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "Al"),
                  SHOWN(COG_TEXT_ATTRIBUTE_BIRTHDATE, "1"), CHANGE_N3W},
        CHANGED,
    },
    {
        .name = "all are there",
        .exchanges = {START(200, HAS("[" ATTR("email") "]",
                                     Q "email" Q ":" Q "x@y" Q)),
                      {.expect = "RespondToAuthChallenge",
                       .lacks = {"userAttributes"},
                       .status = 200,
                       .body = TOKENS}},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"), CHANGE_N3W},
        CHANGED,
    },
    {
        .name = "nothing and what cannot be typed are not sent",
        .exchanges = {START(200, WANTED("[" ATTR("email") "]")),
                      SENDS(EMAIL("a@b"), EMAIL("a@b"), 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, ""),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "\033"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a@b"), CHANGE_N3W},
        CHANGED,
    },
    {
        .name = "nothing four times",
        .exchanges = {START(200, WANTED("[" ATTR("email") "]"))},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, ""),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, ""),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, ""),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "")},
        .code = COG_E_DENIED,
        .message = "no usable value of email",
        .proven = true,
    },
    {
        .name = "the conversation cannot ask for it",
        .exchanges = {START(200, WANTED("[" ATTR("email") "]"))},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "refused: that one is asked for again, with the same password",
        .exchanges = {START(200,
                            WANTED("[" ATTR("email") "," ATTR("name") "]")),
                      SENDS(EMAIL("a"), "name\":\"Al", 400, BAD_EMAIL),
                      SENDS(EMAIL("a@b"), "name\":\"Al", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "Al"), CHANGE_N3W,
                  NOT("email", "a@b")},
        CHANGED,
    },
    {
        .name = "as people say it",
        .exchanges = {START(200, WANTED("[" ATTR("phone_number") "," ATTR(
                                     "name") "]")),
                      SENDS("phone_number\":\"1", "name\":\"Al", 400,
                            ERROR("InvalidParameterException",
                                  "Invalid phone number format.")),
                      SENDS("phone_number\":\"+1", "name\":\"Al", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_PHONE, "1"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "Al"), CHANGE_N3W,
                  SAYING(COG_TEXT_ATTRIBUTE_REFUSED, "+1", "phone_number",
                         "Invalid phone number format.")},
        CHANGED,
    },
    {
        .name = "a name is not meant where it is part of another",
        .exchanges = {START(200,
                            WANTED("[" ATTR("name") "," ATTR(
                                "given_name") "," ATTR("custom:name") "]")),
                      SENDS("name\":\"Al", "given_name\":\"A", 400,
                            SCHEMA("given_name: too short")),
                      SENDS("name\":\"Al", "given_name\":\"B", 400,
                            SCHEMA("custom:name: too short")),
                      SENDS("given_name\":\"B", "custom:name\":\"D", 400,
                            SCHEMA("family_name: too short")),
                      SENDS("given_name\":\"F", "custom:name\":\"G", 200,
                            TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "Al"),
                  SHOWN(COG_TEXT_ATTRIBUTE_GIVEN_NAME, "A"),
                  SAYING(COG_TEXT_ATTRIBUTE_OTHER, "C", "custom:name"),
                  CHANGE_N3W,
                  SAYING(COG_TEXT_ATTRIBUTE_REFUSED, "B", "given_name",
                         "given_name: too short"),
                  SAYING(COG_TEXT_ATTRIBUTE_REFUSED, "D", "custom:name",
                         "custom:name: too short"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "E"),
                  SHOWN(COG_TEXT_ATTRIBUTE_GIVEN_NAME, "F"),
                  SAYING(COG_TEXT_ATTRIBUTE_OTHER, "G", "custom:name")},
        CHANGED,
    },
    {
        .name = "a letter goes on with a name, the end of a sentence does not",
        .exchanges =
            {START(200, WANTED("[" ATTR("email") "," ATTR("name") "]")),
             SENDS(EMAIL("a"), "name\":\"A", 400,
                   SCHEMA("nickname: too short")),
             SENDS(EMAIL("b"), "name\":\"B", 400, SCHEMA("too many names")),
             SENDS(EMAIL("c"), "name\":\"C", 400, SCHEMA("that is no name.")),
             SENDS(EMAIL("c"), "name\":\"D", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "A"), CHANGE_N3W,
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "b"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "B"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "c"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "C"),
                  SAYING(COG_TEXT_ATTRIBUTE_REFUSED, "D", "name",
                         "that is no name.")},
        CHANGED,
    },
    {
        .name = "refused without a word: all are asked for, plainly",
        .exchanges = {START(200,
                            WANTED("[" ATTR("email") "," ATTR("name") "]")),
                      SENDS(EMAIL("a"), "name\":\"Al", 400, SCHEMA("")),
                      SENDS(EMAIL("a@b"), "name\":\"Alf", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "Al"), CHANGE_N3W,
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a@b"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, "Alf")},
        CHANGED,
    },
    {
        .name = "the password is never sent as one",
        .exchanges = {START(200, WANTED("[" ATTR("name") "]"))},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_NAME, PASSWORD)},
        .code = COG_E_DENIED,
        .message = "the password",
        .proven = true,
    },
    {
        .name = "refused four times",
        .exchanges = {START(200, WANTED("[" ATTR("email") "]")),
                      SENDS(EMAIL("a"), EMAIL("a"), 400, BAD_EMAIL),
                      SENDS(EMAIL("b"), EMAIL("b"), 400, BAD_EMAIL),
                      SENDS(EMAIL("c"), EMAIL("c"), 400, BAD_EMAIL),
                      SENDS(EMAIL("d"), EMAIL("d"), 400, BAD_EMAIL)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a"), CHANGE_N3W,
                  NOT("email", "b"), NOT("email", "c"), NOT("email", "d")},
        .code = COG_E_DENIED,
        .message = "e-mail",
        .proven = true,
    },
    {
        .name = "a conversation that ends then",
        .exchanges = {START(200, WANTED("[" ATTR("email") "]")),
                      SENDS(EMAIL("a"), EMAIL("a"), 400, BAD_EMAIL)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a"), CHANGE_N3W,
                  NOT("email", NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "first the attribute, then the password is refused",
        .exchanges = {START(200, WANTED("[" ATTR("email") "]")),
                      SENDS(EMAIL("a"), EMAIL("a"), 400, BAD_EMAIL),
                      SENDS(EMAIL("a@b"), EMAIL("a@b"), 400, BAD_POLICY),
                      {.expect = "RespondToAuthChallenge",
                       .holds = {"\"N3wer\"", "\"a@b\""},
                       .status = 200,
                       .body = TOKENS}},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"),
                  SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a"), CHANGE_N3W,
                  NOT("email", "a@b"),
                  NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD_REFUSED, "N3wer",
                                     "N3wer")},
        .proven = true,
        .changed = true,
        .keeps = "N3wer",
    },
    {
        .name = "an attribute nobody was asked for is refused",
        .exchanges = {START(200, RENEW), CHANGE("N3w", 400, BAD_EMAIL)},
        .turns = {SHOWN(COG_TEXT_MUST_CHANGE, "yes"), CHANGE_N3W},
        .code = COG_E_DENIED,
        .proven = true,
    },
};

/* Lists no pool gives: refused before anything is asked. */
static void
malformed_attributes(void **state)
{
    static const char *const replies[] = {
        WANTED(""),
        WANTED("null"),
        WANTED("{}"),
        WANTED("[" Q Q "]"),
        WANTED("[7]"),
        WANTED("[null]"),
        WANTED("[[]]"),
        WANTED("[" Q "email" Q "]"),
        WANTED("[" Q "userattributes.email" Q "]"),
        WANTED("[" ATTR("") "]"),
        WANTED("[" ATTR("a b") "]"),
        WANTED("[" ATTR("a\\\\u0000b") "]"),
        WANTED("[" ATTR("a/b") "]"),
        WANTED("[" ATTR("abcdefghijabcdefghijabcdefghijabc") "]"),
        WANTED("[" ATTR("email") "],1"),
        WANTED("[]," Q "list" Q ":[]"),
        WANTED("[]," Q "x" Q ":[]"),
        WANTED("[" ATTR("email")),
        HAS("[" ATTR("email") "]", Q "email" Q ":7"),
        HAS("[" ATTR("email") "]", Q "email" Q ":[]"),
        HAS("[" ATTR("email") "]", "x"),
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(replies); i++) {
        const struct scenario s = {
            .name = replies[i],
            .exchanges = {START(200, replies[i])},
            .code = COG_E_PROTOCOL,
            .proven = true,
        };

        scenario_play(&s);
    }
}

static void
nothing_is_left_of_a_malformed_list(void **state)
{
    struct cog_secret body =
        world_secret(WANTED("[" ATTR("email") "," ATTR("a/b") "]"));
    struct cog_api_reply reply = COG_API_REPLY_INIT;
    struct cog_attributes found = {.count = 0};
    struct cog_err err = COG_ERR_INIT;

    (void)state;
    assert_int_equal(cog_api_parse(&body, &reply, &err), 0);
    assert_int_equal(cog_attributes_find(&reply, &found, &err), -1);
    assert_int_equal(err.code, COG_E_PROTOCOL);
    assert_int_equal(found.count, 0);
    assert_null(found.required);
    cog_api_clear(&reply);
    cog_secret_clear(&body);
}

static void
malformed_names(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "7",
        "\"a\"",
        "{}",
        "{\"a\":1}",
        "[\"\"]",
        "[\"a b\"]",
        "[\"a\\n\"]",
        "[\"\xc3\xa4\"]",
        "[\"\\u0000\"]",
        "[\"a\",7]",
        "[[\"a\"]]",
        "[\"a\"",
        "[\"a\"]]",
        "[\"a\"],\"b\":7",
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(texts); i++) {
        struct cog_err err = COG_ERR_INIT;
        json_t *list = NULL;

        print_message("%s\n", texts[i]);
        assert_int_equal(cog_names_parse(texts[i], &list, &err), -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        assert_null(list);
    }
}

/* As many names as there is room for, and one more. */
static void
long_lists(void **state)
{
    char text[COG_NAMES_TEXT_MAX + 64];

    (void)state;
    for (size_t count = COG_NAMES_MAX; count <= COG_NAMES_MAX + 1; count++) {
        struct cog_err err = COG_ERR_INIT;
        json_t *list = NULL;
        size_t used = 0;

        for (size_t i = 0; i < count; i++) {
            used += (size_t)snprintf(text + used, sizeof(text) - used,
                                     "%c\"%047zu\"", i == 0 ? '[' : ',', i);
        }
        (void)snprintf(text + used, sizeof(text) - used, "]");
        assert_int_equal(cog_names_parse(text, &list, &err),
                         count == COG_NAMES_MAX ? 0 : -1);
        assert_int_equal(json_array_size(list),
                         count == COG_NAMES_MAX ? count : 0);
        assert_int_equal(err.code,
                         count == COG_NAMES_MAX ? COG_OK : COG_E_PROTOCOL);
        json_decref(list);
    }
}

/* A name, or a whole text, that is one byte too long. */
static void
long_texts(void **state)
{
    static const size_t lengths[] = {COG_NAMES_LENGTH_MAX + 1,
                                     COG_NAMES_TEXT_MAX};
    char text[COG_NAMES_TEXT_MAX + 8];

    (void)state;
    for (size_t i = 0; i < COG_COUNT(lengths); i++) {
        struct cog_err err = COG_ERR_INIT;
        json_t *list = NULL;

        (void)snprintf(text, sizeof(text), "[\"%0*d\"]", (int)lengths[i], 0);
        assert_int_equal(cog_names_parse(text, &list, &err), -1);
        assert_int_equal(err.code, COG_E_PROTOCOL);
        assert_null(list);
    }
}

static void
names_without_memory(void **state)
{
    unsigned long n = 1;
    json_t *list = NULL;

    (void)state;
    for (;; n++) {
        struct cog_err err = COG_ERR_INIT;

        world_json_fail_at(n);
        if (cog_names_parse("[\"a\",\"b\"]", &list, &err) == 0)
            break;
        assert_int_not_equal(err.code, COG_OK);
        assert_null(list);
    }
    world_json_fail_at(0);
    assert_true(n > 3);
    assert_int_equal(json_array_size(list), 2);
    json_decref(list);
}

#define SEED    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
#define OTPAUTH "otpauth://totp/Pool1:alice?secret=" SEED "&issuer=Pool1"
#define SETUP(list) \
    CHALLENGE("MFA_SETUP", "s1", "\"MFAS_CAN_SETUP\":\"" list "\"")
#define SETUP_TOTP  SETUP("[" Q "SOFTWARE_TOKEN_MFA" Q "]")
#define SETUP_BOTH  SETUP("[" Q "EMAIL_OTP" Q "," Q "SOFTWARE_TOKEN_MFA" Q "]")
#define SETUP_EMAIL SETUP("[" Q "SMS_MFA" Q "," Q "EMAIL_OTP" Q "]")
#define ASSOCIATE(http, text)                                                 \
    {                                                                         \
        .expect = "AssociateSoftwareToken", .status = (http), .body = (text), \
        .holds = {"\"Session\":\"s1\""}, .lacks = {                           \
            "ClientId",                                                       \
            "USERNAME"                                                        \
        }                                                                     \
    }
#define SEEDED "{\"SecretCode\":\"" SEED "\",\"Session\":\"a1\"}"
#define VERIFY(code, http, text)                                           \
    {                                                                      \
        .expect = "VerifySoftwareToken", .status = (http), .body = (text), \
        .holds = {"\"Session\":\"a1\"", "\"UserCode\":\"" code "\""},      \
        .lacks = {                                                         \
            SEED                                                           \
        }                                                                  \
    }
#define VERIFIED "{\"Status\":\"SUCCESS\",\"Session\":\"v1\"}"
#define NO_MATCH                             \
    ERROR("EnableSoftwareTokenMFAException", \
          "Code mismatch and fail enable Software Token MFA")
#define ENROLLED(http, text)                                                  \
    {                                                                         \
        .expect = "RespondToAuthChallenge", .status = (http), .body = (text), \
        .holds = {"\"ChallengeName\":\"MFA_SETUP\"", "\"Session\":\"v1\""},   \
        .lacks = {                                                            \
            SEED,                                                             \
            "ANSWER",                                                         \
            "_CODE"                                                           \
        }                                                                     \
    }
#define SCAN(code)                                                \
    {                                                             \
        .text = COG_TEXT_ENROL_QR, .echo = true, .typed = (code), \
        .plain = COG_TEXT_ENROL_PLAIN, .qr = OTPAUTH, .arg = {    \
            NULL,                                                 \
            SEED,                                                 \
            OTPAUTH                                               \
        }                                                         \
    }
#define ADDRESS(value, http, text) \
    RESPOND("MFA_SETUP", "s1", "EMAIL\":\"" value, http, text)

static const struct scenario enrolments[] = {
    {
        .name = "an authenticator",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("123456", 200, VERIFIED), ENROLLED(200, TOKENS)},
        .turns = {SCAN(" 123 456 ")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "wrong codes in both of the pool's ways, then nothing, then "
                "the right one",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 400, NO_MATCH),
                      VERIFY("2", 200, "{\"Status\":\"ERROR\"}"),
                      VERIFY("3", 200, VERIFIED), ENROLLED(200, TOKENS)},
        .turns = {SCAN("1"), SHOWN(COG_TEXT_ENROL_WRONG, "2"),
                  SHOWN(COG_TEXT_ENROL_WRONG, ""),
                  SHOWN(COG_TEXT_ENROL_WRONG, "3")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "four times wrong",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 400, NO_MATCH), VERIFY("2", 400, NO_MATCH),
                      VERIFY("3", 400, NO_MATCH), VERIFY("4", 400, NO_MATCH)},
        .turns = {SCAN("1"), SHOWN(COG_TEXT_ENROL_WRONG, "2"),
                  SHOWN(COG_TEXT_ENROL_WRONG, "3"),
                  SHOWN(COG_TEXT_ENROL_WRONG, "4")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "nothing four times",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED)},
        .turns = {SCAN(""), SHOWN(COG_TEXT_ENROL_WRONG, ""),
                  SHOWN(COG_TEXT_ENROL_WRONG, "\b"),
                  SHOWN(COG_TEXT_ENROL_WRONG, " ")},
        .code = COG_E_DENIED,
        .message = "no usable code",
        .proven = true,
    },
    {
        .name = "the conversation cannot show it",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED)},
        .turns = {SCAN(NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "the pool gives no seed",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, "{}")},
        .code = COG_E_PROTOCOL,
        .proven = true,
    },
    {
        .name = "the pool does not let him",
        .exchanges = {START(200, SETUP_TOTP),
                      ASSOCIATE(
                          400, ERROR("SoftwareTokenMFANotFoundException", ""))},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "an outage is not a wrong code",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 500, OUTAGE)},
        .turns = {SCAN("1")},
        .code = COG_E_NET,
        .proven = true,
    },
    {
        .name = "the last step is refused",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 200, VERIFIED),
                      ENROLLED(400, WRONG_PASSWORD)},
        .turns = {SCAN("1")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "the last step after SRP is refused: no factor was used",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, SETUP_TOTP),
                      ASSOCIATE(200, SEEDED), VERIFY("1", 200, VERIFIED),
                      ENROLLED(400, WRONG_PASSWORD)},
        .turns = {SCAN("1")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "nor when the last step leads back to the first",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 200, VERIFIED), ENROLLED(200, SETUP_TOTP),
                      ASSOCIATE(400, WRONG_PASSWORD)},
        .turns = {SCAN("1")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "a first code that is over is asked for again",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 400, USED_CODE), VERIFY("2", 200, VERIFIED),
                      ENROLLED(200, TOKENS)},
        .turns = {SCAN("1"), SHOWN(COG_TEXT_ENROL_WRONG, "2")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "an authenticator proves nothing by itself",
        .kind = COG_API_SRP,
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 200, VERIFIED), ENROLLED(200, TOKENS)},
        .turns = {SCAN("1")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .mfa = "totp",
    },
    {
        .name = "both are offered: the authenticator",
        .exchanges = {START(200, SETUP_BOTH), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 200, VERIFIED), ENROLLED(200, TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_SETUP, "1", COG_TEXT_OPTION_TOTP,
                       COG_TEXT_OPTION_EMAIL),
                  SCAN("1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "both are offered: e-mail, and its first code",
        .exchanges = {START(200, SETUP_BOTH),
                      ADDRESS("a@b", 200, CHALLENGE("EMAIL_OTP", "s2", "")),
                      RESPOND("EMAIL_OTP", "s2", "EMAIL_OTP_CODE\":\"1", 200,
                              TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_SETUP, "2", COG_TEXT_OPTION_TOTP,
                       COG_TEXT_OPTION_EMAIL),
                  SHOWN(COG_TEXT_SETUP_EMAIL, " a@b "),
                  SAYING(COG_TEXT_EMAIL, "1", "***")},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "e-mail: nothing, refused, accepted",
        .exchanges = {START(200, SETUP_EMAIL), ADDRESS("a", 400, BAD_EMAIL),
                      ADDRESS("a@b", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_SETUP_EMAIL, ""),
                  SHOWN(COG_TEXT_SETUP_EMAIL, "a"),
                  SHOWN(COG_TEXT_SETUP_EMAIL, "a@b")},
        .proven = true,
    },
    {
        .name = "the user's name can be his address",
        .username = "alice@example.com",
        .exchanges = {START(200,
                            CHALLENGE("MFA_SETUP", "s1",
                                      "\"USERNAME\":\"alice\",\"MFAS_CAN_SETUP"
                                      "\":\"[" Q "EMAIL_OTP" Q "]\"")),
                      ADDRESS("alice@example.com", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_SETUP_EMAIL, "alice@example.com")},
        .proven = true,
    },
    {
        .name = "the password can not",
        .exchanges = {START(200, SETUP_EMAIL)},
        .turns = {SHOWN(COG_TEXT_SETUP_EMAIL, PASSWORD)},
        .code = COG_E_DENIED,
        .message = "the password",
        .proven = true,
    },
    {
        .name = "the user's name is no first code",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED)},
        .turns = {SCAN("alice")},
        .code = COG_E_DENIED,
        .message = "the user's name",
        .proven = true,
    },
    {
        .name = "nor is the password",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED)},
        .turns = {SCAN(PASSWORD)},
        .code = COG_E_DENIED,
        .message = "the password",
        .proven = true,
    },
    {
        .name = "nor the wrong one again",
        .exchanges = {START(200, SETUP_TOTP), ASSOCIATE(200, SEEDED),
                      VERIFY("1", 400, NO_MATCH)},
        .turns = {SCAN("1"), SHOWN(COG_TEXT_ENROL_WRONG, "1")},
        .code = COG_E_DENIED,
        .message = "given again",
        .proven = true,
    },
    {
        .name = "no address four times",
        .exchanges = {START(200, SETUP_EMAIL)},
        .turns = {SHOWN(COG_TEXT_SETUP_EMAIL, ""),
                  SHOWN(COG_TEXT_SETUP_EMAIL, ""),
                  SHOWN(COG_TEXT_SETUP_EMAIL, ""),
                  SHOWN(COG_TEXT_SETUP_EMAIL, "")},
        .code = COG_E_DENIED,
        .message = "no usable e-mail address",
        .proven = true,
    },
    {
        .name = "the conversation cannot ask for an address",
        .exchanges = {START(200, SETUP_EMAIL)},
        .turns = {SHOWN(COG_TEXT_SETUP_EMAIL, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "another refusal of an address ends it",
        .exchanges = {START(200, SETUP_EMAIL),
                      ADDRESS("a@b", 400, ERROR("AliasExistsException", ""))},
        .turns = {SHOWN(COG_TEXT_SETUP_EMAIL, "a@b")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "text messages alone need an administrator",
        .exchanges = {START(200, SETUP("[" Q "SMS_MFA" Q "]"))},
        .code = COG_E_CHALLENGE,
        .message = "offers SMS_MFA: none of these can be set up here (for "
                   "SMS_MFA an administrator must set phone_number)",
        .proven = true,
    },
    {
        .name = "nothing is offered",
        .exchanges = {START(200, SETUP("[]"))},
        .code = COG_E_CHALLENGE,
        .message = "challenge MFA_SETUP and offers nothing",
        .proven = true,
    },
    {
        .name = "the pool does not say what is offered",
        .exchanges = {START(200, CHALLENGE("MFA_SETUP", "s1", ""))},
        .code = COG_E_PROTOCOL,
        .message = "MFAS_CAN_SETUP",
        .proven = true,
    },
    {
        .name = "the pool says it wrongly",
        .exchanges = {START(200, SETUP(Q "SOFTWARE_TOKEN_MFA" Q))},
        .code = COG_E_PROTOCOL,
        .proven = true,
    },
};

static void
forced_new_passwords(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(new_passwords); i++)
        scenario_play(&new_passwords[i]);
}

static void
required_attributes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(attributes); i++)
        scenario_play(&attributes[i]);
}

static void
new_second_factors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(enrolments); i++)
        scenario_play(&enrolments[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forced_new_passwords),
        cmocka_unit_test(required_attributes),
        cmocka_unit_test(malformed_attributes),
        cmocka_unit_test(nothing_is_left_of_a_malformed_list),
        cmocka_unit_test(malformed_names),
        cmocka_unit_test(long_lists),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(names_without_memory),
        cmocka_unit_test(new_second_factors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
