/**
 * Configuration: read once from an environment handed in, all faults reported at once, secrets never shown.
 */
import { z } from 'zod'
import { BadInput } from './answer.ts'
import { nearestOf } from './nearest.ts'
import { bitcoinFaults, bitcoinSettings } from './bitcoinSettings.ts'
import { asAddress, readSender } from './mailAddress.ts'
import { parseDuration } from './duration.ts'
import { readNetworks } from './network.ts'
import { retentionSettings, type Retention } from './retentionSettings.ts'
import { shopSettings } from './shopSettings.ts'
import {
  cents,
  minutes,
  oneOf,
  oneOfOrNone,
  optional,
  parsed,
  seconds,
  withDefault,
  withFiles,
} from './setting.ts'

const shape = z.object({
  DATABASE_URL: withDefault('sqlite:data/repasse.db').refine(
    // An address in a file's place would be a file with a password for its name.
    url => /^(sqlite:(?!.*:\/\/).+|postgres(ql)?:\/\/.+)$/.test(url),
    'expected sqlite:<file> or postgres://user@host/database',
  ),
  LISTEN: withDefault('127.0.0.1:8080').refine(
    text => /^(unix:\/.+|[^:\s]+:\d{1,5}|\[[^\]]+\]:\d{1,5})$/.test(text),
    'expected host:port or unix:/path',
  ),
  LISTEN_GROUP: optional(
    z.string().regex(/^([a-z_][a-z0-9_-]{0,31}|\d{1,9})$/, 'expected the name or number of a group'),
  ),
  TRUSTED_PROXIES: optional(
    parsed(readNetworks, 'addresses and networks with blanks between them, like 127.0.0.1 10.0.0.0/8'),
  ),
  METRICS_LISTEN: optional(
    z.string().regex(/^(unix:\/.+|[^:\s]+:\d{1,5}|\[[^\]]+\]:\d{1,5})$/, 'expected host:port or unix:/path'),
  ),
  PUBLIC_URL: optional(
    z.url({ protocol: /^https?$/, error: 'expected an address like https://pay.example.com' }),
  ),
  ENCRYPTION_KEY_FILE: optional(z.string()),
  AUDIT_ANCHOR_FILE: optional(z.string()),
  AUDIT_ANCHOR_EMAIL: optional(
    parsed(text => {
      const addresses = text
        .split(/[\s,]+/)
        .filter(each => each !== '')
        .map(asAddress)
      return addresses.length > 0 && addresses.every(each => each !== undefined) ? addresses : undefined
    }, 'addresses with blanks between them, like auditor@example.com'),
  ),
  BACKUP_RECIPIENTS: optional(
    parsed(text => {
      const keys = text.split(/[\s,]+/).filter(key => key !== '')
      return keys.length > 0 && keys.every(key => /^age1[a-z0-9]{20,4000}$/.test(key)) ? keys : undefined
    }, 'public keys of age, with blanks between them: age1…'),
  ),
  SHOP_NAME: withDefault('Repasse'),
  SMTP_URL: optional(
    z.url({
      protocol: /^smtps?$/,
      error: 'expected an address like smtp://user:password@mail.example.com:587',
    }),
  ),
  MAIL_FROM: optional(parsed(readSender, 'an address, or a name and one: Our Shop <shop@example.com>')),
  SIMULATE_URL: optional(
    z.url({ protocol: /^https?$/, error: 'expected an address like http://127.0.0.1:8800' }),
  ),
  COOLING_OFF: optional(parsed(parseDuration, 'a length of time like 24h, 90m, or 0s for none')),
  LOG_LEVEL: oneOf('info', 'debug', 'warn', 'error', 'silent'),
  ROLES: withDefault('web,worker').refine(
    text => text.split(',').every(role => role === 'web' || role === 'worker'),
    'expected web, worker or web,worker',
  ),
  STARKBANK_ENVIRONMENT: oneOf('sandbox', 'production'),
  STARKBANK_PROJECT_ID: optional(z.string().regex(/^\d{1,20}$/, 'expected the project’s number')),
  STARKBANK_WORKSPACE_ID: optional(z.string().regex(/^\d{1,20}$/, 'expected the workspace’s number')),
  STARKBANK_PRIVATE_KEY_FILE: optional(z.string()),
  STARKBANK_API_URL: optional(
    z.url({ protocol: /^https?$/, error: 'expected an address like http://127.0.0.1:8800' }),
  ),
  STARKBANK_POLL_SECONDS: seconds(300),
  RAIL_SILENT_MINUTES: minutes(5),
  TRANSFER_FEE_BY: oneOf('receiver', 'house'),
  TRANSFER_FEE: cents,
  SIGNED_APPROVALS: oneOfOrNone('required', 'optional'),
  ...bitcoinSettings,
  ...shopSettings,
  ...retentionSettings,
  CRASH_AT: optional(z.string()),
  CLOCK: optional(
    z
      .string()
      .regex(
        /^[1-9]\d{0,2}x (since \d{4}-\d{2}-\d{2}T[\d:.]+Z(, skips in .+)?|as in .+)$/,
        'expected how fast, from when, and perhaps a file with milliseconds, like 30x since 2026-11-21T00:00:00Z, skips in FILE; or 30x as in FILE, which another process keeps',
      )
      .transform(text => {
        const [, shared, file] = /^(\d+)x as in (.+)$/.exec(text) ?? []
        if (file !== undefined) return { speed: Number(shared), file }
        const [, speed, since, skips] = /^(\d+)x since (\S+Z)(?:, skips in (.+))?$/.exec(text)!
        return { speed: Number(speed), since: Date.parse(since!), skips }
      }),
  ),
})
export type Config = z.output<typeof shape>

