#!/usr/bin/env node
// Verifies what Repasse exports, with none of its code and no package: for an auditor who trusts Node, this page and the one beside it.
//
//   repasse audit export > audit.jsonl; repasse audit statements > statements.jsonl; repasse ledger export --format csv > postings.csv
//   node verify-audit.mjs --audit audit.jsonl --anchors repasse.db.anchors repasse.db.anchors.2 mail.eml --statements statements.jsonl --ledger postings.csv
//
// 1. Each record of the audit log has the hash of what it says and of the record before it, from the first on (docs/security.md).
// 2. Each line of the anchors names the one before it, and each record has the hash that was anchored there or in a mail; none is missing.
// 3. Each approval has its statement, to the letter, signed by a key that was registered to that person before and not retired (decision 15).
// 4. Each transaction of the ledger has two lines of one asset which sum to zero, on the accounts of its movement; there are no fewer than were anchored.
// Ends with 0 where all of it holds, 1 where something does not, 2 where it was called wrongly.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { approvals } from './verify-approvals.mjs'

const genesis = '0'.repeat(64)
const sha256 = text => createHash('sha256').update(text).digest('hex')
const linesIn = text => text.split('\n').filter(line => line !== '')
const linesOf = file => linesIn(readFileSync(file, 'utf8'))
const faults = []
const wrong = says => void faults.push(says)

const usage = () => {
  console.error(
    'usage: verify-audit.mjs --audit FILE [--anchors FILE...] [--statements FILE] [--ledger FILE]',
  )
  process.exit(2)
}
const given = { audit: [], anchors: [], statements: [], ledger: [] }
let into = { push: usage }
for (const word of process.argv.slice(2))
  if (word.startsWith('--')) into = given[word.slice(2)] ?? usage()
  else into.push(word)
if (given.audit.length !== 1 || given.ledger.length > 1 || given.statements.length > 1) usage()

function parsed(line) {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function chain(lines) {
  const records = []
  for (const [place, line] of lines.entries()) {
    const record = parsed(line)
    const { seq, at, actor, act, subject, detail, previous, hash, ...more } = record ?? { more: true }
    const follows =
      seq === `${place + 1}` &&
      previous === (records.at(-1)?.hash ?? genesis) &&
      Object.keys(more).length === 0
    if (follows && hash === sha256(JSON.stringify([seq, at, actor, act, subject, detail, previous])))
      records.push(record)
    else return (wrong(`audit log, line ${place + 1}: it was changed, or one before it is missing`), records)
  }
  return records
}

/** A line of the file, or the same as a mail says it: number, hash, ledger transactions and time, one below the other, quoted or not. */
const inMail = /Record: (\d{1,18})[\s>]+Hash: ([0-9a-f]{64})[\s>]+Ledger: (\d{1,18})[\s>]+Time: (\S+Z)/g
const mailsIn = text =>
  [...text.matchAll(inMail)].map(([, seq, hash, transactions, at]) => ({
    seq,
    hash,
    transactions,
    at,
    rows: [hash],
  }))

/** The newest word counts, unless a person has accepted with a reason that the log is another one from some record on. */
function anchors(texts, hashes) {
  const mails = texts.flatMap(mailsIn)
  const good = []
  let fault
  for (const [place, line] of texts
    .filter(text => mailsIn(text).length === 0)
    .flatMap(linesIn)
    .entries()) {
    const anchor = parsed(line)
    // Half a line, after a crash.
    if (!Array.isArray(anchor?.rows) || anchor.rows.at(-1) !== anchor.hash) continue
    const { from, by, why } = anchor.accepted ?? {}
    if (from) fault = undefined
    if (from) console.log(`accepted from record ${from} on, by ${by}: ${why}`)
    else if (anchor.previous !== (good.at(-1)?.digest ?? genesis))
      fault ??= `anchors, line ${place + 1} does not follow the one before it`
    good.push({ ...anchor, digest: sha256(line) })
  }
  for (const mail of mails) {
    const later = good.findIndex(({ at }) => at > mail.at)
    good.splice(later < 0 ? good.length : later, 0, mail)
  }
  if (fault || good.length === 0) wrong(fault ?? 'anchors: there are none')
  const said = new Map()
  let below = Infinity
  for (const { seq, rows, at, accepted } of good.toReversed()) {
    for (const [place, hash] of rows.entries()) {
      const record = Number(seq) - (rows.length - 1 - place)
      if (record < below && !said.has(record)) said.set(record, { hash, at })
    }
    if (accepted) below = Math.min(below, Number(accepted.from))
  }
  for (const [record, { hash, at }] of [...said].sort(([a], [b]) => a - b)) {
    const found = hashes.get(`${record}`)
    if (found !== hash)
      return (wrong(`record ${record}, anchored at ${at}, ${found ? 'is another one' : 'is missing'}`), [])
  }
  return good.slice(good.reduce((since, { accepted }, place) => (accepted ? place : since), 0))
}

/** RFC 4180: fields in quotes may hold commas, quotes twice, and line ends. */
function rowsOf(text) {
  const rows = /** @type {string[][]} */ ([[]])
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain)
    if (end !== ',') rows.push([])
  }
  return rows.filter(row => row.length > 1)
}

