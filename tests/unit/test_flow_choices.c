/* SPDX-License-Identifier: MIT */
/* Menus: which first factor (auth_flow = user_auth), which second. */
#include "lib/pool/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scenario.h"

/* InitiateAuth with a preference, or none. */
#define PREFERS(challenge, with, text)                                      \
    {                                                                       \
        .expect = "InitiateAuth", .status = 200, .body = (text), .holds = { \
            "\"USER_AUTH\"",                                                \
            "\"PREFERRED_CHALLENGE\":\"" challenge "\"",                    \
            with                                                            \
        }                                                                   \
    }
#define PREFERS_SRP(text)      PREFERS("PASSWORD_SRP", "\"SRP_A\":\"", text)
#define PREFERS_PASSWORD(text) PREFERS("PASSWORD", "\"" PASSWORD "\"", text)
#define PREFERS_NOTHING(text)                                    \
    {                                                            \
        .expect = "InitiateAuth", .status = 200, .body = (text), \
        .holds = {"\"USER_AUTH\""}, .lacks = {                   \
            "PREFERRED_CHALLENGE",                               \
            "SRP_A",                                             \
            "\"PASSWORD"                                         \
        }                                                        \
    }

#define SELECT(list)  OFFER("SELECT_CHALLENGE", "s1", list)
#define PASSKEY(list) OFFER("WEB_AUTHN", "s1", list)
#define ALL \
    "\"EMAIL_OTP\",\"WEB_AUTHN\",\"PASSWORD\",\"SMS_OTP\",\"PASSWORD_SRP\""
#define CHOOSES(choice, text) \
    RESPOND("SELECT_CHALLENGE", "s1", "ANSWER\":\"" choice, 200, text)
/* With what the choice needs. */
#define CHOOSES_WITH(choice, with, http, text)                                \
    {                                                                         \
        .expect = "RespondToAuthChallenge", .status = (http), .body = (text), \
        .holds = {                                                            \
            "\"SELECT_CHALLENGE\"",                                           \
            "\"Session\":\"s1\"",                                             \
            "\"ANSWER\":\"" choice "\"",                                      \
            with                                                              \
        }                                                                     \
    }
#define CHOOSES_SRP(text) \
    CHOOSES_WITH("PASSWORD_SRP", "\"SRP_A\":\"", 200, text)
#define OFFERS_A(http, text)                                                  \
    {                                                                         \
        .expect = "RespondToAuthChallenge", .status = (http), .body = (text), \
        .holds = {"\"ChallengeName\":\"PASSWORD_SRP\"", "\"SRP_A\":\"",       \
                  "\"Session\":\"s1\""},                                      \
        .lacks = {PASSWORD, "ANSWER"},                                        \
    }
#define CHOOSES_PASSWORD(http, text) \
    CHOOSES_WITH("PASSWORD", "\"PASSWORD\":\"" PASSWORD "\"", http, text)

#define EMAIL CHALLENGE("EMAIL_OTP", "s2", ALICE)
#define EMAIL_CODE(text) \
    RESPOND("EMAIL_OTP", "s2", "EMAIL_OTP_CODE\":\"1", 200, text)
#define TYPES_EMAIL_CODE SAYING(COG_TEXT_EMAIL, "1", "***")
#define FULL_MENU(question, answer)                                       \
    MENU(question, answer, COG_TEXT_OPTION_PASSWORD, COG_TEXT_OPTION_SMS, \
         COG_TEXT_OPTION_EMAIL)

