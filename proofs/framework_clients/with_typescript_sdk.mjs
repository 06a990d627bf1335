// The TypeScript SDK, 1.x or 2.x, which validates a list as a whole. Run in a directory with the package.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.cwd() + "/"));
const { Client } = await either("@modelcontextprotocol/client", "@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = await either(
  "@modelcontextprotocol/client/stdio",
  "@modelcontextprotocol/sdk/client/stdio.js",
);

// Version 2 has another package than version 1, and one of them is there.
async function either(newer, older) {
  let file;
  try {
    file = require.resolve(newer);
  } catch {
    file = require.resolve(older);
  }
  return import(pathToFileURL(file));
}

const { server, environment, steps } = JSON.parse(process.env.PROOF_STEPS);
const client = new Client({ name: "proof", version: "1" });
const [command, ...args] = server;
await client.connect(new StdioClientTransport({ command, args, env: environment }));
const { tools } = await client.listTools();
const { resources } = await client.listResources();
await client.readResource({ uri: resources[0].uri });
const seen = { taken: tools.length };
for (const [step, [name, input, wanted]] of Object.entries(steps)) {
  const answer = JSON.stringify(await client.callTool({ name, arguments: input }));
  seen[step] = answer.includes(wanted);
  if (!seen[step]) seen.trouble ??= step + ": " + answer.slice(0, 300);
}
console.log("\n" + JSON.stringify(seen));
await client.close();
