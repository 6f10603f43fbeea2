/**
 * Reads what each file imports and which primitives it uses, from its syntax tree, and says where that breaks
 * the floors.
 */
import { dirname, posix } from 'node:path'
import { parseAst } from 'vitest/node'
import { isRailName, railNames } from '../../src/base/rails.ts'
import type { SourceFile } from './tree.ts'

const everything = [
  ...['base', 'db', 'ledger', 'approvals', 'rails', 'rates', 'invoice', 'payout', 'chain'],
  ...['people', 'mail', 'shop', 'webhooks', 'schedule', 'reconcile', 'privacy', 'jobs', 'queries', 'web'],
]
const upTo = (room: string): readonly string[] => everything.slice(0, everything.indexOf(room))

/** Which rooms of src each room may import, itself aside: imports only go down. */
const below: Record<string, readonly string[]> = {
  base: [],
  db: ['base'],
  ledger: ['base', 'db'],
  approvals: ['base', 'db', 'ledger'],
  rails: ['base'],
  rates: ['base', 'db'],
  invoice: ['base', 'db', 'ledger', 'approvals', 'rails', 'rates'],
  payout: ['base', 'db', 'ledger', 'approvals', 'rails', 'rates', 'people'],
  chain: ['base', 'db', 'ledger', 'rails', 'rates'],
  people: ['base', 'db', 'ledger', 'approvals', 'mail'],
  mail: ['base', 'db'],
  shop: ['base', 'db', 'ledger', 'rails', 'rates', 'invoice', 'payout', 'chain', 'mail'],
  webhooks: ['base', 'db', 'ledger', 'approvals', 'rails', 'rates', 'invoice', 'payout', 'chain'],
  schedule: ['base', 'db', 'ledger', 'approvals', 'rails', 'rates', 'invoice', 'payout', 'webhooks'],
  reconcile: [
    'base',
    'db',
    'ledger',
    'approvals',
    'rails',
    'rates',
    'payout',
    'chain',
    'webhooks',
    'schedule',
  ],
  privacy: [
    'base',
    'db',
    'ledger',
    'rails',
    'rates',
    'invoice',
    'payout',
    'chain',
    'people',
    'mail',
    'shop',
    'webhooks',
  ],
  jobs: upTo('jobs'),
  queries: upTo('queries'),
  web: upTo('web'),
  // The builder's parts, put together for whichever command needs them.
  'app.ts': everything,
  cli: [...everything, 'app.ts'],
}

/** A primitive that reaches past what was handed in, and the only files that may name it. */
const homes: Record<string, readonly string[]> = {
  'Date.now': ['src/base/clock.ts'],
  'new Date()': ['src/base/clock.ts'],
  setTimeout: ['src/base/clock.ts'],
  setInterval: ['src/base/clock.ts'],
  // The inbox gathers what one turn of the event loop read into one commit, which no clock decides;
  // everything else asks the clock for a turn.
  setImmediate: ['src/webhooks/inbox.ts', 'src/base/clock.ts'],
  'node:timers': [],
  'node:timers/promises': [],
  'Math.random': ['src/base/clock.ts'],
  'process.env': ['src/main.ts'],
  // Money is a bigint; these two are how it becomes a float.
  parseFloat: ['src/base/money.ts'],
  toFixed: ['src/base/money.ts'],
}

/** Packages that belong to one room: what they do is asked of that room. */
const packageRooms: Record<string, string> = {
  starkbank: 'src/rails/starkbank/',
  'bitcoinjs-lib': 'src/rails/bitcoin/',
  bs58check: 'src/rails/bitcoin/',
  '@scure/btc-signer': 'src/rails/bitcoin/',
  zeromq: 'src/rails/bitcoin/',
  'better-sqlite3': 'src/db/',
  pg: 'src/db/',
  'node-cron': 'src/jobs/',
  nodemailer: 'src/mail/',
  '@simplewebauthn/server': 'src/people/',
  'age-encryption': 'src/cli/',
  preact: 'src/web/',
  'preact-render-to-string': 'src/web/',
}

/**
 * Where a rail may be named: the adapters, their halves of a room, their own pages and commands, the
 * registry, and words for people.
 */
const mayNameRails = [
  /^src\/rails\//,
  /^src\/chain\//,
  /^src\/[a-z]+\/(bank|chain|bundle|cash)\//,
  /^src\/reconcile\/(bank|ownLines|chain)\.ts$/,
  /^src\/jobs\/(rails|bank|chain|bitcoin|cash)\.ts$/,
  /^src\/base\/rails\.ts$/,
  /^src\/(web\/console|cli)\/bitcoin\//,
  /^src\/cli\/doctor\/bitcoin\.ts$/,
  /[wW]ords\.ts$/,
]

