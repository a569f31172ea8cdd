/* SPDX-License-Identifier: MIT */
/* Whole sign-ins: proofs, chains of challenges, beginning again. */
#include "lib/pool/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/core/name.h"
#include "tests/unit/scenario.h"

/* This definition comes before libc's, so that the kernel can refuse. */
static bool random_fails;

ssize_t
getrandom(void *buf, size_t len, unsigned flags)
{
    return random_fails ? -1 : syscall(SYS_getrandom, buf, len, flags);
}

static const struct scenario by_password = {.name = "by password"};
static const struct scenario by_srp = {.name = "by SRP", .kind = COG_API_SRP};

static const struct scenario passwords[] = {
    {
        .name = "a password is enough",
        .exchanges = {{.expect = "InitiateAuth",
                       .holds = {"USER_PASSWORD_AUTH", "\"" PASSWORD "\"",
                                 "\"USERNAME\":\"alice\""},
                       .lacks = {"SECRET_HASH", "SRP_A"},
                       .status = 200,
                       .body = TOKENS}},
        .proven = true,
    },
    {
        .name = "SRP proves it without sending it",
        .kind = COG_API_SRP,
        .exchanges = {{.expect = "InitiateAuth",
                       .holds = {"USER_SRP_AUTH", "\"SRP_A\":\"",
                                 "\"USERNAME\":\"alice\""},
                       .lacks = {"SECRET_HASH", PASSWORD},
                       .status = 200,
                       .body = VERIFIER(ALICE)},
                      PROOF(200, TOKENS)},
        .proven = true,
    },
    {
        .name = "wrong password",
        .exchanges = {START(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "wrong password by SRP",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(400, WRONG_PASSWORD)},
        .code = COG_E_DENIED,
    },
    {
        .name = "the proof is not sent twice after an outage",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(500, OUTAGE)},
        .code = COG_E_NET,
    },
    {
        .name = "tokens nobody proved anything for",
        .kind = COG_API_SRP,
        .exchanges = {START(200, TOKENS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
    {
        .name = "tokens for a code alone",
        .kind = COG_API_SRP,
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "123456", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "123456")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .mfa = "totp",
    },
    {
        .name = "an SRP challenge after a password",
        .exchanges = {START(200, VERIFIER(ALICE))},
        .code = COG_E_PROTOCOL,
        .message = "an SRP proof nobody offered",
        .proven = true,
    },
    {
        .name = "an SRP challenge without a user",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER("\"X\":\"\""))},
        .code = COG_E_PROTOCOL,
    },
    {
        .name = "a second SRP challenge: the pair is used up",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, VERIFIER(ALICE))},
        .code = COG_E_PROTOCOL,
        .message = "an SRP proof nobody offered",
    },
    {
        .name = "no password is typed: nothing is sent",
        .password = "",
        .code = COG_E_DENIED,
        .message = "the password is empty",
    },
    {
        .name = "nor with SRP",
        .kind = COG_API_SRP,
        .password = "",
        .code = COG_E_DENIED,
        .message = "the password is empty",
    },
    {
        .name = "SRP without a pair made beforehand",
        .kind = COG_API_SRP,
        .no_pair = true,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, TOKENS)},
        .proven = true,
    },
    {
        .name = "no pair is no proof either",
        .kind = COG_API_SRP,
        .no_pair = true,
        .exchanges = {START(200, TOKENS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
    {
        .name = "nor with a Lambda's questions",
        .kind = COG_API_CUSTOM,
        .no_pair = true,
        .exchanges = {START(200, TOKENS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
    },
    {
        .name = "a reply that is neither tokens nor challenge",
        .exchanges = {START(200, "{}")},
        .code = COG_E_PROTOCOL,
    },
};

/* Chains, as Cognito poses them one after the other. */
#define Q "\\\""
#define RENEW                                                                \
    CHALLENGE("NEW_PASSWORD_REQUIRED", "c1",                                 \
              ALICE ",\"requiredAttributes\":\"[" Q "userAttributes.email" Q \
                    "]\"")
#define RENEWED(text)                                                     \
    RESPOND("NEW_PASSWORD_REQUIRED", "c1",                                \
            "NEW_PASSWORD\":\"N3w\",\"userAttributes.email\":\"a@b", 200, \
            text)
#define RENEWAL                                 \
    SHOWN(COG_TEXT_MUST_CHANGE, "yes"),         \
        SHOWN(COG_TEXT_ATTRIBUTE_EMAIL, "a@b"), \
        NEW_PASSWORD_TWICE(COG_TEXT_NEW_PASSWORD, "N3w", "N3w")
#define SETUP                    \
    CHALLENGE("MFA_SETUP", "c2", \
              ALICE ",\"MFAS_CAN_SETUP\":\"[" Q "SOFTWARE_TOKEN_MFA" Q "]\"")
#define ASSOCIATE                                          \
    {                                                      \
        .expect = "AssociateSoftwareToken", .status = 200, \
        .body = "{\"SecretCode\":\"JBSWY3DPEHPK3PXP\","    \
                "\"Session\":\"a1\"}",                     \
        .holds = {                                         \
            "\"Session\":\"c2\""                           \
        }                                                  \
    }
#define VERIFY                                                            \
    {                                                                     \
        .expect = "VerifySoftwareToken", .status = 200,                   \
        .body = "{\"Status\":\"SUCCESS\",\"Session\":\"v1\"}", .holds = { \
            "\"Session\":\"a1\""                                          \
        }                                                                 \
    }
#define ENROLLED(text)                                                     \
    {                                                                      \
        .expect = "RespondToAuthChallenge", .status = 200, .body = (text), \
        .holds = {                                                         \
            "\"ChallengeName\":\"MFA_SETUP\"",                             \
            "\"Session\":\"v1\""                                           \
        }                                                                  \
    }
#define SCAN(account)                                                   \
    {                                                                   \
        .text = COG_TEXT_ENROL_QR, .echo = true, .typed = "1",          \
        .plain = COG_TEXT_ENROL_PLAIN, .qr = OTPAUTH(account), .arg = { \
            NULL,                                                       \
            "JBSWY3DPEHPK3PXP",                                         \
            OTPAUTH(account)                                            \
        }                                                               \
    }
#define OTPAUTH(account) \
    "otpauth://totp/Pool1:" account "?secret=JBSWY3DPEHPK3PXP&issuer=Pool1"
#define SMS            CHALLENGE("SMS_MFA", "c3", ALICE)
#define SMS_CODE(text) RESPOND("SMS_MFA", "c3", "SMS_MFA_CODE\":\"1", 200, text)
#define MFAS                                                       \
    CHALLENGE("SELECT_MFA_TYPE", "c4",                             \
              ALICE ",\"MFAS_CAN_CHOOSE\":\"[" Q "SMS_MFA" Q "," Q \
                    "SOFTWARE_TOKEN_MFA" Q "]\"")
#define TAKES_SMS(text) \
    RESPOND("SELECT_MFA_TYPE", "c4", "ANSWER\":\"SMS_MFA", 200, text)
#define TYPES_SMS_CODE SAYING(COG_TEXT_SMS, "1", "***")
#define MFA_MENU \
    MENU(COG_TEXT_CHOOSE_SECOND, "2", COG_TEXT_OPTION_TOTP, COG_TEXT_OPTION_SMS)
/* The device's own SRP. */
#define DEVICE CHALLENGE("DEVICE_SRP_AUTH", "d1", ALICE)
#define DEVICE_A(text)                                                     \
    {                                                                      \
        .expect = "RespondToAuthChallenge", .status = 200, .body = (text), \
        .holds = {                                                         \
            "\"ChallengeName\":\"DEVICE_SRP_AUTH\"",                       \
            "\"Session\":\"d1\"",                                          \
            "\"DEVICE_KEY\":\"dev-1\"",                                    \
            "\"SRP_A\":\"",                                                \
        }                                                                  \
    }
#define DEVICE_VERIFIER                         \
    CHALLENGE("DEVICE_PASSWORD_VERIFIER", "d2", \
              "\"DEVICE_KEY\":\"dev-1\"," SRP_VALUES)
#define DEVICE_PROOF(http, text)                                              \
    {                                                                         \
        .expect = "RespondToAuthChallenge", .status = (http), .body = (text), \
        .holds = {                                                            \
            "\"ChallengeName\":\"DEVICE_PASSWORD_VERIFIER\"",                 \
            "\"Session\":\"d2\"",                                             \
            "\"DEVICE_KEY\":\"dev-1\"",                                       \
            "\"PASSWORD_CLAIM_SIGNATURE\":\"",                                \
            "\"PASSWORD_CLAIM_SECRET_BLOCK\":\"AAAA\"",                       \
            "\"TIMESTAMP\":\"" TIMESTAMP "\"",                                \
        }                                                                     \
    }

static const struct scenario chains[] = {
    {
        .name = "a password alone",
        .exchanges = {START(200, TOKENS)},
        .proven = true,
    },
    {
        .name = "a code",
        .exchanges = {START(200, TOTP("c5")), CODE("c5", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "a menu and a text message",
        .exchanges = {START(200, MFAS), TAKES_SMS(SMS), SMS_CODE(TOKENS)},
        .turns = {MFA_MENU, TYPES_SMS_CODE},
        .proven = true,
        .mfa = "sms",
    },
    {
        .name = "a new password",
        .exchanges = {START(200, RENEW), RENEWED(TOKENS)},
        .turns = {RENEWAL},
        .proven = true,
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "a new password and a text message",
        .exchanges = {START(200, RENEW), RENEWED(SMS), SMS_CODE(TOKENS)},
        .turns = {RENEWAL, TYPES_SMS_CODE},
        .proven = true,
        .mfa = "sms",
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "a device instead of a code",
        .device = true,
        .exchanges = {START(200, DEVICE), DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(200, TOKENS)},
        .proven = true,
        .mfa = "device",
    },
    {
        .name = "a device after a text message",
        .device = true,
        .exchanges = {START(200, SMS), SMS_CODE(DEVICE),
                      DEVICE_A(DEVICE_VERIFIER), DEVICE_PROOF(200, TOKENS)},
        .turns = {TYPES_SMS_CODE},
        .proven = true,
        .mfa = "device",
    },
    {
        .name = "the longest: new password, menu, text message, device",
        .device = true,
        .exchanges = {START(200, RENEW), RENEWED(MFAS), TAKES_SMS(SMS),
                      SMS_CODE(DEVICE), DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(200, TOKENS)},
        .turns = {RENEWAL, MFA_MENU, TYPES_SMS_CODE},
        .proven = true,
        .mfa = "device",
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "a wrong code at the end",
        .exchanges = {START(200, RENEW), RENEWED(TOTP("c5")),
                      CODE("c5", "1", 400,
                           ERROR("LimitExceededException", ""))},
        .turns = {RENEWAL, SHOWN(COG_TEXT_TOTP, "1")},
        .code = COG_E_MAXTRIES,
        .proven = true,
        .changed = true,
        .keeps = "N3w",
    },
};

/* These name the user in what is shown. */
static const struct scenario enrolments[] = {
    {
        .name = "new password, new authenticator, device: by password",
        .device = true,
        .exchanges = {START(200, RENEW), RENEWED(SETUP), ASSOCIATE, VERIFY,
                      ENROLLED(DEVICE), DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(200, TOKENS)},
        .turns = {RENEWAL, SCAN("alice")},
        .proven = true,
        .mfa = "device",
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "new password, new authenticator: by SRP, confidential, alias",
        .kind = COG_API_SRP,
        .username = "alice@example.com",
        .confidential = true,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, RENEW),
                      RENEWED(SETUP), ASSOCIATE, VERIFY, ENROLLED(TOKENS)},
        .turns = {RENEWAL, SCAN("alice%40example.com")},
        .proven = true,
        .mfa = "totp",
        .changed = true,
        .keeps = "N3w",
    },
};

#define WITH_DEVICE(http, text)                                                \
    {                                                                          \
        .expect = "InitiateAuth", .status = (http), .body = (text), .holds = { \
            "\"DEVICE_KEY\":\"dev-1\""                                         \
        }                                                                      \
    }
#define WITHOUT_DEVICE(text)                                                \
    {                                                                       \
        .expect = "InitiateAuth", .status = 200, .body = (text), .lacks = { \
            "DEVICE_KEY"                                                    \
        }                                                                   \
    }
#define NO_DEVICE ERROR("ResourceNotFoundException", "Device does not exist.")

static const struct scenario devices[] = {
    {
        .name = "a device is named in every call",
        .device = true,
        .exchanges = {WITH_DEVICE(200, TOTP("c5")),
                      {.expect = "RespondToAuthChallenge",
                       .holds = {"\"DEVICE_KEY\":\"dev-1\""},
                       .status = 200,
                       .body = TOKENS}},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "a host that is no device names none",
        .exchanges = {WITHOUT_DEVICE(TOTP("c5")),
                      {.expect = "RespondToAuthChallenge",
                       .lacks = {"DEVICE_KEY"},
                       .status = 200,
                       .body = TOKENS}},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "forgotten by the pool: begin again without it",
        .device = true,
        .exchanges = {WITH_DEVICE(400, NO_DEVICE),
                      WITHOUT_DEVICE(TOTP("c5")),
                      {.expect = "RespondToAuthChallenge",
                       .lacks = {"DEVICE_KEY"},
                       .status = 200,
                       .body = TOKENS}},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
        .device_unknown = true,
    },
    {
        .name = "forgotten, says the answer to the proof: a fresh one",
        .kind = COG_API_SRP,
        .device = true,
        .exchanges = {WITH_DEVICE(200, VERIFIER(ALICE)), PROOF(400, NO_DEVICE),
                      WITHOUT_DEVICE(VERIFIER(ALICE)), PROOF(200, TOKENS)},
        .proven = true,
        .device_unknown = true,
    },
    {
        .name = "forgotten while its own proof was under way",
        .device = true,
        .exchanges = {WITH_DEVICE(200, DEVICE), DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(400, NO_DEVICE), WITHOUT_DEVICE(TOTP("c5")),
                      CODE("c5", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
        .device_unknown = true,
    },
    {
        .name = "a proof of the device that is refused",
        .device = true,
        .exchanges = {WITH_DEVICE(200, DEVICE), DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(400, WRONG_PASSWORD),
                      WITHOUT_DEVICE(TOTP("c5")), CODE("c5", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
        .device_unknown = true,
    },
    {
        .name = "a proof of the device for nobody the pool knows",
        .device = true,
        .exchanges = {WITH_DEVICE(200, DEVICE), DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(400, ERROR("UserNotFoundException", "")),
                      WITHOUT_DEVICE(TOTP("c5")), CODE("c5", "1", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .proven = true,
        .mfa = "totp",
        .device_unknown = true,
    },
    {
        .name = "an outage forgets no device",
        .device = true,
        .exchanges = {WITH_DEVICE(200, DEVICE), DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(500, OUTAGE)},
        .code = COG_E_NET,
        .proven = true,
    },
    {
        .name = "unknown once more, though none was named",
        .device = true,
        .exchanges = {WITH_DEVICE(400, NO_DEVICE), START(400, NO_DEVICE)},
        .code = COG_E_DENIED,
        .message = "device",
        .device_unknown = true,
    },
    {
        .name = "no device, and the pool does not know it",
        .exchanges = {START(400, NO_DEVICE)},
        .code = COG_E_DENIED,
    },
    {
        .name = "a device is asked for, and this host is none",
        .exchanges = {START(200, DEVICE)},
        .code = COG_E_CHALLENGE,
        .message = "DEVICE_SRP_AUTH, and this host is no device",
        .proven = true,
    },
    {
        .name = "or its proof",
        .exchanges = {START(200, DEVICE_VERIFIER)},
        .code = COG_E_CHALLENGE,
        .message = "DEVICE_PASSWORD_VERIFIER, and this host is no device",
        .proven = true,
    },
    {
        .name = "a device's proof nobody offered",
        .device = true,
        .exchanges = {WITH_DEVICE(200, DEVICE_VERIFIER)},
        .code = COG_E_PROTOCOL,
        .message = "nobody offered",
        .proven = true,
    },
    {
        .name = "a user's proof for the device's half",
        .device = true,
        .exchanges = {WITH_DEVICE(200, DEVICE), DEVICE_A(VERIFIER(ALICE))},
        .code = COG_E_PROTOCOL,
        .message = "nobody offered",
        .proven = true,
    },
    {
        .name = "a device's proof for the user's half",
        .kind = COG_API_SRP,
        .device = true,
        .exchanges = {WITH_DEVICE(200, DEVICE_VERIFIER)},
        .code = COG_E_PROTOCOL,
        .message = "nobody offered",
    },
    {
        .name = "a proof that leads back to itself was none",
        .kind = COG_API_SRP,
        .device = true,
        .exchanges = {WITH_DEVICE(200, VERIFIER(ALICE)), PROOF(200, DEVICE),
                      DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(200, DEVICE_VERIFIER)},
        .code = COG_E_PROTOCOL,
        .message = "an SRP proof nobody offered",
        .proven = true,
    },
    {
        .name = "a device alone proves no user",
        .kind = COG_API_SRP,
        .device = true,
        .exchanges = {WITH_DEVICE(200, DEVICE), DEVICE_A(DEVICE_VERIFIER),
                      DEVICE_PROOF(200, TOKENS)},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .mfa = "device",
    },
};

static const struct scenario restarts[] = {
    {
        .name = "the user was too slow: once more from the start",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 400, EXPIRED),
                      START(200, TOTP("s2")), CODE("s2", "2", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP, "2")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "too slow again: no more",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 400, EXPIRED),
                      START(200, TOTP("s2")), CODE("s2", "2", 400, EXPIRED)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP, "2")},
        .code = COG_E_DENIED,
        .message = "session",
        .proven = true,
    },
    {
        .name = "by SRP, with a fresh pair",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, TOTP("s1")),
                      CODE("s1", "1", 400, EXPIRED),
                      START(200, VERIFIER(ALICE)), PROOF(200, TOTP("s2")),
                      CODE("s2", "2", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP, "2")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "the device is named again",
        .device = true,
        .exchanges = {WITH_DEVICE(200, TOTP("s1")),
                      CODE("s1", "1", 400, EXPIRED),
                      WITH_DEVICE(200, TOTP("s2")),
                      CODE("s2", "2", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP, "2")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "with the new password, when it is that far",
        .exchanges = {START(200, RENEW),
                      RENEWED(TOTP("s1")),
                      CODE("s1", "1", 400, EXPIRED),
                      {.expect = "InitiateAuth",
                       .holds = {"\"PASSWORD\":\"N3w\""},
                       .status = 200,
                       .body = TOTP("s2")},
                      CODE("s2", "2", 200, TOKENS)},
        .turns = {RENEWAL, SHOWN(COG_TEXT_TOTP, "1"),
                  SHOWN(COG_TEXT_TOTP, "2")},
        .proven = true,
        .mfa = "totp",
        .changed = true,
        .keeps = "N3w",
    },
    {
        .name = "an authenticator set up too slowly",
        .exchanges = {START(200, SETUP),
                      ASSOCIATE,
                      {.expect = "VerifySoftwareToken",
                       .status = 400,
                       .body = EXPIRED},
                      START(200, SETUP),
                      ASSOCIATE,
                      VERIFY,
                      ENROLLED(TOKENS)},
        .turns = {SCAN("alice"), SCAN("alice")},
        .proven = true,
        .mfa = "totp",
    },
    {
        .name = "with the factor chosen before",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges =
            {START(200, OFFER("SELECT_CHALLENGE", "s1", "\"EMAIL_OTP\"")),
             RESPOND("SELECT_CHALLENGE", "s1", "ANSWER", 200,
                     CHALLENGE("EMAIL_OTP", "s2", "")),
             RESPOND("EMAIL_OTP", "s2", "EMAIL_OTP_CODE", 400, EXPIRED),
             {.expect = "InitiateAuth",
              .holds = {"\"PREFERRED_CHALLENGE\":\"EMAIL_OTP\""},
              .status = 200,
              .body = CHALLENGE("EMAIL_OTP", "s3", "")},
             RESPOND("EMAIL_OTP", "s3", "EMAIL_OTP_CODE", 200, TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_EMAIL),
                  SAYING(COG_TEXT_EMAIL, "1", "***"),
                  SAYING(COG_TEXT_EMAIL_OVER, "2", "***")},
        .proven = true,
        .method = "email_otp",
    },
    {
        .name = "a password chosen in a menu: the code is the second factor",
        .kind = COG_API_CHOICE,
        .password = "",
        .exchanges =
            {START(200, OFFER("SELECT_CHALLENGE", "s1", "\"PASSWORD\"")),
             RESPOND("SELECT_CHALLENGE", "s1", PASSWORD, 200,
                     CHALLENGE("EMAIL_OTP", "s2", "")),
             RESPOND("EMAIL_OTP", "s2", "EMAIL_OTP_CODE", 400, EXPIRED),
             {.expect = "InitiateAuth",
              .holds = {"\"PREFERRED_CHALLENGE\":\"PASSWORD\"",
                        "\"PASSWORD\":\"" PASSWORD "\""},
              .status = 200,
              .body = CHALLENGE("EMAIL_OTP", "s3", "")},
             RESPOND("EMAIL_OTP", "s3", "EMAIL_OTP_CODE", 200, TOKENS)},
        .turns = {MENU(COG_TEXT_CHOOSE_FIRST, "1", COG_TEXT_OPTION_PASSWORD),
                  HIDDEN(COG_TEXT_PASSWORD_PROMPT, PASSWORD),
                  SAYING(COG_TEXT_EMAIL, "1", "***"),
                  SAYING(COG_TEXT_EMAIL_OVER, "2", "***")},
        .proven = true,
        .mfa = "email",
    },
    {
        .name = "once for the device, once for the time",
        .device = true,
        .exchanges = {WITH_DEVICE(400, NO_DEVICE), START(200, TOTP("s1")),
                      CODE("s1", "1", 400, EXPIRED), START(200, TOTP("s2")),
                      CODE("s2", "2", 200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), SHOWN(COG_TEXT_TOTP, "2")},
        .proven = true,
        .mfa = "totp",
        .device_unknown = true,
    },
    {
        .name = "what the first session proved does not count in the second",
        .kind = COG_API_SRP,
        .exchanges = {START(200, VERIFIER(ALICE)), PROOF(200, TOTP("s1")),
                      CODE("s1", "1", 400, EXPIRED), START(200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .code = COG_E_PROTOCOL,
        .message = "without a proof",
        .proven = true,
        .method = "",
    },
    {
        .name = "nor does a code",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 200, SMS),
                      RESPOND("SMS_MFA", "c3", "SMS_MFA_CODE", 400, EXPIRED),
                      START(200, TOKENS)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1"), TYPES_SMS_CODE},
        .proven = true,
    },
    {
        .name = "the second start is refused",
        .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 400, EXPIRED),
                      START(400, WRONG_PASSWORD)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .code = COG_E_DENIED,
        .proven = true,
        .method = "",
    },
    {
        .name = "no session at the very start is no expired one",
        .exchanges = {START(400, EXPIRED)},
        .code = COG_E_DENIED,
    },
    {
        .name = "another refusal begins nothing again",
        .exchanges = {START(200, TOTP("s1")),
                      CODE("s1", "1", 400, WRONG_PASSWORD)},
        .turns = {SHOWN(COG_TEXT_TOTP, "1")},
        .code = COG_E_DENIED,
        .proven = true,
    },
};

static void
passwords_and_proofs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(passwords); i++)
        scenario_play(&passwords[i]);
}

static void
chains_from_every_door(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(chains); i++)
        scenario_play_everywhere(&chains[i]);
    for (size_t i = 0; i < COG_COUNT(enrolments); i++)
        scenario_play(&enrolments[i]);
}

static void
remembered_devices(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(devices); i++)
        scenario_play(&devices[i]);
}

static void
beginning_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(restarts); i++)
        scenario_play(&restarts[i]);
}

