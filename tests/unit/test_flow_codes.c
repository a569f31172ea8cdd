/* SPDX-License-Identifier: MIT */
/* Codes: from an authenticator, by text message, by e-mail, and what a pool's
 * own challenge asks. */
#include "lib/pool/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scenario.h"

static const struct scenario totp[] = {
    {
        .name = "right code",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "right code after SRP",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "codes have any length, blanks do not count",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "12345678", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, " 12 34\t56 78 ")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "wrong, then right",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "111111", 400, WRONG_CODE),
                      CODE("s1", "222222", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "111111"),
                  SHOWN(COG_TEXT_TOTP_WRONG, "222222")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "used, wrong, right: each question says why",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "111111", 400, USED_CODE),
                      CODE("s1", "222222", 400, WRONG_CODE),
                      CODE("s1", "333333", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "111111"),
                  SHOWN(COG_TEXT_TOTP_USED, "222222"),
                  SHOWN(COG_TEXT_TOTP_WRONG, "333333")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "three re-asks, then no more",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "111111", 400, WRONG_CODE),
                      CODE("s1", "222222", 400, WRONG_CODE),
                      CODE("s1", "333333", 400, WRONG_CODE),
                      CODE("s1", "444444", 400, WRONG_CODE)},
        .turns = {SHOWN(COG_TEXT_TOTP, "111111"),
                  SHOWN(COG_TEXT_TOTP_WRONG, "222222"),
                  SHOWN(COG_TEXT_TOTP_WRONG, "333333"),
                  SHOWN(COG_TEXT_TOTP_WRONG, "444444")},
        .code = COG_E_DENIED,
        .message = "wrong code",
        .proven = true,
    },
    {
        .name = "nothing typed is nothing sent",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, ""), SHOWN(COG_TEXT_TOTP_WRONG, " \t "),
                  SHOWN(COG_TEXT_TOTP_WRONG, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "what nobody can have typed is not sent",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "\b\n\r\177INCORRECT"),
                  SHOWN(COG_TEXT_TOTP_WRONG, "12\xff"),
                  SHOWN(COG_TEXT_TOTP_WRONG, "123456")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "nothing typed four times",
        .exchanges = {START(200, TOTP("s1"))},
        .turns = {SHOWN(COG_TEXT_TOTP, ""), SHOWN(COG_TEXT_TOTP_WRONG, ""),
                  SHOWN(COG_TEXT_TOTP_WRONG, ""),
                  SHOWN(COG_TEXT_TOTP_WRONG, "")},
        .code = COG_E_DENIED,
        .message = "no usable code was given",
        .proven = true,
    },
    {
        .name = "too many codes, after proof",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 400,
                           ERROR("TooManyFailedAttemptsException", ""))},
        .turns = {SHOWN(COG_TEXT_TOTP, "123456")},
        .code = COG_E_MAXTRIES,
        .proven = true,
    },
    {
        .name = "a code is not sent twice after an outage",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 500, OUTAGE)},
        .turns = {SHOWN(COG_TEXT_TOTP, "123456")},
        .code = COG_E_NET,
        .proven = true,
    },
    {
        .name = "the conversation cannot ask for a code",
        .exchanges = {START(200, TOTP("s1"))},
        .turns = {SHOWN(COG_TEXT_TOTP, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "a code of a conversation that failed is not sent",
        .exchanges = {START(200, TOTP("s1"))},
        .turns = {BROKEN(COG_TEXT_TOTP, true, "123456")},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "an empty answer does not hide the conversation's end",
        .exchanges = {START(200, TOTP("s1"))},
        .turns = {SHOWN(COG_TEXT_TOTP, ""), SHOWN(COG_TEXT_TOTP_WRONG, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "the session of the last reply answers",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "111111", 200, TOTP("s2")),
                      CODE("s2", "222222", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "111111"),
                  SHOWN(COG_TEXT_TOTP, "222222")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "challenges without end",
        .exchanges =
            {START(200, TOTP("s1")), CODE("s1", "1", 200, TOTP("s1")),
             CODE("s1", "2", 200, TOTP("s1")), CODE("s1", "3", 200, TOTP("s1")),
             CODE("s1", "4", 200, TOTP("s1")), CODE("s1", "5", 200, TOTP("s1")),
             CODE("s1", "6", 200, TOTP("s1")), CODE("s1", "7", 200, TOTP("s1")),
             CODE("s1", "8", 200, TOTP("s1")), CODE("s1", "9", 200, TOTP("s1")),
             CODE("s1", "10", 200, TOTP("s1"))},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP, "2"),
                  SHOWN(COG_TEXT_TOTP, "3"), SHOWN(COG_TEXT_TOTP, "4"),
                  SHOWN(COG_TEXT_TOTP, "5"), SHOWN(COG_TEXT_TOTP, "6"),
                  SHOWN(COG_TEXT_TOTP, "7"), SHOWN(COG_TEXT_TOTP, "8"),
                  SHOWN(COG_TEXT_TOTP, "9"), SHOWN(COG_TEXT_TOTP, "10")},
        .code = COG_E_MAXTRIES,
        .message = "without end",
        .proven = true,
    },
};

