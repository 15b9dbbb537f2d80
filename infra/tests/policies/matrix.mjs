// The policy matrix: every case against the planned policies, then every mutant of a policy against the cases.
// usage: node matrix.mjs < (terraform test -json -verbose); exit 0 only if all cases hold and all mutants are caught.
import { cases } from './cases.mjs'
import { evaluate } from './evaluate.mjs'
import { mutants, EQUIVALENT } from './mutants.mjs'
import { readPlans } from './plans.mjs'

const plans = await readPlans(process.stdin)
for (const name of ['plain', 'open', 'setup', 'foreign']) if (!plans[name]) throw new Error(`terraform test planned no run "${name}"; see its output`)

const label = c => `${c.plan} ${c.layer} ${c.who} ${c.action} ${c.resource} ${JSON.stringify(c.context)}: want ${c.want}`
async function fails(c, plan) {
  const { allowed, ignored, error } = await evaluate(c, plan)
  if (error) return `the evaluator refused the question: ${error}`
  // A key that the evaluator does not know for this action proves nothing.
  if (ignored.length) return `the evaluator ignored ${ignored}`
  return allowed === (c.want === 'allow') ? null : `got ${allowed ? 'allow' : 'deny'}`
}

let bad = 0
for (const c of cases) {
  const why = await fails(c, plans[c.plan])
  if (why) { bad++; console.log(`FAIL ${label(c)}: ${why}`) }
}
console.log(`policy matrix: ${cases.length} cases, ${bad} failed`)
if (bad) process.exit(1)

// A role's policy is judged by the role's own cases, a resource's by those that name it.
const concerns = (c, plan, document) => c.plan === plan && (document.startsWith('role ') ? c.layer !== 'resource' && document === `role ${c.who}` : c.layer !== 'identity' && c.document === document)
let count = 0, survivors = 0, equivalent = 0
const seen = new Set()
for (const [name, plan] of Object.entries(plans)) {
  for (const [document, policy] of Object.entries(plan)) {
    if (document === 'foreign') continue
    const relevant = cases.filter(c => concerns(c, name, document))
    // The same statement in several runs is mutated once, in the first; producers of other logs are made alike.
    const fresh = policy.Statement.filter(statement => !seen.has(document + JSON.stringify(statement)))
    for (const statement of fresh) seen.add(document + JSON.stringify(statement))
    if (!fresh.length || document === 'role producer-other') continue
    if (!relevant.length) { console.log(`FAIL no case reads ${document} of the run ${name}`); process.exit(1) }
    for (const { what, policy: mutant } of mutants(policy, fresh)) {
      count++
      const changed = { ...plan, [document]: mutant }
      let caught = false
      for (const c of relevant) if (await fails(c, changed)) { caught = true; break }
      const id = `${document}: ${what}`
      if (caught) continue
      if (EQUIVALENT.some(([pattern]) => pattern.test(`${name} ${id}`))) { equivalent++; continue }
      survivors++; console.log(`SURVIVED ${name} ${id}`)
    }
  }
}
console.log(`policy mutants: ${count}, of these ${equivalent} change nothing that can be seen (listed with reasons), ${survivors} survived`)
process.exit(survivors ? 1 : 0)