/* Rounds are counted anew in each session, of which there are few. */
static void
rounds_without_end(void **state)
{
    struct scenario s = {
        .name = "a pool that always asks for more",
        .code = COG_E_MAXTRIES,
        .message = "without end",
        .proven = true,
    };
    static const struct world_exchange start = START(200, TOTP("s1"));
    static const struct world_exchange expired = CODE("s1", "1", 400, EXPIRED);
    static const struct world_exchange more = CODE("s1", "1", 200, TOTP("s1"));
    static const struct scenario_turn turn = SHOWN(COG_TEXT_TOTP, "1");

    (void)state;
    for (size_t i = 0; i < 11; i++)
        s.exchanges[i] = i == 0 ? start : more;
    for (size_t i = 0; i < 10; i++)
        s.turns[i] = turn;
    scenario_play(&s);

    for (size_t i = 0; i < 14; i++)
        s.exchanges[i] = i == 0 || i == 3 ? start : i == 2 ? expired : more;
    for (size_t i = 0; i < 12; i++)
        s.turns[i] = turn;
    scenario_play(&s);
}

/* A pair that cannot be made. */
static void
without_random_numbers(void **state)
{
    static const struct scenario scenarios[] = {
        {
            .name = "at the start",
            .kind = COG_API_SRP,
            .no_pair = true,
            .code = COG_E_SYSTEM,
        },
        {
            .name = "for a device",
            .device = true,
            .exchanges = {WITH_DEVICE(200, DEVICE)},
            .code = COG_E_SYSTEM,
            .proven = true,
        },
    };

    (void)state;
    scenario_no_pairs = true;
    for (size_t i = 0; i < COG_COUNT(scenarios); i++)
        scenario_play(&scenarios[i]);
    scenario_no_pairs = false;
}

