/**
 * `repasse bitcoin psbt`: transactions that wait for a person's signature, out to where the keys are and
 * back.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { formatMoney } from '../../base/money.ts'
import type { Change, Paid, WaitingTransaction } from '../../payout/payout.ts'
import type { Plan } from '../../rails/chain.ts'
import type { Db } from '../../db/db.ts'
import { personFlag } from '../flags.ts'
import { example, json, moneyOf, sheet, table } from '../print.ts'
import { perByte } from '../rate.ts'
import { done, onChain, operator, type Chain } from '../shell.ts'
import type { Shell } from '../context.ts'

export function psbtCommands(bitcoin: Command, shell: Shell): void {
  const psbt = bitcoin
    .command('psbt')
    .description('transactions that wait for a signature')
    .addHelpText(
      'after',
      example(
        'bitcoin psbt list',
        'bitcoin psbt export bun_01k9zq3f5c8wxy2m7n4p6r8s0t --file payouts.psbt',
        'bitcoin psbt import signed.psbt',
      ),
    )

  psbt
    .command('list')
    .description('those that wait, oldest first')
    .option('--json', 'as JSON')
    .addHelpText('after', example('bitcoin psbt list'))
    .action(({ json: asJson }: { json?: true }) => onChain(shell, ({ db }) => list(shell, db, asJson)))

  psbt
    .command('export')
    .description('writes one as a PSBT in base64; who is paid what is said beside it')
    .argument('<bundle>', 'the bundle, or the txid')
    .option('--file <file>', 'a file that does not exist yet (default: standard output)')
    .option('--json', 'the PSBT and what it does, as JSON')
    .addHelpText('after', example('bitcoin psbt export bun_01k9zq3f5c8wxy2m7n4p6r8s0t > payouts.psbt'))
    .action((name: string, flags: { file?: string; json?: true }) =>
      onChain(shell, ({ db }, chain) => exportOne(shell, db, chain, name, flags)),
    )

  psbt
    .command('import')
    .description(
      'takes one back signed: a PSBT (base64, hex or binary) or a raw transaction, held against what was asked',
    )
    .argument('<file>', 'the file, or - for standard input')
    .option('--by <person>', 'who does it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('bitcoin psbt import signed.psbt', 'bitcoin psbt import - < signed.psbt'))
    .action((file: string, flags: { by?: string; json?: true }) =>
      onChain(shell, ({ db }, chain) => importOne(shell, db, chain, file, flags)),
    )
}

const paidBy = ({ outputs }: Plan) => outputs.filter(({ key }) => key !== undefined)
const sumOf = (outputs: { units: bigint }[]) => outputs.reduce((sum, { units }) => sum + units, 0n)
const rateOf = ({ fee_units: fee, size }: WaitingTransaction) => (fee * 1000n) / size

async function list(shell: Shell, db: Db, asJson: true | undefined): Promise<void> {
  const { waitingTransactions } = await import('../../payout/payout.ts')
  const rows = await waitingTransactions(db)
  await shell.out(
    asJson
      ? json(
          rows.map(row => ({
            ...{
              bundle: row.bundle_id,
              txid: row.id,
              addedAt: row.added_at,
              payees: paidBy(row.read).length,
            },
            pays: moneyOf(sumOf(paidBy(row.read)), 'BTC'),
            fee: moneyOf(row.fee_units, 'BTC'),
            // Satoshis for a thousand virtual bytes.
            feeRate: rateOf(row),
            replaces: row.number > 1n,
            why: row.why,
          })),
        )
      : table(
          ['BUNDLE', 'PLANNED (UTC)', '>PAYEES', '>PAYS', '>FEE', '>SAT/VB', 'TXID', 'WHY'],
          rows.map(row => [
            ...[
              row.bundle_id,
              row.added_at,
              `${paidBy(row.read).length}`,
              formatMoney(sumOf(paidBy(row.read)), 'BTC'),
              formatMoney(row.fee_units, 'BTC'),
            ],
            ...[
              perByte(rateOf(row)),
              row.id,
              row.why ?? (row.number > 1n ? 'offers more for one that waits in the mempool' : ''),
            ],
          ]),
        ),
  )
}

async function exportOne(
  shell: Shell,
  db: Db,
  { rail }: Chain,
  name: string,
  { file, json: asJson }: { file?: string; json?: true },
): Promise<void> {
  const { handOut, markHanded, objectedText, waitingTransactions } = await import('../../payout/payout.ts')
  const waiting = (await waitingTransactions(db)).find(
    ({ id, bundle_id: bundle }) => id === name || bundle === name,
  )
  if (!waiting)
    throw new BadInput(
      `no transaction of "${name}" waits for a signature: "repasse bitcoin psbt list" shows those that do`,
    )
  if (file !== undefined && existsSync(file))
    throw new BadInput(`--file "${file}" exists already: name one that does not`)
  const handed = await handOut(db, rail, waiting)
  if (handed.is === 'strange')
    throw new Error(
      `${waiting.id} is not exported, for this is not what the books owe and people approved: ${handed.what.join(', ')}`,
    )
  if (handed.is === 'objected')
    throw new BadInput(`${waiting.id} is not exported: ${objectedText(handed.why)}`)
  const { psbt, lack, paid, changes } = handed
  if (!(await db.tx(tx => markHanded(tx, waiting))))
    throw new BadInput(`bundle ${waiting.bundle_id} has ended: nothing of it is to be signed`)
  if (asJson) await shell.out(json({ ...factsOf(waiting, paid, changes), psbt, lack: lack ?? null }))
  else if (file === undefined) await shell.out(`${psbt}\n`)
  if (file !== undefined) writeFileSync(file, `${psbt}\n`, { mode: 0o600, flag: 'wx' })
  if (!asJson) shell.err(sayingOf(waiting, paid, changes))
  if (!asJson && lack !== undefined) shell.err(`${lack}\n`)
  if (file !== undefined)
    shell.err(`written to ${file}; signed, it comes back by: repasse bitcoin psbt import FILE\n`)
}

const factsOf = (waiting: WaitingTransaction, paid: Paid[], changes: Change[]) => ({
  bundle: waiting.bundle_id,
  txid: waiting.id,
  inputs: waiting.read.inputs.map(({ outpoint, units }) => ({ outpoint, ...moneyOf(units, 'BTC') })),
  pays: paid.map(({ account, payouts, address, units, feeShare }) => ({
    ...{ account, payouts, address, ...moneyOf(units, 'BTC') },
    feeShare: moneyOf(feeShare, 'BTC'),
  })),
  change: changes.map(({ address, path, units }) => ({ address, path, ...moneyOf(units, 'BTC') })),
  fee: moneyOf(waiting.fee_units, 'BTC'),
  dust: moneyOf(waiting.read.houseUnits, 'BTC'),
  feeRate: rateOf(waiting),
  lockTime: waiting.read.lockTime,
})

function sayingOf(waiting: WaitingTransaction, paid: Paid[], changes: Change[]): string {
  const { inputs, lockTime } = waiting.read
  const facts = sheet([
    ['bundle', waiting.bundle_id],
    ['txid', waiting.id],
    [
      'spends',
      `${formatMoney(sumOf(inputs), 'BTC')} in ${inputs.length === 1 ? 'one coin' : `${inputs.length} coins`} of ours`,
    ],
    [
      'pays',
      `${formatMoney(sumOf(paid), 'BTC')} to ${paid.length === 1 ? 'one payee' : `${paid.length} payees`}`,
    ],
    ['fee', `${formatMoney(waiting.fee_units, 'BTC')}, ${perByte(rateOf(waiting))} sat/vB`],
    [
      'of it',
      waiting.read.houseUnits > 0n
        ? `${formatMoney(waiting.read.houseUnits, 'BTC')} are change too small for an output`
        : undefined,
    ],
    ['lock time', `block ${lockTime}`],
  ])
  const outputs = table(
    ['TO', 'ADDRESS', '>AMOUNT', '>FEE SHARE', 'DERIVED AGAIN'],
    [
      ...paid.map(({ account, address, units, feeShare }) => [
        account,
        address,
        formatMoney(units, 'BTC'),
        formatMoney(feeShare, 'BTC'),
        'an address of that account',
      ]),
      ...changes.map(({ address, path, units }) => [
        'change',
        address,
        formatMoney(units, 'BTC'),
        '',
        `ours, ${path}`,
      ]),
    ],
  )
  return `${facts}\n${outputs}`
}

async function importOne(
  shell: Shell,
  db: Db,
  { rail }: Chain,
  file: string,
  { by = operator(), json: asJson }: { by?: string; json?: true },
): Promise<void> {
  const { importSigned, payoutsStopped } = await import('../../payout/payout.ts')
  const { bundleId, txid, already } = await done(await importSigned(db, rail, await textOf(file), by))
  const stopped = await payoutsStopped(db)
  if (asJson) return shell.out(json({ bundle: bundleId, txid, already, stopped: stopped ?? null }))
  await shell.out(
    `bundle ${bundleId}: ${txid} ${already ? 'was signed before, and nothing changed' : 'is signed and kept: "repasse serve" sends it'}\n`,
  )
  if (stopped !== undefined) shell.err(`payouts are stopped, so it is not sent yet: ${stopped}\n`)
}

async function textOf(file: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = readFileSync(file === '-' ? 0 : file)
  } catch (error) {
    throw new BadInput(
      `FILE "${file}" cannot be read (${(error as { code?: string }).code}): name what was signed, or - for standard input`,
      { cause: error },
    )
  }
  const { handedText } = await import('../../payout/payout.ts')
  const handed = handedText(bytes)
  switch (handed.is) {
    case 'text':
      return handed.text
    case 'too large':
      throw new BadInput(
        `FILE "${file}" has ${bytes.length} bytes, and no transaction has more than ${handed.mostBytes}`,
      )
    case 'private key':
      throw new BadInput(
        `FILE "${file}" holds a private key, which belongs nowhere here: hand back the transaction that was signed with it`,
      )
  }
}
