/**
 * An installation after some busy days: people, accounts, schedules with their runs, money on both rails, and
 * an order in every state it can be in.
 */
import type { RailName } from '../../src/base/rails.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { payerWallet } from '../../sim/demoChain.ts'
import { tipOf } from '../../src/chain/chain.ts'
import { newCode, placeOrder, readOrder } from '../../src/jobs/jobs.ts'
import { keepTwin } from '../../src/invoice/invoice.ts'
import { refuse } from '../../src/ledger/ledger.ts'
import { beyondAct, changeLimits, type WantedLimits } from '../../src/payout/payout.ts'
import { newKey, type OrderRow, type OrderStatus } from '../../src/shop/shop.ts'
import { sql } from '../../src/db/db.ts'
import type { Drawing } from './drawn.ts'
import { doubleAtBank } from './duplicate.ts'
import { addTestPerson, type TestPerson } from './testPerson.ts'
import {
  openPageInstallation,
  type PageInstallation,
  type PageInstallationOptions,
} from './pageInstallation.ts'
import { until } from './until.ts'
import { trialAccountFlags } from './trial.ts'
import { addProduct, approveAndDo, payShopTo, propose } from './acts.ts'

/** How an order's page can stand; each is there once. */
export const statuses = [
  ...([
    'waitingPix',
    'waitingBitcoin',
    'seen',
    'confirming',
    'underpaid',
    'paidPix',
    'paidBitcoin',
    'paidLate',
  ] as const),
  ...(['expired', 'refused', 'attention'] as const),
]
export type StatusName = (typeof statuses)[number]

export interface SeededInstallation extends PageInstallation {
  people: Record<'ana' | 'bruno' | 'carla' | 'vera', TestPerson>
  /** The token of the order that stands so. */
  orders: Record<StatusName, string>
  /** Where somebody who was invited is to go. */
  welcome: string
}

const minute = 60_000
const hour = 60 * minute

// Invented people; the numbers are theirs by their check digits alone.
const students = `name,tax_id,amount,description
Beatriz Nogueira,318.274.950-14,480.00,Mensalidade de dezembro
Davi Lacerda,529.641.873-55,480.00,Mensalidade de dezembro
Helena Prado,174.930.256-06,520.00,Mensalidade de dezembro
Ícaro Valença,806.512.347-35,480.00,Mensalidade de dezembro
`
const members = `name,tax_id,amount,description
Joana Teles,652.013.984-05,59.90,Clube do café
Rui Sampaio,940.271.536-34,89.90,Clube do café
`
const patrons = `name,tax_id,amount,description
Helena Prado,174.930.256-06,45.00,Apoio mensal
Ícaro Valença,806.512.347-35,320.00,Apoio mensal
`

const goods: { name: string; units: bigint; stock: bigint; description: string; drawing: Drawing }[] = [
  {
    ...{ name: 'Café em grãos 250 g', units: 4_290n, stock: 38n, drawing: 'coffee' },
    description: 'Bourbon amarelo da Mantiqueira, torra média, colhido em 2026.',
  },
  {
    name: 'Caneca esmaltada',
    units: 5_600n,
    stock: 12n,
    drawing: 'mug',
    description: 'Ágata branca com borda escura, 350 ml.',
  },
  {
    name: 'Caderno pautado',
    units: 3_450n,
    stock: 0n,
    drawing: 'notebook',
    description: 'Capa de tecido, 96 folhas, costura aberta.',
  },
  {
    name: 'Rede de algodão',
    units: 38_900n,
    stock: 9n,
    drawing: 'hammock',
    description: 'Tecida em Jaguaruana, aguenta 160 kg.',
  },
]