#define SENT(name, session, to) \
    CHALLENGE(name, session, "\"CODE_DELIVERY_DESTINATION\":\"" to "\"")
#define SMS(session)   SENT("SMS_MFA", session, NUMBER)
#define EMAIL(session) SENT("EMAIL_OTP", session, ADDRESS)
#define SMS_CODE(session, code, http, text) \
    RESPOND("SMS_MFA", session, "SMS_MFA_CODE\":\"" code, http, text)
#define EMAIL_CODE(session, code, http, text) \
    RESPOND("EMAIL_OTP", session, "EMAIL_OTP_CODE\":\"" code, http, text)
#define OTP_CODE(session, code, http, text) \
    RESPOND("SMS_OTP", session, "SMS_OTP_CODE\":\"" code, http, text)
#define NUMBER  "+*******1234"
#define ADDRESS "a***@e***"

static const struct scenario delivered[] = {
    {
        .name = "by text message",
        .exchanges = {START(200, SMS("s1")),
                      SMS_CODE("s1", "123456", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_SMS, " 123 456", NUMBER)},
        .proven = true,
        .mfa = "sms",
    },
    {
        .name =
            "by text message: wrong, over, and wrong and right of a new one",
        .exchanges = {START(200, SMS("s1")),
                      SMS_CODE("s1", "1", 400, WRONG_CODE),
                      SMS_CODE("s1", "2", 400, USED_CODE),
                      START(200, SMS("s2")),
                      SMS_CODE("s2", "3", 400, WRONG_CODE),
                      SMS_CODE("s2", "4", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_SMS, "1", NUMBER),
                  SAYING(COG_TEXT_SMS_WRONG, "2", NUMBER),
                  SAYING(COG_TEXT_SMS_OVER, "3", NUMBER),
                  SAYING(COG_TEXT_SMS_WRONG, "4", NUMBER)},
        .proven = true,
        .mfa = "sms",
    },
    {
        .name = "by text message: four times wrong",
        .exchanges = {START(200, SMS("s1")),
                      SMS_CODE("s1", "1", 400, WRONG_CODE),
                      SMS_CODE("s1", "2", 400, WRONG_CODE),
                      SMS_CODE("s1", "3", 400, WRONG_CODE),
                      SMS_CODE("s1", "4", 400, WRONG_CODE)},
        .turns = {SAYING(COG_TEXT_SMS, "1", NUMBER),
                  SAYING(COG_TEXT_SMS_WRONG, "2", NUMBER),
                  SAYING(COG_TEXT_SMS_WRONG, "3", NUMBER),
                  SAYING(COG_TEXT_SMS_WRONG, "4", NUMBER)},
        .code = COG_E_DENIED,
        .message = "wrong code",
        .proven = true,
    },
    {
        .name = "by e-mail, of eight digits",
        .exchanges = {START(200, EMAIL("s1")),
                      EMAIL_CODE("s1", "12345678", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_EMAIL, "12345678", ADDRESS)},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "by e-mail: over, wrong, right",
        .exchanges = {START(200, EMAIL("s1")),
                      EMAIL_CODE("s1", "1", 400, USED_CODE),
                      START(200, EMAIL("s2")),
                      EMAIL_CODE("s2", "2", 400, WRONG_CODE),
                      EMAIL_CODE("s2", "3", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_EMAIL, "1", ADDRESS),
                  SAYING(COG_TEXT_EMAIL_OVER, "2", ADDRESS),
                  SAYING(COG_TEXT_EMAIL_WRONG, "3", ADDRESS)},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "over twice: no third is sent",
        .exchanges = {START(200, EMAIL("s1")),
                      EMAIL_CODE("s1", "1", 400, USED_CODE),
                      START(200, EMAIL("s2")),
                      EMAIL_CODE("s2", "2", 400, USED_CODE)},
        .turns = {SAYING(COG_TEXT_EMAIL, "1", ADDRESS),
                  SAYING(COG_TEXT_EMAIL_OVER, "2", ADDRESS)},
        .code = COG_E_DENIED,
        .message = "the code has expired",
        .proven = true,
    },
    {
        .name = "the session is over: the question says that the code is new",
        .exchanges = {START(200, SMS("s1")), SMS_CODE("s1", "1", 400, EXPIRED),
                      START(200, EMAIL("s2")),
                      EMAIL_CODE("s2", "2", 200, SMS("s3")),
                      SMS_CODE("s3", "3", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_SMS, "1", NUMBER),
                  SAYING(COG_TEXT_EMAIL_OVER, "2", ADDRESS),
                  SAYING(COG_TEXT_SMS, "3", NUMBER)},
        .proven = true,
        .mfa = "sms",
    },
    {
        .name = "no code was sent before: this one is not called new",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 400, EXPIRED),
                      START(200, SMS("s2")), SMS_CODE("s2", "2", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SAYING(COG_TEXT_SMS, "2", NUMBER)},
        .proven = true,
        .mfa = "sms",
    },
    {
        .name = "the pool does not say where to",
        .exchanges = {START(200, CHALLENGE("SMS_MFA", "s1", "")),
                      SMS_CODE("s1", "1", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_SMS, "1", "***")},
        .proven = true,
        .mfa = "sms",
    },
    {
        .name = "or says nothing",
        .exchanges = {START(200, SENT("EMAIL_OTP", "s1", "")),
                      EMAIL_CODE("s1", "1", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_EMAIL, "1", "***")},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "a destination cannot move the cursor",
        .exchanges = {START(200, SENT("SMS_MFA", "s1", "\\u001b[2J\\u202e1")),
                      SMS_CODE("s1", "1", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_SMS, "1", "?[2J?1")},
        .proven = true,
        .mfa = "sms",
    },
    {
        .name = "a code alone proves nothing where SRP was to prove it",
        .kind = COG_API_SRP,
        .exchanges = {START(200, EMAIL("s1")),
                      EMAIL_CODE("s1", "1", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_EMAIL, "1", ADDRESS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .mfa = "email",
    },
    {
        .name = "nor does one by text message",
        .kind = COG_API_SRP,
        .exchanges = {START(200, SMS("s1")), SMS_CODE("s1", "1", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_SMS, "1", NUMBER)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .mfa = "sms",
    },
};

/* Where the user may choose, a code can be all there is. */
static const struct scenario first_factors[] = {
    {
        .name = "a code by e-mail in place of a password",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {START(200, EMAIL("s1")),
                      EMAIL_CODE("s1", "1", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_EMAIL, "1", ADDRESS)},
        .proven = true,
        .method = "email_otp",
    },
    {
        .name = "by text message",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {START(200, SENT("SMS_OTP", "s1", NUMBER)),
                      OTP_CODE("s1", "1", 400, WRONG_CODE),
                      OTP_CODE("s1", "2", 400, USED_CODE),
                      START(200, SENT("SMS_OTP", "s2", NUMBER)),
                      OTP_CODE("s2", "3", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_SMS, "1", NUMBER),
                  SAYING(COG_TEXT_SMS_WRONG, "2", NUMBER),
                  SAYING(COG_TEXT_SMS_OVER, "3", NUMBER)},
        .proven = true,
        .method = "sms_otp",
    },
    {
        .name = "wrong to the end: nothing is proven",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {START(200, EMAIL("s1")),
                      EMAIL_CODE("s1", "1", 400, WRONG_CODE),
                      EMAIL_CODE("s1", "2", 400, WRONG_CODE),
                      EMAIL_CODE("s1", "3", 400, WRONG_CODE),
                      EMAIL_CODE("s1", "4", 400, WRONG_CODE)},
        .turns = {SAYING(COG_TEXT_EMAIL, "1", ADDRESS),
                  SAYING(COG_TEXT_EMAIL_WRONG, "2", ADDRESS),
                  SAYING(COG_TEXT_EMAIL_WRONG, "3", ADDRESS),
                  SAYING(COG_TEXT_EMAIL_WRONG, "4", ADDRESS)},
        .code = COG_E_DENIED,
    },
    {
        .name = "another first factor is asked for: this one was none",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {START(200, EMAIL("s1")),
                      EMAIL_CODE("s1", "1", 200, SENT("SMS_OTP", "s2", NUMBER)),
                      OTP_CODE("s2", "2", 400,
                               ERROR("LimitExceededException", ""))},
        .turns = {SAYING(COG_TEXT_EMAIL, "1", ADDRESS),
                  SAYING(COG_TEXT_SMS, "2", NUMBER)},
        .code = COG_E_DENIED,
    },
    {
        .name = "a code after a code is the second factor",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {START(200, SENT("SMS_OTP", "s1", NUMBER)),
                      OTP_CODE("s1", "1", 200, EMAIL("s2")),
                      EMAIL_CODE("s2", "2", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_SMS, "1", NUMBER),
                  SAYING(COG_TEXT_EMAIL, "2", ADDRESS)},
        .proven = true,
        .method = "sms_otp",
        .mfa = "email",
    },
    {
        .name = "after a password by SRP it is the second factor too",
        .kind = COG_API_CHOICE,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, EMAIL("s1")),
                      EMAIL_CODE("s1", "1", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_EMAIL, "1", ADDRESS)},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "a code from an authenticator is never the first",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .mfa = "totp",
    },
};