/** Whether real money moves: the bank's production, or the real chain. */
export const movesRealMoney = ({ STARKBANK_ENVIRONMENT: bank, BITCOIN_NETWORK: chain }: Config): boolean =>
  bank === 'production' || chain === 'mainnet'

const dayMs = 24 * 3_600_000

/** How long what is personal is kept. */
export const retentionOf = (config: Config): Retention => ({
  othersMs: config.RETAIN_EVENTS_OF_OTHERS,
  eventsMs: config.RETAIN_EVENTS,
  linesMs: config.RETAIN_STATEMENT_LINES,
  buyersMs: config.RETAIN_BUYERS,
  payersMs: config.RETAIN_PAYERS,
  mailMs: config.RETAIN_MAIL,
  sessionsMs: config.RETAIN_SESSIONS,
  runLogsMs: config.RETAIN_RUN_LOGS,
  everyMs: dayMs,
})

/** How long what is new or changed waits before money can use it. */
export const coolingOffMs = (config: Config): number =>
  config.COOLING_OFF ?? (movesRealMoney(config) ? dayMs : 0)

/**
 * Reads `env`; a setting NAME may stand in a file that NAME_FILE names. Throws one `BadInput` that names
 * every fault: the variable and what would be right, never what it is. A value in the wrong place may be a
 * password, whatever its name says.
 */
export function readConfig(given: Record<string, string | undefined>): Config {
  const { env, fromFile, faults } = withFiles(given, Object.keys(shape.shape))
  const result = shape.safeParse(env)
  if (!result.success)
    for (const { path, message } of result.error.issues) {
      const name = path.join('.')
      const is =
        env[name] === undefined
          ? 'not set'
          : fromFile.has(name)
            ? `what stands in the file of ${name}_FILE`
            : 'set'
      faults.push(`${name} is ${is}${env[name] === undefined ? '' : ', and not shown here'}: ${message}`)
    }
  const production = env['STARKBANK_ENVIRONMENT'] === 'production'
  if (production && env['STARKBANK_API_URL'])
    faults.push('STARKBANK_API_URL is for simulated banks and refused in production: leave it out')
  if (production && /^http:/i.test(env['PUBLIC_URL'] ?? ''))
    faults.push(
      `PUBLIC_URL is set, and not shown here: in production expected an address with https, because payers’ names and amounts come that way`,
    )
  if (env['AUDIT_ANCHOR_EMAIL'] && !env['SMTP_URL'])
    faults.push('SMTP_URL is not set: AUDIT_ANCHOR_EMAIL is written to through it')
  for (const name of ['MAIL_FROM', 'PUBLIC_URL'])
    if (env['SMTP_URL'] && !env[name]) faults.push(`${name} is not set: mail that SMTP_URL sends bears it`)
  const mainnet = env['BITCOIN_NETWORK'] === 'mainnet'
  if ((production || mainnet) && env['SIMULATE_URL'])
    faults.push(
      `SIMULATE_URL is for demonstrations and refused ${production ? 'in production' : 'on mainnet'}: leave it out`,
    )
  for (const name of ['CRASH_AT', 'CLOCK'])
    if ((production || mainnet) && env[name])
      faults.push(
        `${name} is for storms and refused ${production ? 'in production' : 'on mainnet'}: leave it out`,
      )
  faults.push(...bitcoinFaults(env))
  for (const name of Object.keys(env))
    if (ours.test(name) && !isSetting(name)) faults.push(`${name} is not a setting${meant(name)}`)
  if (faults.length > 0 || !result.success)
    throw new BadInput(
      `the configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map(fault => `  ${fault}`).join('\n')}`,
    )
  return result.data
}

/**
 * Refuses what a `.env` names and no setting bears, where one is called nearly so: `DATABASE_ULR` would
 * quietly open an empty database. What is like none of ours may belong to another program that reads the same
 * file.
 */
export function refuseMisspelt(names: readonly string[]): void {
  const faults = names
    // What begins as ours do is told by `readConfig`, with every other fault.
    .filter(name => !isSetting(name) && !ours.test(name))
    .flatMap(name => (meant(name) === '' ? [] : [`${name} is not a setting${meant(name)}`]))
  if (faults.length > 0)
    throw new BadInput(
      `.env has ${faults.length === 1 ? 'a name' : 'names'} that nothing reads:\n${faults.map(fault => `  ${fault}`).join('\n')}`,
    )
}

const isSetting = (name: string): boolean => name in shape.shape || name.replace(/_FILE$/, '') in shape.shape

const ours =
  /^(SHOP_LIMIT_|RETAIN_|AUDIT_|BACKUP_|ENCRYPTION_|SIGNED_|RAIL_|STARKBANK_|TRANSFER_FEE|BITCOIN_|RATES?_)/

function meant(name: string): string {
  const known = Object.keys(shape.shape)
  const plain = name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')
  // Of a short name three other letters make another word.
  const reach = Math.min(3, Math.floor(name.length / 4))
  const near =
    nearestOf(known, plain, reach) ?? known.find(each => plain.length >= 8 && each.endsWith(`_${plain}`))
  return near ? `: did you mean ${near}?` : ''
}

/** Whether money is real here: at the bank, or on the chain. */
export const isProduction = ({ STARKBANK_ENVIRONMENT: bank, BITCOIN_NETWORK: chain }: Config): boolean =>
  bank === 'production' || chain === 'mainnet'

/** Whether an approval has to be proven before money is ordered on it. */
export const approvalsNeeded = (config: Config): 'proven' | 'any' =>
  (config.SIGNED_APPROVALS ?? (isProduction(config) ? 'required' : 'optional')) === 'required'
    ? 'proven'
    : 'any'
