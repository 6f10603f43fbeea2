/** Mail: a letter, who carries it, and the outbox it waits in. */
export { connectMail, type Mail, type Mailer, type MailSettings } from './mailer.ts'
export {
  giveUpMs,
  mailMachine,
  queueMail,
  sendMails,
  withdrawMails,
  writeAgain,
  type MailKind,
  type MailRow,
  type OutboxRow,
} from './outbox.ts'
export { escaped } from './html.ts'
