// A real Bluesky server on this computer: PLC directory and PDS, each as its npm package, and two accounts.
//
// node pds.mjs NODE_MODULES APP_VIEW_URL: needs Node.js 22, @atproto/pds and @did-plc/server in NODE_MODULES. What the
// network would add, an App View that gathers mentions from all servers, is asked for at APP_VIEW_URL. Prints its
// address when it is ready, and keeps nothing.
import { randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [modules, appView] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { PDS, envToCfg, envToSecrets } = require("@atproto/pds");
const { Database, PlcServer } = require("@did-plc/server");

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const plcPort = await freePort();
const plc = PlcServer.create({ db: Database.mock(), port: plcPort });
await plc.start();
const port = await freePort();
const data = mkdtempSync(join(tmpdir(), "pds-"));
const hex = () => randomBytes(32).toString("hex");
const env = {
  port,
  hostname: "localhost",
  devMode: true,
  dataDirectory: data,
  blobstoreDiskLocation: join(data, "blobs"),
  didPlcUrl: `http://127.0.0.1:${plcPort}`,
  serviceHandleDomains: [".test"],
  inviteRequired: false,
  disableSsrfProtection: true,
  bskyAppViewUrl: appView,
  bskyAppViewDid: "did:example:appview",
  rateLimitsEnabled: false,
  jwtSecret: hex(),
  adminPassword: hex(),
  plcRotationKeyK256PrivateKeyHex: hex(),
};
const pds = await PDS.create(envToCfg(env), envToSecrets(env));
await pds.start();
for (const name of ["ambrose", "ada"]) {
  const answer = await fetch(`http://127.0.0.1:${port}/xrpc/com.atproto.server.createAccount`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ handle: `${name}.test`, email: `${name}@example.org`, password: `the-password-of-${name}` }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}
console.log(`http://127.0.0.1:${port}`);
