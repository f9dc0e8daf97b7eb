import { toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { file_rapport_v1_frame } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { file_rapport_v1_inference, Inference } from '@rapport/proto/gen/rapport/v1/inference_pb.ts';

/**
 * Server reflection (v1 and v1alpha), so that grpcurl and its like can list and call the service without our
 * files.
 */
export function addReflection(server: Server): void {
  const fileDescriptorProtos = [file_rapport_v1_frame, file_rapport_v1_inference].map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  // @grpc/reflection reads nothing but the files of a definition: this is the smallest kind that holds them.
  const described = {
    format: 'Protocol Buffer 3 EnumDescriptorProto',
    type: {},
    fileDescriptorProtos,
  } as const;
  new ReflectionService({ [Inference.typeName]: described }, { services: [Inference.typeName] }).addToServer(
    server,
  );
}