/* A challenge is never a success: whatever its name, and wherever it comes. */
static void
other_challenges_are_refused_by_name(void **state)
{
    static const char *const names[] = {
        "NEW_CHALLENGE",
        "ADMIN_NO_SRP_AUTH",
        "SUCCESS",
        "SOFTWARE_TOKEN_MF",
        "OK",
        "SOFTWARE_TOKEN_MFA2",
        "AUTHENTICATED",
        "software_token_mfa",
        "PASSWORD_VERIFY",
        "EMAIL_MFA",
        "new_password_required",
    };
    char reply[256];
    char want[128];

    (void)state;
    for (size_t i = 0; i < 2 * COG_COUNT(names); i++) {
        const bool srp = i >= COG_COUNT(names);
        const char *name = names[i % COG_COUNT(names)];
        const struct world_exchange script[] = {
            START(200, srp ? VERIFIER(ALICE) : reply),
            PROOF(200, reply),
        };
        struct world world = WORLD_INIT;
        struct scenario_outcome got;

        (void)snprintf(reply, sizeof(reply), CHALLENGE("%s", "s1", ""), name);
        (void)snprintf(want, sizeof(want), "challenge %s,", name);
        world.exchanges = script;
        world.exchange_count = srp ? 2 : 1;
        scenario_run(&world, srp ? &by_srp : &by_password, &got);
        scenario_expect(&got, COG_E_CHALLENGE);
        assert_non_null(strstr(got.err.msg, want));
        assert_true(got.facts.proven);
        scenario_forget(&got);
        world_check(&world);
    }
}

