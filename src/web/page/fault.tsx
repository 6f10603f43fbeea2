/**
 * What is shown when something cannot be: not found, not allowed, too large, too often, or broken on our
 * side.
 */
import { Document, Main } from './document.tsx'
import { Mark } from './icon.tsx'
import type { Both, Language } from './language.ts'

const pt = {
  skip: 'Ir para o conteúdo',
  home: 'Ir para a loja',
  console: 'Ir para o console',
  400: ['Não foi possível ler o pedido', 'Volte, confira o que foi preenchido e tente de novo.'],
  403: [
    'Sem permissão',
    'O pedido não veio de uma página nossa, ou o seu papel não permite esta ação. Volte, atualize a página e tente de novo.',
  ],
  404: ['Página não encontrada', 'O endereço está incompleto ou a página não existe mais.'],
  405: ['Isto não é possível aqui', 'Volte e use os botões da página.'],
  413: ['Grande demais', 'O que foi enviado passa do limite. Envie menos de uma vez.'],
  415: ['Formato desconhecido', 'Use o formulário da página.'],
  429: ['Muitas tentativas', 'Espere um pouco e tente de novo.'],
  500: [
    'Algo deu errado do nosso lado',
    'Nada do que já estava gravado se perdeu. Tente de novo em alguns minutos.',
  ],
  503: ['Indisponível por um momento', 'Tente de novo em alguns minutos.'],
} satisfies Record<string, string | [string, string]>

const en: typeof pt = {
  skip: 'Skip to the content',
  home: 'Go to the shop',
  console: 'Go to the console',
  400: ['What was sent could not be read', 'Go back, check what was filled in, and try again.'],
  403: [
    'Not allowed',
    'This did not come from a page of ours, or your role does not allow it. Go back, reload the page, and try again.',
  ],
  404: ['Page not found', 'The address is incomplete, or the page is not there any more.'],
  405: ['That cannot be done here', 'Go back and use the buttons of the page.'],
  413: ['Too large', 'What was sent is above the limit. Send less at once.'],
  415: ['Unknown format', 'Use the form of the page.'],
  429: ['Too many tries', 'Wait a little and try again.'],
  500: ['Something went wrong on our side', 'Nothing that was stored is lost. Try again in a few minutes.'],
  503: ['Not available for a moment', 'Try again in a few minutes.'],
}
const words: Both<typeof pt> = { 'pt-BR': pt, en }

const known = [400, 403, 404, 405, 413, 415, 429, 500, 503] as const

interface FaultParts {
  lang: Language
  status: number
  shopName: string
  /** Where the reader was, so that they are led back there and not into the other. */
  within: 'shop' | 'console'
  /** What exactly is to be mended, where somebody typed it. */
  why?: string
}

export function FaultPage({ lang, status, shopName, within, why }: FaultParts) {
  const say = words[lang]
  const home = within === 'console' ? '/console' : '/'
  const [title, text] = say[known.find(each => each === status) ?? (status < 500 ? 400 : 500)]
  return (
    <Document
      {...{ lang, title: `${title} · ${shopName}`, skip: say.skip, noindex: true }}
      styles={[within === 'console' ? 'console.css' : 'shop.css']}
    >
      <header class={within === 'console' ? 'top' : 'bar'}>
        <a class="brand" href={home}>
          <Mark /> {shopName}
        </a>
      </header>
      <Main>
        <h1>{title}</h1>
        <p>{text}</p>
        {why !== undefined && <p class="fault">{why}</p>}
        <p class="actions">
          <a class="button plain" href={home}>
            {within === 'console' ? say.console : say.home}
          </a>
        </p>
      </Main>
    </Document>
  )
}
