/** Names of people, compared. */

/** Whether two names are one person's: a name in other letters is the same name; the schema says so too. */
export const samePerson = (one: string, other: string): boolean => folded(one) === folded(other)
const folded = (name: string) => name.normalize('NFKC').trim().toLowerCase()