#define CUSTOM(session, parameters) \
    CHALLENGE("CUSTOM_CHALLENGE", session, parameters)
#define ANSWER(session, answer, http, text) \
    RESPOND("CUSTOM_CHALLENGE", session, "ANSWER\":\"" answer, http, text)

/* auth_flow = custom: SRP comes first. */
#define BEGUN(text)                                                \
    {                                                              \
        .expect = "InitiateAuth", .status = 200, .body = (text),   \
        .holds = {"\"AuthFlow\":\"CUSTOM_AUTH\"",                  \
                  "\"CHALLENGE_NAME\":\"SRP_A\"", "\"SRP_A\":\""}, \
        .lacks = {                                                 \
            PASSWORD                                               \
        }                                                          \
    }
#define PROVEN(text) BEGUN(VERIFIER(ALICE)), PROOF(200, text)

static const struct scenario customs[] = {
    {
        .name = "a pool's own question, with blanks in its answer",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", "\"question\":\"Pet?\"")),
                      ANSWER("s1", "a cat ", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_CUSTOM, "a cat ", "Pet?")},
        .proven = true,
        .mfa = "custom",
    },
    {
        .name = "prompt comes first, but not an empty one",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", "\"challenge\":\"c\",\"message\":"
                                          "\"m\",\"question\":\"q\","
                                          "\"prompt\":\"p\"")),
                      ANSWER("s1", "1", 200,
                             CUSTOM("s2", "\"prompt\":\"\",\"message\":"
                                          "\"m\",\"challenge\":\"c\"")),
                      ANSWER("s2", "2", 200,
                             CUSTOM("s3", "\"challenge\":\"c\"")),
                      ANSWER("s3", "3", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_CUSTOM, "1", "p"),
                  SAYING(COG_TEXT_CUSTOM, "2", "m"),
                  SAYING(COG_TEXT_CUSTOM, "3", "c")},
        .proven = true,
        .mfa = "custom",
    },
    {
        .name = "the same question over and over is no factor",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", "")),
                      ANSWER("s1", "1", 200, CUSTOM("s2", "")),
                      ANSWER("s2", "2", 400, WRONG_PASSWORD)},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, "1"),
                  SHOWN(COG_TEXT_CUSTOM_BARE, "2")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "a question nobody put into words",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", "\"other\":\"x\"")),
                      ANSWER("s1", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, "1")},
        .proven = true,
        .mfa = "custom",
    },
    {
        .name = "one that forges a prompt",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", "\"prompt\":\"a\\nroot:\"")),
                      ANSWER("s1", "1", 200, TOKENS)},
        .turns = {SAYING(COG_TEXT_CUSTOM, "1", "a?root:")},
        .proven = true,
        .mfa = "custom",
    },
    {
        .name = "empty and untypable answers are not sent",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", "")), ANSWER("s1", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, ""),
                  SHOWN(COG_TEXT_CUSTOM_BARE, "\177"),
                  SHOWN(COG_TEXT_CUSTOM_BARE, "1")},
        .proven = true,
        .mfa = "custom",
    },
    {
        .name = "nothing typed four times",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", ""))},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, ""),
                  SHOWN(COG_TEXT_CUSTOM_BARE, ""),
                  SHOWN(COG_TEXT_CUSTOM_BARE, ""),
                  SHOWN(COG_TEXT_CUSTOM_BARE, "")},
        .code = COG_E_DENIED,
        .message = "no usable answer",
        .proven = true,
    },
    {
        .name = "a wrong answer is not asked about again",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", "")),
                      ANSWER("s1", "1", 400, WRONG_PASSWORD)},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, "1")},
        .code = COG_E_DENIED,
        .proven = true,
    },
    {
        .name = "the conversation cannot ask",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", ""))},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, NULL)},
        .code = COG_E_CONV,
        .proven = true,
    },
    {
        .name = "alone it proves nothing",
        .kind = COG_API_CUSTOM,
        .exchanges = {BEGUN(CUSTOM("s1", "")), ANSWER("s1", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, "1")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .mfa = "custom",
    },
    {
        .name = "before the password it is the second factor too",
        .kind = COG_API_CUSTOM,
        .exchanges = {BEGUN(CUSTOM("s0", "\"prompt\":\"push code?\"")),
                      ANSWER("s0", "1", 200, VERIFIER(ALICE)),
                      PROOF(200, TOKENS)},
        .turns = {SAYING(COG_TEXT_CUSTOM, "1", "push code?")},
        .proven = true,
        .mfa = "custom",
    },
    {
        .name = "after a code",
        .kind = COG_API_CUSTOM,
        .username = "alice@example.com",
        .confidential = true,
        .exchanges = {PROVEN(TOTP("s1")),
                      CODE("s1", "1", 200, CUSTOM("s2", "")),
                      ANSWER("s2", "a", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_CUSTOM_BARE, "a")},
        .proven = true,
        .mfa = "custom",
    },
    {
        .name = "too late: SRP and the question once more",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", "")), ANSWER("s1", "1", 400, EXPIRED),
                      PROVEN(CUSTOM("s2", "")), ANSWER("s2", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, "1"),
                  SHOWN(COG_TEXT_CUSTOM_BARE, "1")},
        .proven = true,
        .mfa = "custom",
    },
    {
        .name = "the Lambdas may ask nothing",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(TOKENS)},
        .proven = true,
    },
    {
        .name = "a wrong password",
        .kind = COG_API_CUSTOM,
        .exchanges = {BEGUN(VERIFIER(ALICE)), PROOF(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "a device is named",
        .kind = COG_API_CUSTOM,
        .device = true,
        .exchanges = {{.expect = "InitiateAuth",
                       .holds = {"\"DEVICE_KEY\":\"dev-1\"",
                                 "\"CHALLENGE_NAME\":\"SRP_A\""},
                       .status = 200,
                       .body = VERIFIER(ALICE)},
                      PROOF(200, TOKENS)},
        .proven = true,
    },
    {
        .name = "no password is typed: nothing is sent",
        .kind = COG_API_CUSTOM,
        .password = "",
        .code = COG_E_DENIED,
        .message = "the password is empty",
    },
    {
        .name = "Lambdas are not asked in other flows: by password",
        .exchanges = {START(200, CUSTOM("s1", ""))},
        .code = COG_E_CHALLENGE,
        .message = "CUSTOM_CHALLENGE, which belongs to auth_flow = custom",
        .proven = true,
    },
    {
        .name = "by SRP",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER(ALICE)),
                      PROOF(200, CUSTOM("s1", ""))},
        .code = COG_E_CHALLENGE,
        .message = "belongs to auth_flow = custom",
        .proven = true,
    },
    {
        .name = "by choice",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {START(200, CUSTOM("s1", ""))},
        .code = COG_E_CHALLENGE,
        .message = "belongs to auth_flow = custom",
    },
};