/** `photos`: of the products, by what they show; a shop without them is one too. */
export async function openSeededInstallation(
  options: PageInstallationOptions & { photos?: Partial<Record<Drawing, Uint8Array>> } = {},
): Promise<SeededInstallation> {
  const installation = await openPageInstallation({ chain: 'simulated', ...options })
  try {
    await until(() => tipOf(installation.running.app.db), 'the chain being followed')
    await addMoneysPlaces(installation)
    await addGoods(installation, options.photos ?? {})
    const early = await ordersThatExpire(installation)
    await runSchedules(installation)
    const orders = { ...early, ...(await ordersThatStand(installation)) }
    await addEvents(installation)
    await addDuplicates(installation)
    await addProposals(installation)
    // Last, because hours that are skipped end every session.
    const people = {
      ana: await addTestPerson(installation, 'ana', 'maker'),
      bruno: await addTestPerson(installation, 'bruno', 'checker'),
      carla: await addTestPerson(installation, 'carla', 'admin'),
      vera: await addTestPerson(installation, 'vera', 'viewer', 'en'),
    }
    const welcome = new URL(
      (await installation.repasse('user', 'add', 'dora', '--role', 'maker', '--by', 'carla')).trim(),
    ).pathname
    return { ...installation, people, orders, welcome }
  } catch (error) {
    await installation.close()
    throw error
  }
}

async function addMoneysPlaces({
  repasse,
  chain,
  folder,
  running: { app },
}: PageInstallation): Promise<void> {
  await repasse('account', 'add', ...trialAccountFlags, '--by', 'ana')
  await repasse('account', 'approve', 'main', '--by', 'bruno')
  await repasse(
    'account',
    'add',
    '--kind',
    'bitcoin',
    '--name',
    'carteira',
    '--address',
    chain!.payee,
    '--by',
    'ana',
  )
  await repasse('account', 'approve', 'carteira', '--by', 'bruno')
  const reserve = [
    '--name',
    'reserva',
    '--holder',
    'Stark Bank S.A.',
    '--tax-id',
    '20.018.183/0001-80',
    '--bank',
    '20018183',
  ]
  await repasse(
    'account',
    'add',
    ...reserve,
    '--branch',
    '0001',
    '--number',
    '5678123412341234',
    '--type',
    'payment',
    '--by',
    'ana',
  )

  const write = (name: string, text: string) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }
  const zone = ['--time-zone', 'America/Sao_Paulo', '--by', 'ana']
  const add = (name: string, cron: string, csv: string, ...more: string[]) =>
    repasse(
      'schedule',
      'add',
      '--name',
      name,
      '--cron',
      cron,
      '--payers',
      write(`${name}.csv`, csv),
      ...zone,
      ...more,
    )
  await add(
    'mensalidades',
    '0 9 5 * *',
    students,
    '--due-in',
    '5d',
    '--pay-to',
    'main',
    '--commission',
    '1.5%',
  )
  await add('clube', '10 * * * *', members, '--due-in', '2h', '--pay-to', 'main', '--commission', '2%')
  await add('apoio', '0 8 1 * *', patrons, '--rail', 'bitcoin', '--due-in', '2d', '--pay-to', 'carteira')
  await add('natal', '0 10 1 12 *', members, '--due-in', '2d', '--pay-to', 'reserva')
  await repasse('schedule', 'pause', 'natal', '--why', 'só em dezembro', '--by', 'ana')

  await payShopTo(
    app.db,
    { rail: 'starkbank', account: 'main', commissionBp: 100n, minPayoutUnits: 0n },
    'ana',
  )
  await payShopTo(
    app.db,
    { rail: 'bitcoin', account: 'carteira', commissionBp: 100n, minPayoutUnits: 1_000n },
    'ana',
  )
}

async function addGoods(
  { running: { app } }: PageInstallation,
  photos: Partial<Record<Drawing, Uint8Array>>,
): Promise<void> {
  for (const { drawing, ...input } of goods)
    await addProduct(app.db, app.world, { ...input, photo: photos[drawing] }, 'ana')
}

