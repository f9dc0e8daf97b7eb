import { fromBinary, fromJson, fromJsonString, toBinary, toJson } from '@bufbuild/protobuf';
import { type DownJson, DownSchema, type Up, type UpJson, UpSchema } from './gen/rapport/v1/frame_pb.ts';

/** Fields that a newer client or server sends are ignored: the wire changes only by adding. */
const lenient = { ignoreUnknownFields: true };

/** Throws what is wrong with it when the text is not proto3 JSON of an Up frame. */
export function upFromJson(text: string): Up {
  return fromJsonString(UpSchema, text, lenient);
}

/** Throws when the bytes are not a protobuf Up frame. */
export function upFromBinary(bytes: Uint8Array): Up {
  return fromBinary(UpSchema, bytes);
}

export function upToBinary(up: UpJson): Uint8Array<ArrayBuffer> {
  return toBinary(UpSchema, fromJson(UpSchema, up));
}

export function downToBinary(down: DownJson): Uint8Array<ArrayBuffer> {
  return toBinary(DownSchema, fromJson(DownSchema, down, lenient));
}

/** Throws when the bytes are not a protobuf Down frame. */
export function downFromBinary(bytes: Uint8Array): DownJson {
  return toJson(DownSchema, fromBinary(DownSchema, bytes));
}