/* A pool that asks for the password itself where SRP was to prove it, say. */
static void
first_factors_belong_to_one_flow(void **state)
{
    static const char *const names[] = {
        "SELECT_CHALLENGE", "PASSWORD", "PASSWORD_SRP", "SMS_OTP", "WEB_AUTHN",
    };
    char reply[256];

    (void)state;
    for (size_t i = 0; i < COG_COUNT(names); i++) {
        const struct scenario first = {
            .name = names[i],
            .kind = COG_API_SRP,
            .exchanges = {START(200, reply)},
            .code = COG_E_CHALLENGE,
            .message = "which belongs to auth_flow = user_auth",
        };
        const struct scenario later = {
            .name = names[i],
            .exchanges = {START(200, TOTP("s1")), CODE("s1", "1", 200, reply)},
            .turns = {SHOWN(COG_TEXT_TOTP, "1")},
            .code = COG_E_CHALLENGE,
            .message = names[i],
            .proven = true,
        };

        (void)snprintf(reply, sizeof(reply), OFFER("%s", "s2", "%s"), names[i],
                       "\"PASSWORD\",\"SMS_OTP\",\"EMAIL_OTP\"");
        scenario_play(&first);
        scenario_play(&later);
    }
}

/* Who is named to the pool. */
static void
expect_request(const struct world *world, size_t n, const char *member,
               const char *value)
{
    char want[256];

    (void)snprintf(want, sizeof(want), "\"%s\":\"%s\"", member, value);
    assert_true(n < world->request_count);
    if (strstr(world->requests[n].body, want) == NULL)
        fail_msg("request %zu lacks %s: %s", n, want, world->requests[n].body);
}

