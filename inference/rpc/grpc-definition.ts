import { type DescMessage, type DescService, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import {
  type GenerateRequest,
  type GenerateResponse,
  Inference,
} from '@rapport/proto/gen/rapport/v1/inference_pb.ts';

/** A protobuf-es service as @grpc/grpc-js wants it. */
function grpcDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(
    service.methods.map((method) => [
      method.localName,
      {
        path: `/${service.typeName}/${method.name}`,
        requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
        responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
        requestSerialize: serializer(method.input),
        requestDeserialize: deserializer(method.input),
        responseSerialize: serializer(method.output),
        responseDeserialize: deserializer(method.output),
      },
    ]),
  );
}

const serializer = (schema: DescMessage) => (message: Message) => Buffer.from(toBinary(schema, message));
const deserializer = (schema: DescMessage) => (bytes: Uint8Array) => fromBinary(schema, bytes);

export const inferenceDefinition = grpcDefinition(Inference);

/** The one method there is, with its types. */
export const generateMethod = inferenceDefinition.generate as MethodDefinition<
  GenerateRequest,
  GenerateResponse
>; // Decoder: made from the same descriptor as the types.
