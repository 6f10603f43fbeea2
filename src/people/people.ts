/** People: who may do what, how they sign in, and what a session allows. */
export { acts, may, needsStepUp, roles, type Act, type Role } from './roles.ts'
export { endSession, endSessionsOf, listSessions, sessionOf, signOut, type Person, type SessionRow } from './session.ts'
export { signIn, stepUp, type SignIn, type SignInAnswer, type StepUpAnswer } from './signIn.ts'
export { confirmByCode, type CodeAnswer } from './confirm.ts'
export { acceptInvitation, invitationOf, type Acceptance, type Invitation, type Invited } from './invitation.ts'
export { changePassword, type PasswordChange } from './ownPassword.ts'
export {
  addUser,
  changeLanguage,
  changeRole,
  findUser,
  isUserName,
  languages,
  listUsers,
  lockUser,
  removeUser,
  resetUser,
  unlockUser,
  userMachine,
  type Language,
  type UserRow,
} from './user.ts'
export { leastPasswordLength, passwordFault, type PasswordFault } from './password.ts'
export { groups, otpauthUri } from './totp.ts'
