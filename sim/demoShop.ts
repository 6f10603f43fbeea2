/**
 * The shop of the demonstration: its products with their photos, where its money goes, and people for the
 * console, all by the same commands as for real.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustAsk } from './demoWorker.ts'
import { pictures } from './pictures.ts'

const wares = [
  ['Café torrado 250 g', '39.90', 'coffee', '500', 'Torra média, de um sítio só. Moído na hora do pedido.'],
  ['Caneca de cerâmica', '55.00', 'mug', '500', 'Feita à mão; cada uma é um pouco diferente.'],
  ['Caderno pautado', '24.50', 'notebook', '500', '96 folhas, capa dura, fita para marcar a página.'],
  ['Adesivos', '9.00', 'stickers', '0', 'Três, redondos. Voltam quando a gráfica entregar.'],
] as const

/** What is sold, and who gets the money: the accounts of the schedules. */
export async function openShop(folder: string, rails: readonly ('starkbank' | 'bitcoin')[]): Promise<void> {
  const photos = join(folder, 'photos')
  mkdirSync(photos)
  for (const rail of rails) {
    const account = rail === 'bitcoin' ? 'wallet' : 'main'
    await mustAsk(folder, [
      'shop',
      'pay-to',
      '--rail',
      rail,
      '--account',
      account,
      '--commission',
      '1.5%',
      '--by',
      'maker',
    ])
  }
  for (const [name, price, picture, stock, description] of wares) {
    const photo = join(photos, `${picture}.png`)
    writeFileSync(photo, pictures[picture]())
    const what = [
      '--name',
      name,
      '--price',
      price,
      '--stock',
      stock,
      '--description',
      description,
      '--photo',
      photo,
    ]
    await mustAsk(folder, ['product', 'add', ...what, '--by', 'maker'])
  }
}

const people = [
  ['ana', 'maker'],
  ['bruno', 'checker'],
  ['carla', 'admin'],
] as const

/**
 * Invites one person of each role that does something. Answers who, and the link by which they come in once.
 */
export async function invitePeople(folder: string): Promise<{ name: string; role: string; link: string }[]> {
  const invited: { name: string; role: string; link: string }[] = []
  for (const [name, role] of people) {
    const { link } = JSON.parse(
      await mustAsk(folder, ['user', 'add', name, '--role', role, '--by', 'demo', '--json']),
    ) as {
      link: string
    }
    invited.push({ name, role, link })
  }
  return invited
}
