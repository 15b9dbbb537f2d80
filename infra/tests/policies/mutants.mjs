// Every way to weaken or break one statement of a policy by one edit.
const list = value => (Array.isArray(value) ? value : [value])
const short = value => JSON.stringify(value).slice(0, 90)

export function* mutants(policy, statements) {
  for (const [index, statement] of policy.Statement.entries()) {
    if (!statements.includes(statement)) continue
    const sid = statement.Sid ?? index
    const edit = (what, change) => {
      const copy = structuredClone(policy)
      change(copy.Statement[index], copy)
      return { what: `${sid}: ${what}`, policy: copy }
    }
    if (policy.Statement.length > 1) yield edit('removed', (_, whole) => whole.Statement.splice(index, 1))
    for (const field of ['Action', 'Resource']) {
      const values = list(statement[field])
      if (values.length > 1) for (const value of values) yield edit(`${field} without ${short(value)}`, s => { s[field] = values.filter(v => v !== value) })
    }
    if (statement.Effect === 'Allow') {
      for (const service of new Set(list(statement.Action).map(action => action.split(':')[0]))) yield edit(`every action of ${service}`, s => { s.Action = [...list(s.Action), `${service}:*`] })
      if (!list(statement.Resource).includes('*')) yield edit('every resource', s => { s.Resource = '*' })
    }
    for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
      for (const [key, value] of Object.entries(keys)) {
        yield edit(`without ${operator} ${key}`, s => {
          delete s.Condition[operator][key]
          if (!Object.keys(s.Condition[operator]).length) delete s.Condition[operator]
          if (!Object.keys(s.Condition).length) delete s.Condition
        })
        const values = list(value)
        if (values.length > 1) for (const one of values) yield edit(`${operator} ${key} without ${short(one)}`, s => { s.Condition[operator][key] = values.filter(v => v !== one) })
      }
    }
  }
}

// Mutants that no request can tell apart, each with its reason.
export const EQUIVALENT = [
  [/^\w+ signing: (Sealer: without ArnEquals|DenyOtherSigners: removed)/, 'each of the two statements alone keeps others from signing; the second is for statements to come'],
  [/^\w+ role auditor: List(Evidence|State): Action without "s3:GetBucketVersioning"/, 'ReadBucketSettings grants it too'],
  [/^\w+ role (producer-main: Create|sealer: WriteChain|eraser: (PlaceHolds|PlaceRemovals|CreateEntries)).*every action of s3/, 'no action but s3:PutObject carries s3:if-none-match, which the statement asks for'],
  [/^\w+ role eraser: ReplaceContent: every action of s3/, 'only put and delete carry s3:if-match, and the eraser may do both'],
  [/^\w+ topic: Alarms: every resource/, "a topic's policy speaks of that topic alone"],
  [/^foreign state: LetRoles\w+: every resource/, "a bucket's policy speaks of that bucket alone"],
  [/^foreign state: LetRoles\w+: ArnEquals aws:PrincipalArn without "[^"]*keeper"/, "the state account's own administrator needs no statement; the log account's, during setup, does"],
]
