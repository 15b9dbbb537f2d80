// Reads `terraform test -json -verbose` and keeps, for each run, its policies.
import readline from 'node:readline'

// Where each policy of a deployment is: name -> [resource type, index or name].
const DOCUMENTS = {
  evidence: ['aws_s3_bucket_policy', 'evidence'],
  content: ['aws_s3_bucket_policy', 'content'],
  state: ['aws_s3_bucket_policy', 'state'],
  data: ['aws_kms_key', 'data'],
  storage: ['aws_kms_key', 'storage'],
  operations: ['aws_kms_key', 'operations'],
  topic: ['aws_sns_topic_policy', 'findings'],
  queue: ['aws_sqs_queue_policy', 'failed'],
  'log-secret': ['aws_secretsmanager_secret', 'log', 'main'],
  'signing-secret': ['aws_secretsmanager_secret', 'signing_key'],
}

export async function readPlans(stream) {
  const plans = {}
  for await (const line of readline.createInterface({ input: stream, crlfDelay: Infinity })) {
    if (!line.startsWith('{')) continue
    const message = JSON.parse(line)
    if (message.type === 'diagnostic' && message.diagnostic?.severity === 'error') throw new Error(`terraform: ${message['@message']}`)
    if (message.type === 'test_plan') {
      const run = message['@testrun']
      plans[run] = { ...documents(message.test_plan.resource_changes), foreign: run === 'foreign' }
    }
  }
  return plans
}

function documents(changes) {
  const found = {}
  for (const { type, name, index, change } of changes) {
    const after = change.after
    if (type === 'aws_iam_role_policy') found[`role ${index}`] = JSON.parse(after.policy)
    if (type === 'aws_cloudformation_stack') found.signing = JSON.parse(after.template_body).Resources.Key.Properties.KeyPolicy
    for (const [key, [wantType, wantName, wantIndex]] of Object.entries(DOCUMENTS)) {
      if (type === wantType && name === wantName && (wantIndex === undefined || index === wantIndex)) found[key] = JSON.parse(after.policy)
    }
  }
  return found
}
