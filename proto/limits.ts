/**
 * Every limit of the client contract: its name with the unit last, its default and why. The gateway's are
 * set by its options of the same name (GATEWAY_FRAME_BYTES_MAX and so on), turnDeadlineMs by the actor
 * host's TURN_DEADLINE_MS; devicesMax, apiDevicesMax, turnAttemptsMax and stateBytesTarget are fixed.
 * Limits of one person or address count with all gateways where REDIS_URL is set, else in each gateway for
 * itself.
 * docs/protocol.md says what answers at each.
 */
export const limits = {
  /** One frame. A text of 8,000 characters takes at most 48 KB as escaped JSON. */
  frameBytesMax: 64 * 1024,
  /**
   * All that one socket may send before its hello was accepted: a token with many claims takes 2 KB. A larger
   * frame is not even read, because nobody answers for it yet.
   */
  helloBytesMax: 8 * 1024,
  /**
   * Bytes that one socket may send in bytesWindowMs, each frame counted with 512 more: saysPerWindowMax texts
   * of 8,000 characters, all escaped. The dearest frame of 64 KB takes 4 ms of a core, so 16 of them at once
   * hold the others up for 70 ms.
   */
  socketBytesMax: 1024 * 1024,
  /** The same for all sockets and requests of one person together: two sockets that empty an outbox. */
  personBytesMax: 2 * 1024 * 1024,
  bytesWindowMs: 10_000,
  /**
   * Bytes in a second from one address, over all its sockets and requests: an office of thousands sends less,
   * and the dearest frames of that many take 140 ms of a core.
   */
  addressBytesPerSecondMax: 2 * 1024 * 1024,
  /** Sockets whose hello is awaited; one more closes the oldest. Each holds a file descriptor. */
  socketsWithoutHelloMax: 5_000,
  /** The same of one address: an office that comes back at once after a deploy. */
  socketsWithoutHelloPerAddressMax: 500,
  /** One message, in UTF-16 code units: three printed pages. */
  textCharsMax: 8_000,
  /**
   * Says of one socket that are not yet accepted: more than a person types, enough to empty an outbox fast.
   */
  saysInFlightMax: 16,
  /** Says of one person in saysWindowMs: a fast typist sends five. */
  saysPerWindowMax: 20,
  saysWindowMs: 10_000,
  /** Unsent bytes of one socket above which live messages wait in the store instead of memory. */
  unsentBytesMax: 256 * 1024,
  /** Unsent bytes above which deltas are left out and become one snapshot. */
  unsentBytesSoft: 64 * 1024,
  /** A socket with unsent bytes that takes none for this long gets goodbye `slow`. */
  drainStallMs: 10_000,
  /** Devices whose clientSeq a conversation remembers; the one unheard for longest is forgotten first. */
  devicesMax: 32,
  /**
   * Devices that only ever speak by HTTP, beside those: a program may make one for each request, and sends a
   * request again soon.
   */
  apiDevicesMax: 16,
  /** Target size of an idle conversation's state. */
  stateBytesTarget: 4 * 1024,
  /** An answer that is not whole by then has failed. */
  turnDeadlineMs: 60_000,
  /** Attempts at one answer after its host was lost, before it has failed. */
  turnAttemptsMax: 3,
  /** Sockets of one person; one more closes the oldest. */
  socketsPerPersonMax: 5,
  /** Visitor tokens that one address may ask for in a minute: an office behind one address. */
  visitorTokensPerMinuteMax: 30,
  /**
   * Requests under /v1 of one address in requestsWindowMs: an office behind one address needs a few a minute,
   * because everything that lasts runs over a socket. A back end that sends for many people needs more.
   */
  requestsPerAddressMax: 300,
  /**
   * Requests with one person's tokens in requestsWindowMs: paging through a long history. A page of long
   * messages takes 4 ms of the processor, so one person can take 2 % of it.
   */
  requestsPerPersonMax: 60,
  requestsWindowMs: 10_000,
  /** The first frame must be here by then. */
  helloWithinMs: 5_000,
  /** A conversation whose owner does not answer by then: goodbye `unavailable`. */
  attachWithinMs: 15_000,
  /** A silent socket is pinged. */
  pingMs: 30_000,
  /** Messages of one page. */
  pageMessagesMax: 200,
  /**
   * Pages of history read for one person in pagesWindowMs, asked for or caught up with: 8,000 messages at
   * once. A page of long messages takes 4 ms of a core.
   */
  pagesPerWindowMax: 40,
  pagesWindowMs: 10_000,
  /** Reads of the history that wait, of everybody; the creator with the most of them gives way. */
  readsWaitingMax: 10_000,
  /** The same of one person: a catch-up and a page of each socket, and some requests. */
  readsWaitingPerPersonMax: 16,
  /** Refused frames of one socket in faultsWindowMs before goodbye `too_many_faults`. */
  faultsMax: 50,
  faultsWindowMs: 10_000,
} as const;

/**
 * The longest answer of a model, in UTF-16 code units. It is also the longest message that inference takes in
 * a request: with a smaller limit there, every question after a long answer would be refused.
 */
export const answerCharsMax = 32_000;

export type Limits = { readonly [K in keyof typeof limits]: number };
