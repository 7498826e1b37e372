import type { ReplicaMessage } from './replica-messages.ts';
import { runReplica } from './server.ts';
import { Siblings } from './siblings.ts';

// One of several processes of the API: `replicas.ts` starts it and sends it the configuration when it asks.
const tell = (message: ReplicaMessage) =>
  new Promise<void>((resolve) => {
    if (process.connected) process.send!(message, undefined, {}, () => resolve());
    else resolve();
  });

process.once('message', (config: Parameters<typeof runReplica>[0]) => {
  const siblings = new Siblings((message) => void tell(message));
  process.on('message', (message: Parameters<Siblings['hear']>[0]) => siblings.hear(message));
  runReplica(config, (url) => void tell({ ready: url }), siblings).then(
    // The channel to the process that started it would keep this one alive.
    () => process.exit(0),
    async (error: unknown) => {
      await tell({ failed: error instanceof Error ? error.message : String(error) });
      process.exit(1);
    },
  );
});

// Asked for only now: what arrives before somebody listens is lost.
void tell('waits for its configuration');
