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
  test,
  totpCode,
  wrongTotpCode,
} from "./judge.mjs";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = identity;

const sessionTokens = (session) => ({
  idToken: session.getIdToken().getJwtToken(),
  accessToken: session.getAccessToken().getJwtToken(),
});

function identityUser(name) {
  const userPool = new CognitoUserPool({
    UserPoolId: pool.userPoolId,
    ClientId: publicClient.id,
    endpoint: pool.endpoint,
  });
  return new CognitoUser({ Username: name, Pool: userPool });
}

// Resolves to {user, session}, or {user, challenge, parameters} if the pool wants more.
function identitySignIn(name, password, flow = "USER_SRP_AUTH") {
  const user = identityUser(name);
  user.setAuthenticationFlowType(flow);
  return new Promise((resolve, reject) => {
    user.authenticateUser(new AuthenticationDetails({ Username: name, Password: password }), {
      onSuccess: (session) => resolve({ user, session }),
      onFailure: reject,
      newPasswordRequired: (attributes, required) =>
        resolve({ user, challenge: "NEW_PASSWORD_REQUIRED", attributes, required }),
      totpRequired: (challenge, parameters) => resolve({ user, challenge, parameters }),
      mfaRequired: (challenge, parameters) => resolve({ user, challenge, parameters }),
    });
  });
}

const callbacks = (start) =>
  new Promise((resolve, reject) => start({ onSuccess: resolve, onFailure: reject }));

const nodeStyle = (start) =>
  new Promise((resolve, reject) =>
    start((error, result) => (error ? reject(error) : resolve(result))),
  );

// refreshSession() repeats a refused call for five seconds; this is its call, made once.
const refreshOnce = (user, token) =>
  nodeStyle((done) =>
    user.client.request(
      "InitiateAuth",
      {
        AuthFlow: "REFRESH_TOKEN_AUTH",
        ClientId: publicClient.id,
        AuthParameters: { REFRESH_TOKEN: token.getToken() },
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
