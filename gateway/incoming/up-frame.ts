/** A client's frame, read: every field is there, with its zero value where the client left it out. */
export type UpFrame =
  | {
      readonly kind: 'hello';
      readonly token: string;
      readonly deviceId: string;
      readonly afterSeq: number;
      readonly tail: number;
    }
  | SayFrame
  | { readonly kind: 'typing'; readonly on: boolean }
  | { readonly kind: 'read'; readonly seq: number }
  | { readonly kind: 'stop'; readonly turnId: string }
  | {
      readonly kind: 'page';
      readonly beforeSeq: number;
      readonly afterSeq: number;
      readonly limit: number;
    };

export interface SayFrame {
  readonly kind: 'say';
  readonly clientSeq: number;
  readonly id: string;
  readonly text: string;
  readonly choiceId: string;
}
