import type { Command } from 'commander';
import type { Verification } from '../../domain/certificate.ts';
import type { Context } from '../../domain/context.ts';
import { StockcastError } from '../../domain/errors.ts';
import { DEFAULT_HORIZON, type Horizon } from '../../domain/horizon.ts';
import { parseTicker } from '../../domain/ticker.ts';
import { type CertificateAnswer, certificateOf, readCertificate } from '../../serving/certificates.ts';
import type { Services } from '../../serving/services.ts';
import { verifyCertificate } from '../../serving/verify-certificate.ts';
import { EXIT } from '../failure.ts';
import { type CommonOptions, horizonOption, withCommonOptions } from '../options.ts';
import type { Output } from '../output.ts';
import type { Parts } from '../parts.ts';
import { certificateText, verificationText } from '../tables/certificate-text.ts';

interface CertificateOptions extends CommonOptions {
  readonly horizon: Horizon;
  readonly model?: string;
  readonly id?: string;
  readonly verify?: boolean;
  readonly retrain?: boolean;
}

/** `certificate`: what a promotion rests on, readably; looks at everything again when asked. */
export function addCertificate(program: Command, parts: Parts): void {
  const command = program
    .command('certificate')
    .description('show the certificate of what serves, or of the kind you name, and verify it')
    .argument('[ticker]', 'the ticker', parseTicker)
    .option('--horizon <sessions>', 'exchange sessions ahead', horizonOption, DEFAULT_HORIZON)
    .option('--model <kind>', 'the newest certified model of this kind; default: what serves')
    .option('--id <hash>', 'the certificate with this hash, instead of a ticker')
    .option('--verify', 'compute every hash and figure again')
    .option('--retrain', 'also train the model again and compare; implies --verify');
  const examples = [
    'certificate AAPL',
    'certificate AAPL --horizon 1 --model linear --verify',
    'certificate AAPL --retrain',
    'certificate --id 418b0c11e390... --verify --json',
  ];
  withCommonOptions(command, examples).action(async (ticker: string | undefined, options: CertificateOptions) => {
    if ((ticker === undefined) === (options.id === undefined)) {
      const problem = 'name a ticker, or a certificate with --id, and not both';
      throw new StockcastError('REQUEST_INVALID', { field: 'ticker', problem });
    }
    const output = parts.output(options);
    const [services, context] = [await parts.services(), parts.context()];
    const found = await find(services, context, ticker, options);
    const id = found.certificate_id;
    if (options.verify !== true && options.retrain !== true) {
      output.result(found, () => certificateText(found, output.colors));
      return;
    }
    const verification =
      options.retrain === true
        ? await retrained(parts, services, context, id, output)
        : await verifyCertificate(services, context, id);
    output.result({ ...found, verification }, () =>
      [certificateText(found, output.colors), verificationText(verification, output.colors)].join('\n'),
    );
    const failures = verification.checks.filter(({ status }) => status === 'failed');
    if (failures.length === 0) return;
    const problems = failures.map(({ name, detail }) => `${name}: ${detail}`);
    const { code, message } = new StockcastError('CERTIFICATE_BROKEN', { id, problems: problems.join('; ') });
    parts.complain({ code, message });
    parts.exitWith(EXIT.failure);
  });
}

async function find(
  services: Services,
  context: Context,
  ticker: string | undefined,
  { id, horizon, model }: CertificateOptions,
): Promise<CertificateAnswer> {
  if (id !== undefined) return { certificate_id: id, certificate: await readCertificate(services, context, id) };
  return certificateOf(services, context, {
    ticker: ticker!,
    horizon,
    ...(model === undefined ? {} : { kind: model }),
  });
}

async function retrained(
  parts: Parts,
  services: Services,
  context: Context,
  id: string,
  output: Output,
): Promise<Verification> {
  const pool = await parts.trainingPool();
  try {
    output.say('training again');
    return await verifyCertificate(services, context, id, { retrain: pool });
  } finally {
    await pool.close();
  }
}
