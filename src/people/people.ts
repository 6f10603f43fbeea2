/** People: who may do what, how they sign in, and what a session allows. */
export { endAllSessions } from './afterRestore.ts'
export {
  acts,
  approves,
  isHarmless,
  may,
  needsStepUp,
  needsTwo,
  roles,
  type Act,
  type Role,
} from './roles.ts'
export {
  endSession,
  endSessionsOf,
  listSessions,
  sessionOf,
  signOut,
  type Person,
  type SessionRow,
} from './session.ts'
export { signIn, stepUp, type SignIn, type SignInAnswer, type StepUpAnswer } from './signIn.ts'
export {
  keySignsFrom,
  passkeysOf,
  passkeysThatSign,
  proofByPasskey,
  registerPasskey,
  registrationChallenge,
  tellOfKey,
} from './passkey.ts'
export { confirmByCode, type CodeAnswer } from './confirm.ts'
export {
  acceptInvitation,
  invitationOf,
  openInvitation,
  type Acceptance,
  type Invitation,
  type Invited,
  type Opening,
} from './invitation.ts'
export {
  addAct,
  canBeApproved,
  carryOutAdd,
  carryOutReset,
  carryOutRole,
  personActs,
  proposeReset,
  proposeRole,
  proposeUser,
  resetAct,
  roleAct,
} from './given.ts'
export { carryOutClear, clearAct, objectTo, personObjections, proposeClear } from './objection.ts'
export type { PeopleRefusal } from './refusals.ts'
export type { NewInvitation, UserChanged } from './user.ts'
export {
  accountNotices,
  addressOf,
  limitNotices,
  tellOfAccount,
  tellOfLimits,
  type NoticeKind,
} from './notices.ts'
export { countSigners } from './signers.ts'
export { composeNotice, type NoticeRow } from './mails.ts'
export { changePassword, type PasswordChange } from './ownPassword.ts'
export {
  addUser,
  changeEmail,
  changeLanguage,
  changeRole,
  findAlike,
  mailboxTaken,
  namesAlike,
  sharedMailboxes,
  findUser,
  isUserName,
  listUsers,
  lockUser,
  removeUser,
  resetUser,
  unlockUser,
  type NewUser,
} from './user.ts'
export { languages, userMachine, type Language, type UserRow } from './row.ts'
export { isToken, newToken } from './token.ts'
export { minPasswordLength, passwordFault, type PasswordFault } from './password.ts'
export { groups, otpauthUri } from './totp.ts'
