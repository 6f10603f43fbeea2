/** The words of signing approvals that were only said, and of how an approval was proven. */
import type { ProofKind } from '../../../approvals/approvals.ts'
import type { Both } from '../../page/page.ts'

const pt = {
  title: 'Assinar aprovações',
  told: 'Estas contas foram aprovadas por declaração, sem comprovação de quem aprovou. Confira cada destino com o documento de quem recebe e assine. Contas que você mesmo cadastrou ficam para outra pessoa.',
  waits: 'Em produção, os repasses para uma conta aguardam até que a aprovação dela seja comprovada.',
  go: (count: number) => (count === 1 ? 'Assinar 1 aprovação' : `Assinar ${count} aprovações`),
  none: 'Toda conta aprovada tem a aprovação comprovada.',
  done: (count: number) => (count === 1 ? '1 aprovação foi assinada.' : `${count} aprovações foram assinadas.`),
  left: 'Uma conta mudou desde que você abriu a página, ou não é mais como foi aprovada. Ela não foi assinada.',
  own: (name: string) => `${name} cadastrou esta conta, então outra pessoa precisa assinar.`,
  link: 'Assinar a aprovação',
  changed: 'Esta conta não é mais como foi aprovada. Nada é pago a ela, e a aprovação não pode ser assinada:',
  proofs: {
    said: 'declarada, não comprovada',
    code: 'confirmada por código',
    key: 'assinada com arquivo de chave',
    passkey: 'assinada com passkey',
  } satisfies Record<ProofKind, string>,
}

const en: typeof pt = {
  title: 'Sign approvals',
  told: 'These accounts were approved by word alone: nothing proves who approved them. Compare each destination with a document of the payee, then sign. Accounts that you added yourself are left for somebody else.',
  waits: 'In production, payouts to an account wait until its approval is proven.',
  go: count => (count === 1 ? 'Sign 1 approval' : `Sign ${count} approvals`),
  none: 'The approval of every approved account is proven.',
  done: count => (count === 1 ? '1 approval was signed.' : `${count} approvals were signed.`),
  left: 'An account has changed since you opened the page, or is no longer as it was approved. It was not signed.',
  own: name => `${name} added this account, so somebody else has to sign.`,
  link: 'Sign the approval',
  changed: 'This account is not as it was approved. Nothing is paid to it, and its approval cannot be signed:',
  proofs: {
    said: 'said, not proven',
    code: 'confirmed by a code',
    key: 'signed with a key file',
    passkey: 'signed with a passkey',
  },
}

export const signWords: Both<typeof pt> = { 'pt-BR': pt, en }
