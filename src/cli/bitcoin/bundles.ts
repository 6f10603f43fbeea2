/** `repasse bitcoin bundle`: payouts that went out together, and the transactions that stand for them. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { formatMoney } from '../../base/money.ts'
import type { CandidateRow } from '../../payout/payout.ts'
import type { Reader } from '../../db/db.ts'
import { listFlags, readFilters, sayMore, type ListFlags } from '../listFlags.ts'
import { bundleFilters, type FilterOf } from '../../queries/filters.ts'
import { personFlag, textFlag } from '../flags.ts'
import { example, stepsTable, stepsJson, json, moneyOf, sheet, table } from '../print.ts'
import { perByte } from '../rate.ts'
import { done, inBase, onChain, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

export function bundleCommands(bitcoin: Command, shell: Shell): void {
  const bundle = bitcoin
    .command('bundle')
    .description('payouts that go out together, in one transaction')
    .addHelpText('after', example('bitcoin bundle list --state sent'))

  listFlags(bundle.command('list').description('bundles, newest first'), bundleFilters, 'bundle')
    .addHelpText('after', example('bitcoin bundle list --json'))
    .action((flags: BundleFlags) => inBase(shell, ({ db }) => list(shell, db, flags)))

  bundle
    .command('show')
    .description('one bundle: its transactions, payouts and history')
    .argument('<id>', 'the bundle')
    .option('--json', 'as JSON')
    .addHelpText('after', example('bitcoin bundle show bun_01k9zq3f5c8wxy2m7n4p6r8s0t'))
    .action((id: string, { json: asJson }: { json?: true }) =>
      inBase(shell, ({ db }) => show(shell, db, id, asJson)),
    )
  cancelCommand(bundle, shell)
}

function cancelCommand(bundle: Command, shell: Shell): void {
  bundle
    .command('cancel')
    .description(
      'its payouts are owed again; where it may be signed already, once its coins were spent to ourselves and lie deep',
    )
    .argument('<id>', 'the bundle')
    .requiredOption('--why <words>', 'the reason, for the audit log', textFlag('--why'))
    .option('--by <person>', 'who cancels it (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example('bitcoin bundle cancel bun_01k9zq3f5c8wxy2m7n4p6r8s0t --why "the wallet is lost"'),
    )
    .action((id: string, { why, by = operator(), json: asJson }: { why: string; by?: string; json?: true }) =>
      onChain(shell, async ({ db, world }, { rail, app }) => {
        const { cancelBitcoinBundle } = await import('../../jobs/jobs.ts')
        const canceled = await done(
          await cancelBitcoinBundle({ db, world, rail, bitcoin: app }, id, { by, why }),
        )
        await shell.out(
          asJson
            ? json({ bundle: id, ...canceled })
            : canceled.is === 'canceled'
              ? `bundle ${id} is canceled: its payouts are owed again\n`
              : `bundle ${id} is being canceled: ${canceled.txid} spends its coins to ourselves, and its payouts are owed again once that lies deep\n`,
        )
      }),
    )
}

type BundleFlags = ListFlags<FilterOf<typeof bundleFilters>>

async function list(shell: Shell, reader: Reader, flags: BundleFlags): Promise<void> {
  const [{ keyOfBundle, listBundles }, { findBundle }] = await Promise.all([
    import('../../queries/bundles.ts'),
    import('../../payout/payout.ts'),
  ])
  const filters = await readFilters(reader, flags, bundleFilters, async id => {
    const row = await findBundle(reader, id)
    if (!row) throw new BadInput(`--before "${id}" is not a bundle: "repasse bitcoin bundle list" shows them`)
    return keyOfBundle(row)
  })
  const rows = await listBundles(reader, filters, flags.limit)
  await shell.out(
    flags.json
      ? json(
          rows.map(({ id, state, why, payouts, units, added_at: addedAt }) => ({
            ...{ id, state, why, payouts: Number(payouts), addedAt },
            ...moneyOf(units, 'BTC'),
          })),
        )
      : table(
          ['BUNDLE', 'PLANNED (UTC)', 'STATE', '>PAYOUTS', '>OWED', 'WHY'],
          rows.map(row => [
            row.id,
            row.added_at,
            row.state,
            `${row.payouts}`,
            formatMoney(row.units, 'BTC'),
            row.why ?? '',
          ]),
        ),
  )
  sayMore(
    shell,
    flags,
    rows.map(({ id }) => id),
  )
}

async function show(shell: Shell, reader: Reader, id: string, asJson: true | undefined): Promise<void> {
  const { showBundle } = await import('../../queries/bundles.ts')
  const shown = await showBundle(reader, id)
  if (!shown) throw new BadInput(`there is no bundle "${id}": "repasse bitcoin bundle list" shows them`)
  const { bundle, candidates, steps } = shown
  if (asJson)
    return shell.out(
      json({
        ...{
          id,
          state: bundle.state,
          why: bundle.why,
          addedAt: bundle.added_at,
          changedAt: bundle.changed_at,
        },
        transactions: candidates.map(({ row, plan: { inputs }, outputs }) => ({
          ...{
            txid: row.id,
            number: Number(row.number),
            state: row.state,
            height: row.height === null ? null : Number(row.height),
          },
          ...{
            fee: moneyOf(row.fee_units, 'BTC'),
            dust: moneyOf(row.house_units, 'BTC'),
            size: Number(row.size),
            feeRate: rateOf(row),
          },
          coins: inputs.map(({ outpoint, units }) => ({ outpoint, ...moneyOf(units, 'BTC') })),
          pays: outputs.map(({ payout, address, units, fee_units: fee }) => ({
            payout,
            address,
            ...moneyOf(units, 'BTC'),
            feeShare: moneyOf(fee, 'BTC'),
          })),
        })),
        history: stepsJson(steps),
      }),
    )
  const facts = sheet([
    ['bundle', id],
    ['state', [bundle.state, bundle.why].filter(Boolean).join(': ')],
    [
      'transactions',
      candidates.length === 1 ? 'one' : `${candidates.length}, of which one at most is ever mined`,
    ],
  ])
  const each = candidates.map(({ row, plan: { inputs }, outputs }) => {
    const mined = row.height === null ? '' : ` in block ${row.height}`
    const fee = `${formatMoney(row.fee_units, 'BTC')} for ${row.size} vB, ${perByte(rateOf(row))} sat/vB`
    const pays = table(
      ['PAYOUT', 'ADDRESS', '>AMOUNT', '>FEE SHARE'],
      outputs.map(output => [
        output.payout,
        output.address,
        formatMoney(output.units, 'BTC'),
        formatMoney(output.fee_units, 'BTC'),
      ]),
    )
    return `\n${row.id} is ${row.state}${mined}\nfee ${fee}; spends ${inputs.map(({ outpoint }) => outpoint).join(', ')}\n${pays}`
  })
  await shell.out(`${facts}\n${stepsTable(steps)}${each.join('')}`)
}

const rateOf = ({ fee_units: fee, size }: CandidateRow) => (fee * 1000n) / size
