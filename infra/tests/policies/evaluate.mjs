// One question to the policies: may this principal do this? Each layer is asked alone, so that neither hides a hole in the other.
import { runSimulation } from '@cloud-copilot/iam-simulate'

export const ACCOUNT = '111122223333'
export const STATE_ACCOUNT = '999988887777'
const ANYTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
// A key that leaves all to the account's own policies; a bucket without a policy does the same.
const ANYBODY = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: '*', Resource: '*' }] }
const ROLES = ['producer-main', 'producer-other', 'sealer', 'verifier', 'auditor', 'eraser', 'scheduler']

export function principal(who) {
  if (who.includes('.amazonaws.com')) return { arn: who, context: {} }
  if (who === 'root') return person(`arn:aws:iam::${ACCOUNT}:root`, `arn:aws:iam::${ACCOUNT}:root`)
  const account = ['keeper', 'stranger'].includes(who) ? STATE_ACCOUNT : ACCOUNT
  const role = ROLES.includes(who) ? `dayseal-${who}` : who
  return person(`arn:aws:sts::${account}:assumed-role/${role}/session`, `arn:aws:iam::${account}:role/${role}`, account)
}

function person(arn, roleArn, account = ACCOUNT) {
  return { arn, context: { 'aws:PrincipalArn': roleArn, 'aws:PrincipalAccount': account } }
}

// The evaluator does not know the keys kms:EncryptionContext:<key>, which have any name. A tag of the principal, also a string of any
// name, stands in for them, in policies and requests alike.
const standIn = key => key.replace(/^kms:EncryptionContext:(.+)$/, (_, name) => `aws:PrincipalTag/${name.replaceAll(':', '-')}`)
const inText = value => JSON.parse(JSON.stringify(value).replace(/"(kms:EncryptionContext:[^"]+)":/g, (_, key) => `"${standIn(key)}":`))

// layer "identity": the role's own policy, before a resource that leaves all to it.
// layer "resource": the resource's policy, for a caller whose own policy lets it do anything.
// layer "both": as it is deployed.
export async function evaluate({ layer, document, who, action, resource, context = {} }, plan) {
  context = inText(context)
  const { arn, context: own } = principal(who)
  const isService = who.includes('.amazonaws.com')
  const identity = layer === 'resource' ? ANYTHING : plan[`role ${who}`] ?? ANYTHING
  const guard = layer === 'identity' ? (resource.includes(':kms:') ? ANYBODY : undefined) : plan[document]
  if (layer !== 'identity' && guard === undefined) throw new Error(`no policy document "${document}" in the plan`)
  const answer = await runSimulation({
    request: {
      principal: arn,
      action,
      resource: { resource, accountId: document === 'state' && plan.foreign ? STATE_ACCOUNT : ACCOUNT },
      contextVariables: { 'aws:SecureTransport': 'true', ...(action.startsWith('s3:') ? { 's3:TlsVersion': '1.3' } : {}), ...own, ...context },
    },
    identityPolicies: isService ? [] : [{ name: 'identity', policy: inText(identity) }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: guard && inText(guard),
  }, {})
  if (answer.resultType === 'error') return { error: JSON.stringify(answer.errors) }
  const ignored = (answer.result?.ignoredContextKeys ?? []).filter(key => key in context)
  return { allowed: answer.overallResult === 'Allowed', ignored }
}