/* What programs answer by themselves where they cannot ask, or ask in vain. */
#define BLANKS " \tal ice "
static const struct scenario programs[] = {
    {
        .name = "the user's name is no code",
        .exchanges = {START(200, SMS("s1"))},
        .turns = {SAYING(COG_TEXT_SMS, "alice", NUMBER)},
        .code = COG_E_DENIED,
        .message = "the user's name",
        .proven = true,
    },
    {
        .name = "nor is his name on this host",
        .username = "alice@example.com",
        .local_user = "al",
        .exchanges = {START(200, TOTP("s1"))},
        .turns = {SHOWN(COG_TEXT_TOTP, "al")},
        .code = COG_E_DENIED,
        .message = "the user's name",
        .proven = true,
    },
    {
        .name = "nor the one the pool gives him",
        .username = "alice@example.com",
        .local_user = "al",
        .exchanges = {START(200, TOTP("s1"))},
        .turns = {SHOWN(COG_TEXT_TOTP, "alice")},
        .code = COG_E_DENIED,
        .message = "the user's name",
        .proven = true,
    },
    {
        .name = "the password is no code",
        .exchanges = {START(200, EMAIL("s1"))},
        .turns = {SAYING(COG_TEXT_EMAIL, PASSWORD, ADDRESS)},
        .code = COG_E_DENIED,
        .message = "the password",
        .proven = true,
    },
    {
        .name = "with blanks in it neither",
        .password = BLANKS,
        .exchanges = {START(200, EMAIL("s1"))},
        .turns = {SAYING(COG_TEXT_EMAIL, BLANKS, ADDRESS)},
        .code = COG_E_DENIED,
        .message = "the password",
        .proven = true,
        .keeps = BLANKS,
    },
    {
        .name = "with blanks around it neither",
        .exchanges = {START(200, TOTP("s1"))},
        .turns = {SHOWN(COG_TEXT_TOTP, " " PASSWORD " ")},
        .code = COG_E_DENIED,
        .message = "the password",
        .proven = true,
    },
    {
        .name = "a wrong code again",
        .exchanges = {START(200, SMS("s1")),
                      SMS_CODE("s1", "1", 400, WRONG_CODE)},
        .turns = {SAYING(COG_TEXT_SMS, "1", NUMBER),
                  SAYING(COG_TEXT_SMS_WRONG, " 1", NUMBER)},
        .code = COG_E_DENIED,
        .message = "the wrong code was given again",
        .proven = true,
    },
    {
        .name = "the wrong code before the last may be a slip",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 400, WRONG_CODE),
                      CODE("s1", "2", 400, WRONG_CODE),
                      CODE("s1", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP_WRONG, "2"),
                  SHOWN(COG_TEXT_TOTP_WRONG, "1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "a used code again: wait for the next",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 400, USED_CODE),
                      CODE("s1", "2", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP_USED, "1"),
                  SHOWN(COG_TEXT_TOTP_USED, "1"),
                  SHOWN(COG_TEXT_TOTP_USED, "2")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "but not for ever",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 400, USED_CODE)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP_USED, "1"),
                  SHOWN(COG_TEXT_TOTP_USED, "1"),
                  SHOWN(COG_TEXT_TOTP_USED, "1")},
        .code = COG_E_DENIED,
        .message = "given again",
        .proven = true,
    },
    {
        .name = "after another beginning the same code is not the same",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 400, EXPIRED),
                      START(200, TOTP("s2")), CODE("s2", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "the name answers no question of the pool's own",
        .kind = COG_API_CUSTOM,
        .local_user = "al",
        .exchanges = {PROVEN(CUSTOM("s1", ""))},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, "al")},
        .code = COG_E_DENIED,
        .message = "the user's name",
        .proven = true,
    },
    {
        .name = "nor does the password",
        .kind = COG_API_CUSTOM,
        .exchanges = {PROVEN(CUSTOM("s1", ""))},
        .turns = {SHOWN(COG_TEXT_CUSTOM_BARE, PASSWORD)},
        .code = COG_E_DENIED,
        .message = "the password",
        .proven = true,
    },
    {
        .name = "a password typed for a menu's choice is one too",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges = {START(200,
                            OFFER("SELECT_CHALLENGE", "s1", "\"PASSWORD\"")),
                      RESPOND("SELECT_CHALLENGE", "s1", PASSWORD, 200,
                              TOTP("s2"))},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD),
                  SHOWN(COG_TEXT_TOTP, PASSWORD)},
        .code = COG_E_DENIED,
        .message = "the password",
        .proven = true,
    },
};

static void
authenticator_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(totp); i++)
        scenario_play(&totp[i]);
}

static void
delivered_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(delivered); i++)
        scenario_play(&delivered[i]);
}

static void
codes_in_place_of_a_password(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(first_factors); i++)
        scenario_play(&first_factors[i]);
}

static void
questions_of_a_pool_s_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(customs); i++)
        scenario_play(&customs[i]);
}

static void
answers_of_programs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(programs); i++)
        scenario_play(&programs[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authenticator_codes),
        cmocka_unit_test(delivered_codes),
        cmocka_unit_test(codes_in_place_of_a_password),
        cmocka_unit_test(questions_of_a_pool_s_own),
        cmocka_unit_test(answers_of_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
