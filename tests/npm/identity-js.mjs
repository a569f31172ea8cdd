// SPDX-License-Identifier: MIT
//
// Cases with amazon-cognito-identity-js, which knows public clients only.

import assert from "node:assert/strict";
import identity from "amazon-cognito-identity-js";
import {
  NEW_PASSWORD,
  admin,
  assertTokens,
  password,
  pool,
  publicClient,
  refused,
  test as judgeTest,
  totpCode,
  wrongTotpCode,
} from "./judge.mjs";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = identity;

// What the library keeps, devices too, from one sign-in to the next of the same case.
const kept = new Map();
const storage = {
  clear: () => kept.clear(),
  getItem: (key) => kept.get(key),
  removeItem: (key) => kept.delete(key),
  setItem: (key, value) => kept.set(key, value),
};

const test = (name, run) =>
  judgeTest(name, () => {
    storage.clear();
    return run();
  });

const sessionTokens = (session) => ({
  idToken: session.getIdToken().getJwtToken(),
  accessToken: session.getAccessToken().getJwtToken(),
});

function identityUser(name) {
  const userPool = new CognitoUserPool({
    UserPoolId: pool.userPoolId,
    ClientId: publicClient.id,
    endpoint: pool.endpoint,
    Storage: storage,
  });
  return new CognitoUser({ Username: name, Pool: userPool, Storage: storage });
}

// Resolves to {user, session, confirm}, or to {user, challenge, ...} if the pool wants more.
const step = (user, start) =>
  new Promise((resolve, reject) => {
    const posed = (challenge, parameters) => resolve({ user, challenge, parameters });
    start({
      onSuccess: (session, confirm) => resolve({ user, session, confirm }),
      onFailure: reject,
      newPasswordRequired: (attributes, required) =>
        resolve({ user, challenge: "NEW_PASSWORD_REQUIRED", attributes, required }),
      customChallenge: (parameters) => posed("CUSTOM_CHALLENGE", parameters),
      mfaRequired: posed,
      mfaSetup: posed,
      selectMFAType: posed,
      totpRequired: posed,
    });
  });

function identitySignIn(name, password, flow = "USER_SRP_AUTH") {
  const user = identityUser(name);
  user.setAuthenticationFlowType(flow);
  const details = new AuthenticationDetails({ Username: name, Password: password });
  return step(user, (on) => user.authenticateUser(details, on));
}

// A sign-in that ends with an authenticator code. The pool would refuse the same code twice.
async function totpSignIn(name, flow) {
  await admin("POST", `users/${name}`, { forgetTotpSteps: true });
  const { user, challenge } = await identitySignIn(name, password(name), flow);
  assert.equal(challenge, "SOFTWARE_TOKEN_MFA");
  const code = totpCode(pool.users[name].totpSecret);
  return step(user, (on) => user.sendMFACode(code, on, "SOFTWARE_TOKEN_MFA"));
}

const callbacks = (start) =>
  new Promise((resolve, reject) => start({ onSuccess: resolve, onFailure: reject }));

const callsMade = async () => {
  const { requests } = await admin("GET", "requests");
  return requests
    .filter((entry) => entry.operation)
    .map((entry) => entry.body.ChallengeName ?? entry.operation);
};

const nodeStyle = (start) =>
  new Promise((resolve, reject) =>
    start((error, result) => (error ? reject(error) : resolve(result))),
  );

// refreshSession() repeats a refused call for five seconds; this is its call, made once.
const refreshOnce = (user, token, device = {}) =>
  nodeStyle((done) =>
    user.client.request(
      "InitiateAuth",
      {
        AuthFlow: "REFRESH_TOKEN_AUTH",
        ClientId: publicClient.id,
        AuthParameters: { REFRESH_TOKEN: token.getToken(), ...device },
      },
      done,
    ),
  );

async function identityTokens(typed, name, flow) {
  const { session } = await identitySignIn(typed, password(name), flow);
  await assertTokens(sessionTokens(session), name);
}

test("identity-js: SRP", () => identityTokens("alice", "alice"));

