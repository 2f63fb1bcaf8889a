// Our protos against the ones that ZITADEL publishes in @zitadel/proto: every
// field number, name, type, oneof and enum value. What is compared is what both
// have; management v1 is ours in part.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createFileRegistry, createRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const published = ['action/v2beta/action_service', 'action/v2beta/execution', 'action/v2beta/query', 'action/v2beta/target', 'filter/v2beta/filter', 'filter/v2/filter', 'management', 'action', 'object', 'message'];

const field = (f) => ({
  number: f.number, name: f.name, json: f.jsonName, kind: f.fieldKind, list: f.listKind, scalar: f.scalar,
  type: (f.message ?? f.enum)?.typeName, oneof: f.oneof?.name, optional: f.proto.proto3Optional,
});

const shapes = {
  message: (t) => t.fields.map(field),
  enum: (t) => t.values.map((v) => `${v.number} ${v.name}`),
  service: (t) => t.methods.map((m) => `${m.name} ${m.input.typeName} ${m.output.typeName}`),
};

test('every type that both have is the same', async () => {
  const ours = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(process.env.ACTIONPLANE_DESCRIPTORS)));
  const files = await Promise.all(published.map((f) => import(`@zitadel/proto/zitadel/${f}_pb.js`)));
  const theirs = createRegistry(...files.map((m) => Object.values(m).find((v) => v?.kind === 'file')));
  const compared = [];
  for (const type of ours) {
    const other = theirs.get(type.typeName);
    if (!other || !type.typeName.startsWith('zitadel.')) continue;
    compared.push(type.typeName);
    const [mine, published] = [type, other].map(shapes[type.kind]);
    if (type.kind === 'service') assert.deepEqual(mine.filter((m) => !published.includes(m)), [], type.typeName);
    else assert.deepEqual(mine, published, type.typeName);
  }
  assert.ok(compared.includes('zitadel.management.v1.ManagementService') && compared.length > 80, `${compared.length} compared`);
});
