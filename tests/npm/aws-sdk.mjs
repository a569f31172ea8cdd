// SPDX-License-Identifier: MIT
//
// Cases with the AWS SDK. It has no SRP and no secret hash of its own: cognito-srp-helper makes
// both.

import assert from "node:assert/strict";
import {
  CognitoIdentityProviderClient,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
  RevokeTokenCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import srpHelper from "cognito-srp-helper";
import {
  NEW_PASSWORD,
  admin,
  assertTokens,
  confidential,
  password,
  pool,
  publicClient,
  refused,
  test,
  totpCode,
} from "./judge.mjs";

const { createSecretHash, createSrpSession, signSrpSession, wrapAuthChallenge, wrapInitiateAuth } =
  srpHelper;

const sdkTokens = (result) => ({ idToken: result.IdToken, accessToken: result.AccessToken });

const sdk = new CognitoIdentityProviderClient({
  region: pool.region,
  endpoint: pool.endpoint,
  maxAttempts: 1,
});

const hashFor = (client, name) =>
  client.secret ? { SECRET_HASH: createSecretHash(name, client.id, client.secret) } : {};

async function sdkPassword(client, typed, name, hash = hashFor(client, typed)) {
  return sdk.send(
    new InitiateAuthCommand({
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId: client.id,
      AuthParameters: { USERNAME: typed, PASSWORD: password(name), ...hash },
    }),
  );
}

// hashName: for which name the hash of the second call is made; by default the pool's own.
async function sdkSrp(client, typed, word, hashName) {
  const srp = createSrpSession(typed, word, pool.userPoolId, false);
  const first = await sdk.send(
    new InitiateAuthCommand(
      wrapInitiateAuth(srp, {
        AuthFlow: "USER_SRP_AUTH",
        ClientId: client.id,
        AuthParameters: { USERNAME: typed, ...hashFor(client, typed) },
      }),
    ),
  );
  assert.equal(first.ChallengeName, "PASSWORD_VERIFIER");
  const realName = first.ChallengeParameters.USER_ID_FOR_SRP;
  return sdk.send(
    new RespondToAuthChallengeCommand(
      wrapAuthChallenge(signSrpSession(srp, first), {
        ChallengeName: "PASSWORD_VERIFIER",
        ClientId: client.id,
        Session: first.Session,
        ChallengeResponses: { USERNAME: realName, ...hashFor(client, hashName ?? realName) },
      }),
    ),
  );
}

async function sdkAnswer(client, challenge, name, answers) {
  return sdk.send(
    new RespondToAuthChallengeCommand({
      ChallengeName: challenge.ChallengeName,
      ClientId: client.id,
      Session: challenge.Session,
      ChallengeResponses: { USERNAME: name, ...hashFor(client, name), ...answers },
    }),
  );
}

const sdkRefresh = (client, token) =>
  sdk.send(
    new GetTokensFromRefreshTokenCommand({
      RefreshToken: token,
      ClientId: client.id,
      ClientSecret: client.secret,
    }),
  );

const sdkOldRefresh = (client, token, hash) =>
  sdk.send(
    new InitiateAuthCommand({
      AuthFlow: "REFRESH_TOKEN_AUTH",
      ClientId: client.id,
      AuthParameters: { REFRESH_TOKEN: token, ...hash },
    }),
  );

async function assertSdkTokens(reply, name, client) {
  await assertTokens(sdkTokens(reply.AuthenticationResult), name, client);
  return reply.AuthenticationResult;
}

for (const [kind, client] of Object.entries(pool.clients)) {
  test(`aws-sdk ${kind}: password`, async () => {
    await assertSdkTokens(await sdkPassword(client, "alice", "alice"), "alice", client);
  });

  test(`aws-sdk ${kind}: SRP`, async () => {
    await assertSdkTokens(await sdkSrp(client, "alice", password("alice")), "alice", client);
  });

  test(`aws-sdk ${kind}: SRP by e-mail alias`, async () => {
    const reply = await sdkSrp(client, "judy@example.com", password("judy"));
    await assertSdkTokens(reply, "judy", client);
  });

  test(`aws-sdk ${kind}: SRP with a Session in the first reply`, async () => {
    await admin("POST", "settings", { sessionWithPasswordVerifier: true });
    await assertSdkTokens(await sdkSrp(client, "alice", password("alice")), "alice", client);
  });

  test(`aws-sdk ${kind}: wrong password refused`, async () => {
    await refused(sdkSrp(client, "alice", "wrong"), "NotAuthorizedException", "Incorrect");
    await refused(sdkSrp(client, "nobody", "wrong"), "NotAuthorizedException", "Incorrect");
  });

  test(`aws-sdk ${kind}: TOTP after SRP`, async () => {
    const challenge = await sdkSrp(client, "carol", password("carol"));
    assert.equal(challenge.ChallengeName, "SOFTWARE_TOKEN_MFA");
    const code = totpCode(pool.users.carol.totpSecret);
    const reply = await sdkAnswer(client, challenge, "carol", { SOFTWARE_TOKEN_MFA_CODE: code });
    await assertSdkTokens(reply, "carol", client);
    await refused(
      sdkAnswer(client, challenge, "carol", { SOFTWARE_TOKEN_MFA_CODE: code }),
      "NotAuthorizedException",
      "Invalid session for the user, session can only be used once.",
    );
  });

  test(`aws-sdk ${kind}: e-mail code after a password`, async () => {
    await admin("POST", "users/bob", { mfa: ["EMAIL_OTP"] });
    const challenge = await sdkPassword(client, "bob", "bob");
    assert.equal(challenge.ChallengeName, "EMAIL_OTP");
    assert.equal(challenge.ChallengeParameters.CODE_DELIVERY_DESTINATION, "b***@e***");
    const { code } = await admin("GET", "codes/bob");
    const reply = await sdkAnswer(client, challenge, "bob", { EMAIL_OTP_CODE: code });
    await assertSdkTokens(reply, "bob", client);
  });

  test(`aws-sdk ${kind}: new password required`, async () => {
    const challenge = await sdkPassword(client, "dave", "dave");
    assert.equal(challenge.ChallengeName, "NEW_PASSWORD_REQUIRED");
    assert.equal(challenge.ChallengeParameters.requiredAttributes, "[]");
    const reply = await sdkAnswer(client, challenge, "dave", { NEW_PASSWORD });
    await assertSdkTokens(reply, "dave", client);
  });

  test(`aws-sdk ${kind}: GetTokensFromRefreshToken`, async () => {
    const first = (await sdkSrp(client, "alice", password("alice"))).AuthenticationResult;
    const second = await sdkRefresh(client, first.RefreshToken);
    assert.equal(second.AuthenticationResult.RefreshToken, undefined);
    await assertSdkTokens(second, "alice", client);
  });

  test(`aws-sdk ${kind}: rotating refresh tokens`, async () => {
    await admin("POST", "settings", { refreshTokenRotation: true });
    const first = (await sdkSrp(client, "alice", password("alice"))).AuthenticationResult;
    const second = (await sdkRefresh(client, first.RefreshToken)).AuthenticationResult;
    assert.ok(second.RefreshToken && second.RefreshToken !== first.RefreshToken);
    await refused(sdkRefresh(client, first.RefreshToken), "RefreshTokenReuseException");
    await sdkRefresh(client, second.RefreshToken);
    await refused(
      sdkOldRefresh(client, second.RefreshToken, hashFor(client, "alice")),
      "InvalidParameterException",
      "REFRESH_TOKEN_AUTH flow not enabled for this client",
    );
  });

  test(`aws-sdk ${kind}: RevokeToken`, async () => {
    const { RefreshToken } = (await sdkPassword(client, "alice", "alice")).AuthenticationResult;
    await sdk.send(
      new RevokeTokenCommand({
        Token: RefreshToken,
        ClientId: client.id,
        ClientSecret: client.secret,
      }),
    );
    await refused(
      sdkRefresh(client, RefreshToken),
      "NotAuthorizedException",
      "Refresh Token has been revoked",
    );
  });

  test(`aws-sdk ${kind}: GetUser, GlobalSignOut`, async () => {
    const { AccessToken } = (await sdkPassword(client, "carol", "carol").then((challenge) =>
      sdkAnswer(client, challenge, "carol", {
        SOFTWARE_TOKEN_MFA_CODE: totpCode(pool.users.carol.totpSecret),
      }),
    )).AuthenticationResult;
    const user = await sdk.send(new GetUserCommand({ AccessToken }));
    assert.equal(user.Username, "carol");
    assert.equal(user.PreferredMfaSetting, "SOFTWARE_TOKEN_MFA");
    await sdk.send(new GlobalSignOutCommand({ AccessToken }));
    await refused(
      sdk.send(new GetUserCommand({ AccessToken })),
      "NotAuthorizedException",
      "Access Token has been revoked",
    );
  });
}

test("aws-sdk public: REFRESH_TOKEN_AUTH", async () => {
  const first = (await sdkPassword(publicClient, "alice", "alice")).AuthenticationResult;
  const reply = await sdkOldRefresh(publicClient, first.RefreshToken);
  await assertSdkTokens(reply, "alice", publicClient);
});

test("aws-sdk confidential: REFRESH_TOKEN_AUTH wants the hash of the real name", async () => {
  const reply = await sdkSrp(confidential, "judy@example.com", password("judy"));
  const token = reply.AuthenticationResult.RefreshToken;
  const real = hashFor(confidential, pool.users.judy.username);
  await assertSdkTokens(await sdkOldRefresh(confidential, token, real), "judy", confidential);
  await refused(
    sdkOldRefresh(confidential, token, hashFor(confidential, "judy@example.com")),
    "NotAuthorizedException",
    `SecretHash does not match for the client: ${confidential.id}`,
  );
});

test("aws-sdk confidential: after SRP the hash must be of USER_ID_FOR_SRP", () =>
  refused(
    sdkSrp(confidential, "judy@example.com", password("judy"), "judy@example.com"),
    "NotAuthorizedException",
    `Unable to verify secret hash for client ${confidential.id}`,
  ));

test("aws-sdk confidential: no hash refused", () =>
  refused(
    sdkPassword(confidential, "alice", "alice", {}),
    "NotAuthorizedException",
    `Client ${confidential.id} is configured with secret but SECRET_HASH was not received`,
  ));

test("aws-sdk confidential: wrong hash refused", () =>
  refused(
    sdkPassword(confidential, "alice", "alice", hashFor(confidential, "bob")),
    "NotAuthorizedException",
    `Unable to verify secret hash for client ${confidential.id}`,
  ));

test("aws-sdk public: a hash nobody asked for refused", () =>
  refused(
    sdkPassword(publicClient, "alice", "alice", { SECRET_HASH: "AAAA" }),
    "NotAuthorizedException",
    `Client ${publicClient.id} is not configured for secret but secret was received`,
  ));

test("aws-sdk public: flow not enabled", async () => {
  await admin("POST", "settings", { explicitAuthFlows: ["ALLOW_USER_SRP_AUTH"] });
  await refused(
    sdkPassword(publicClient, "alice", "alice"),
    "InvalidParameterException",
    "USER_PASSWORD_AUTH flow not enabled for this client",
  );
});
