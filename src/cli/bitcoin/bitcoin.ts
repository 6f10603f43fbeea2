/** `repasse bitcoin`: the chain as this installation sees it, its addresses, and reading blocks again. */
import type { Command } from 'commander'
import { BadInput } from '../../base/answer.ts'
import { parseCount } from '../../base/duration.ts'
import { formatMoney } from '../../base/money.ts'
import { type Branch, type ChainInfo, type ChainRail } from '../../rails/chain.ts'
import type { Base } from '../../app.ts'
import type { Reader } from '../../db/db.ts'
import { bundleCommands } from './bundles.ts'
import { countFlag, oneOf } from '../flags.ts'
import { countsOf, example, json, moneyOf, paint, sheet, table } from '../print.ts'
import { psbtCommands } from './psbts.ts'
import { perByte, rateLine, rateOf, rateView } from '../rate.ts'
import { onChain, type Chain } from '../shell.ts'
import type { Shell } from '../context.ts'

const branches = ['receive', 'change'] as const

export function bitcoinCommands(repasse: Command, shell: Shell): void {
  const bitcoin = repasse
    .command('bitcoin')
    .description('the Bitcoin rail: its chain, addresses and transactions')
    .addHelpText('after', example('bitcoin status', 'bitcoin psbt list'))

  bitcoin
    .command('status')
    .description('the node, how far its chain was read, the rate, and our coins')
    .option('--json', 'as JSON')
    .addHelpText('after', example('bitcoin status'))
    .action(({ json: asJson }: { json?: true }) =>
      onChain(shell, (base, chain) => status(shell, base, chain, asJson)),
    )

  const address = bitcoin
    .command('address')
    .description('addresses of our account')
    .addHelpText('after', example('bitcoin address list'))
  address
    .command('list')
    .description('those handed out, each derived again and held against what is kept')
    .option(
      '--branch <branch>',
      `${branches.join(' or ')}: shown to payers, or back to ourselves`,
      oneOf(branches)('--branch'),
      'receive',
    )
    .option('--from <number>', 'the first number', wholeFlag('--from'), 0)
    .option('--limit <n>', 'how many at most', countFlag(10_000)('--limit'), 50)
    .option('--json', 'as JSON')
    .addHelpText('after', example('bitcoin address list --branch change --from 100'))
    .action((flags: AddressFlags) =>
      onChain(shell, ({ db }, { rail }) => listAddresses(shell, db, rail, flags)),
    )

  bitcoin
    .command('scan')
    .description(
      'reads the chain again from a block on, and takes what is missing; nothing is lost by doing it twice',
    )
    .requiredOption('--from <height>', 'the first block to read', wholeFlag('--from'))
    .option('--json', 'as JSON')
    .addHelpText('after', example('bitcoin scan --from 870000'))
    .action(async (flags: { from: number; json?: true }) =>
      (await import('./scan.ts')).scanFrom(shell, flags),
    )

  psbtCommands(bitcoin, shell)
  bundleCommands(bitcoin, shell)
}

const wholeFlag = (flag: string) => (text: string) => {
  const count = parseCount(text)
  if (count === undefined) throw new BadInput(`${flag} "${text}" is not a whole number from 0 on`)
  return count
}

type AddressFlags = { branch: Branch; from: number; limit: number; json?: true }

async function listAddresses(
  shell: Shell,
  db: Reader,
  rail: ChainRail,
  { branch, from, limit, json: asJson }: AddressFlags,
): Promise<void> {
  const { addressesReceived } = await import('../../queries/coins.ts')
  const rows = await addressesReceived(db, { branch, from, limit })
  const views = rows.map(row => {
    const derived = rail.derive(branch, Number(row.number))
    return {
      row,
      path: derived.path,
      same: derived.address === row.address && Buffer.compare(derived.script, row.script) === 0,
    }
  })
  if (views.some(({ same }) => !same)) {
    shell.exitCode = 1
    shell.err(
      'an address that is kept is not the one our account derives: is BITCOIN_DESCRIPTOR the one of this database?\n',
    )
  }
  await shell.out(
    asJson
      ? json(
          views.map(({ row, path, same }) => ({
            ...{
              number: Number(row.number),
              branch,
              address: row.address,
              path,
              derivesTheSame: same,
              invoice: row.invoice_id,
            },
            received: moneyOf(row.received, 'BTC'),
          })),
        )
      : table(
          ['>NUMBER', 'ADDRESS', 'DERIVED', 'PATH', '>RECEIVED', 'INVOICE'],
          views.map(({ row, path, same }) => [
            ...[`${row.number}`, row.address, same ? 'the same' : 'DIFFERS', path],
            ...[formatMoney(row.received, 'BTC'), row.invoice_id ?? '-'],
          ]),
        ),
  )
  if (!asJson && rows.length === limit) shell.err(`later ones: --from ${rows.at(-1)!.number + 1n}\n`)
}