/**
 * Lines outside those places that still name a rail, by file. They only become fewer: whoever takes one out
 * lowers its number here.
 */
export const linesNamingRails: Record<string, number> = {
  'src/web/console/frame/frame.tsx': 1,
}

/** How many lines of each file hold a rail's name as a value, in SQL too, where none may be named. */
export function railsNamed(files: readonly SourceFile[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { path, text } of files) {
    if (
      !/^src\/.*\.tsx?$/.test(path) ||
      /\.test\.tsx?$/.test(path) ||
      mayNameRails.some(place => place.test(path))
    )
      continue
    const lines = new Set<number>()
    const visit = (node: Node): void => {
      for (const at of placesOfRails(node)) lines.add(text.slice(0, at).split('\n').length)
      for (const child of childrenOf(node)) visit(child)
    }
    visit(parse({ path, text }))
    if (lines.size > 0) found[path] = lines.size
  }
  return found
}

const railInSql = new RegExp(`'(${railNames.join('|')})'`, 'g')

/** Where in the text of its file this one node names a rail. */
function placesOfRails(node: Node): number[] {
  const start = node['start'] as number
  if (node.type === 'Literal')
    return typeof node['value'] === 'string' && isRailName(node['value']) ? [start] : []
  if (node.type !== 'TemplateElement') return []
  return [...(node['value'] as { raw: string }).raw.matchAll(railInSql)].map(({ index }) => start + index)
}

/** Rooms whose acts answer refusals as codes (docs/decisions/0026). */
const actsLieIn =
  /^src\/(payout|invoice|schedule|shop|people|privacy|webhooks|reconcile|ledger|approvals|mail|chain|jobs|rates)\//

/**
 * Lines of those rooms that refuse by a sentence, or name a flag of the command line, by file, and why each may.
 */
export const linesRefusingInWords: Record<string, { lines: number; why: string }> = {
  'src/chain/destination.ts': { lines: 1, why: 'reads what was typed, and bears a code that pages word' },
  'src/jobs/anchorMail.ts': { lines: 1, why: 'the mail says how it is verified, which takes a flag' },
  'src/payout/row.ts': { lines: 1, why: 'a hold says how it is let go' },
  'src/webhooks/chain/event.ts': { lines: 1, why: 'bytes that are no event, as a rail’s `read` says it' },
}

/** How many lines of each file throw bad input or hold a flag in a string, where acts answer codes. */
export function refusedInWords(files: readonly SourceFile[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { path, text } of files) {
    if (!actsLieIn.test(path) || /\.test\.tsx?$/.test(path)) continue
    const lines = new Set<number>()
    const visit = (node: Node): void => {
      if (refusesInWords(node)) lines.add(text.slice(0, node['start'] as number).split('\n').length)
      for (const child of childrenOf(node)) visit(child)
    }
    visit(parse({ path, text }))
    if (lines.size > 0) found[path] = lines.size
  }
  return found
}

function refusesInWords(node: Node): boolean {
  if (node.type === 'NewExpression') return /^Bad[A-Z]/.test((node['callee'] as { name?: string }).name ?? '')
  const text =
    node.type === 'Literal'
      ? node['value']
      : node.type === 'TemplateElement'
        ? (node['value'] as { raw: string }).raw
        : undefined
  return typeof text === 'string' && /(^|[\s"(`])--[a-z]/.test(text)
}

/**
 * Every breach, as a sentence that begins with the file's path. Files outside src and sim are not judged, nor
 * are tests.
 */
export function breaches(files: readonly SourceFile[]): string[] {
  const judged = files
    .filter(
      ({ path }) =>
        /^(src|sim)\/.*\.tsx?$/.test(path) &&
        !/\.test\.tsx?$/.test(path) &&
        !path.startsWith('src/web/client/'),
    )
    .map(file => ({ ...file, ...read(file) }))
  const found: string[] = []
  for (const { path, imports, names } of judged) {
    for (const target of imports) {
      const why = target.startsWith('.')
        ? wrongWay(path, posix.join(dirname(path), target))
        : wrongRoom(path, target)
      if (why) found.push(`${path}: ${why}`)
    }
    if (!path.startsWith('src/')) continue
    for (const name of [...names, ...imports]) {
      const home = Object.hasOwn(homes, name) ? homes[name] : undefined
      if (home && !home.includes(path))
        found.push(`${path}: ${name} belongs to ${home.join(', ') || 'no file'}`)
    }
  }
  return [...found, ...cycles(new Map(judged.map(file => [file.path, file.imports])))]
}

/** Why `from` may not import `to`, both paths from the root; undefined when it may. */
function wrongWay(from: string, to: string): string | undefined {
  if (from.startsWith('sim/'))
    // The simulators know nothing of the product; the demonstration only gives it commands, in its own
    // process or in another.
    return to.startsWith('sim/') ||
      to.startsWith('src/base/') ||
      (from === 'sim/demoWorker.ts' && to === 'src/cli/cli.ts')
      ? undefined
      : `sim may import only src/base, and imports ${to}`
  if (!to.startsWith('src/')) return `src never imports what is beside it, and imports ${to}`
  if (from === 'src/main.ts') return undefined
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)]
  const allowed = below[fromRoom]
  if (!allowed) return `${fromRoom} is no room of src: give it a floor in test/testbed/floors.ts`
  // One provider is read without another in mind, so each rail sees the contracts and nothing of its
  // neighbours.
  const rail = /^src\/rails\/[^/]+\//.exec(from)?.[0]
  if (rail && toRoom === 'rails')
    return contracts.has(to) || to.startsWith(rail)
      ? undefined
      : `a rail sees only base, rail.ts and chain.ts, and imports ${to}`
  return fromRoom === toRoom || allowed.includes(toRoom)
    ? undefined
    : `${fromRoom} may import only ${allowed.join(', ') || 'itself'}, and imports ${to}`
}