/* SECRET_HASH is made of the user name of its own call. */
static void
expect_hash(const struct world *world, size_t n, const char *username)
{
    expect_request(world, n, "USERNAME", username);
    expect_request(world, n, "SECRET_HASH", scenario_hash(username));
}

static void
the_pool_s_own_name_answers(void **state)
{
    static const struct scenario setup = {.username = "alice@example.com",
                                          .kind = COG_API_SRP,
                                          .confidential = true};
    static const struct {
        const char *parameters; /* of the first challenge */
        const char *name;       /* who answers it */
    } cases[] = {
        {"\"USER_ID_FOR_SRP\":\"u-1\",\"USERNAME\":\"u-2\"", "u-1"},
        {"\"USER_ID_FOR_SRP\":\"u-1\"", "u-1"},
    };

    (void)state;
    for (size_t i = 0; i < COG_COUNT(cases); i++) {
        char first[512];
        const struct world_exchange script[] = {
            {.expect = "InitiateAuth", .status = 200, .body = first},
            {.expect = "RespondToAuthChallenge",
             .status = 200,
             .body = CHALLENGE("SOFTWARE_TOKEN_MFA", "s1", "")},
            {.expect = "RespondToAuthChallenge", .status = 200, .body = TOKENS},
        };
        static const struct world_answer answers[] = {
            {COG_TEXT_TOTP, true, "123456", 0}};
        struct world world = WORLD_INIT;
        struct scenario_outcome got;

        (void)snprintf(first, sizeof(first),
                       CHALLENGE("PASSWORD_VERIFIER", "s0", "%s," SRP_VALUES),
                       cases[i].parameters);
        WORLD_EXCHANGES(&world, script);
        WORLD_ANSWERS(&world, answers);
        scenario_run(&world, &setup, &got);
        scenario_expect(&got, COG_OK);
        expect_hash(&world, 0, "alice@example.com");
        expect_hash(&world, 1, cases[i].name);
        expect_hash(&world, 2, cases[i].name);
        scenario_forget(&got);
        world_check(&world);
    }
}

