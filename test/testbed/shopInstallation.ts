/**
 * A shop that is open: products with photos, rules on each rail there is, a payer who can be asked to pay,
 * and visitors at browsers without scripts.
 */
import type { RailName } from '../../src/base/rails.ts'
import { payerWallet } from '../../sim/demoChain.ts'
import { startPayerServer, type PayerServer } from '../../sim/payerServer.ts'
import { pictures } from '../../sim/pictures.ts'
import { freePort } from '../../sim/port.ts'
import { formTo, visitor, type Page, type Visitor } from '../../sim/visitor.ts'
import { formatUnits } from '../../src/base/money.ts'
import { offers } from '../../src/jobs/jobs.ts'
import { type ProductRow } from '../../src/shop/shop.ts'
import {
  openPageInstallation,
  type PageInstallation,
  type PageInstallationOptions,
} from './pageInstallation.ts'
import { until } from './until.ts'
import { addProduct, payShopTo } from './acts.ts'

export interface ShopInstallation extends PageInstallation {
  products: Record<keyof typeof wares, ProductRow>
  /** A new one each time, with no cookies. */
  visitor(options?: { language?: string }): Visitor
  /** Puts one of each into the basket and goes to checkout. */
  toCheckout(who: Visitor, wanted?: readonly (keyof typeof wares)[]): Promise<Page>
  /** The same, and orders: the page of the order. */
  order(who: Visitor, rail?: RailName, wanted?: readonly (keyof typeof wares)[]): Promise<Page>
  /** Loads a page until it reads so. */
  becomes(who: Visitor, path: string, says: RegExp): Promise<Page>
  /** Sends satoshis from the payer's wallet. */
  sendCoins(address: string, units: bigint): Promise<string>
}

export interface ShopInstallationOptions extends PageInstallationOptions {
  /** With the button that pays, as in the demonstration. */
  simulates?: boolean
}

export const wares = {
  coffee: {
    name: 'Café torrado 250 g',
    units: 3_990n,
    stock: 20n,
    description: 'Torra média, de um sítio só.\nMoído na hora.',
    photo: true,
  },
  mug: {
    name: 'Caneca de cerâmica',
    units: 5_500n,
    stock: 3n,
    description: 'Feita à mão; cada uma é um pouco diferente.',
    photo: true,
  },
  notebook: { name: 'Caderno pautado', units: 2_450n, stock: 12n, description: '96 folhas.', photo: true },
  stickers: { name: 'Adesivos', units: 900n, stock: 0n, description: '', photo: false },
} as const

export const buyer = { name: 'Ana Prado', email: 'ana@example.com', taxId: '012.345.678-90' }

export async function openShopInstallation({
  simulates = false,
  ...options
}: ShopInstallationOptions = {}): Promise<ShopInstallation> {
  let app: PayerServer | undefined
  const port = simulates ? await freePort() : 0
  const installation = await openPageInstallation({
    ...options,
    env: {
      SHOP_NAME: 'Loja do Bairro',
      ...(simulates && { SIMULATE_URL: `http://127.0.0.1:${port}` }),
      ...options.env,
    },
  })
  const { chain, bank } = installation
  const sendCoins = async (address: string, units: bigint): Promise<string> =>
    chain!.rpc<string>('sendtoaddress', [address, formatUnits(units, 'BTC')], payerWallet)
  const close = async () => {
    await app?.close()
    await installation.close()
  }
  try {
    if (simulates)
      app = await startPayerServer(
        {
          pix: async brcode => {
            const invoice = bank.invoices().find(each => each.brcode === brcode)
            if (!invoice || !bank.pay(invoice.id)) return false
            await installation.skip(0)
            return true
          },
          coins: chain && sendCoins,
        },
        port,
      )
    await openAccounts(installation)
    const products = await stock(installation)
    return {
      ...{ ...installation, close, products, sendCoins },
      visitor: given => visitor(installation.origin, given),
      ...shoppers(products),
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openAccounts({ repasse, running: app, chain }: PageInstallation): Promise<void> {
  const { db } = app.app
  const holder = [
    '--holder',
    'Stark Bank S.A.',
    '--tax-id',
    '20.018.183/0001-80',
    '--bank',
    '20018183',
    '--branch',
    '0001',
  ]
  await repasse(
    'account',
    'add',
    '--name',
    'main',
    ...holder,
    '--number',
    '6341320293482496',
    '--type',
    'payment',
    '--by',
    'maker',
  )
  await repasse('account', 'approve', 'main', '--by', 'checker')
  await payShopTo(db, { rail: 'starkbank', account: 'main', commissionBp: 150n, minPayoutUnits: 0n }, 'maker')
  if (!chain) return
  await repasse(
    'account',
    'add',
    '--name',
    'wallet',
    '--kind',
    'bitcoin',
    '--address',
    chain.payee,
    '--by',
    'maker',
  )
  await repasse('account', 'approve', 'wallet', '--by', 'checker')
  await payShopTo(db, { rail: 'bitcoin', account: 'wallet', commissionBp: 150n, minPayoutUnits: 0n }, 'maker')
  // It is offered once the chain is followed and a rate is there.
  await until(
    async () => (await offers(app.app)).some(({ rail, why }) => rail === 'bitcoin' && why === undefined),
    'Bitcoin at checkout',
  )
}

async function stock({ running: { app } }: PageInstallation): Promise<ShopInstallation['products']> {
  const found: Partial<ShopInstallation['products']> = {}
  for (const name of Object.keys(wares) as (keyof typeof wares)[]) {
    const { photo, ...ware } = wares[name]
    found[name] = await addProduct(
      app.db,
      app.world,
      { ...ware, photo: photo ? pictures[name]() : undefined },
      'maker',
    )
  }
  return found as ShopInstallation['products']
}

/** The shop waits four seconds for the bank; on a busy machine the page may be there before its code. */
const isPreparing = ({ text }: Page): boolean =>
  /Preparando o código de pagamento|Preparing the code to pay with/.test(text)

const shoppers = (
  products: ShopInstallation['products'],
): Pick<ShopInstallation, 'toCheckout' | 'order' | 'becomes'> => {
  const toCheckout: ShopInstallation['toCheckout'] = async (who, wanted = ['coffee']) => {
    for (const name of wanted) {
      const shop = await who.get('/')
      await who.send(
        formTo(shop, '/basket', { product: products[name].id }),
        {},
        { name: 'act', value: 'add' },
      )
    }
    return who.send(formTo(await who.get('/basket'), '/checkout'))
  }
  return {
    toCheckout,
    async order(who, rail = 'starkbank', wanted) {
      const page = await who.send(formTo(await toCheckout(who, wanted), '/checkout'), { ...buyer, rail })
      if (!page.path.startsWith('/orders/')) throw new Error(`no order was placed: ${page.text}`)
      if (!isPreparing(page)) return page
      return until(async () => {
        const later = await who.get(page.path)
        return !isPreparing(later) && later
      }, 'a code to pay with')
    },
    becomes: (who, path, says) =>
      until(async () => {
        const page = await who.get(path)
        return says.test(page.text) && page
      }, `a page that says ${says.source}`),
  }
}
