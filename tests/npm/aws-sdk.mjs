// SPDX-License-Identifier: MIT
//
// Cases with the AWS SDK. It has no SRP and no secret hash of its own: cognito-srp-helper makes
// both.

import assert from "node:assert/strict";
import {
  AssociateSoftwareTokenCommand,
  ChangePasswordCommand,
  CognitoIdentityProviderClient,
  ConfirmDeviceCommand,
  ConfirmForgotPasswordCommand,
  ForgetDeviceCommand,
  ForgotPasswordCommand,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
  RevokeTokenCommand,
  UpdateDeviceStatusCommand,
  VerifySoftwareTokenCommand,
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
  wrongTotpCode,
} from "./judge.mjs";

const {
  createDeviceVerifier,
  createSecretHash,
  createSrpSession,
  signSrpSession,
  signSrpSessionWithDevice,
  wrapAuthChallenge,
  wrapInitiateAuth,
} = srpHelper;

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

const sdkChoice = (client, typed, parameters = {}) =>
  sdk.send(
    new InitiateAuthCommand({
      AuthFlow: "USER_AUTH",
      ClientId: client.id,
      AuthParameters: { USERNAME: typed, ...hashFor(client, typed), ...parameters },
    }),
  );

// A sign-in with SRP as the preferred, or the chosen, first factor.
async function sdkChoiceSrp(client, typed, word, begin) {
  const srp = createSrpSession(typed, word, pool.userPoolId, false);
  const first = await begin({ SRP_A: srp.largeA });
  assert.equal(first.ChallengeName, "PASSWORD_VERIFIER");
  assert.ok(first.Session);
  const realName = first.ChallengeParameters.USER_ID_FOR_SRP;
  return sdk.send(
    new RespondToAuthChallengeCommand(
      wrapAuthChallenge(signSrpSession(srp, first), {
        ChallengeName: "PASSWORD_VERIFIER",
        ClientId: client.id,
        Session: first.Session,
        ChallengeResponses: { USERNAME: realName, ...hashFor(client, realName) },
      }),
    ),
  );
}

// Register a device after a sign-in with a code; resolves to all a later sign-in needs.
async function sdkDevice(client, result) {
  const { DeviceKey, DeviceGroupKey } = result.NewDeviceMetadata;
  const made = createDeviceVerifier(DeviceKey, DeviceGroupKey);
  const { UserConfirmationNecessary } = await sdk.send(
    new ConfirmDeviceCommand({
      AccessToken: result.AccessToken,
      DeviceKey,
      DeviceSecretVerifierConfig: made.DeviceSecretVerifierConfig,
      DeviceName: "test",
    }),
  );
  if (UserConfirmationNecessary)
    await sdk.send(
      new UpdateDeviceStatusCommand({
        AccessToken: result.AccessToken,
        DeviceKey,
        DeviceRememberedStatus: "remembered",
      }),
    );
  return { key: DeviceKey, groupKey: DeviceGroupKey, password: made.DeviceRandomPassword };
}

// Answer DEVICE_SRP_AUTH with the device's password.
async function sdkDeviceAnswer(client, challenge, name, device) {
  assert.equal(challenge.ChallengeName, "DEVICE_SRP_AUTH");
  const srp = createSrpSession(name, "", pool.userPoolId, false);
  const second = await sdkAnswer(client, challenge, name, {
    DEVICE_KEY: device.key,
    SRP_A: srp.largeA,
  });
  assert.equal(second.ChallengeName, "DEVICE_PASSWORD_VERIFIER");
  const signed = signSrpSessionWithDevice(srp, second, device.groupKey, device.password);
  return sdkAnswer(client, second, name, {
    DEVICE_KEY: device.key,
    ...wrapAuthChallenge(signed, {}).ChallengeResponses,
  });
}

