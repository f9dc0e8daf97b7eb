import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { serveHealth } from '@rapport/runtime/health.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import type { Service } from '@rapport/runtime/service.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { Admission } from './admission.ts';
import type { Config } from './config.ts';
import { createExtractiveModel } from './extractive/model-extractive.ts';
import { Library } from './library/library.ts';
import type { Model } from './models/model.ts';
import { createOpenAiModel } from './models/model-openai.ts';
import { createMeters } from './service/meters.ts';
import { serveInference } from './service/server.ts';

/** Starts the whole service. It listens before the documents are indexed. */
export async function startInference(
  config: Config,
): Promise<Service & { readonly ready: { readonly port: number; readonly healthPort: number } }> {
  const log = createLog({ name: 'inference', level: config.LOG_LEVEL });
  const metrics = new Metrics('inference');
  const nc = await connectNats({ url: config.NATS_URL, name: 'inference', log });
  const catalog = await openNatsCatalog(nc, log, config.STREAM_REPLICAS);
  const library = new Library({
    clock: systemClock,
    log,
    documentMs: config.INDEX_DOCUMENT_MS,
    waitMs: config.INDEX_WAIT_MS,
  });
  // A question that comes before its creator's documents are indexed waits for them, so nothing else has to.
  void library.follow(catalog); // A failure ends the process: without the documents it is of no use.
  const admission = admissionOf(config);
  const meters = createMeters(metrics, { admission, library, nowMs: () => systemClock.monotonicMs() });
  const model = modelOf(config);
  const host = config.INFERENCE_HOST;
  const answering = { catalog, library, model, admission, clock: systemClock };
  const server = await serveInference({ ...answering, host, port: config.INFERENCE_PORT, log, meters });
  const ready = async () => {
    await nc.rtt();
  };
  const health = await serveHealth({ host, port: config.INFERENCE_HEALTH_PORT, metrics, ready });
  log.info({ port: server.port, model: model.name }, 'ready');
  return {
    ready: { port: server.port, healthPort: health.port },
    stop: async () => {
      await server.stop(config.DRAIN_MS);
      await library.close();
      await catalog.close();
      await nc.close();
      await health.stop();
    },
  };
}

function admissionOf(config: Config): Admission {
  return new Admission({
    slotsMax: config.SLOTS_MAX,
    slotsPerCreatorMax: config.SLOTS_PER_CREATOR_MAX,
    slotsPerConversationMax: config.SLOTS_PER_CONVERSATION_MAX,
    waitingMax: config.WAITING_MAX,
    waitingPerCreatorMax: config.WAITING_PER_CREATOR_MAX,
  });
}

function modelOf(config: Config): Model {
  const clock = systemClock;
  switch (config.MODEL) {
    case 'extractive':
      return createExtractiveModel({ clock, deltaMs: config.EXTRACTIVE_DELTA_MS });
    case 'openai':
      return createOpenAiModel({
        clock,
        baseUrl: config.OPENAI_BASE_URL,
        apiKey: config.OPENAI_API_KEY,
        model: config.OPENAI_MODEL,
        answerTokensMax: config.OPENAI_ANSWER_TOKENS_MAX,
        passagesMax: config.OPENAI_PASSAGES_MAX,
        firstTokenMs: config.MODEL_FIRST_TOKEN_MS,
        idleMs: config.MODEL_IDLE_MS,
      });
  }
}
