// Dynamic's own TypeScript runtime (@dynamic-labs/sdk-api-core, generated and
// published by Dynamic) at all endpoints of admin actions and organization
// settings. None of their packages has classes for these: the ones here are as
// their generator writes them, over their BaseAPI.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BaseAPI, Configuration } from '@dynamic-labs/sdk-api-core';
import { startServer } from './server.mjs';

class AdminActionsApi extends BaseAPI {
  list(organizationId, query = {}) {
    return this.#call('GET', organizationId, 'adminActions', { query });
  }
  get(organizationId, id) {
    return this.#call('GET', organizationId, `adminActions/${encodeURIComponent(id)}`);
  }
  approve(organizationId, id, body = {}) {
    return this.#call('POST', organizationId, `adminActions/${encodeURIComponent(id)}/approve`, { body });
  }
  deny(organizationId, id, body = {}) {
    return this.#call('POST', organizationId, `adminActions/${encodeURIComponent(id)}/deny`, { body });
  }
  settings(organizationId) {
    return this.#call('GET', organizationId, 'organizationSettings');
  }
  update(organizationId, body) {
    return this.#call('PUT', organizationId, 'organizationSettings', { body });
  }

  async #call(method, organizationId, rest, { query, body } = {}) {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const token = await this.configuration.accessToken('bearerAuth', []);
    headers.Authorization = `Bearer ${token}`;
    const path = `/organizations/${encodeURIComponent(String(organizationId))}/${rest}`;
    const response = await this.request({ path, method, headers, query, body });
    return { status: response.status, value: await response.json() };
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
let server, owner, second, organization;

const client = (accessToken) => new AdminActionsApi(new Configuration({ basePath: `${server.base}/api/v0`, accessToken }));

// ours calls our own API, which makes what Dynamic's has no calls for.
async function ours(method, path, body, token = server.token) {
  const response = await fetch(server.base + path, {
    method, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return { status: response.status, ...JSON.parse(text) };
}

// refused expects what the runtime throws: the response itself.
async function refused(call, status, code) {
  const response = await call.then(() => assert.fail('was not refused'), (thrown) => thrown.response ?? thrown);
  assert.equal(response.status, status);
  const answer = await response.json();
  assert.equal(answer.code, code);
  assert.equal(typeof answer.error, 'string');
}

// submit makes a target and asks for its deletion.
async function submit(name) {
  const made = await ours('POST', '/v2/actions/targets', { name, endpoint: 'https://example.com/hook', timeout: '5s', restAsync: {} });
  const queued = await ours('DELETE', `/v2/actions/targets/${made.id}`);
  return { target: made.id, queued };
}

before(async () => {
  server = await startServer();
  organization = server.organization;
  owner = client(server.token);
  const people = `/actionplane/v1/organizations/${organization}/people`;
  const { person } = await ours('POST', people, { name: 'Second', email: 'second@example.com' });
  await ours('PUT', `/actionplane/v1/organizations/${organization}/members/${person.id}`, { roles: ['ORG_OWNER'] });
  const given = await ours('POST', `${people}/${person.id}/tokens`, { name: 'given' });
  const own = await ours('POST', '/actionplane/v1/me/tokens', { name: 'own' }, given.secret);
  await ours('DELETE', `${people}/${person.id}/tokens/${given.token.id}`);
  second = client(own.secret);
});
after(() => server.stop());

describe('admin actions', { concurrency: false }, () => {
  test('settings have defaults, and bounds', async () => {
    const { value } = await owner.settings(organization);
    assert.equal(value.organizationSettings.approvalEnabled, false);
    assert.equal(value.organizationSettings.approvalRequiredApprovals, 1);
    await refused(owner.update(organization, { approvalEnabled: true, approvalRequiredApprovals: 5 }), 400, 'APPROVAL_THRESHOLD_TOO_HIGH');
    for (const hours of [0, 169]) {
      await assert.rejects(owner.update(organization, { approvalTtlHours: hours }));
    }
  });

  test('with the mode off, what is done is recorded', async () => {
    const { queued } = await submit('recorded');
    assert.equal(queued.status, 200);
    let page;
    for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((done) => setTimeout(done, 20))) {
      page = (await owner.list(organization, { status: 'auto_approved', actionType: 'delete_target' })).value;
      if (page.total > 0) break;
    }
    assert.equal(page.items[0].displayName, 'Delete target');
  });

  test('turning it on is immediate, turning it off is not', async () => {
    const { value } = await owner.update(organization, { approvalEnabled: true });
    assert.equal(value.organizationSettings.approvalEnabled, true);
    assert.match(value.organizationSettings.organizationId, uuid);
    const { status, value: queued } = await owner.update(organization, { approvalEnabled: false });
    assert.equal(status, 202);
    assert.equal(queued.actionRequest.actionType, 'settings_change');
    assert.equal((await owner.settings(organization)).value.organizationSettings.approvalEnabled, true);
    await second.deny(organization, queued.actionRequest.id, { note: 'we just began' });
  });

  test('a request waits, and is carried out when somebody else approves it', async () => {
    const { target, queued } = await submit('approved');
    assert.equal(queued.status, 202);
    const { id } = queued.actionRequest;
    assert.match(id, uuid);
    assert.equal(queued.actionRequest.status, 'pending');
    assert.equal(typeof queued.message, 'string');

    const { value: page } = await second.list(organization, { status: 'pending' });
    assert.deepEqual([page.items.map((r) => r.id), page.total, page.pendingCount], [[id], 1, 1]);
    await refused(owner.approve(organization, id), 403, 'SELF_REVIEW_FORBIDDEN');
    await refused(second.approve(organization, id, { note: 'x'.repeat(1001) }), 400, 'INVALID_NOTE');

    const { status, value: approved } = await second.approve(organization, id, { note: 'fine' });
    assert.equal(status, 200);
    assert.equal(approved.actionRequest.status, 'approved');
    assert.deepEqual(approved.actionRequest.responses.map((r) => [r.decision, r.note]), [['approved', 'fine']]);
    let request;
    for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((done) => setTimeout(done, 20))) {
      request = (await owner.get(organization, id)).value.actionRequest;
      if (!['queued', 'executing'].includes(request.execution.state)) break;
    }
    assert.equal(request.execution.state, 'executed');
    assert.ok(new Date(request.resolvedAt) <= new Date(Date.now() + 60_000));
    assert.equal((await fetch(`${server.base}/v2/actions/targets/${target}`, { headers: { Authorization: `Bearer ${server.token}` } })).status, 404);
    await refused(second.deny(organization, id), 409, 'ALREADY_RESOLVED');
  });

  test('one denial ends it', async () => {
    const { queued } = await submit('denied');
    const { id } = queued.actionRequest;
    const { value } = await second.deny(organization, id, { note: 'no' });
    assert.equal(value.actionRequest.status, 'denied');
    assert.ok((await owner.list(organization, { status: 'denied' })).value.items.some((r) => r.id === id));
  });

  test('what is not there is not found, and ids are checked', async () => {
    const nobody = '95b11417-f18f-457f-8804-68e361f9164f';
    await refused(owner.get(organization, nobody), 404, 'not_found');
    await assert.rejects(owner.get(organization.toUpperCase(), nobody));
    await assert.rejects(client('guessed').list(organization));
  });
});