const buyers = [
  { name: 'Lia Monteiro', email: 'lia@example.com', taxId: '318.274.950-14' },
  { name: 'Tomás Aguiar', email: 'tomas@example.com', taxId: '529.641.873-55' },
]
let placed = 0

/** One order of `quantity` of the product with that name, as if from the checkout. */
export async function order(
  { running: { app } }: PageInstallation,
  rail: RailName,
  name: string,
  quantity = 1n,
): Promise<OrderRow> {
  const product = (await app.db.one<{ id: string }>(sql`select id from products where name = ${name}`))!
  const answer = await placeOrder(app, {
    ...{
      basketKey: newKey(app.world),
      lines: [{ productId: product.id, quantity }],
      rail,
      language: 'pt-BR',
    },
    buyer: buyers[placed++ % buyers.length]!,
  })
  if (answer.is !== 'placed') throw new Error(`the order was not placed: ${JSON.stringify(answer.faults)}`)
  return answer.order
}

/** Waits until the order's page tells this. */
export const stands = <Is extends OrderStatus['is']>(
  { running: app }: PageInstallation,
  { token }: OrderRow,
  is: Is,
) =>
  until(async () => {
    const seen = await readOrder(app.app, token)
    return seen?.standing.is === is ? (seen.standing as OrderStatus & { is: Is }) : undefined
  }, `an order that is ${is}`)

/** Pays to an address from the payer's wallet, in no block yet. */
export const send = ({ chain }: PageInstallation, address: string, units: bigint): Promise<string> =>
  chain!.rpc(
    'sendtoaddress',
    [address, `${units / 100_000_000n}.${(units % 100_000_000n).toString().padStart(8, '0')}`],
    payerWallet,
  )

async function codeOf(
  installation: PageInstallation,
  placedOrder: OrderRow,
): Promise<{ address: string; units: bigint }> {
  const { code } = await stands(installation, placedOrder, 'waiting')
  if (!('address' in code)) throw new Error('this order is paid by Pix')
  return code
}

/** What was let expire: one stays so, one is paid late, and one asks again, which the rail refuses. */
async function ordersThatExpire(
  installation: PageInstallation,
): Promise<Pick<Record<StatusName, string>, 'expired' | 'paidLate' | 'refused'>> {
  const [expired, late, refused] = [
    await order(installation, 'starkbank', 'Caneca esmaltada', 2n),
    await order(installation, 'bitcoin', 'Café em grãos 250 g'),
    await order(installation, 'starkbank', 'Café em grãos 250 g'),
  ]
  const { address, units } = await codeOf(installation, late)
  for (const each of [expired, refused]) await stands(installation, each, 'waiting')
  await installation.skip(16 * minute)
  for (const each of [expired, late, refused]) await stands(installation, each, 'expired')

  await until(async () => {
    const row = await installation.running.app.db.one<{ state: string }>(
      sql`select state from orders where id = ${late.id}`,
    )
    return row?.state === 'expired'
  }, 'the order let go')
  await send(installation, address, units)
  await installation.chain!.mine()
  await stands(installation, late, 'paid')

  refuseInvoices(installation, true)
  await newCode(installation.running.app, refused.token)
  await stands(installation, refused, 'refused')
  refuseInvoices(installation, false)
  return { expired: expired.token, paidLate: late.token, refused: refused.token }
}