/** Exact, in smallest units: an amount with more decimals than its asset has is refused. */
function units(amount, asset) {
  const decimals = { BRL: 2, BTC: 8 }[asset]
  const [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) ?? []
  if (whole === undefined || decimals === undefined || part.length > decimals) return undefined
  return BigInt(`${sign}${whole}${part.padEnd(decimals, '0')}`)
}

function ledger(text, anchored) {
  const [head, ...rows] = rowsOf(text)
  if (head?.join() !== 'transaction,time,movement,source,line,account,asset,amount,invoice,memo')
    return wrong('ledger: not an export')
  const [transactions, balances, sides] = [new Map(), new Map(), new Map()]
  for (const [id, , movement, source, line, account, asset, amount, ...rest] of rows) {
    const value = units(amount ?? '', asset)
    if (rest.length !== 2 || value === undefined) return wrong(`ledger: ${id} has a line that cannot be read`)
    const entries = transactions.get(id) ?? []
    transactions.set(id, [...entries, { value, line, about: JSON.stringify([asset, movement, source]) }])
    balances.set(`${account} ${asset}`, (balances.get(`${account} ${asset}`) ?? 0n) + value)
    const side = `${movement}, line ${line}`
    if ((sides.get(side) ?? account) !== account)
      wrong(`ledger: ${id} (${side}) is on ${account}, others on ${sides.get(side)}`)
    sides.set(side, account)
  }
  for (const [id, [first, second, ...more]] of transactions) {
    const isPair =
      second && more.length === 0 && first.line === '1' && second.line === '2' && first.about === second.about
    if (!isPair || first.value + second.value !== 0n)
      wrong(`ledger: ${id} does not have two lines that sum to zero`)
  }
  const before = anchored.find(anchor => Number(anchor.transactions) > transactions.size)
  if (before)
    wrong(
      `ledger: ${transactions.size} transactions, and ${before.transactions} were anchored at ${before.at}`,
    )
  for (const [account, sum] of [...balances].sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${account}: ${sum}`)
}

const records = chain(linesOf(given.audit[0]))
const texts = given.anchors.map(file => readFileSync(file, 'utf8').replaceAll(/=\r?\n/g, ''))
const anchored = texts.length > 0 ? anchors(texts, new Map(records.map(({ seq, hash }) => [seq, hash]))) : []
if (given.statements.length > 0) approvals(records, linesOf(given.statements[0]).map(parsed), wrong)
if (given.ledger.length > 0) ledger(readFileSync(given.ledger[0], 'utf8'), anchored)
for (const fault of faults) console.error(`WRONG: ${fault}`)
if (faults.length === 0)
  console.log(
    `OK: ${records.length} records${texts.length > 0 ? '' : '; without anchors, a cut at the end cannot be seen'}`,
  )
process.exitCode = faults.length === 0 ? 0 : 1
