/** `repasse shop`: where the shop's money goes, and so what can be paid with. */
import type { Command } from 'commander'
import { formatUnits } from '../base/money.ts'
import { BadInput } from '../base/answer.ts'
import { assetOf, isInShop, isRailName, railNames, type RailName } from '../base/rails.ts'
import type { ShopRule } from '../shop/shop.ts'
import { alsoCheck } from './faults.ts'
import { amountIn, oneOf, percentFlag, personFlag } from './flags.ts'
import { example, json, moneyOf, table, formatMoney } from './print.ts'
import { done, inBase, operator } from './shell.ts'
import type { Shell } from './context.ts'

interface Flags {
  rail: RailName
  account: string
  commission?: bigint
  minPayout?: string
  by?: string
  json?: true
}

export function shopCommands(repasse: Command, shell: Shell): void {
  const shop = repasse
    .command('shop')
    .description('the shop: what can be paid with, and where that money goes')
    .addHelpText('after', example('shop show'))

  const payTo = shop
    .command('pay-to')
    .description('offers a rail in the shop, and says which payout account its money goes to')
    .requiredOption('--rail <rail>', 'starkbank (Pix) or bitcoin', oneOf(railNames)('--rail'))
    .requiredOption('--account <name>', 'the payout account: "repasse account list" shows them')
    .option('--commission <percent>', 'our share of what is paid (default: 0%)', percentFlag('--commission'))
    .option(
      '--min-payout <amount>',
      'below this nothing is paid on, in reais; with bitcoin in BTC, or like 1000sats (default: 0)',
    )
    .option('--by <person>', 'who says so (default: the user of this system)', personFlag('--by'))
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      example(
        'shop pay-to --rail starkbank --account main --commission 1%',
        'shop pay-to --rail bitcoin --account coins',
      ),
    )
    .action(({ rail, account, commission = 0n, minPayout = '0', by = operator(), json: asJson }: Flags) =>
      inBase(shell, async ({ db }) => {
        if (!isInShop(rail))
          throw new BadInput(
            `the shop cannot offer ${rail}: its buyers are not at the counter, so it is for invoices of schedules`,
          )
        const { payShopTo } = await import('../shop/shop.ts')
        const minPayoutUnits = amountIn(assetOf(rail))('--min-payout')(minPayout)
        const { rule } = await done(
          await payShopTo(db, { rail, account, commissionBp: commission, minPayoutUnits }, by),
        )
        await shell.out(
          asJson ? json(viewOf(rule)) : `the shop offers ${rail}, and its money goes to ${rule.account}\n`,
        )
        if (rule.account_state === 'awaiting')
          shell.err(
            `nothing is paid on before someone approves it: repasse account approve ${rule.account} --by PERSON\n`,
          )
      }),
    )
  alsoCheck(payTo, async ({ rail, minPayout }) => {
    // A rail that is none has its own fault.
    if (minPayout === undefined || !isRailName(String(rail))) return []
    amountIn(assetOf(rail as RailName))('--min-payout')(minPayout as string)
    return []
  })

  shop
    .command('stop')
    .description('offers a rail no more; orders that wait on it can still be paid')
    .requiredOption('--rail <rail>', 'starkbank (Pix) or bitcoin', oneOf(railNames)('--rail'))
    .option('--by <person>', 'who says so (default: the user of this system)', personFlag('--by'))
    .addHelpText('after', example('shop stop --rail bitcoin'))
    .action(({ rail, by = operator() }: { rail: RailName; by?: string }) =>
      inBase(shell, async ({ db }) => {
        const { stopOffering } = await import('../shop/shop.ts')
        await done(await stopOffering(db, rail, by))
        await shell.out(`the shop does not offer ${rail} any more\n`)
      }),
    )

  shop
    .command('show')
    .description('what the shop offers to pay with')
    .option('--json', 'as JSON')
    .addHelpText('after', example('shop show'))
    .action(({ json: asJson }: { json?: true }) =>
      inBase(shell, async ({ db }) => {
        const { shopRules } = await import('../shop/shop.ts')
        const rules = await shopRules(db)
        if (asJson) return shell.out(json(rules.map(viewOf)))
        const line = (rule: ShopRule) => [
          rule.rail,
          rule.account,
          rule.account_state,
          `${formatUnits(rule.commission_bp, 'BRL')}%`,
          formatMoney(rule.min_payout_units, assetOf(rule.rail)),
          rule.changed_by,
          rule.changed_at,
        ]
        await shell.out(
          table(
            ['RAIL', 'PAYS TO', 'ACCOUNT IS', '>COMMISSION', '>FROM', 'BY', 'SINCE (UTC)'],
            rules.map(line),
          ),
        )
        if (rules.length === 0)
          shell.err('the shop offers nothing to pay with: "repasse shop pay-to --help" shows how\n')
      }),
    )
}

const viewOf = (rule: ShopRule) => ({
  rail: rule.rail,
  account: rule.account,
  accountState: rule.account_state,
  commission: `${formatUnits(rule.commission_bp, 'BRL')}%`,
  minPayout: moneyOf(rule.min_payout_units, assetOf(rule.rail)),
  changedBy: rule.changed_by,
  changedAt: rule.changed_at,
})