const sdkRefresh = (client, token, device) =>
  sdk.send(
    new GetTokensFromRefreshTokenCommand({
      DeviceKey: device,
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

for (const [kind, client] of Object.entries(pool.clients)) {
  test(`aws-sdk ${kind}: USER_AUTH offers what there is`, async () => {
    const choice = await sdkChoice(client, "uma");
    assert.equal(choice.ChallengeName, "SELECT_CHALLENGE");
    assert.deepEqual(choice.AvailableChallenges, ["EMAIL_OTP", "WEB_AUTHN"]);
    const next = await sdkAnswer(client, choice, "uma", { ANSWER: "EMAIL_OTP" });
    assert.equal(next.ChallengeName, "EMAIL_OTP");
    const { code } = await admin("GET", "codes/uma");
    assert.equal(code.length, 8);
    const reply = await sdkAnswer(client, next, "uma", { EMAIL_OTP_CODE: code });
    await assertSdkTokens(reply, "uma", client);
  });

  test(`aws-sdk ${kind}: USER_AUTH with an e-mail code, a wrong one first`, async () => {
    const challenge = await sdkChoice(client, "uma", { PREFERRED_CHALLENGE: "EMAIL_OTP" });
    assert.equal(challenge.ChallengeName, "EMAIL_OTP");
    assert.equal(challenge.ChallengeParameters.CODE_DELIVERY_DESTINATION, "u***@e***");
    const { code } = await admin("GET", "codes/uma");
    const send = (given) => sdkAnswer(client, challenge, "uma", { EMAIL_OTP_CODE: given });
    await refused(
      send(code === "00000000" ? "00000001" : "00000000"),
      "CodeMismatchException",
      "Invalid code or auth state for the user.",
    );
    await assertSdkTokens(await send(code), "uma", client);
  });

  test(`aws-sdk ${kind}: USER_AUTH with a password`, async () => {
    const send = (word) =>
      sdkChoice(client, "judy@example.com", { PREFERRED_CHALLENGE: "PASSWORD", PASSWORD: word });
    await assertSdkTokens(await send(password("judy")), "judy", client);
    await refused(send("wrong"), "NotAuthorizedException", "Incorrect username or password.");
  });

  test(`aws-sdk ${kind}: USER_AUTH with SRP at once`, async () => {
    const reply = await sdkChoiceSrp(client, "judy@example.com", password("judy"), (srp) =>
      sdkChoice(client, "judy@example.com", { PREFERRED_CHALLENGE: "PASSWORD_SRP", ...srp }),
    );
    await assertSdkTokens(reply, "judy", client);
  });

  test(`aws-sdk ${kind}: USER_AUTH with SRP chosen, then an authenticator code`, async () => {
    const choice = await sdkChoice(client, "carol", { PREFERRED_CHALLENGE: "EMAIL_OTP" });
    assert.deepEqual(choice.AvailableChallenges, ["PASSWORD_SRP", "PASSWORD"]);
    const challenge = await sdkChoiceSrp(client, "carol", password("carol"), (srp) =>
      sdkAnswer(client, choice, "carol", { ANSWER: "PASSWORD_SRP", ...srp }),
    );
    assert.equal(challenge.ChallengeName, "SOFTWARE_TOKEN_MFA");
    const code = totpCode(pool.users.carol.totpSecret);
    const reply = await sdkAnswer(client, challenge, "carol", { SOFTWARE_TOKEN_MFA_CODE: code });
    await assertSdkTokens(reply, "carol", client);
  });

  test(`aws-sdk ${kind}: USER_AUTH with a password chosen in two steps`, async () => {
    const choice = await sdkChoice(client, "alice");
    const next = await sdkAnswer(client, choice, "alice", { ANSWER: "PASSWORD" });
    assert.equal(next.ChallengeName, "PASSWORD");
    const reply = await sdkAnswer(client, next, "alice", { PASSWORD: password("alice") });
    await assertSdkTokens(reply, "alice", client);
  });

  test(`aws-sdk ${kind}: USER_AUTH with a passkey`, async () => {
    const choice = await sdkChoice(client, "victor");
    assert.deepEqual(choice.AvailableChallenges, ["WEB_AUTHN"]);
    const next = await sdkAnswer(client, choice, "victor", { ANSWER: "WEB_AUTHN" });
    assert.ok(JSON.parse(next.ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS).challenge);
    await refused(
      sdkAnswer(client, next, "victor", { CREDENTIAL: "{}" }),
      "NotAuthorizedException",
    );
  });

  test(`aws-sdk ${kind}: USER_AUTH invents an e-mail code for an unknown name`, async () => {
    const challenge = await sdkChoice(client, "nobody", { PREFERRED_CHALLENGE: "EMAIL_OTP" });
    assert.match(challenge.ChallengeParameters.CODE_DELIVERY_DESTINATION, /^.\*{3}@.\*{3}$/);
    const real = challenge.ChallengeParameters.USER_ID_FOR_SRP;
    await refused(
      sdkAnswer(client, challenge, real, { EMAIL_OTP_CODE: "00000000" }),
      "CodeMismatchException",
    );
  });

  test(`aws-sdk ${kind}: a choice of second factors, e-mail`, async () => {
    const choice = await sdkPassword(client, "oscar", "oscar");
    assert.equal(choice.ChallengeName, "SELECT_MFA_TYPE");
    const next = await sdkAnswer(client, choice, "oscar", { ANSWER: "EMAIL_OTP" });
    const { code } = await admin("GET", "codes/oscar");
    assert.equal(code.length, 6);
    const reply = await sdkAnswer(client, next, "oscar", { EMAIL_OTP_CODE: code });
    await assertSdkTokens(reply, "oscar", client);
  });

  test(`aws-sdk ${kind}: MFA_SETUP with an authenticator`, async () => {
    await admin("POST", "settings", { wrongFirstCodeIsStatus: true });
    const challenge = await sdkSrp(client, "rita", password("rita"));
    assert.equal(
      challenge.ChallengeParameters.MFAS_CAN_SETUP,
      '["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]',
    );
    const made = await sdk.send(
      new AssociateSoftwareTokenCommand({ Session: challenge.Session }),
    );
    const verify = (UserCode) =>
      sdk.send(new VerifySoftwareTokenCommand({ Session: made.Session, UserCode }));
    assert.equal((await verify(wrongTotpCode(made.SecretCode))).Status, "ERROR");
    const { Status, Session } = await verify(totpCode(made.SecretCode));
    assert.equal(Status, "SUCCESS");
    const reply = await sdkAnswer(client, { ...challenge, Session }, "rita", {});
    await assertSdkTokens(reply, "rita", client);
    assert.deepEqual((await admin("GET", "users/rita")).mfa, ["SOFTWARE_TOKEN_MFA"]);
  });

  test(`aws-sdk ${kind}: MFA_SETUP with an e-mail address`, async () => {
    const challenge = await sdkPassword(client, "rita", "rita");
    const send = (EMAIL) => sdkAnswer(client, challenge, "rita", { EMAIL });
    await refused(send("rita"), "InvalidParameterException", "Invalid email address format.");
    const next = await send("rita@example.org");
    assert.equal(next.ChallengeName, "EMAIL_OTP");
    const { code, destination } = await admin("GET", "codes/rita");
    assert.equal(destination, "rita@example.org");
    const reply = await sdkAnswer(client, next, "rita", { EMAIL_OTP_CODE: code });
    await assertSdkTokens(reply, "rita", client);
    assert.deepEqual((await admin("GET", "users/rita")).mfa, ["EMAIL_OTP"]);
  });

  test(`aws-sdk ${kind}: a remembered device replaces the code`, async () => {
    await admin("POST", "settings", { deviceTracking: "OPT_IN" });
    const challenge = await sdkSrp(client, "frank", password("frank"));
    const { code } = await admin("GET", "codes/frank");
    const first = await sdkAnswer(client, challenge, "frank", { SMS_MFA_CODE: code });
    const device = await sdkDevice(client, first.AuthenticationResult);
    const next = await sdkPassword(client, "frank", "frank", {
      ...hashFor(client, "frank"),
      DEVICE_KEY: device.key,
    });
    const reply = await sdkDeviceAnswer(client, next, "frank", device);
    const result = await assertSdkTokens(reply, "frank", client);
    assert.equal(result.NewDeviceMetadata, undefined);
    await sdkRefresh(client, result.RefreshToken, device.key);
    await refused(
      sdkRefresh(client, result.RefreshToken),
      "NotAuthorizedException",
      "Invalid Refresh Token.",
    );
  });

  test(`aws-sdk ${kind}: a device with another password, and a forgotten one`, async () => {
    await admin("POST", "settings", { deviceTracking: "ALWAYS" });
    const first = (await sdkSrp(client, "alice", password("alice"))).AuthenticationResult;
    const device = await sdkDevice(client, first);
    const given = { ...hashFor(client, "alice"), DEVICE_KEY: device.key };
    const challenge = await sdkPassword(client, "alice", "alice", given);
    await refused(
      sdkDeviceAnswer(client, challenge, "alice", { ...device, password: "wrong" }),
      "NotAuthorizedException",
    );
    await sdk.send(
      new ForgetDeviceCommand({ AccessToken: first.AccessToken, DeviceKey: device.key }),
    );
    await refused(
      sdkPassword(client, "alice", "alice", given),
      "ResourceNotFoundException",
      "Device does not exist.",
    );
  });

  test(`aws-sdk ${kind}: a changed and a forgotten password`, async () => {
    const { AccessToken } = (await sdkPassword(client, "alice", "alice")).AuthenticationResult;
    await sdk.send(
      new ChangePasswordCommand({
        AccessToken,
        PreviousPassword: password("alice"),
        ProposedPassword: NEW_PASSWORD,
      }),
    );
    await refused(sdkPassword(client, "alice", "alice"), "NotAuthorizedException");
    const who = {
      ClientId: client.id,
      Username: "alice@example.com",
      SecretHash: hashFor(client, "alice@example.com").SECRET_HASH,
    };
    const { CodeDeliveryDetails } = await sdk.send(new ForgotPasswordCommand(who));
    assert.equal(CodeDeliveryDetails.Destination, "a***@e***");
    const { code } = await admin("GET", "codes/alice");
    await sdk.send(
      new ConfirmForgotPasswordCommand({
        ...who,
        ConfirmationCode: code,
        Password: password("alice"),
      }),
    );
    await assertSdkTokens(await sdkPassword(client, "alice", "alice"), "alice", client);
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
