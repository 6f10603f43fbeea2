/**
 * Which tests hold each requirement and each known attack: node test/securityTable.ts [--write-docs] prints
 * it, or writes it into docs/security.md.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFlags } from '../sim/flags.ts'
import { projectFiles, projectRoot, type SourceFile } from './testbed/tree.ts'

interface Held {
  /** As titles of tests name it: `[security 1]`, `[security csrf A10]`. */
  key: string
  says: string
  /** The commit that closed the hole: the tests failed before it. */
  since?: string
}

export const groups: readonly { title: string; held: readonly Held[] }[] = [
  {
    title: 'Requirements',
    held: [
      {
        key: '1',
        says: 'an event is proven by its raw bytes before it is read; one signature, 64 kB, POST alone, ids are text',
      },
      { key: '2', says: 'no event alone moves money: the bank is asked' },
      {
        key: '3',
        says: 'money goes to approved accounts alone, by two people, within limits, and can be stopped',
      },
      {
        key: '4',
        says: 'no private key of Bitcoin here; destinations are derived again, and plans checked, before anything is signed',
      },
      { key: '5', says: 'the bank’s key comes from a file of ours alone, never from an argument' },
      {
        key: '6',
        says: 'the program speaks to known hosts, follows nothing, and waits no longer than it says',
      },
      { key: '7', says: 'TLS 1.2 and 1.3 with good ciphers, HSTS; the webhook is never redirected' },
      {
        key: '8',
        says: 'nginx says where a request comes from; slow and large ones end; a burst of the bank passes',
      },
      {
        key: '9',
        says: 'the console: password and code, cookies of one host, sessions that end, a fresh code for money',
      },
      {
        key: '10',
        says: 'a form bears its session’s token and comes from our own pages; a GET changes nothing',
      },
      { key: '11', says: 'no page loads or runs anything foreign, or is framed' },
      {
        key: '12',
        says: 'values never become SQL; amounts are whole numbers; ledger and audit log only grow',
      },
      { key: '13', says: 'the audit log is a chain, and is checked from the start on' },
      { key: '14', says: 'logs and errors hold no key, cookie, tax id or account number' },
      { key: '15', says: 'only the personal data that is needed is kept, and only as long' },
      {
        key: '16',
        says: 'few packages, as the lockfile pins them; none runs a script when installed; all are listed',
      },
      {
        key: '17',
        says: 'containers: no root, a read-only root file system, no capabilities, no network that is not needed',
      },
      { key: '18', says: 'doubtful settings, databases and books are refused; intake goes on' },
      { key: '19', says: 'errors say no version and no stack; figures are not public' },
      { key: '20', says: 'the sandbox and production never meet' },
    ],
  },
  {
    title: 'Attacks that an audit tried and that held',
    held: [
      { key: 'csrf', says: 'forms of other sites' },
      { key: 'roles', says: 'every route by every role, and by nobody' },
      { key: 'redirects', says: 'links that lead elsewhere' },
      { key: 'traversal', says: 'paths that climb out of their folder' },
      { key: 'xss', says: 'texts that would be marks of a page' },
      { key: 'injection', says: 'texts that would be SQL, headers or mail' },
      { key: 'csv', says: 'texts that a spreadsheet would run' },
      { key: 'slow', says: 'clients that never end' },
      { key: 'der', says: 'signatures in other encodings' },
      { key: 'smuggling', says: 'requests that nginx and the program would read differently' },
      { key: 'prices', says: 'forms with prices of their own' },
    ],
  },
  {
    title: 'Attacks that an audit found',
    held: [
      { key: 'A1', says: 'one request that keeps the process busy for a minute', since: 'd23fbad' },
      { key: 'A2', says: 'one admin who is maker and checker', since: 'be845b6' },
      { key: 'A3', says: 'an approved account that is edited in the database', since: '8791bef' },
      {
        key: 'A4',
        says: 'an audit log that is cut, or written again with hashes that fit',
        since: 'a3b6f32',
      },
      { key: 'A5', says: 'an invitation that somebody else has seen', since: 'be845b6' },
      { key: 'A6', says: 'a backup that is read while it is written', since: 'b7156c1' },
      { key: 'A7', says: 'stock that is held for nothing', since: '66fef4e' },
      { key: 'A8', says: 'charges and e-mail in a stranger’s name', since: '66fef4e' },
      { key: 'A9', says: 'the command line under anybody’s name', since: 'e798257' },
      { key: 'A10', says: 'a local user who goes around nginx', since: '4deef40' },
      { key: 'A11', says: 'ways around the throttle: ids, addresses of one /64', since: 'd1558ce' },
      { key: 'A12', says: 'a key of the bank that is new, or that it gave up', since: 'd46051a' },
      {
        key: 'A13',
        says: 'passwords in errors; all streams for one client; redirects of port 80; settings that others can read',
        since: '6610e55',
      },
      { key: 'A14', says: 'a curve in JavaScript where the native one is missing', since: 'f7308c0' },
    ],
  },
  {
    title: 'What took the place of trust in names and rows',
    held: [
      { key: 'B1', says: 'approvals are statements signed with a passkey or a key file' },
      { key: 'B2', says: 'an audit log that is anchored outside, and verified without our code' },
      { key: 'B3', says: 'what is new waits, everybody concerned is written to, and an objection holds' },
      { key: 'B4', says: 'keys, backups and the bank’s key have a life' },
      { key: 'B5', says: 'what is kept of people, for how long, and how it is handed over or forgotten' },
    ],
  },
]