test("identity-js: SRP sixteen times over, so that odd lengths and sign bytes occur", async () => {
  for (let round = 0; round < 16; round += 1) {
    if (round % 4 === 0) await admin("POST", "users/bob", { password: password("bob") });
    await identityTokens("bob", "bob");
  }
});

test("identity-js: password", () => identityTokens("alice", "alice", "USER_PASSWORD_AUTH"));

test("identity-js: SRP by e-mail alias", () => identityTokens("judy@example.com", "judy"));

test("identity-js: password by e-mail alias", () =>
  identityTokens("judy@example.com", "judy", "USER_PASSWORD_AUTH"));

test("identity-js: SRP with a non-ASCII password", () => identityTokens("olga", "olga"));

test("identity-js: SRP with quotes and a backslash", () => identityTokens("peggy", "peggy"));

test("identity-js: wrong password refused", async () => {
  for (const flow of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"])
    await refused(
      identitySignIn("alice", "wrong", flow),
      "NotAuthorizedException",
      "Incorrect username or password.",
    );
});

test("identity-js: unknown user looks like a wrong password", async () => {
  for (const flow of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"])
    await refused(
      identitySignIn("nobody", "wrong", flow),
      "NotAuthorizedException",
      "Incorrect username or password.",
    );
});

test("identity-js: unknown user named in LEGACY mode", async () => {
  await admin("POST", "settings", { preventUserExistenceErrors: "LEGACY" });
  await refused(identitySignIn("nobody", "wrong"), "UserNotFoundException", "User does not exist.");
});

test("identity-js: disabled, unconfirmed and reset users refused", async () => {
  await refused(
    identitySignIn("erin", password("erin")),
    "NotAuthorizedException",
    "User is disabled.",
  );
  await refused(identitySignIn("grace", password("grace")), "UserNotConfirmedException");
  await refused(identitySignIn("heidi", password("heidi")), "PasswordResetRequiredException");
});

test("identity-js: new password required", async () => {
  const { user, challenge, required } = await identitySignIn("dave", password("dave"));
  assert.equal(challenge, "NEW_PASSWORD_REQUIRED");
  assert.deepEqual(required, []);
  const weak = callbacks((on) => user.completeNewPasswordChallenge("short", {}, on));
  await refused(weak, "InvalidPasswordException", "Password did not conform with policy: ");
  const session = await callbacks((on) => user.completeNewPasswordChallenge(NEW_PASSWORD, {}, on));
  await assertTokens(sessionTokens(session), "dave");
  await refused(identitySignIn("dave", password("dave")), "NotAuthorizedException");
  assert.ok((await identitySignIn("dave", NEW_PASSWORD)).session);
});

test("identity-js: new password with a missing required attribute", async () => {
  await admin("POST", "settings", { requiredAttributes: ["email", "name"] });
  const { user, required } = await identitySignIn("dave", password("dave"));
  assert.deepEqual(required, ["name"]);
  const bare = callbacks((on) => user.completeNewPasswordChallenge(NEW_PASSWORD, {}, on));
  await refused(bare, "InvalidParameterException", "Attributes did not conform to the schema");
  await callbacks((on) => user.completeNewPasswordChallenge(NEW_PASSWORD, { name: "Dave" }, on));
  assert.equal((await admin("GET", "users/dave")).attributes.name, "Dave");
});

test("identity-js: TOTP, a wrong code first", async () => {
  const { user, challenge } = await identitySignIn("carol", password("carol"));
  assert.equal(challenge, "SOFTWARE_TOKEN_MFA");
  const secret = pool.users.carol.totpSecret;
  const send = (code) => callbacks((on) => user.sendMFACode(code, on, "SOFTWARE_TOKEN_MFA"));
  await refused(send(wrongTotpCode(secret)), "CodeMismatchException");
  await assertTokens(sessionTokens(await send(totpCode(secret))), "carol");
});

test("identity-js: SMS code", async () => {
  const { user, challenge, parameters } = await identitySignIn("frank", password("frank"));
  assert.equal(challenge, "SMS_MFA");
  assert.equal(parameters.CODE_DELIVERY_DELIVERY_MEDIUM, "SMS");
  const { code } = await admin("GET", "codes/frank");
  const session = await callbacks((on) => user.sendMFACode(code, on));
  await assertTokens(sessionTokens(session), "frank");
});

test("identity-js: refresh, user data, global sign-out", async () => {
  const { user, session } = await identitySignIn("alice", password("alice"));
  const fresh = await nodeStyle((done) => user.refreshSession(session.getRefreshToken(), done));
  await assertTokens(sessionTokens(fresh), "alice");
  const data = await nodeStyle((done) => user.getUserData(done, { bypassCache: true }));
  assert.equal(data.Username, "alice");
  await callbacks((on) => user.globalSignOut(on));
  await refused(
    refreshOnce(user, session.getRefreshToken()),
    "NotAuthorizedException",
    "Refresh Token has been revoked",
  );
});

test("identity-js: revoke", async () => {
  const { user, session } = await identitySignIn("alice", password("alice"));
  const token = session.getRefreshToken();
  await nodeStyle((done) => user.revokeToken({ token: token.getToken(), callback: done }));
  await refused(
    refreshOnce(user, token),
    "NotAuthorizedException",
    "Refresh Token has been revoked",
  );
});

test("identity-js: choice of second factors", async () => {
  const { user, challenge, parameters } = await identitySignIn("oscar", password("oscar"));
  assert.equal(challenge, "SELECT_MFA_TYPE");
  assert.deepEqual(JSON.parse(parameters.MFAS_CAN_CHOOSE), pool.users.oscar.mfa);
  const next = await step(user, (on) => user.sendMFASelectionAnswer("SOFTWARE_TOKEN_MFA", on));
  assert.equal(next.challenge, "SOFTWARE_TOKEN_MFA");
  const code = totpCode(pool.users.oscar.totpSecret);
  const { session } = await step(user, (on) => user.sendMFACode(code, on, next.challenge));
  await assertTokens(sessionTokens(session), "oscar");
});

test("identity-js: choice of second factors, SMS", async () => {
  const { user } = await identitySignIn("oscar", password("oscar"));
  const next = await step(user, (on) => user.sendMFASelectionAnswer("SMS_MFA", on));
  assert.equal(next.challenge, "SMS_MFA");
  assert.equal(next.parameters.CODE_DELIVERY_DESTINATION, "+*******0145");
  const { code } = await admin("GET", "codes/oscar");
  const { session } = await step(user, (on) => user.sendMFACode(code, on));
  await assertTokens(sessionTokens(session), "oscar");
});

// Sets up an authenticator, a wrong code first; leaves the secret and the code in `made`.
async function setUpTotp(user, made = {}) {
  made.secret = await new Promise((resolve, reject) =>
    user.associateSoftwareToken({ associateSecretCode: resolve, onFailure: reject }),
  );
  const verify = (code) => step(user, (on) => user.verifySoftwareToken(code, "phone", on));
  await refused(
    verify(wrongTotpCode(made.secret)),
    "EnableSoftwareTokenMFAException",
    "Code mismatch and fail enable Software Token MFA",
  );
  made.code = totpCode(made.secret);
  return verify(made.code);
}

test("identity-js: MFA_SETUP, then the new authenticator is asked for", async () => {
  const { user, challenge, parameters } = await identitySignIn("quinn", password("quinn"));
  assert.equal(challenge, "MFA_SETUP");
  assert.deepEqual(JSON.parse(parameters.MFAS_CAN_SETUP), ["SOFTWARE_TOKEN_MFA"]);
  const made = {};
  const { session } = await setUpTotp(user, made);
  await assertTokens(sessionTokens(session), "quinn");

  const next = await identitySignIn("quinn", password("quinn"));
  assert.equal(next.challenge, "SOFTWARE_TOKEN_MFA");
  assert.equal(next.parameters.FRIENDLY_DEVICE_NAME, "phone");
  const send = (code) =>
    step(next.user, (on) => next.user.sendMFACode(code, on, "SOFTWARE_TOKEN_MFA"));
  await refused(
    send(made.code),
    "ExpiredCodeException",
    "Your software token has already been used once.",
  );
  const later = await send(totpCode(made.secret, Date.now() + 30000));
  await assertTokens(sessionTokens(later.session), "quinn");
});

test("identity-js: new password, then MFA_SETUP", async () => {
  const { user, challenge } = await identitySignIn("wendy", password("wendy"));
  assert.equal(challenge, "NEW_PASSWORD_REQUIRED");
  const next = await step(user, (on) => user.completeNewPasswordChallenge(NEW_PASSWORD, {}, on));
  assert.equal(next.challenge, "MFA_SETUP");
  const { session } = await setUpTotp(user);
  await assertTokens(sessionTokens(session), "wendy");
});

test("identity-js: an authenticator set up with an access token", async () => {
  const { user } = await identitySignIn("alice", password("alice"));
  const secret = await new Promise((resolve, reject) =>
    user.associateSoftwareToken({ associateSecretCode: resolve, onFailure: reject }),
  );
  const verified = await callbacks((on) => user.verifySoftwareToken(totpCode(secret), "phone", on));
  assert.equal(verified.Status, "SUCCESS");
});

test("identity-js: required attributes of a new password are checked", async () => {
  const { user, required } = await identitySignIn("sybil", password("sybil"));
  assert.deepEqual(required, ["name", "phone_number"]);
  const complete = (phone) =>
    step(user, (on) =>
      user.completeNewPasswordChallenge(NEW_PASSWORD, { name: "Sybil", phone_number: phone }, on),
    );
  await refused(complete("555"), "InvalidParameterException", "Invalid phone number format.");
  await assertTokens(sessionTokens((await complete("+15555550177")).session), "sybil");
});

test("identity-js: custom challenge after SRP, a wrong answer first", async () => {
  const { user, challenge, parameters } = await identitySignIn(
    "trent",
    password("trent"),
    "CUSTOM_AUTH",
  );
  assert.equal(challenge, "CUSTOM_CHALLENGE");
  assert.equal(parameters.question, "What is the code word?");
  const send = (answer) => step(user, (on) => user.sendCustomChallengeAnswer(answer, on));
  assert.equal((await send("wrong")).challenge, "CUSTOM_CHALLENGE");
  const { session } = await send(pool.users.trent.customAnswers[0]);
  await assertTokens(sessionTokens(session), "trent");
});

for (const flow of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"]) {
  test(`identity-js: no custom challenge in ${flow}`, async () => {
    const { session } = await identitySignIn("trent", password("trent"), flow);
    await assertTokens(sessionTokens(session), "trent");
  });
}

test("identity-js: CUSTOM_AUTH with a wrong password never comes to the question", async () => {
  await refused(
    identitySignIn("trent", "wrong", "CUSTOM_AUTH"),
    "NotAuthorizedException",
    "Incorrect username or password.",
  );
});

test("identity-js: custom challenge without a password, three wrong answers", async () => {
  const user = identityUser("trent");
  const details = new AuthenticationDetails({ Username: "trent" });
  const first = await step(user, (on) => user.initiateAuth(details, on));
  assert.equal(first.challenge, "CUSTOM_CHALLENGE");
  const send = (answer) => step(user, (on) => user.sendCustomChallengeAnswer(answer, on));
  for (const _ of [1, 2]) assert.equal((await send("wrong")).challenge, "CUSTOM_CHALLENGE");
  await refused(send("wrong"), "NotAuthorizedException", "Incorrect username or password.");
  await refused(
    send(pool.users.trent.customAnswers[0]),
    "NotAuthorizedException",
    "Invalid session for the user, session can only be used once.",
  );
});

for (const flow of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"]) {
  test(`identity-js: a remembered device replaces the code, ${flow}`, async () => {
    await admin("POST", "settings", { deviceTracking: "ALWAYS" });
    const first = await totpSignIn("carol", flow);
    await assertTokens(sessionTokens(first.session), "carol");
    assert.equal(first.confirm, undefined);
    const [device] = (await admin("GET", "devices/carol")).devices;
    assert.ok(device.confirmed && device.remembered && device.deviceGroupKey.startsWith("-"));

    await admin("DELETE", "requests");
    const second = await identitySignIn("carol", password("carol"), flow);
    await assertTokens(sessionTokens(second.session), "carol");
    const claims = second.session.getAccessToken().decodePayload();
    assert.equal(claims.device_key, device.deviceKey);
    const sent = await callsMade();
    assert.deepEqual(sent.slice(-2), ["DEVICE_SRP_AUTH", "DEVICE_PASSWORD_VERIFIER"]);
    assert.equal(sent.length, flow === "USER_SRP_AUTH" ? 4 : 3);
  });
}

// After a code the library answers DEVICE_SRP_AUTH with the session of the code.
test("identity-js: a device is remembered only if the user says so", async () => {
  await admin("POST", "settings", {
    deviceTracking: "OPT_IN",
    sessionWithDeviceChallenges: false,
  });
  const first = await totpSignIn("carol");
  assert.equal(first.confirm, true);
  await admin("DELETE", "requests");
  const second = await totpSignIn("carol");
  assert.deepEqual((await callsMade()).slice(-3), [
    "SOFTWARE_TOKEN_MFA",
    "DEVICE_SRP_AUTH",
    "DEVICE_PASSWORD_VERIFIER",
  ]);
  await callbacks((on) => second.user.setDeviceStatusRemembered(on));
  assert.ok((await identitySignIn("carol", password("carol"))).session);
  await callbacks((on) => second.user.setDeviceStatusNotRemembered(on));
  assert.equal((await identitySignIn("carol", password("carol"))).challenge, "SOFTWARE_TOKEN_MFA");
});

test("identity-js: a device forgotten by the user, and one forgotten by the pool", async () => {
  await admin("POST", "settings", { deviceTracking: "ALWAYS" });
  const { user } = await totpSignIn("carol");
  await callbacks((on) => user.forgetDevice(on));
  assert.deepEqual((await admin("GET", "devices/carol")).devices, []);
  await totpSignIn("carol");
  await admin("DELETE", "devices/carol");
  await admin("DELETE", "requests");
  await totpSignIn("carol");
  const errors = (await admin("GET", "requests")).requests.map((entry) => entry.error);
  assert.ok(errors.includes("ResourceNotFoundException"));
});

test("identity-js: a refresh token of a device wants its key", async () => {
  await admin("POST", "settings", { deviceTracking: "ALWAYS" });
  const { user, session } = await totpSignIn("carol");
  const token = session.getRefreshToken();
  const fresh = await nodeStyle((done) => user.refreshSession(token, done));
  await assertTokens(sessionTokens(fresh), "carol");
  for (const device of [{}, { DEVICE_KEY: "us-east-1_0" }])
    await refused(
      refreshOnce(user, token, device),
      "NotAuthorizedException",
      "Invalid Refresh Token.",
    );
});

test("identity-js: change of password", async () => {
  const { user } = await identitySignIn("alice", password("alice"));
  const change = (old, fresh) => nodeStyle((done) => user.changePassword(old, fresh, done));
  await refused(
    change("wrong", NEW_PASSWORD),
    "NotAuthorizedException",
    "Incorrect username or password.",
  );
  await refused(
    change(password("alice"), "weak"),
    "InvalidPasswordException",
    "Password did not conform with policy: Password not long enough",
  );
  assert.equal(await change(password("alice"), NEW_PASSWORD), "SUCCESS");
  await refused(identitySignIn("alice", password("alice")), "NotAuthorizedException");
  assert.ok((await identitySignIn("alice", NEW_PASSWORD)).session);
});

test("identity-js: forgotten password", async () => {
  const user = identityUser("heidi");
  const { CodeDeliveryDetails } = await callbacks((on) => user.forgotPassword(on));
  assert.deepEqual(CodeDeliveryDetails, {
    AttributeName: "email",
    DeliveryMedium: "EMAIL",
    Destination: "h***@e***",
  });
  const { code } = await admin("GET", "codes/heidi");
  const confirm = (given) => callbacks((on) => user.confirmPassword(given, NEW_PASSWORD, on));
  await refused(
    confirm(code === "000000" ? "000001" : "000000"),
    "CodeMismatchException",
    "Invalid verification code provided, please try again.",
  );
  await confirm(code);
  await refused(confirm(code), "ExpiredCodeException");
  assert.ok((await identitySignIn("heidi", NEW_PASSWORD)).session);
});