/** Slots that were run in some hours, one of them while the bank refused, and what came of them. */
async function runSchedules(installation: PageInstallation): Promise<void> {
  const { repasse, ask } = installation
  for (let passed = 0; passed < 9; passed++) {
    if (passed === 5) refuseInvoices(installation, true)
    await installation.skip(hour)
    await until(async () => (await slotsRun(installation)) > passed, 'the run of this hour')
    if (passed === 5) refuseInvoices(installation, false)
  }
  await repasse('schedule', 'run', 'mensalidades', '--by', 'ana')
  await repasse('schedule', 'run', 'apoio', '--by', 'ana')
  const issued = await until(async () => {
    const rows = await ask<{ id: string; state: string; rail: string; units: string }[]>(
      'invoice',
      'list',
      '--limit',
      '500',
    )
    const found = rows.filter(({ rail, state }) => rail === 'starkbank' && state === 'issued')
    return found.filter(({ units }) => Number(units) >= 48_000).length === 4 && found
  }, 'the monthly invoices')
  // Newest first: one of the four does not pay, and of the members everyone.
  for (const { id } of issued.slice(1)) await installation.pay(id)
  await until(async () => {
    const payouts = await ask<{ state: string }[]>('payout', 'list')
    return payouts.length === issued.length - 1 && payouts.every(({ state }) => state === 'paid')
  }, 'their payouts')
}

/** The bank sends whoever asks for invoices elsewhere, which this installation follows nowhere. */
const refuseInvoices = ({ bank }: PageInstallation, isOn: boolean): void =>
  bank.setFaults({ redirect: isOn ? 1 : 0, only: isOn ? 'POST /v2/invoice' : undefined })

const slotsRun = async ({ running: { app } }: PageInstallation): Promise<number> =>
  Number(
    (await app.db.one<{ n: bigint }>(
      sql`select count(*) as n from runs where job = 'issue' and ended_at is not null`,
    ))!.n,
  )

type Standing = Exclude<StatusName, 'expired' | 'paidLate' | 'refused'>

async function ordersThatStand(installation: PageInstallation): Promise<Record<Standing, string>> {
  const { chain } = installation
  const paidPix = await order(installation, 'starkbank', 'Rede de algodão')
  const attention = await order(installation, 'starkbank', 'Café em grãos 250 g', 2n)
  for (const each of [paidPix, attention]) {
    await stands(installation, each, 'waiting')
    const [{ id }] = (await installation.running.app.db.all<{ id: string }>(
      sql`select id from invoices where order_id = ${each.id}`,
    )) as [{ id: string }]
    await installation.pay(id)
    await stands(installation, each, 'paid')
    if (each === attention) await giveBack(installation, id)
  }
  await stands(installation, attention, 'attention')

  const pay = async (name: string, { quantity = 1n, share = 1n } = {}) => {
    const made = await order(installation, 'bitcoin', name, quantity)
    const { address, units } = await codeOf(installation, made)
    await send(installation, address, units / share)
    return made
  }
  const paidBitcoin = await pay('Caneca esmaltada')
  await stands(installation, paidBitcoin, 'seen')
  for (let block = 0; block < 6; block++) await chain!.mine()
  await stands(installation, paidBitcoin, 'paid')
  // Two, because 500 reais and more take three blocks.
  const [confirming, underpaid] = [
    await pay('Rede de algodão', { quantity: 2n }),
    await pay('Caneca esmaltada', { share: 3n }),
  ]
  await chain!.mine()
  const seen = await pay('Café em grãos 250 g')
  const waitingPix = await order(installation, 'starkbank', 'Caneca esmaltada')
  const waitingBitcoin = await order(installation, 'bitcoin', 'Café em grãos 250 g')
  await stands(installation, underpaid, 'underpaid')
  await stands(installation, seen, 'seen')
  for (const each of [waitingPix, waitingBitcoin]) await stands(installation, each, 'waiting')
  return {
    ...{
      paidPix: paidPix.token,
      attention: attention.token,
      paidBitcoin: paidBitcoin.token,
      confirming: confirming.token,
    },
    ...{
      underpaid: underpaid.token,
      seen: seen.token,
      waitingPix: waitingPix.token,
      waitingBitcoin: waitingBitcoin.token,
    },
  }
}

async function giveBack(installation: PageInstallation, invoiceId: string): Promise<void> {
  const found = installation.bank.invoices().find(({ tags }) => tags.includes(invoiceId))!
  await until(() => installation.bank.isCredited(found.id), 'a credit that can be given back')
  if (!installation.bank.reverse(found.id)) throw new Error('there was nothing to give back')
  await installation.skip(minute)
}