static void
a_challenge_s_username_answers_it(void **state)
{
    static const struct scenario setup = {.username = "alice@example.com",
                                          .confidential = true};
    static const struct world_exchange script[] = {
        {.expect = "InitiateAuth",
         .status = 200,
         .body = CHALLENGE("SOFTWARE_TOKEN_MFA", "s1",
                           "\"USERNAME\":\"u-2\",\"USER_ID_FOR_SRP\":null")},
        {.expect = "RespondToAuthChallenge", .status = 200, .body = TOKENS},
    };
    static const struct world_answer answers[] = {
        {COG_TEXT_TOTP, true, "1", 0}};
    struct world world = WORLD_INIT;
    struct scenario_outcome got;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    WORLD_ANSWERS(&world, answers);
    scenario_run(&world, &setup, &got);
    scenario_expect(&got, COG_OK);
    expect_hash(&world, 0, "alice@example.com");
    expect_hash(&world, 1, "u-2");
    scenario_forget(&got);
    world_check(&world);
}

static void
names_no_pool_can_give(void **state)
{
    static const char *const names[] = {"", "a b", "a\\nb", "a\\u202eb"};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(names); i++) {
        char reply[256];
        const struct world_exchange script[] = {START(200, reply)};
        struct world world = WORLD_INIT;
        struct scenario_outcome got;

        (void)snprintf(
            reply, sizeof(reply),
            CHALLENGE("SOFTWARE_TOKEN_MFA", "s1", "\"USERNAME\":\"%s\""),
            names[i]);
        WORLD_EXCHANGES(&world, script);
        scenario_run(&world, &by_password, &got);
        scenario_expect(&got, COG_E_PROTOCOL);
        scenario_forget(&got);
        world_check(&world);
    }
}

/* One byte more than there is room for: refused, not cut. */
static void
a_name_too_long_for_its_place(void **state)
{
    char name[COG_NAME_POOL_BYTES + 1] = "";
    char reply[COG_NAME_POOL_BYTES + 256];
    const struct scenario setup = {.username = name};
    const struct world_exchange script[] = {START(200, reply)};
    struct world world = WORLD_INIT;
    struct scenario_outcome got;

    (void)state;
    memset(name, 'a', COG_NAME_POOL_BYTES);
    (void)snprintf(reply, sizeof(reply),
                   CHALLENGE("SOFTWARE_TOKEN_MFA", "s1", "\"USERNAME\":\"%s\""),
                   name);
    scenario_run(&world, &setup, &got);
    scenario_expect(&got, COG_E_DENIED);
    assert_int_equal(world.request_count, 0);
    scenario_forget(&got);

    WORLD_EXCHANGES(&world, script);
    scenario_run(&world, &by_password, &got);
    scenario_expect(&got, COG_E_PROTOCOL);
    scenario_forget(&got);
    world_check(&world);
}

