// SPDX-License-Identifier: MIT
//
// Sign in to the local pool with clients that other people wrote. Usage:
//
//     NODE_EXTRA_CA_CERTS=DIR/ca.pem node clients.mjs DIR/pool.json
//
// One line per case, "ok NAME" or "FAIL NAME: why"; exit status 1 if any failed.

import { admin, cases } from "./judge.mjs";
import "./identity-js.mjs";
import "./aws-sdk.mjs";

let failures = 0;
for (const { name, run } of cases) {
  try {
    await admin("POST", "reset", {});
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL ${name}: ${error.name}: ${error.message.split("\n").join(" | ")}`);
  }
}
process.exit(failures ? 1 : 0);