export interface Titled {
  path: string
  /** Without what it names. */
  title: string
  keys: string[]
}

const named = /(['"`])((?:(?!\1)[^\n])*?) \[security ([\w ]+)\]((?:(?!\1)[^\n])*)\1/g

/** Every test whose title names a requirement or an attack. */
export const titlesOf = (files: readonly SourceFile[]): Titled[] =>
  files
    .filter(({ path }) => /\.test\.tsx?$/.test(path) && !path.startsWith('test/securityTable'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(named)].map(([, , before, keys, after]) => ({
        path,
        title: `${before}${after}`,
        keys: keys!.split(' '),
      })),
    )

/** Requirements that no test names, and names that are no requirement. */
export function faultsOf(titles: readonly Titled[]): string[] {
  const keys = groups.flatMap(({ held }) => held.map(({ key }) => key))
  return [
    ...keys.filter(key => !titles.some(each => each.keys.includes(key))).map(key => `nothing holds ${key}`),
    ...titles.flatMap(({ path, title, keys: its }) =>
      its.filter(key => !keys.includes(key)).map(key => `${path}: "${title}" names ${key}, which is none`),
    ),
  ]
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** The part of docs/security.md. */
export function securityTable(titles: readonly Titled[]): string {
  const parts = groups.map(({ title, held }) => {
    const rows = held.map(({ key, says, since }) => {
      const tests = titles
        .filter(({ keys }) => keys.includes(key))
        .map(each => `\`${each.path}\`: ${cell(each.title)}`)
      return `| ${key} | ${says}${since === undefined ? '' : ` (closed by \`${since}\`)`} | ${tests.join('<br>')} |`
    })
    return [`### ${title}\n`, '| | What | Tests |', '|---|---|---|', ...rows, ''].join('\n')
  })
  return [begin, ...parts].join('\n')
}

export const docsFile = 'docs/security.md'
const begin = `## What each requirement is held by

A test that holds one names it at the end of its title, \`[security 10]\`, so \`./dev-utils.sh test -t 'security 10'\` runs them. \`node test/securityTable.ts\`
prints this table and \`--write-docs\` writes it here; a requirement that no test names fails \`test/securityTable.test.ts\`. The checks
themselves are taken out one by one in [security-rules.md](security-rules.md).
`

/** The page with the table in its place: from its heading to the next one of the same rank, or to the end. */
export function withTable(page: string, table: string): string {
  const from = page.indexOf(begin.slice(0, begin.indexOf('\n')))
  if (from < 0) return `${page.trimEnd()}\n\n${table}`
  const next = page.indexOf('\n## ', from)
  return page.slice(0, from) + (next < 0 ? table : `${table}${page.slice(next)}`)
}

const values = import.meta.main
  ? readFlags({ options: { 'write-docs': { type: 'boolean', default: false } } })
  : undefined
if (values) {
  const titles = titlesOf(projectFiles(/\.tsx?$/))
  const path = join(projectRoot, docsFile)
  if (values['write-docs']) writeFileSync(path, withTable(readFileSync(path, 'utf8'), securityTable(titles)))
  else process.stdout.write(securityTable(titles))
  for (const fault of faultsOf(titles)) process.stderr.write(`${fault}\n`)
  process.exitCode = faultsOf(titles).length === 0 ? 0 : 1
}