/* Requests `start` and `proof` are what SRP makes of a pair's secret, and of
 * whose proof this is. */
static void
expect_proof(const struct world *world, size_t start, size_t proof,
             const char *a_hex, const struct cog_srp_challenge *who)
{
    struct cog_srp_challenge challenge = *who;
    struct cog_secret signature = COG_SECRET_INIT(COG_SRP_SIGNATURE_BYTES);
    struct cog_err err = COG_ERR_INIT;
    struct cog_srp *srp = NULL;

    challenge.salt = "5c5d";
    challenge.b = "1234abcd";
    challenge.secret_block = "AAAA";
    assert_int_equal(cog_srp_start_with(a_hex, &srp, &err), 0);
    assert_int_equal(cog_srp_sign(srp, &challenge, TIMESTAMP, &signature, &err),
                     0);
    expect_request(world, start, "SRP_A", cog_srp_public(srp));
    expect_request(world, proof, "PASSWORD_CLAIM_SIGNATURE",
                   cog_secret_str(&signature));
    expect_request(world, proof, "PASSWORD_CLAIM_SECRET_BLOCK", "AAAA");
    expect_request(world, proof, "TIMESTAMP", TIMESTAMP);
    cog_srp_close(srp);
    cog_secret_clear(&signature);
}

/* The proof is the one SRP makes for this pool, user, password and time, for
 * this device and its password; each with a pair of its own. */
static void
the_proofs_are_srp_s(void **state)
{
    static const struct world_exchange script[] = {
        START(200, VERIFIER("\"USER_ID_FOR_SRP\":\"u-1\"")),
        {.expect = "RespondToAuthChallenge", .status = 400, .body = EXPIRED},
        START(200, VERIFIER("\"USER_ID_FOR_SRP\":\"u-1\"")),
        {.expect = "RespondToAuthChallenge",
         .status = 200,
         .body = CHALLENGE("DEVICE_SRP_AUTH", "d1", "")},
        DEVICE_A(DEVICE_VERIFIER),
        DEVICE_PROOF(200, TOKENS),
    };
    static const struct scenario scenario = {.kind = COG_API_SRP,
                                             .device = true};
    struct cog_secret password = world_secret(PASSWORD);
    struct cog_secret device_password = world_secret("RaNd0m");
    const struct cog_srp_challenge user = {
        .pool_name = "Pool1", .user_id = "u-1", .password = &password};
    const struct cog_srp_challenge device = {
        .pool_name = "-grp", .user_id = "dev-1", .password = &device_password};
    struct world world = WORLD_INIT;
    struct scenario_outcome got;

    (void)state;
    WORLD_EXCHANGES(&world, script);
    scenario_run(&world, &scenario, &got);
    scenario_expect(&got, COG_OK);
    expect_proof(&world, 0, 1, FIRST_A, &user);
    expect_proof(&world, 2, 3, LATER_A, &user);
    expect_proof(&world, 4, 5, LATER_A, &device);
    expect_request(&world, 5, "USERNAME", "u-1");
    cog_secret_clear(&device_password);
    cog_secret_clear(&password);
    scenario_forget(&got);
    world_check(&world);
}

static void
a_broken_clock_proves_nothing(void **state)
{
    static const struct world_exchange script[] = {START(200, VERIFIER(ALICE))};
    struct world world = WORLD_INIT;
    struct scenario_outcome got;

    (void)state;
    world.unix_s = -1;
    WORLD_EXCHANGES(&world, script);
    scenario_run(&world, &by_srp, &got);
    scenario_expect(&got, COG_E_SYSTEM);
    assert_false(got.facts.proven);
    scenario_forget(&got);
    world_check(&world);
}

/* Other tries. */
#define LOCKED(type) ERROR(type, "")

/* What the first request meets, and how often it is made. */
static const struct {
    const char *name;
    struct world_exchange meets;
    size_t requests; /* until it is given up */
    enum cog_errc code;
    enum cog_refusal refusal;
} troubles[] = {
    {"no connection", {.expect = "InitiateAuth"}, 3, COG_E_NET, 0},
    {"silence",
     {.expect = "InitiateAuth", .fail = COG_E_UNREACHABLE},
     3,
     COG_E_UNREACHABLE,
     0},
    {"an outage", START(500, OUTAGE), 3, COG_E_NET, COG_REFUSAL_OUTAGE},
    {"a gateway", START(503, "<html>"), 3, COG_E_NET, COG_REFUSAL_OUTAGE},
    {"throttled", START(400, TOO_FAST), 5, COG_E_THROTTLED,
     COG_REFUSAL_THROTTLED},
    {"throttled in HTTP's words", START(429, ""), 5, COG_E_THROTTLED,
     COG_REFUSAL_THROTTLED},
    {"wrong password", START(400, WRONG_PASSWORD), 1, COG_E_DENIED,
     COG_REFUSAL_CREDENTIALS},
    {"a user's limit", START(400, LOCKED("LimitExceededException")), 1,
     COG_E_DENIED, COG_REFUSAL_LOCKED},
    {"a user's failures", START(400, LOCKED("TooManyFailedAttemptsException")),
     1, COG_E_DENIED, COG_REFUSAL_LOCKED},
    {"a locked user",
     START(400, ERROR("NotAuthorizedException", "Password attempts exceeded")),
     1, COG_E_DENIED, COG_REFUSAL_LOCKED},
    {"a wrong client", START(400, ERROR("ResourceNotFoundException", "")), 1,
     COG_E_CLIENT, COG_REFUSAL_OTHER},
    {"TLS",
     {.expect = "InitiateAuth", .fail = COG_E_PROTOCOL},
     1,
     COG_E_PROTOCOL,
     0},
    {"nobody waits",
     {.expect = "InitiateAuth", .fail = COG_E_SYSTEM},
     1,
     COG_E_SYSTEM,
     0},
};