static const struct scenario typed[] = {
    {
        .name = "a password by SRP",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(VERIFIER(ALICE)), PROOF(200, TOKENS)},
        .proven = true,
    },
    {
        .name = "a password as it is",
        .kind = COG_API_CHOICE,
        .no_pair = true,
        .exchanges = {PREFERS_PASSWORD(TOKENS)},
        .proven = true,
    },
    {
        .name = "and a code from an authenticator",
        .kind = COG_API_CHOICE,
        .no_pair = true,
        .exchanges = {PREFERS_PASSWORD(TOTP("s1")),
                      CODE("s1", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "a code by e-mail may be all the pool wants, or the rest",
        .kind = COG_API_CHOICE,
        .no_pair = true,
        .exchanges = {PREFERS_PASSWORD(EMAIL), EMAIL_CODE(TOKENS)},
        .turns = {TYPES_EMAIL_CODE},
        .proven = true,
        .method = "email_otp",
        .mfa = "email",
    },
    {
        .name = "wrong",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(VERIFIER(ALICE)), PROOF(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "no way for this user: the menu proves nothing",
        .kind = COG_API_CHOICE,
        .no_pair = true,
        .exchanges = {PREFERS_PASSWORD(SELECT("\"SMS_OTP\",\"EMAIL_OTP\""))},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, NULL, COG_TEXT_OPTION_SMS,
                       COG_TEXT_OPTION_EMAIL)},
        .code = COG_E_CONV,
    },
    {
        .name = "chosen in the menu all the same: not asked for again",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(SELECT(ALL)), CHOOSES_SRP(VERIFIER(ALICE)),
                      PROOF(200, TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1")},
        .proven = true,
    },
    {
        .name = "a device is named in answers only",
        .kind = COG_API_CHOICE,
        .device = true,
        .exchanges = {{.expect = "InitiateAuth",
                       .lacks = {"DEVICE_KEY"},
                       .status = 200,
                       .body = VERIFIER(ALICE)},
                      {.expect = "RespondToAuthChallenge",
                       .holds = {"\"DEVICE_KEY\":\"dev-1\""},
                       .status = 200,
                       .body = TOKENS}},
        .proven = true,
    },
};

static const struct scenario menus[] = {
    {
        .name = "a password: by SRP where that is offered",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT(ALL)),
                      CHOOSES_SRP(VERIFIER(ALICE)), PROOF(200, TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1"),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD)},
        .proven = true,
    },
    {
        .name = "a password as it is, where not",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT("\"PASSWORD\"")),
                      CHOOSES_PASSWORD(200, TOTP("s2")),
                      CODE("s2", "1", 200, TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD),
                  SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "a code by e-mail after a chosen password is a second factor",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT("\"PASSWORD\"")),
                      CHOOSES_PASSWORD(200, EMAIL), EMAIL_CODE(TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD), TYPES_EMAIL_CODE},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "a wrong password",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT("\"PASSWORD\"")),
                      CHOOSES_PASSWORD(400, WRONG_PASSWORD)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "the menu again after a password: it was not accepted",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT("\"PASSWORD\"")),
                      CHOOSES_PASSWORD(200, SELECT("\"PASSWORD\""))},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD),
                  MENU(COG_TEXT_CHOOSE_FIRST, NULL, COG_TEXT_OPTION_PASSWORD)},
        .code = COG_E_CONV,
    },
    {
        .name = "the menu again, without its list: it is the last one",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT("\"PASSWORD\"")),
                      CHOOSES_PASSWORD(200,
                                       CHALLENGE("SELECT_CHALLENGE", "s1", "")),
                      CHOOSES_PASSWORD(200, TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD),
                  MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD)},
        .proven = true,
    },
    {
        .name = "no password is typed",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT(ALL))},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1"),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, "")},
        .code = COG_E_DENIED,
        .message = "no usable password",
    },
    {
        .name = "none can be asked for",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT(ALL))},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1"),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, NULL)},
        .code = COG_E_CONV,
    },
    {
        .name = "a code by e-mail",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT(ALL)), CHOOSES("EMAIL_OTP", EMAIL),
                      EMAIL_CODE(TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "3"), TYPES_EMAIL_CODE},
        .proven = true,
        .method = "email_otp",
    },
    {
        .name = "a code by text message, though it is the only way",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT("\"SMS_OTP\"")),
                      CHOOSES("SMS_OTP", CHALLENGE("SMS_OTP", "s2", "")),
                      RESPOND("SMS_OTP", "s2", "SMS_OTP_CODE\":\"1", 200,
                              TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, " 1 ", COG_TEXT_OPTION_SMS),
                  SAYING(COG_TEXT_SMS, "1", "***")},
        .proven = true,
        .method = "sms_otp",
    },
    {
        .name = "Enter, no number, a number",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT(ALL)), CHOOSES("EMAIL_OTP", EMAIL),
                      EMAIL_CODE(TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, ""),
                  FULL_MENU(COG_TEXT_CHOOSE_AGAIN, "e-mail"),
                  FULL_MENU(COG_TEXT_CHOOSE_AGAIN, "3"), TYPES_EMAIL_CODE},
        .proven = true,
        .method = "email_otp",
    },
    {
        .name = "four numbers that are not there",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT(ALL))},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "0"),
                  FULL_MENU(COG_TEXT_CHOOSE_AGAIN, "4"),
                  FULL_MENU(COG_TEXT_CHOOSE_AGAIN, "-1"),
                  FULL_MENU(COG_TEXT_CHOOSE_AGAIN, "01")},
        .code = COG_E_DENIED,
        .message = "no number of the menu",
    },
    {
        .name = "a passkey alone takes a browser",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT("\"WEB_AUTHN\",\"NEW\""))},
        .code = COG_E_BROWSER,
    },
    {
        .name = "nothing we know is offered",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT("\"PALM\",\"password\""))},
        .code = COG_E_CHALLENGE,
        .message = "SELECT_CHALLENGE and offers PALM, password: none",
    },
    {
        .name = "nothing at all is offered",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(CHALLENGE("SELECT_CHALLENGE", "s1", ""))},
        .code = COG_E_CHALLENGE,
        .message = "offers nothing",
    },
    {
        .name = "the password itself, without a menu",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(CHALLENGE("PASSWORD", "s1", "")),
                      RESPOND("PASSWORD", "s1", "PASSWORD\":\"" PASSWORD, 200,
                              TOKENS)},
        .turns = {HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD)},
        .proven = true,
    },
    {
        .name = "its proof, without a menu",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(CHALLENGE("PASSWORD_SRP", "s1", "")),
                      OFFERS_A(200, VERIFIER(ALICE)), PROOF(200, TOKENS)},
        .turns = {HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD)},
        .proven = true,
    },
    {
        .name = "tokens for the first half of that proof",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(CHALLENGE("PASSWORD_SRP", "s1", "")),
                      OFFERS_A(200, TOKENS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
    {
        .name = "its first half is refused",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(CHALLENGE("PASSWORD_SRP", "s1", "")),
                      OFFERS_A(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "the password again: it was not accepted",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(CHALLENGE("PASSWORD", "s1", "")),
                      RESPOND("PASSWORD", "s1", "PASSWORD\":\"" PASSWORD, 200,
                              CHALLENGE("PASSWORD", "s2", "")),
                      RESPOND("PASSWORD", "s2", "PASSWORD\":\"" PASSWORD, 400,
                              WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "tokens for a choice alone",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT(ALL)),
                      CHOOSES("EMAIL_OTP", TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "3")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
    {
        .name = "tokens for the first half of a proof",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(SELECT(ALL)), CHOOSES_SRP(TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
    {
        .name = "tokens for a name alone",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(TOKENS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
};

static const struct scenario passkeys[] = {
    {
        .name = "a code instead: the sign-in begins again with it",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(PASSKEY(ALL)),
                      PREFERS("EMAIL_OTP", "USERNAME", EMAIL),
                      EMAIL_CODE(TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "3"), TYPES_EMAIL_CODE},
        .proven = true,
        .method = "email_otp",
    },
    {
        .name = "a password instead",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(PASSKEY(ALL)),
                      PREFERS_SRP(VERIFIER(ALICE)), PROOF(200, TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1"),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD)},
        .proven = true,
    },
    {
        .name = "a password as it is instead, which was typed before",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(PASSKEY("\"PASSWORD\"")),
                      PREFERS_PASSWORD(TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD)},
        .proven = true,
    },
    {
        .name = "no password is typed",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(PASSKEY(ALL))},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1"),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, " \177")},
        .code = COG_E_DENIED,
    },
    {
        .name = "nothing that is known is offered with it",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(PASSKEY("\"PALM\""))},
        .code = COG_E_BROWSER,
        .message = "passkey",
    },
    {
        .name = "nothing else is offered",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(PASSKEY("\"WEB_AUTHN\""))},
        .code = COG_E_BROWSER,
        .message = "passkey",
    },
    {
        .name = "nothing is said of anything else",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(CHALLENGE("WEB_AUTHN", "s1", "")),
                      PREFERS_NOTHING(CHALLENGE("WEB_AUTHN", "s1", ""))},
        .code = COG_E_BROWSER,
        .message = "insists on a passkey",
    },
    {
        .name = "nothing is said of anything else, until no password is sent",
        .kind = COG_API_CHOICE,
        .exchanges = {PREFERS_SRP(CHALLENGE("WEB_AUTHN", "s1", "")),
                      PREFERS_NOTHING(SELECT("\"PASSWORD\"")),
                      CHOOSES_PASSWORD(200, TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD)},
        .proven = true,
    },
    {
        .name = "in answer to a choice: what else there is was said before",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(SELECT(ALL)),
                      CHOOSES("SMS_OTP", CHALLENGE("WEB_AUTHN", "s1", "")),
                      PREFERS("EMAIL_OTP", "USERNAME", EMAIL),
                      EMAIL_CODE(TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "2"),
                  FULL_MENU(COG_TEXT_CHOOSE_FIRST, "3"), TYPES_EMAIL_CODE},
        .proven = true,
        .method = "email_otp",
    },
    {
        .name = "again: once is enough",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(PASSKEY(ALL)),
                      PREFERS("EMAIL_OTP", "USERNAME", PASSKEY(ALL))},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "3")},
        .code = COG_E_BROWSER,
        .message = "insists on a passkey",
    },
    {
        .name = "a password instead: the code is the second factor",
        .kind = COG_API_CHOICE,
        .no_pair = true,
        .exchanges = {PREFERS_PASSWORD(PASSKEY("\"PASSWORD\"")),
                      PREFERS_PASSWORD(EMAIL), EMAIL_CODE(TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD),
                  TYPES_EMAIL_CODE},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "and once for the time it took",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {PREFERS_NOTHING(PASSKEY(ALL)),
                      PREFERS("EMAIL_OTP", "USERNAME", EMAIL),
                      RESPOND("EMAIL_OTP", "s2", "EMAIL_OTP_CODE\":\"1", 400,
                              EXPIRED),
                      PREFERS("EMAIL_OTP", "USERNAME", EMAIL),
                      EMAIL_CODE(TOKENS)},
        .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "3"), TYPES_EMAIL_CODE,
                  SAYING(COG_TEXT_EMAIL_OVER, "1", "***")},
        .proven = true,
        .method = "email_otp",
    },
};

