// SPDX-License-Identifier: MIT
//
// What the cases share: the pool's description and admin interface, and a judge of tokens and codes
// that uses none of the libraries under test.

import assert from "node:assert/strict";
import { createHmac, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

export const pool = JSON.parse(readFileSync(process.argv[2], "utf8"));
export const { confidential, public: publicClient } = pool.clients;
export const NEW_PASSWORD = "N3w-password-Zircon!";

export const password = (name) => pool.users[name].password;

export const cases = [];
export const test = (name, run) => cases.push({ name, run });

// The pool's admin interface

export async function admin(method, path, body) {
  const reply = await fetch(`${pool.endpoint}_admin/${path}`, {
    method,
    body: body && JSON.stringify(body),
  });
  assert.equal(reply.status, 200, `admin ${path}`);
  return reply.json();
}

// Judging tokens without the libraries under test

async function checkedClaims(token) {
  const [header, claims, signature] = token.split(".");
  const { kid, alg } = JSON.parse(Buffer.from(header, "base64url"));
  assert.equal(alg, "RS256");
  const jwks = await (await fetch(`${pool.issuer}/.well-known/jwks.json`)).json();
  assert.equal(jwks.keys.length, 2);
  const key = createPublicKey({ key: jwks.keys.find((k) => k.kid === kid), format: "jwk" });
  const good = verify("sha256", `${header}.${claims}`, key, Buffer.from(signature, "base64url"));
  assert.ok(good, "token signature");
  return JSON.parse(Buffer.from(claims, "base64url"));
}

export async function assertTokens({ idToken, accessToken }, name, client = publicClient) {
  const user = pool.users[name];
  const id = await checkedClaims(idToken);
  const access = await checkedClaims(accessToken);
  assert.equal(id.iss, pool.issuer);
  assert.equal(id.aud, client.id);
  assert.equal(id.token_use, "id");
  assert.equal(id.sub, user.sub);
  assert.equal(id["cognito:username"], user.username);
  assert.equal(id.email_verified, true);
  assert.deepEqual(id["cognito:groups"], user.groups);
  assert.equal(access.client_id, client.id);
  assert.equal(access.aud, undefined);
  assert.equal(access.username, user.username);
  assert.equal(access.origin_jti, id.origin_jti);
}

export function totpCode(secret, time = Date.now()) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(time / 30000)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1000000).padStart(6, "0");
}

// A code that is certainly wrong: none of the three the pool would accept.
export function wrongTotpCode(secret) {
  const good = [-30000, 0, 30000].map((shift) => totpCode(secret, Date.now() + shift));
  return ["000000", "111111", "222222", "333333"].find((code) => !good.includes(code));
}

export async function refused(promise, code, text) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.code ?? error.name, code);
    if (text) assert.ok(error.message.startsWith(text), `${error.message} is not: ${text}`);
    return true;
  });
}
