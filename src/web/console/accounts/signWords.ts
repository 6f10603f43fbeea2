/** The words of signing approvals that were only said, and of how an approval was proven. */
import type { ProofKind } from '../../../approvals/approvals.ts'
import type { Both } from '../../page/page.ts'

const pt = {
  title: 'Assinar aprovações',
  told: 'Estas contas foram aprovadas por declaração, sem comprovação de quem aprovou. Confira cada destino com o documento de quem recebe e assine. Contas que você mesmo cadastrou ficam para outra pessoa.',
  waits: 'Em produção, os repasses para uma conta aguardam até que a aprovação dela seja comprovada.',
  go: (count: number) => (count === 1 ? 'Assinar' : `Assinar todas: ${count}`),
  byPasskey: 'Assinar com passkey',
  none: 'Toda aprovação de conta e os termos de todo agendamento estão comprovados.',
  done: (count: number) =>
    count === 1 ? '1 assinatura foi registrada.' : `${count} assinaturas foram registradas.`,
  left: 'Uma conta ou agendamento mudou desde que você abriu a página, ou não é mais como foi aprovado. Nada foi assinado.',
  own: (name: string) => `${name} cadastrou esta conta, então outra pessoa precisa assinar.`,
  terms: 'Termos de agendamentos',
  termsTold:
    'Os termos destes agendamentos foram declarados, sem comprovação de quem os definiu. Confira o que cada um cobra, a comissão e a conta de repasse, e assine.',
  termsWait:
    'Em produção, os repasses do que um agendamento cobra aguardam até que os termos dele sejam comprovados.',
  termsOwn: 'Você definiu os termos deste agendamento, então outra pessoa precisa assinar.',
  earlier: (version: string) => `Versão ${version}`,
  heads: { asks: 'Cobra', payTo: 'Repassa para', commission: 'Comissão', late: 'Pago com atraso' },
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
  go: count => (count === 1 ? 'Sign' : `Sign all ${count}`),
  byPasskey: 'Sign with a passkey',
  none: 'The approval of every account and the terms of every schedule are proven.',
  done: count => (count === 1 ? '1 was signed.' : `${count} were signed.`),
  left: 'An account or a schedule has changed since you opened the page, or is no longer as it was approved. It was not signed.',
  own: name => `${name} added this account, so somebody else has to sign.`,
  terms: 'Terms of schedules',
  termsTold:
    'The terms of these schedules were said: nothing proves who made them. Check what each one asks for, its commission and its payout account, then sign.',
  termsWait: 'In production, payouts of what a schedule brings wait until its terms are proven.',
  termsOwn: 'You made the terms of this schedule, so somebody else has to sign.',
  earlier: version => `Version ${version}`,
  heads: { asks: 'Asks for', payTo: 'Pays to', commission: 'Commission', late: 'Paid late' },
  link: 'Sign the approval',
  changed:
    'This account is not as it was approved. Nothing is paid to it, and its approval cannot be signed:',
  proofs: {
    said: 'said, not proven',
    code: 'confirmed by a code',
    key: 'signed with a key file',
    passkey: 'signed with a passkey',
  },
}

export const signWords: Both<typeof pt> = { 'pt-BR': pt, en }
