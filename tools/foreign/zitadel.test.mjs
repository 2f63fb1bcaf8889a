// ZITADEL's own TypeScript clients (@zitadel/client over the messages of
// @zitadel/proto, both generated and published by ZITADEL), over each protocol
// that they may be given: what they create they find, change, search and delete.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { createConnectTransport as createBrowserConnect, createGrpcWebTransport as createBrowserGrpcWeb } from '@connectrpc/connect-web';
import { createClientFor, toDate } from '@zitadel/client';
import { createManagementServiceClient } from '@zitadel/client/v1';
import { ActionService } from '@zitadel/proto/zitadel/action/v2beta/action_service_pb.js';
import { ActionState } from '@zitadel/proto/zitadel/action_pb.js';
import { startServer } from './server.mjs';

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

const bearer = (next) => (request) => {
  request.header.set('Authorization', `Bearer ${server.token}`);
  return next(request);
};

const transports = {
  'gRPC': (o) => createGrpcTransport(o),
  'gRPC-Web': (o) => createGrpcWebTransport({ ...o, httpVersion: '1.1' }),
  'gRPC-Web in HTTP/2': (o) => createGrpcWebTransport({ ...o, httpVersion: '2' }),
  'gRPC-Web of a browser': (o) => createBrowserGrpcWeb(o),
  'Connect': (o) => createConnectTransport({ ...o, httpVersion: '2' }),
  'Connect of a browser, JSON': (o) => createBrowserConnect(o),
  'Connect of a browser, binary': (o) => createBrowserConnect({ ...o, useBinaryFormat: true }),
};

async function refused(call, code, text) {
  const error = await call.then(() => assert.fail('was not refused'), ConnectError.from);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, text);
}

for (const [name, create] of Object.entries(transports)) {
  const transport = (interceptors = [bearer]) => create({ baseUrl: server.base, interceptors });
  describe(name, { concurrency: false }, () => {
    test('management v1: actions and flows', async () => {
      const client = createManagementServiceClient(transport());
      const title = `foreign_${name.replaceAll(/\W/g, '_')}`;
      const script = `function ${title}(ctx, api) { api.v1.claims.setClaim("k", 1) }`;

      const made = await client.createAction({ name: title, script, timeout: { seconds: 10n }, allowedToFail: true });
      assert.match(made.id, /^\d+$/);
      assert.equal(made.details.resourceOwner, server.organization);

      const { action } = await client.getAction({ id: made.id });
      assert.equal(action.name, title);
      assert.equal(action.script, script);
      assert.equal(action.timeout.seconds, 10n);
      assert.equal(action.allowedToFail, true);
      assert.equal(action.state, ActionState.ACTIVE);
      assert.ok(toDate(action.details.changeDate) <= new Date(Date.now() + 60_000));

      await client.updateAction({ id: made.id, name: title, script: `${script}\n`, timeout: { seconds: 5n } });
      await refused(client.updateAction({ id: made.id, name: title, script: `${script}\n`, timeout: { seconds: 5n } }), Code.FailedPrecondition, /ACTION-dg4t2/);

      const { result } = await client.listActions({ queries: [{ query: { case: 'actionNameQuery', value: { name: title } } }] });
      assert.deepEqual(result.map((a) => a.id), [made.id]);

      await client.setTriggerActions({ flowType: '2', triggerType: '5', actionIds: [made.id] });
      const { flow } = await client.getFlow({ type: '2' });
      assert.equal(flow.type.name.key, 'Action.Flow.Type.CustomiseToken');
      assert.deepEqual(flow.triggerActions.map((t) => [t.triggerType.id, t.actions.map((a) => a.id)]), [['5', [made.id]]]);

      await client.deactivateAction({ id: made.id });
      await refused(client.deactivateAction({ id: made.id }), Code.FailedPrecondition, /COMMAND-Dgj92/);
      await client.reactivateAction({ id: made.id });

      await client.deleteAction({ id: made.id });
      await refused(client.getAction({ id: made.id }), Code.NotFound, /QUERY-GEfnb/);
      assert.deepEqual((await client.getFlow({ type: '2' })).flow.triggerActions, []);

      const types = await client.listFlowTypes({});
      assert.deepEqual(types.result.map((t) => t.id), ['1', '2', '3', '4']);
      const triggers = await client.listFlowTriggerTypes({ type: '4' });
      assert.deepEqual(triggers.result.map((t) => t.name.key), ['Action.TriggerType.PreSAMLResponseCreation']);
    });

    test('action v2beta: targets and executions', async () => {
      const client = createClientFor(ActionService)(transport());
      const endpoint = 'https://example.com/hook';

      const made = await client.createTarget({
        name: `target over ${name}`, endpoint, timeout: { seconds: 10n },
        targetType: { case: 'restCall', value: { interruptOnError: true } },
      });
      assert.match(made.id, /^\d+$/);
      assert.ok(made.signingKey.length > 0 && made.creationDate);

      const { target } = await client.getTarget({ id: made.id });
      assert.equal(target.endpoint, endpoint);
      assert.deepEqual([target.targetType.case, target.targetType.value.interruptOnError], ['restCall', true]);
      assert.equal(target.signingKey, made.signingKey);

      const rotated = await client.updateTarget({ id: made.id, name: 'renamed', expirationSigningKey: { seconds: 0n } });
      assert.ok(rotated.signingKey && rotated.signingKey !== made.signingKey);
      const unchanged = await client.updateTarget({ id: made.id, name: 'renamed' });
      assert.deepEqual(unchanged.changeDate, rotated.changeDate);
      assert.equal(unchanged.signingKey, undefined);

      const found = await client.listTargets({ filters: [{ filter: { case: 'inTargetIdsFilter', value: { targetIds: [made.id] } } }] });
      assert.deepEqual([found.pagination.totalResult, found.targets.map((t) => t.name)], [1n, ['renamed']]);

      const condition = { conditionType: { case: 'event', value: { condition: { case: 'group', value: 'user.human' } } } };
      await client.setExecution({ condition, targets: [made.id] });
      const executions = await client.listExecutions({ filters: [{ filter: { case: 'targetFilter', value: { targetId: made.id } } }] });
      assert.deepEqual(executions.executions.map((e) => [e.condition.conditionType.value.condition.case, e.targets]), [['group', [made.id]]]);
      await client.setExecution({ condition, targets: [] });
      await refused(client.setExecution({ condition, targets: ['404'] }), Code.NotFound, /COMMAND-17e8fq1ggk/);

      assert.ok((await client.listExecutionFunctions({})).functions.includes('preaccesstoken'));
      assert.ok((await client.deleteTarget({ id: made.id })).deletionDate);
      await client.deleteTarget({ id: made.id }); // gone already: a success
      await refused(client.getTarget({ id: made.id }), Code.NotFound, /\(QUERY-/);
    });

    test('who comes without a token is told so', async () => {
      const client = createClient(ActionService, transport([]));
      await refused(client.listTargets({}), Code.Unauthenticated, /auth header missing/);
    });
  });
}
