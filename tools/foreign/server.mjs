// Starts our own server as a user would: the all-in-one binary, with a state
// of its own that is gone afterwards.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

async function freePort() {
  const listener = createServer();
  await new Promise((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address();
  await new Promise((done) => listener.close(done));
  return port;
}

/**
 * Returns the base URL, the token of the instance owner, the id of the first
 * organization, and what stops it all. ACTIONPLANE_BINARY names the binary.
 */
export async function startServer() {
  const state = mkdtempSync(join(tmpdir(), 'actionplane-foreign-'));
  chmodSync(state, 0o755); // Postgres runs as another user
  const data = join(state, 'data');
  const port = await freePort();
  const child = spawn(process.env.ACTIONPLANE_BINARY, [], {
    env: {
      ...process.env,
      DEMO: '0',
      ACTIONPLANE_ADDR: `127.0.0.1:${port}`,
      ACTIONPLANE_DATA_DIR: data,
      ACTIONPLANE_LOG_LEVEL: 'WARN',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise((done) => child.once('exit', done));
  const base = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 120_000;
  while (!(await ready(base))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('the server did not come up');
    await Promise.race([exited, new Promise((done) => setTimeout(done, 50))]);
  }
  return {
    base,
    token: readFileSync(join(data, 'admin.token'), 'utf8').trim(),
    organization: readFileSync(join(data, 'organization.id'), 'utf8').trim(),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(state, { recursive: true, force: true });
    },
  };
}

async function ready(base) {
  try {
    return (await fetch(`${base}/readyz`)).ok;
  } catch {
    return false;
  }
}
