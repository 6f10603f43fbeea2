/**
 * The installation of the demonstration: its key and settings in a folder, and its accounts and schedules by
 * the same commands as for real.
 */
import { noShopLimits } from './shopLimits.ts'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { millis, type Instant } from '../src/base/world.ts'
import type { DemoChain } from './demoChain.ts'
import type { Request } from './demoPayers.ts'
import { mustAsk } from './demoWorker.ts'
import { freePort } from './port.ts'
import type { BankServer } from './server.ts'

const projectId = '5656565656565656'

/** Writes the project's key and the settings; answers where the worker will listen. */
export async function furnish(
  folder: string,
  { bank, url }: BankServer,
  chain: DemoChain | undefined,
  simulateUrl: string,
): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const keyFile = join(folder, 'project.pem')
  writeFileSync(keyFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  bank.addProject({
    id: projectId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })

  const listen = `127.0.0.1:${await freePort()}`
  const lines = {
    DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}`,
    LISTEN: listen,
    PUBLIC_URL: `http://${listen}`,
    SHOP_NAME: 'Loja de demonstração',
    SIMULATE_URL: simulateUrl,
    LOG_LEVEL: 'info',
    STARKBANK_ENVIRONMENT: 'sandbox',
    STARKBANK_PROJECT_ID: projectId,
    STARKBANK_WORKSPACE_ID: bank.settings.workspaceId,
    STARKBANK_PRIVATE_KEY_FILE: keyFile,
    STARKBANK_API_URL: url,
    STARKBANK_POLL_SECONDS: '10',
    // Its visitors share one address, and press as they like.
    ...noShopLimits,
    // Everything else about the chain is as for real, the depth of six blocks too.
    ...(chain && { ...chain.settings, BITCOIN_POLL_SECONDS: '1', BITCOIN_BATCH_SECONDS: '2' }),
  }
  // Quoted: to a .env the checksum of a descriptor would begin a comment.
  writeFileSync(
    join(folder, '.env'),
    Object.entries(lines)
      .map(([name, value]) => `${name}="${value}"\n`)
      .join(''),
    { mode: 0o600 },
  )
  return `http://${listen}`
}

export interface Configuring {
  once: boolean
  chain: DemoChain | undefined
  /** How long who is asked for bitcoin has, as `--due-in` takes it. */
  dueIn: string
}

/** One person adds each account, another approves it. Answers the schedules' names. */
export async function configure(folder: string, { once, chain, dueIn }: Configuring): Promise<string[]> {
  // One batch is asked for by hand, so the clock must not add another: New Year's midnight is far enough.
  const when = { cron: once ? '0 0 1 1 *' : '* * * * *', 'time-zone': 'America/Sao_Paulo' }
  const what = { amount: '20.00..1000.00', payers: 'random', commission: '1.5%' }

  const account = {
    holder: 'Stark Bank S.A.',
    'tax-id': '20.018.183/0001-80',
    bank: '20018183',
    branch: '0001',
  }
  await addAccount(folder, { name: 'main', ...account, number: '6341320293482496', type: 'payment' })
  const pix = { rail: 'starkbank', count: '8..12', 'due-in': '2d', 'pay-to': 'main' }
  await mustAsk(folder, ['schedule', 'add', ...flags({ name: 'pix', ...pix, ...when, ...what })])
  if (!chain) return ['pix']

  await addAccount(folder, { name: 'wallet', kind: 'bitcoin', address: chain.payee })
  const coins = { rail: 'bitcoin', currency: 'BRL', count: '8..12', 'due-in': dueIn, 'pay-to': 'wallet' }
  await mustAsk(folder, ['schedule', 'add', ...flags({ name: 'coins', ...coins, ...when, ...what })])
  return ['pix', 'coins']
}

async function addAccount(folder: string, account: { name: string } & Record<string, string>): Promise<void> {
  await mustAsk(folder, ['account', 'add', ...flags({ ...account, by: 'maker' })])
  await mustAsk(folder, ['account', 'approve', account.name, '--by', 'checker'])
}

const flags = (named: Record<string, string>) =>
  Object.entries(named).flatMap(([name, value]) => [`--${name}`, value])

interface Listed {
  id: string
  rail: string
  state: string
  units: string
  providerId: string | null
  dueAt: Instant
  order: string | null
}

/**
 * What payers of bitcoin are asked for, oldest first: the newest few hundred, for who was asked earlier has
 * long done what he does.
 */
export async function requestsOf(folder: string): Promise<Request[]> {
  const rows = JSON.parse(await mustAsk(folder, ['invoice', 'list', '--limit', '300', '--json'])) as Listed[]
  return rows
    .filter(({ rail, providerId }) => rail === 'bitcoin' && providerId !== null)
    .map(({ id, state, units, providerId, dueAt, order }) => ({
      ...{ id, state, units: BigInt(units), address: providerId!, dueAtMs: millis(dueAt) },
      isOfShop: order !== null,
    }))
    .reverse()
}
