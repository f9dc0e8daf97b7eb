import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials } from '@grpc/grpc-js';
import { systemClock } from '@rapport/runtime/clock.ts';
import { service as healthService } from 'grpc-health-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createExtractiveModel } from '../extractive/model-extractive.ts';
import type { Model } from '../models/model.ts';
import { ask, clientOf, collect, startServer } from '../testing/fixture.ts';

/** Says a word, waits for `go`, and is done. */
function patientModel() {
  const began = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const model: Model = {
    name: 'patient',
    async *answer(_question, signal) {
      began.resolve();
      yield { kind: 'delta', text: 'Well' };
      await Promise.race([go.promise, systemClock.sleep(60_000, signal)]);
      yield { kind: 'done', reason: 'ANSWERED' };
    },
  };
  return { model, began: began.promise, go: go.resolve };
}

describe('serveInference()', () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let raw: Client;
  const patient = patientModel();
  beforeEach(async () => {
    const extractive = createExtractiveModel({ clock: systemClock, deltaMs: 0 });
    const model: Model = {
      name: 'either',
      answer: (question, signal) =>
        (question.messages[0]?.text === 'wait' ? patient.model : extractive).answer(question, signal),
    };
    server = await startServer(model);
    raw = new Client(server.address, credentials.createInsecure());
  });
  afterEach(async () => {
    raw.close();
    await server.stop(0);
  });

  const health = (service: string) =>
    new Promise((resolve) => {
      const method = healthService.Check;
      if (method === undefined) throw new Error('the health service has no Check');
      const { path, requestSerialize, responseDeserialize } = method;
      raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (failure, answer) =>
        resolve(failure?.code ?? answer),
      );
    });

  it('is SERVING, as a whole and by name, and knows no other service', async () => {
    expect(await health('')).toEqual({ status: 'SERVING' });
    expect(await health('rapport.v1.Inference')).toEqual({ status: 'SERVING' });
    expect(await health('rapport.v1.Other')).toBe(5);
  });

  it.each(['v1', 'v1alpha'])('describes itself by reflection %s, imports included', async (version) => {
    expect((await reflect(raw, version, 7, '*')).toString('latin1')).toContain('rapport.v1.Inference');
    const answer = await reflect(raw, version, 4, 'rapport.v1.Inference');
    const file = filesOf(answer).map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    const imports = new Map(file.map((each) => [each.name, each]));
    const sorted = ['rapport/v1/frame.proto', 'rapport/v1/inference.proto'].flatMap(
      (name) => imports.get(name) ?? [],
    );
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: sorted }));
    const method = registry.getService('rapport.v1.Inference')?.method.generate;
    expect(method?.input.field.messages?.message?.typeName).toBe('rapport.v1.Message');
  });

  it('lets an answer finish when it is stopped, and takes no new ones', async () => {
    const client = clientOf(server.address, { failuresMax: 100 });
    const answer = collect(client.generate(ask('wait'), new AbortController().signal));
    await patient.began;
    const stopped = server.stop(10_000);
    const late = clientOf(server.address);
    const refused = collect(late.generate(ask('Hi'), new AbortController().signal));
    await expect(refused).rejects.toMatchObject({ code: 'model_unavailable' });
    patient.go();
    expect((await answer).done).toBe('ANSWERED');
    await stopped;
    await Promise.all([client.close(), late.close()]);
  });

  it('counts turns by how they ended', async () => {
    const client = clientOf(server.address);
    const never = new AbortController().signal;
    await collect(client.generate(ask('Hi'), never));
    await collect(client.generate(ask('Hi', { creatorId: 'nobody' }), never)).catch(() => {});
    await vi.waitFor(async () => {
      const text = await server.metrics.registry.metrics();
      expect(text).toMatch(/rapport_inference_turns_total\{outcome="done",.*\} 1/);
      expect(text).toMatch(/rapport_inference_turns_total\{outcome="creator_unknown",.*\} 1/);
    });
    await client.close();
  });
});

/** One question to the reflection service: field 7 lists services, field 4 asks for the file of a symbol. */
async function reflect(client: Client, version: string, field: number, value: string): Promise<Buffer> {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const asIs = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(path, asIs, asIs);
  call.write(Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), Buffer.from(value)]));
  call.end();
  for await (const answer of call as AsyncIterable<Buffer>) return answer;
  throw new Error('there was no answer');
}

/** ServerReflectionResponse.file_descriptor_response (4) .file_descriptor_proto (1). */
function filesOf(answer: Uint8Array): readonly Uint8Array[] {
  return fieldsOf(answer, 4).flatMap((response) => fieldsOf(response, 1));
}

function fieldsOf(bytes: Uint8Array, wanted: number): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const reader = new BinaryReader(bytes); reader.pos < reader.len; ) {
    const [field, wireType] = reader.tag();
    if (field === wanted) found.push(reader.bytes());
    else reader.skip(wireType);
  }
  return found;
}