/* Waits double, and stay below their bound. */
static void
check_pauses(const struct world *world, size_t count)
{
    assert_int_equal(world->pause_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(world->pauses_ms[i] >= 0);
        assert_true(world->pauses_ms[i] <= (int64_t)500 << i);
    }
}

/* By password and by SRP: the first request of either. */
static void
meet_trouble(size_t i, const struct scenario *setup)
{
    struct world_exchange script[5];
    struct world world = WORLD_INIT;
    struct scenario_outcome got;

    print_message("%s\n", troubles[i].name);
    for (size_t n = 0; n < COG_COUNT(script); n++)
        script[n] = troubles[i].meets;
    world.exchanges = script;
    world.exchange_count = troubles[i].requests;
    scenario_run(&world, setup, &got);
    scenario_expect(&got, troubles[i].code);
    assert_int_equal(got.facts.refused.kind, troubles[i].refusal);
    assert_false(got.facts.proven);
    assert_int_equal(got.facts.answered,
                     troubles[i].refusal != COG_REFUSAL_NONE);
    check_pauses(&world, troubles[i].requests - 1);
    scenario_forget(&got);
    world_check(&world);
}

static void
troubles_that_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(troubles); i++) {
        meet_trouble(i, &by_password);
        meet_trouble(i, &by_srp);
    }
}

static void
troubles_that_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COG_COUNT(troubles); i++) {
        const struct world_exchange script[] = {troubles[i].meets,
                                                START(200, TOKENS)};
        struct world world = WORLD_INIT;
        struct scenario_outcome got;

        if (troubles[i].requests == 1)
            continue;
        WORLD_EXCHANGES(&world, script);
        scenario_run(&world, &by_password, &got);
        scenario_expect(&got, COG_OK);
        assert_true(got.facts.proven);
        assert_int_equal(got.facts.refused.kind, COG_REFUSAL_NONE);
        check_pauses(&world, 1);
        scenario_forget(&got);
        world_check(&world);
    }
}

/* Hosts that were throttled together do not come back together; without a
 * random number a host waits its longest. */
static void
pauses_are_spread(void **state)
{
    static const struct world_exchange script[] = {
        START(400, TOO_FAST), START(400, TOO_FAST), START(400, TOO_FAST),
        START(400, TOO_FAST), START(400, TOO_FAST)};
    int64_t sums[2] = {0, 0};

    (void)state;
    for (size_t i = 0; i < COG_COUNT(sums); i++) {
        struct world world = WORLD_INIT;
        struct scenario_outcome got;

        random_fails = i == 1;
        WORLD_EXCHANGES(&world, script);
        scenario_run(&world, &by_password, &got);
        random_fails = false;
        for (size_t n = 0; n < world.pause_count; n++)
            sums[i] += world.pauses_ms[n];
        scenario_forget(&got);
        world_check(&world);
    }
    assert_true(sums[0] > 0 && sums[0] < 500 + 1000 + 2000 + 4000);
    assert_int_equal(sums[1], 500 + 1000 + 2000 + 4000);
}

/* What is said in the end is what the pool said, not that time ran out. */
static void
no_time_for_another_try(void **state)
{
    static const struct world_exchange script[] = {START(400, TOO_FAST)};
    struct world world = WORLD_INIT;
    struct scenario_outcome got;

    (void)state;
    world.pause_fail = COG_E_NET;
    WORLD_EXCHANGES(&world, script);
    scenario_run(&world, &by_password, &got);
    scenario_expect(&got, COG_E_THROTTLED);
    check_pauses(&world, 1);
    scenario_forget(&got);
    world_check(&world);
}

static void
a_transport_that_cannot_pause(void **state)
{
    static const struct world_exchange script[] = {START(500, OUTAGE)};
    struct world world = WORLD_INIT;
    struct cog_env env = world_env(&world);
    struct cog_secret password = world_secret(PASSWORD);
    const struct cog_api api = {
        .endpoint = "https://cognito-idp.test/",
        .client_id = CLIENT_ID,
        .transport = &env.transport,
    };
    const struct cog_flow flow = {
        .api = &api, .username = "alice", .password = &password};
    struct scenario_outcome got = {.reply = COG_API_REPLY_INIT};

    (void)state;
    env.transport.pause = NULL;
    WORLD_EXCHANGES(&world, script);
    got.rc = cog_flow_run(&env, &flow, &got.reply, &got.facts, &got.err);
    scenario_expect(&got, COG_E_NET);
    cog_secret_clear(&password);
    scenario_forget(&got);
    world_check(&world);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_and_proofs),
        cmocka_unit_test(chains_from_every_door),
        cmocka_unit_test(remembered_devices),
        cmocka_unit_test(beginning_again),
        cmocka_unit_test(rounds_without_end),
        cmocka_unit_test(without_random_numbers),
        cmocka_unit_test(other_challenges_are_refused_by_name),
        cmocka_unit_test(first_factors_belong_to_one_flow),
        cmocka_unit_test(the_pool_s_own_name_answers),
        cmocka_unit_test(a_challenge_s_username_answers_it),
        cmocka_unit_test(names_no_pool_can_give),
        cmocka_unit_test(a_name_too_long_for_its_place),
        cmocka_unit_test(the_proofs_are_srp_s),
        cmocka_unit_test(a_broken_clock_proves_nothing),
        cmocka_unit_test(troubles_that_stay),
        cmocka_unit_test(troubles_that_pass),
        cmocka_unit_test(pauses_are_spread),
        cmocka_unit_test(no_time_for_another_try),
        cmocka_unit_test(a_transport_that_cannot_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
