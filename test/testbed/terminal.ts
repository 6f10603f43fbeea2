/** The command line as a person uses it, on a database of its own in a temporary folder. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { startBank } from '../../sim/server.ts'
import type { Settings } from '../../sim/settings.ts'
import { runCli } from '../../src/cli/cli.ts'

export interface Said {
  code: number
  out: string
  err: string
}

/**
 * A folder, which is gone when the tests of the file or suite that asked are over, and commands on the
 * database in it. Not to be asked for inside a test.
 */
export function openTerminal() {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const at = (name: string) => join(folder, name)
  const env = { DATABASE_URL: `sqlite:${at('repasse.db')}` }

  async function repasse(words: string[], more: Record<string, string> = {}): Promise<Said> {
    let out = ''
    let err = ''
    const outlet = {
      out: async (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      colours: false,
    }
    const code = await runCli(['node', 'repasse', ...words], { ...env, ...more }, outlet)
    return { code, out, err }
  }
  return { at, env, repasse }
}

/** The same with a simulated bank at hand, which knows the project's key. */
export async function openBankTerminal(settings: Partial<Settings> = {}) {
  const terminal = openTerminal()
  const bank = await startBank({ settings })
  afterAll(() => bank.close())
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const projectId = '5656565656565656'
  bank.bank.addProject({
    id: projectId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })
  writeFileSync(terminal.at('key.pem'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  const env = {
    ...terminal.env,
    STARKBANK_PROJECT_ID: projectId,
    STARKBANK_WORKSPACE_ID: bank.bank.settings.workspaceId,
    STARKBANK_PRIVATE_KEY_FILE: terminal.at('key.pem'),
    STARKBANK_API_URL: bank.url,
    LOG_LEVEL: 'silent',
  }
  const repasse = (words: string[], more: Record<string, string> = {}) =>
    terminal.repasse(words, { ...env, ...more })
  return { ...terminal, bank: bank.bank, env, repasse }
}

/** A whole `account add`, with some flags changed; an empty one is left out. */
export const accountAdd = (change: Record<string, string> = {}): string[] =>
  withFlags(['account', 'add'], {
    name: 'main',
    holder: 'Stark Bank S.A.',
    'tax-id': '20.018.183/0001-80',
    bank: '20018183',
    branch: '0001',
    number: '6341320293482496',
    type: 'payment',
    by: 'maker',
    ...change,
  })

/** The same of `schedule add`. */
export const scheduleAdd = (change: Record<string, string> = {}): string[] =>
  withFlags(['schedule', 'add'], {
    name: 'trial',
    cron: '0 */3 * * *',
    'time-zone': 'America/Sao_Paulo',
    count: '8..12',
    amount: '20.00..1000.00',
    payers: 'random',
    'due-in': '2d',
    'pay-to': 'main',
    commission: '1.5%',
    ...change,
  })

const withFlags = (words: string[], values: Record<string, string>) => [
  ...words,
  ...Object.entries(values)
    .filter(([, value]) => value !== '')
    .flatMap(([name, value]) => [`--${name}`, value]),
]