/** What nobody can read, what is not ours, and a payout that a person holds. */
async function addEvents({ running: { app }, ask }: PageInstallation): Promise<void> {
  const keep = (eventId: string, body: string) =>
    app.inbox.keep({ rail: 'starkbank', eventId, raw: Buffer.from(body), via: 'push', signature: 'MEUCIQ' })
  await keep('9000000000000001', '{"event": 7}')
  await until(
    async () =>
      (await ask<{ state: string }[]>('event', 'list')).some(({ state }) => state === 'quarantined'),
    'an event nobody can read',
  )
}

/**
 * One monthly invoice was paid three times: one duplicate waits for a person, and somebody said how the other
 * was settled.
 */
async function addDuplicates(installation: PageInstallation): Promise<void> {
  const { bank, running: app } = installation
  const { db, world } = app.app
  const { id } = (await db.one<{ id: string }>(sql`
    select i.id from invoices i join slots s on s.id = i.slot_id join schedules h on h.id = s.schedule_id
    where h.name = 'mensalidades' and i.state = 'credited' order by i.id limit 1`))!
  const invoice = bank.invoices().find(({ tags }) => tags.includes(id))!
  const twins = [doubleAtBank(bank, invoice), doubleAtBank(bank, invoice)]
  for (const twin of twins) bank.pay(twin.id)
  await until(async () => {
    await installation.skip(1_000)
    return (await db.all(sql`select id from invoice_twins where state = 'credited'`)).length === 2
  }, 'the duplicates to be credited')
  const decision = {
    invoiceId: id,
    providerId: twins[0]!.id,
    by: 'bruno',
    why: 'abatido da mensalidade de janeiro',
  }
  await keepTwin(db, world, decision)
}

/**
 * Limits that two people set, a payout that waits for two more, and proposals: one that bruno may approve,
 * one of his own, some decided.
 */
async function addProposals(installation: PageInstallation): Promise<void> {
  const { app } = installation.running
  const { db, world } = app
  const account = (await db.one<{ id: string }>(sql`select id from accounts where name = 'main'`))!.id
  const payouts = await db.all<{ id: string }>(
    sql`select id from payouts where asset = 'BRL' order by id limit 2`,
  )
  const limit = (by: string, wanted: WantedLimits, accountId?: string) =>
    db.tx(tx =>
      changeLimits(tx, world, { asset: 'BRL', accountId, wanted, by, why: 'mais cobranças em dezembro' }),
    )
  await limit('ana', { payout: 50_000n, day: 1_000_000n })
  await limit('ana', { hour: 300_000n }, account)
  const raised = await limit('ana', { day: 2_000_000n })
  if (raised.is === 'proposed') await approveAndDo(app, raised.proposal.id, { by: 'bruno' })
  const over = payouts.map(({ id: subject }) => ({
    ...{
      act: beyondAct,
      subject,
      detail: { asset: 'BRL', amount: '480.00' },
      why: 'é o aluguel de três meses',
      by: 'ana',
    },
  }))
  await db.tx(async tx => {
    const [refused, withdrawn] = [await propose(tx, world, over[0]!), await propose(tx, world, over[1]!)]
    await refuse(tx, refused.proposal.id, { by: 'bruno', why: 'melhor dividir' })
    await refuse(tx, withdrawn.proposal.id, { by: 'ana', why: 'valor errado' })
  })
  await limit('ana', { hour: 500_000n }, account)
  await limit('bruno', { payout: null })
  const large = await order(installation, 'starkbank', 'Rede de algodão', 2n)
  await stands(installation, large, 'waiting')
  await installation.pay(
    (await db.one<{ id: string }>(sql`select id from invoices where order_id = ${large.id}`))!.id,
  )
  await until(
    () => db.one(sql`select payout_id from limit_waits where needs = 'person'`),
    'a payout that waits for two people',
  )
}