async function status(
  shell: Shell,
  { db, config, world }: Base,
  { rail, app }: Chain,
  asJson: true | undefined,
): Promise<void> {
  const [{ chainTrouble, tipOf }, { coinsHeld }] = await Promise.all([
    import('../../chain/chain.ts'),
    import('../../queries/coins.ts'),
  ])
  const [info, feeRate] = [await rail.info(), await rail.feeRate()]
  const { tip, trouble, rate, held } = await db.tx(async tx => {
    const last = await tipOf(tx)
    return {
      tip: last && { height: Number(last.height), hash: last.hash, at: last.at },
      trouble: await chainTrouble(tx),
      rate: (await rateOf(tx, config, world))!,
      held: await coinsHeld(tx, last?.height ?? 0n, app.terms.payoutDepth),
    }
  })
  const lag = info.is === 'done' && tip ? info.value.height - tip.height : undefined
  if (info.is !== 'done' || trouble !== undefined) shell.exitCode = 1
  if (asJson)
    return shell.out(
      json({
        network: rail.network,
        descriptor: rail.descriptor,
        signer: rail.signer,
        node: info.is === 'done' ? info.value : { fault: info.why },
        tip: tip ?? null,
        lag: lag ?? null,
        trouble: trouble ?? null,
        rate: rateView(rate),
        // Satoshis for a thousand virtual bytes.
        feeRate: feeRate.is === 'done' ? feeRate.value : null,
        coins: held.coins.map(({ state, count, units }) => ({
          state,
          count: Number(count),
          ...moneyOf(units, 'BTC'),
        })),
        spendable: moneyOf(held.spendable, 'BTC'),
        reserved: moneyOf(held.reserved, 'BTC'),
        bundles: held.bundles,
      }),
    )
  await shell.out(
    sheet([
      ['node', info.is === 'done' ? sayingOf(rail, info.value) : `does not say: ${info.why}`],
      [
        'read',
        tip
          ? `up to block ${tip.height} of ${tip.at}${lag === undefined ? '' : lag > 0 ? `, ${lag} behind the node` : ', as far as the node'}`
          : 'nothing yet: "repasse serve" follows the chain',
      ],
      ['trouble', trouble],
      ['account', rail.descriptor],
      [
        'signed by',
        rail.signer === 'wallet' ? 'a wallet of the node' : 'a person: "repasse bitcoin psbt list"',
      ],
      ['rate', rateLine(rate)],
      ['fee rate', feeRate.is === 'done' ? `${perByte(feeRate.value)} sat/vB` : `none: ${feeRate.why}`],
      [
        'coins',
        held.coins
          .map(({ state, count, units }) => `${count} ${state} (${formatMoney(units, 'BTC')})`)
          .join(', ') || 'none',
      ],
      [
        'spendable',
        `${formatMoney(held.spendable, 'BTC')}, ${app.terms.payoutDepth} blocks deep or more and of no bundle`,
      ],
      ['in bundles', held.reserved === 0n ? undefined : formatMoney(held.reserved, 'BTC')],
      ['bundles', countsOf(held.bundles)],
    ]),
  )
  if (trouble !== undefined)
    shell.err(`${paint(shell, 'red', 'the chain cannot be followed')}: nothing is credited until it can\n`)
}

const sayingOf = ({ network }: ChainRail, { height, headers, syncing, prunedBelow }: ChainInfo) =>
  [
    `${network}, at block ${height}`,
    syncing && `still reading (${headers} headers)`,
    prunedBelow > 0 && `blocks below ${prunedBelow} are pruned`,
  ]
    .filter(Boolean)
    .join(', ')
