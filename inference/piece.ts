import { create } from '@bufbuild/protobuf';
import { isLink } from '@rapport/catalog/creator.ts';
import type { SourceJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import {
  Done_Reason,
  type Done_ReasonJson,
  type GenerateResponse,
  GenerateResponseSchema,
} from '@rapport/proto/gen/rapport/v1/inference_pb.ts';

/** Why an answer ended. */
export type DoneReason = Exclude<Done_ReasonJson, 'REASON_UNSPECIFIED'>;

/** The tokens of an answer, as its model counts them. 0: not known. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly model: string;
}

/** A part of an answer that a model writes: any number of delta and citation, then usage, then done. */
export type ModelPiece =
  | { readonly kind: 'delta'; readonly text: string }
  | { readonly kind: 'citation'; readonly source: SourceJson }
  | ({ readonly kind: 'usage' } & TokenUsage)
  | { readonly kind: 'done'; readonly reason: DoneReason };

/** The same as the service sends it: a usage with its times takes the place of the one before. */
export type Piece =
  | { readonly kind: 'delta'; readonly text: string }
  | { readonly kind: 'citation'; readonly source: SourceJson }
  | ({
      readonly kind: 'usage';
      /** From the request's arrival at the service to the first text. */
      readonly firstTokenMs?: number;
      /** From the request's arrival to this piece. */
      readonly totalMs?: number;
    } & TokenUsage)
  | { readonly kind: 'done'; readonly reason: DoneReason };

export function toResponse(piece: Piece): GenerateResponse {
  switch (piece.kind) {
    case 'delta':
      return create(GenerateResponseSchema, { piece: { case: 'delta', value: { text: piece.text } } });
    case 'citation':
      return create(GenerateResponseSchema, { piece: { case: 'citation', value: piece.source } });
    case 'usage': {
      const { promptTokens, answerTokens, model, firstTokenMs = 0, totalMs = 0 } = piece;
      const value = { promptTokens, answerTokens, model, firstTokenMs, totalMs };
      return create(GenerateResponseSchema, { piece: { case: 'usage', value } });
    }
    case 'done':
      return create(GenerateResponseSchema, {
        piece: { case: 'done', value: { reason: Done_Reason[piece.reason] } },
      });
  }
}

/** The piece of a response; undefined for what a newer service may send and this client does not know. */
export function toPiece({ piece }: GenerateResponse): Piece | undefined {
  switch (piece.case) {
    case 'delta':
      return { kind: 'delta', text: piece.value.text };
    case 'citation': {
      const { documentId, title, url, quote } = piece.value;
      // The service may be older than the catalog's rule, and every client makes a link of it.
      return { kind: 'citation', source: { documentId, title, url: isLink(url) ? url : '', quote } };
    }
    case 'usage': {
      const { promptTokens, answerTokens, model, firstTokenMs, totalMs } = piece.value;
      return { kind: 'usage', promptTokens, answerTokens, model, firstTokenMs, totalMs };
    }
    case 'done':
      return { kind: 'done', reason: reasonNames.get(piece.value.reason) ?? 'ANSWERED' };
    default:
      return undefined;
  }
}

const reasonNames = new Map<number, DoneReason>([
  [Done_Reason.ANSWERED, 'ANSWERED'],
  [Done_Reason.UNKNOWN, 'UNKNOWN'],
  [Done_Reason.LENGTH, 'LENGTH'],
]);
