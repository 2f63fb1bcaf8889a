// Our OpenAPI document as others read it: a linter finds no fault with it, a
// generator makes types of it that its compiler takes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { startServer } from './server.mjs';

let server, text;

before(async () => {
  server = await startServer();
  const answer = await fetch(`${server.base}/openapi.json`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^application\/json/);
  text = await answer.text();
});
after(() => server?.stop());

test('a linter finds no fault', async () => {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const problems = await lintFromString({ source: text, absoluteRef: 'openapi.json', config });
  assert.deepEqual(problems.map((p) => `${p.ruleId}: ${p.message} at ${p.location[0]?.pointer}`), []);
});

test('a generator makes types that compile', async () => {
  const source = astToString(await openapiTS(JSON.parse(text)));
  const use = `
    import type { paths } from './types';
    type Created = paths['/v2/actions/targets']['post'];
    const body: NonNullable<Created['requestBody']>['content']['application/json'] =
      { name: 'n', restWebhook: { interruptOnError: true }, timeout: '10s', endpoint: 'https://example.com' };
    const id = (answer: Created['responses'][200]['content']['application/json']): string | undefined => answer.id;
    export { body, id };`;
  assert.deepEqual(compile({ '/types.ts': source, '/use.ts': use }), []);
});

function compile(files) {
  const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, moduleResolution: ts.ModuleResolutionKind.Bundler, module: ts.ModuleKind.ESNext, types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name in files || fileExists(name);
  host.readFile = (name) => files[name] ?? readFile(name);
  host.getSourceFile = (name, target) => (name in files ? ts.createSourceFile(name, files[name], target) : getSourceFile(name, target));
  const program = ts.createProgram(Object.keys(files), options, host);
  return ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
}
