// The reference client of gRPC-Web (npm grpc-web, by the gRPC authors), in the
// text mode that it uses by default, over the XMLHttpRequest of npm xhr2.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ManagementService } from '@zitadel/proto/zitadel/management_pb.js';
import grpcWeb from 'grpc-web';
import xhr2 from 'xhr2';
import { startServer } from './server.mjs';

globalThis.XMLHttpRequest = xhr2;

let server;
before(async () => (server = await startServer()));
after(() => server.stop());

function call(method, message, format) {
  const path = `/${method.parent.typeName}/${method.name}`;
  const descriptor = new grpcWeb.MethodDescriptor(
    path, grpcWeb.MethodType.UNARY, Object, Object,
    (m) => toBinary(method.input, m), (bytes) => fromBinary(method.output, bytes),
  );
  const client = new grpcWeb.GrpcWebClientBase({ format });
  return client.unaryCall(server.base + path, create(method.input, message), { Authorization: `Bearer ${server.token}` }, descriptor);
}

for (const format of ['text', 'binary']) {
  test(`${format}: create, read, delete, and an error with its details`, async () => {
    const { createAction, getAction, deleteAction } = ManagementService.method;
    // Long enough to cross the boundaries of base64 and of frames.
    const script = `function a() {} // ${'ü'.repeat(15_000)}`;
    const { id } = await call(createAction, { name: `text ${format}`, script }, format);
    const { action } = await call(getAction, { id }, format);
    assert.equal(action.script, script);
    await call(deleteAction, { id }, format);
    await assert.rejects(call(getAction, { id }, format), (error) => {
      assert.equal(error.code, 5);
      assert.match(error.message, /QUERY-GEfnb/);
      assert.ok(error.metadata['grpc-status-details-bin']);
      return true;
    });
  });
}
