/** The words of keys and passkeys: one's own, and signing with one. */
import type { SignatureRefused } from '../../../approvals/approvals.ts'
import { moment, type Both, type Language } from '../../page/page.ts'

const pt = {
  title: 'Chaves e passkeys',
  link: 'Chaves e passkeys com que você assina',
  told: 'Uma passkey assina o que você aprova: a impressão digital, o rosto ou o PIN do aparelho confirmam que é você, e a assinatura fica guardada com a aprovação. Sem ela, o código do autenticador confirma, o que vale menos.',
  heads: { label: 'Nome', kind: 'Tipo', added: 'Registrada', retired: 'Encerrada' },
  kinds: { key: 'arquivo de chave', passkey: 'passkey' },
  none: 'Nenhuma chave ainda.',
  label: 'Nome da passkey',
  labelHint: 'Para você a reconhecer, como “notebook” ou “celular”.',
  make: 'Registrar uma passkey',
  made: 'A passkey está registrada. A próxima aprovação pode ser assinada com ela.',
  notMade: 'A passkey não pôde ser registrada. Tente de novo.',
  needsScript: 'Para registrar uma passkey, o navegador precisa de JavaScript e de um endereço com https.',
  retire: 'Encerrar',
  retired: 'A chave está encerrada. O que ela assinou continua assinado.',
  sign: 'Aprovar com passkey',
  signGo: 'Liberar repasses com passkey',
  signActs: { release: 'Liberar com passkey', retry: 'Tentar de novo com passkey' },
  failed: 'O aparelho não respondeu ou recusou. Tente de novo, ou use o código.',
  signsFrom: 'assina a partir de',
  refused: {
    stale:
      'O que foi assinado não é o que seria aprovado agora, ou a página ficou aberta por mais de dez minutos. Abra a página de novo.',
    copied:
      'O contador desta passkey não avançou desde a última assinatura: ela pode ter sido copiada. Encerre-a em “Chaves e passkeys” e registre outra.',
    retired: 'Esta chave não está registrada ou foi encerrada.',
    new: (when: string) =>
      `Esta chave é nova e assina a partir de ${when}. Até lá, use o código do autenticador.`,
  },
  notSigned: 'A assinatura da passkey não confere. Nada foi aprovado; abra a página de novo.',
}

const en: typeof pt = {
  title: 'Keys and passkeys',
  link: 'Keys and passkeys you sign with',
  told: 'A passkey signs what you approve: the device’s fingerprint, face or PIN check confirms that it is you, and the signature is kept with the approval. Without one a code of your authenticator confirms it, which counts for less.',
  heads: { label: 'Name', kind: 'Kind', added: 'Registered', retired: 'Retired' },
  kinds: { key: 'key file', passkey: 'passkey' },
  none: 'No key yet.',
  label: 'Name of the passkey',
  labelHint: 'For you to recognise it, such as “laptop” or “phone”.',
  make: 'Register a passkey',
  made: 'The passkey is registered. The next approval can be signed with it.',
  notMade: 'The passkey could not be registered. Try again.',
  needsScript: 'To register a passkey the browser needs JavaScript and an address with https.',
  retire: 'Retire',
  retired: 'The key is retired. What it has signed stays signed.',
  sign: 'Approve with a passkey',
  signGo: 'Let payouts go with a passkey',
  signActs: { release: 'Release with a passkey', retry: 'Try again with a passkey' },
  failed: 'The device did not answer, or refused. Try again, or use a code.',
  signsFrom: 'signs from',
  refused: {
    stale:
      'What was signed is not what would be approved now, or the page was open for more than ten minutes. Open the page again.',
    copied:
      'The counter of this passkey has not gone on since it signed last: it may have been copied. Retire it in “Keys and passkeys” and register another.',
    retired: 'This key is not registered, or was retired.',
    new: when => `This key is new and signs from ${when} on. Until then use a code of your authenticator.`,
  },
  notSigned: 'The signature of the passkey is not good. Nothing was approved; open the page again.',
}

export const passkeyWords: Both<typeof pt> = { 'pt-BR': pt, en }

/** Why a signature was not taken, in the reader's language. */
export function refusedText(lang: Language, { code, from }: SignatureRefused): string {
  const { refused } = passkeyWords[lang]
  return code === 'new' ? refused.new(moment(lang, from!)) : refused[code]
}