/* JSON inside a string. */
#define Q "\\\""
#define MFAS(list) \
    CHALLENGE("SELECT_MFA_TYPE", "s1", "\"MFAS_CAN_CHOOSE\":\"" list "\"")
#define ALL_MFAS \
    MFAS("[" Q "SMS_MFA" Q "," Q "SOFTWARE_TOKEN_MFA" Q "," Q "EMAIL_OTP" Q "]")
#define TAKES(choice, text) \
    RESPOND("SELECT_MFA_TYPE", "s1", "ANSWER\":\"" choice, 200, text)
#define MFA_MENU(question, answer)                                    \
    MENU(question, answer, COG_TEXT_OPTION_TOTP, COG_TEXT_OPTION_SMS, \
         COG_TEXT_OPTION_EMAIL)

static const struct scenario second_factors[] = {
    {
        .name = "an authenticator",
        .exchanges = {START(200, ALL_MFAS),
                      TAKES("SOFTWARE_TOKEN_MFA", TOTP("s2")),
                      CODE("s2", "1", 200, TOKENS)},
        .turns = {MFA_MENU(COG_TEXT_CHOOSE_SECOND, "1"),
                  SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "a text message, at the second try",
        .exchanges = {START(200, ALL_MFAS),
                      TAKES("SMS_MFA", CHALLENGE("SMS_MFA", "s2", "")),
                      RESPOND("SMS_MFA", "s2", "SMS_MFA_CODE\":\"1", 200,
                              TOKENS)},
        .turns = {MFA_MENU(COG_TEXT_CHOOSE_SECOND, ""),
                  MFA_MENU(COG_TEXT_CHOOSE_AGAIN, "2"),
                  SAYING(COG_TEXT_SMS, "1", "***")},
        .proven = true,
        .mfa = "sms",
    },
    {
        .name = "e-mail",
        .exchanges = {START(200, ALL_MFAS), TAKES("EMAIL_OTP", EMAIL),
                      EMAIL_CODE(TOKENS)},
        .turns = {MFA_MENU(COG_TEXT_CHOOSE_SECOND, "3"), TYPES_EMAIL_CODE},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "e-mail by its other name; alone it is no question",
        .exchanges = {START(200, MFAS("[" Q "EMAIL_MFA" Q "," Q "NEW" Q "]")),
                      TAKES("EMAIL_MFA", EMAIL), EMAIL_CODE(TOKENS)},
        .turns = {TYPES_EMAIL_CODE},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "nothing is chosen",
        .exchanges = {START(200, ALL_MFAS)},
        .turns = {MFA_MENU(COG_TEXT_CHOOSE_SECOND, ""),
                  MFA_MENU(COG_TEXT_CHOOSE_AGAIN, ""),
                  MFA_MENU(COG_TEXT_CHOOSE_AGAIN, ""),
                  MFA_MENU(COG_TEXT_CHOOSE_AGAIN, "")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "the conversation cannot ask",
        .exchanges = {START(200, ALL_MFAS)},
        .turns = {MFA_MENU(COG_TEXT_CHOOSE_SECOND, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "a number of a conversation that failed",
        .exchanges = {START(200, ALL_MFAS)},
        .turns = {{.text = COG_TEXT_CHOOSE_SECOND,
                   .echo = true,
                   .typed = "1",
                   .broken = true,
                   .option = {COG_TEXT_OPTION_TOTP, COG_TEXT_OPTION_SMS,
                              COG_TEXT_OPTION_EMAIL}}},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "none of them is known",
        .exchanges = {START(200, MFAS("[" Q "PALM" Q "]"))},
        .code = COG_E_CHALLENGE,
        .message = "challenge SELECT_MFA_TYPE and offers PALM: none",
        .proven = true,
    },
    {
        .name = "none",
        .exchanges = {START(200, MFAS("[]"))},
        .code = COG_E_CHALLENGE,
        .message = "offers nothing",
        .proven = true,
    },
    {
        .name = "the pool does not say which",
        .exchanges = {START(200, CHALLENGE("SELECT_MFA_TYPE", "s1", ""))},
        .code = COG_E_PROTOCOL,
        .message = "MFAS_CAN_CHOOSE",
        .proven = true,
    },
    {
        .name = "the pool says it wrongly",
        .exchanges = {START(200, MFAS("{" Q "SMS_MFA" Q ":1}"))},
        .code = COG_E_PROTOCOL,
        .proven = true,
    },
    {
        .name = "tokens for a choice, and no proof",
        .kind = COG_API_SRP,
        .exchanges = {START(200, MFAS("[" Q "SMS_MFA" Q "]")),
                      TAKES("SMS_MFA", TOKENS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
};

static void
typed_passwords(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(typed); i++)
        scenario_play(&typed[i]);
}

static void
first_factors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(menus); i++)
        scenario_play(&menus[i]);
}

static void
other_ways_than_passkeys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(passkeys); i++)
        scenario_play(&passkeys[i]);
}

static void
second_factors_to_choose(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(second_factors); i++)
        scenario_play(&second_factors[i]);
}

/* The proof that is chosen in a menu uses up the pair made beforehand; another
 * takes random numbers. */
static void
without_random_numbers(void **state)
{
    static const struct scenario scenarios[] = {
        {
            .name = "none for a second proof",
            .kind = COG_API_CHOICE,
            .exchanges = {PREFERS_SRP(SELECT(ALL))},
            .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1")},
            .code = COG_E_SYSTEM,
        },
        {
            .name = "none to begin again with",
            .kind = COG_API_CHOICE,
            .exchanges = {PREFERS_SRP(PASSKEY(ALL))},
            .turns = {FULL_MENU(COG_TEXT_CHOOSE_FIRST, "1")},
            .code = COG_E_SYSTEM,
        },
    };

    (void)state;
    scenario_no_pairs = true;
    for (size_t i = 0; i < COG_COUNT(scenarios); i++)
        scenario_play(&scenarios[i]);
    scenario_no_pairs = false;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_passwords),
        cmocka_unit_test(first_factors),
        cmocka_unit_test(other_ways_than_passkeys),
        cmocka_unit_test(second_factors_to_choose),
        cmocka_unit_test(without_random_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
