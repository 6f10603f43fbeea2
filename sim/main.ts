/**
 * The simulated bank as a program: `node sim/main.ts --port 8800 --write-project-key FILE` prints one JSON
 * line when it is ready.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { readFlags } from './flags.ts'
import { seededRandom, systemRandom } from '../src/base/clock.ts'
import { startBank } from './server.ts'
import { noFaults, type Faults, type Range, type Settings } from './settings.ts'

const values = readFlags({
  options: {
    port: { type: 'string', default: '8800' },
    host: { type: 'string', default: '127.0.0.1' },
    'project-id': { type: 'string', default: '5656565656565656' },
    'workspace-id': { type: 'string' },
    'project-public-key-file': { type: 'string' },
    'project-key-file': { type: 'string' },
    'write-project-key': { type: 'string' },
    'pay-rate': { type: 'string' },
    'pay-delay-ms': { type: 'string' },
    fee: { type: 'string' },
    'transfer-fee': { type: 'string' },
    'transfer-delay-ms': { type: 'string' },
    'transfer-fail-rate': { type: 'string' },
    'refund-rate': { type: 'string' },
    'reversal-rate': { type: 'string' },
    'starting-balance': { type: 'string' },
    'skew-seconds': { type: 'string' },
    'allowed-ip': { type: 'string' },
    'time-scale': { type: 'string' },
    webhook: { type: 'string' },
    faults: { type: 'string' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  process.stdout.write(`The simulated Stark Bank. It is told who may ask by one of
  --write-project-key FILE         makes a private key (SEC1, mode 0400), or goes on with the one that is there
  --project-key-file FILE          the project's private key
  --project-public-key-file FILE   its public key
and listens on --host (127.0.0.1) and --port (8800, 0 for any). Ids: --project-id, --workspace-id.
Behaviour, with cents and ranges as 2000..10000: --pay-rate --pay-delay-ms --fee --transfer-fee --transfer-delay-ms --transfer-fail-rate
  --refund-rate --reversal-rate --starting-balance --skew-seconds --allowed-ip --time-scale (every wait divided by it) --seed
  --webhook URL                    registers a webhook for invoices and transfers
  --faults '{"duplicate":0.2}'     any of ${Object.keys(noFaults).join(' ')}
`)
  process.exit(0)
}

function wrong(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

type Flag = Exclude<keyof typeof values, 'help'>

function number(flag: Flag): number | undefined {
  const text = values[flag]
  if (text === undefined) return undefined
  return text.trim() !== '' && Number(text) >= 0
    ? Number(text)
    : wrong(`--${flag} must be a number, 0 or more, not ${text}`)
}

function range(flag: Flag): Range | undefined {
  const text = values[flag]
  if (text === undefined) return undefined
  const [, low, high] =
    /^(\d+)(?:\.\.(\d+))?$/.exec(text) ??
    wrong(`--${flag} must be milliseconds as 2000 or 2000..10000, not ${text}`)
  return [Number(low), Number(high ?? low)]
}

function faults(): Partial<Faults> {
  try {
    const given = JSON.parse(values.faults ?? '{}') as Partial<Faults>
    for (const name in given) if (!(name in noFaults)) wrong(`--faults knows no ${name}`)
    return given
  } catch {
    return wrong(`--faults must be JSON, not ${values.faults}`)
  }
}

/** The public half of whichever key was named. */
function projectKey(): string {
  const [written, secret, open] = [
    values['write-project-key'],
    values['project-key-file'],
    values['project-public-key-file'],
  ]
  if (open !== undefined) return readFileSync(open, 'utf8')
  if (written !== undefined && !existsSync(written)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    writeFileSync(written, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  }
  const file =
    written ??
    secret ??
    wrong('name a key: --write-project-key, --project-key-file or --project-public-key-file')
  return createPublicKey(createPrivateKey(readFileSync(file))).export({
    type: 'spki',
    format: 'pem',
  }) as string
}

const wanted: { [K in keyof Settings]?: Settings[K] | undefined } = {
  workspaceId: values['workspace-id'],
  payRate: number('pay-rate'),
  payDelayMs: range('pay-delay-ms'),
  fee: number('fee'),
  transferFee: number('transfer-fee'),
  transferDelayMs: range('transfer-delay-ms'),
  transferFailRate: number('transfer-fail-rate'),
  refundRate: number('refund-rate'),
  reversalRate: number('reversal-rate'),
  startingBalance: number('starting-balance'),
  skewSeconds: number('skew-seconds'),
  allowedIp: values['allowed-ip'],
  timeScale: number('time-scale'),
}
const settings = Object.fromEntries(
  Object.entries(wanted).filter(([, value]) => value !== undefined),
) as Partial<Settings>
if (settings.timeScale === 0) wrong('--time-scale must be more than 0')
const seed = number('seed')
const publicKeyPem = projectKey()

const { bank, url, close } = await startBank({
  port: number('port') ?? 0,
  host: values.host,
  random: seed === undefined ? systemRandom : seededRandom(seed),
  settings,
  faults: faults(),
})
bank.addProject({ id: values['project-id'], publicKeyPem })
if (values.webhook !== undefined) bank.addWebhook(values.webhook)
process.stdout.write(
  `${JSON.stringify({ url, workspaceId: bank.settings.workspaceId, projectId: values['project-id'] })}\n`,
)

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void close().then(() => process.exit(0)))
