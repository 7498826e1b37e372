import http from 'node:http';
import https from 'node:https';
import type { S3Settings } from '../../config/stack-file.ts';

/**
 * Asks an S3 server once whether it has the bucket, and changes nothing.
 * @throws Error saying what is wrong, when it refuses or has not answered within `patienceMs`
 */
export async function findBucket(settings: S3Settings, patienceMs: number): Promise<boolean> {
  const { Client } = await import('minio');
  const { protocol, hostname, port } = new URL(settings.endpoint);
  const tls = protocol === 'https:';
  const agent = new (tls ? https : http).Agent();
  const { accessKey, secretKey, sessionToken, region, bucket } = settings;
  const client = new Client({
    endPoint: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port === '' ? {} : { port: Number(port) }),
    ...{ useSSL: tls, accessKey, secretKey, region },
    ...(sessionToken === undefined ? {} : { sessionToken }),
    transportAgent: agent,
    retryOptions: { disableRetry: true },
  });
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([client.bucketExists(bucket), silence]);
  } finally {
    clearTimeout(timer);
    agent.destroy();
  }
}