const contracts = new Set(['src/rails/rail.ts', 'src/rails/chain.ts'])
const roomOf = (path: string): string => path.split('/')[1]!

function wrongRoom(path: string, specifier: string): string | undefined {
  const name = specifier.startsWith('@')
    ? specifier.split('/').slice(0, 2).join('/')
    : specifier.split('/')[0]!
  const room = Object.hasOwn(packageRooms, name) ? packageRooms[name]! : undefined
  return room && path.startsWith('src/') && !path.startsWith(room)
    ? `the package ${name} belongs to ${room}`
    : undefined
}

/**
 * Each ring of imports once. A ring of types runs, and still means that none of its files can be read without
 * the others.
 */
function cycles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0)
      return void found.push(`${path}: imports go in a ring: ${[...trail.slice(start), path].join(' -> ')}`)
    if (finished.has(path)) return
    for (const target of imports.get(path) ?? []) {
      if (target.startsWith('.')) visit(posix.join(dirname(path), target), [...trail, path])
    }
    finished.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return found
}

type Node = { type: string; [part: string]: unknown }
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

/**
 * What a file imports (static, dynamic, re-exported, types), and the primitives it names. Comments and
 * strings are not names.
 */
function read({ path, text }: SourceFile): { imports: string[]; names: string[] } {
  const imports: string[] = []
  const names: string[] = []
  const visit = (node: Node): void => {
    const source = node['source'] ?? (node.type === 'TSImportType' ? node['argument'] : undefined)
    if (isNode(source) && typeof source['value'] === 'string') imports.push(source['value'])
    const name = primitive(node)
    if (name) names.push(name)
    for (const child of childrenOf(node)) visit(child)
  }
  visit(parse({ path, text }))
  return { imports, names }
}

function parse({ path, text }: SourceFile): Node {
  try {
    return parseAst(text, { lang: path.endsWith('x') ? 'tsx' : 'ts' }) as unknown as Node
  } catch (fault) {
    throw new Error(`${path} cannot be parsed: ${String(fault)}`, { cause: fault })
  }
}

const childrenOf = (node: Node): Node[] => Object.values(node).flat().filter(isNode)

/**
 * The name in `homes` this one node stands for, were it there: `process.env`, `new Date()`, `setTimeout`
 * called or only mentioned.
 */
function primitive(node: Node): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return lastName(node)
    case 'MemberExpression':
      return `${lastName(node['object'])}.${lastName(node['property'])}`
    case 'NewExpression':
      return lastName(node['callee']) === 'Date' && (node['arguments'] as unknown[]).length === 0
        ? 'new Date()'
        : undefined
    case 'CallExpression':
      // Without `new`, Date answers the present time whatever it is given.
      return lastName(node['callee']) === 'Date' ? 'new Date()' : undefined
    default:
      return undefined
  }
}

/** `env` of `env`, `process.env`, `process['env']` and `globalThis.process.env`. */
function lastName(part: unknown): string {
  if (!isNode(part)) return ''
  if (part.type === 'MemberExpression') return lastName(part['property'])
  const name = part['name'] ?? part['value']
  return typeof name === 'string' ? name : ''
}
