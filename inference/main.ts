import { helpText } from '@rapport/runtime/options.ts';
import { runService } from '@rapport/runtime/service.ts';
import { options, readConfig } from './config.ts';
import { startInference } from './start.ts';

if (process.argv.includes('--help')) {
  process.stdout.write(
    helpText({
      use: 'node inference/main.ts',
      does: "Answers people's messages from the creators' knowledge, over gRPC (rapport.v1.Inference).",
      options,
    }),
  );
} else {
  await runService(() => startInference(readConfig(process.env)));
}
