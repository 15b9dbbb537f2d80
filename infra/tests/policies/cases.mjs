// Who may do what. Written by hand, apart from the module: a rule that is dropped there must fail here.
// A case: plan, layer, document, who, action, resource, context, want ('allow' or 'deny').
const R = 'eu-west-1:111122223333'
const bucket = name => `arn:aws:s3:::dayseal-${name}-111122223333-eu-west-1`
const key = name => `arn:aws:kms:${R}:key/${name}`
const PRODUCT = 'audit.example.com/acme/prod', OTHER = 'audit.example.com/acme/other'
const CREATE = { 's3:ObjectCreationOperation': 'true', 's3:if-none-match': '*' }
const SWAP = { 's3:ObjectCreationOperation': 'true', 's3:if-match': '"etag"' }
const BLIND = { 's3:ObjectCreationOperation': 'true' }
const PART = { 's3:ObjectCreationOperation': 'false' }
const context = origin => ({ 'kms:EncryptionContext:dayseal-origin': origin })
const content = origin => ({ ...context(origin), 'kms:EncryptionContext:dayseal-kind': 'content' })
const via = service => ({ 'kms:ViaService': `${service}.eu-west-1.amazonaws.com` })

export const cases = []
let plan = 'plain', layer = 'both'
// Only a put says how it creates.
const fitting = (action, ctx) => Object.fromEntries(Object.entries(ctx).filter(([key]) => action === 's3:PutObject' || !/^s3:(if-|ObjectCreation)/.test(key)))
const add = want => (document, who, action, resource, ctx = {}) => {
  for (const name of [who].flat()) for (const one of [action].flat()) cases.push({ plan, layer, document, who: name, action: one, resource, context: fitting(one, ctx), want })
}
const allow = add('allow'), deny = add('deny')
const on = (newPlan, newLayer, body) => { [plan, layer] = [newPlan, newLayer]; body() }

const E = path => `${bucket('evidence')}/${path}`, C = path => `${bucket('content')}/${path}`, S = path => `${bucket('state')}/${path}`
const ENTRY = E('main/entries/2026-11-21/aa/00000000-bb.batch'), RECORD = C('main/content/2026-11-21/aa/00000000.content')
const MANIFEST = E('main/manifests/2026-11-21.ndjson'), CHECKPOINT = E('main/checkpoints/2026-11-21'), LOG_FILE = E('main/log.json')
const HEAD = S('main/heads/aa'), MEMORY = S('main/verifier/memory'), REPORT = S('main/reports/2026-11-21/1.json'), POLICY = S('policies/main')
const INDEX = S('main/index/x'), RECEIPT = S('main/erasures/x'), HOLD = S('main/holds/00000001'), ORDER = S('main/removals/aa')
const READ = ['s3:GetObject', 's3:GetObjectVersion'], LIST = ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning']
const REMOVE = ['s3:DeleteObject', 's3:DeleteObjectVersion'], LOCK = ['s3:BypassGovernanceRetention', 's3:PutObjectRetention', 's3:PutObjectLegalHold']
const EVERYBODY = ['producer-main', 'sealer', 'verifier', 'auditor', 'eraser', 'scheduler']
const NO_READER = ['producer-main', 'scheduler']
// `dba` has AdministratorAccess and is nobody here; `deploy` has it and is the retention admin.
const SETTINGS = [
  's3:PutBucketPolicy', 's3:DeleteBucketPolicy', 's3:PutBucketVersioning', 's3:PutLifecycleConfiguration', 's3:PutEncryptionConfiguration',
  's3:PutBucketPublicAccessBlock', 's3:PutBucketOwnershipControls', 's3:PutReplicationConfiguration', 's3:DeleteBucket',
]
const DESTROY = ['kms:ScheduleKeyDeletion', 'kms:DisableKey', 'kms:PutKeyPolicy', 'kms:DisableKeyRotation']
const ADMINISTER = [
  'kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:ListGrants', 'kms:EnableKey', 'kms:EnableKeyRotation', 'kms:RotateKeyOnDemand', 'kms:UpdateKeyDescription',
  'kms:TagResource', 'kms:UntagResource', 'kms:CreateAlias', 'kms:UpdateAlias', 'kms:DeleteAlias', 'kms:CancelKeyDeletion', ...DESTROY,
]

// ---- as deployed: what each role is for, and what it must not ----
on('plain', 'both', () => {
  allow('evidence', 'producer-main', 's3:PutObject', ENTRY, CREATE)
  allow('content', 'producer-main', 's3:PutObject', RECORD, CREATE)
  allow('data', 'producer-main', 'kms:GenerateDataKey', key('data'), context(PRODUCT)); allow('data', 'producer-main', 'kms:GenerateDataKey', key('data'), content(PRODUCT))
  allow('storage', 'producer-main', 'kms:GenerateDataKey', key('storage'), via('s3'))
  allow('log-secret', 'producer-main', 'secretsmanager:GetSecretValue', `arn:aws:secretsmanager:${R}:secret:dayseal/main/log-secret-AbCdEf`)
  deny('evidence', 'producer-main', 's3:PutObject', ENTRY, BLIND)
  deny('evidence', 'producer-main', 's3:PutObject', ENTRY, { ...CREATE, 'aws:SecureTransport': 'false' })
  deny('evidence', 'producer-main', 's3:PutObject', ENTRY, { ...CREATE, 's3:TlsVersion': '1.1' })
  deny('evidence', 'producer-main', 's3:PutObject', E('other/entries/2026-11-21/aa/00000000-bb.batch'), CREATE)
  for (const object of [MANIFEST, CHECKPOINT, LOG_FILE]) deny('evidence', 'producer-main', 's3:PutObject', object, CREATE)
  deny('evidence', 'producer-main', [...READ, ...REMOVE, ...LOCK], ENTRY)
  deny('evidence', 'producer-main', LIST, bucket('evidence'))
  deny('content', 'producer-main', [...READ, ...REMOVE], RECORD)
  deny('content', 'producer-main', 's3:PutObject', RECORD, SWAP)
  deny('state', 'producer-main', [...READ, 's3:PutObject'], HEAD, CREATE)
  deny('data', 'producer-main', 'kms:GenerateDataKey', key('data'), context(OTHER))
  deny('data', 'producer-main', 'kms:GenerateDataKey', key('data'))
  deny('data', 'producer-main', 'kms:Decrypt', key('data'), context(PRODUCT))
  deny('storage', 'producer-main', 'kms:GenerateDataKey', key('storage'))
  deny('storage', 'producer-main', 'kms:Decrypt', key('storage'), via('s3'))
  deny('signing', ['producer-main', 'verifier', 'auditor', 'eraser', 'scheduler', 'dba', 'deploy'], 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_SHA_512' })

  allow('evidence', 'sealer', READ, ENTRY); allow('evidence', 'sealer', LIST, bucket('evidence'))
  for (const object of [MANIFEST, CHECKPOINT]) allow('evidence', 'sealer', 's3:PutObject', object, CREATE)
  allow('state', 'sealer', READ, HEAD); allow('state', 'sealer', 's3:PutObject', HEAD, SWAP)
  allow('signing', 'sealer', 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_SHA_512' })
  deny('signing', 'sealer', 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_PH_SHA_512' })
  allow('signing', 'sealer', ['kms:GetPublicKey', 'kms:DescribeKey'], key('signing'))
  deny('evidence', 'sealer', 's3:PutObject', ENTRY, CREATE); deny('evidence', 'sealer', 's3:PutObject', MANIFEST, BLIND)
  deny('evidence', 'sealer', [...REMOVE, ...LOCK], MANIFEST)
  deny('state', 'sealer', 's3:PutObject', HEAD, BLIND); deny('state', 'sealer', 's3:PutObject', POLICY, CREATE); deny('state', 'sealer', 's3:PutObject', MEMORY, SWAP)
  deny('data', 'sealer', ['kms:Decrypt', 'kms:GenerateDataKey'], key('data'), context(PRODUCT))
  deny('content', 'sealer', [...READ, 's3:PutObject'], RECORD, CREATE)

  allow('evidence', ['verifier', 'auditor'], READ, ENTRY); allow('evidence', ['verifier', 'auditor'], LIST, bucket('evidence'))
  allow('state', ['verifier', 'auditor'], READ, HEAD)
  allow('state', 'verifier', 's3:PutObject', MEMORY, SWAP); allow('state', 'verifier', 's3:PutObject', REPORT, BLIND)
  allow('topic', 'verifier', 'sns:Publish', `arn:aws:sns:${R}:dayseal-findings`)
  deny('evidence', ['verifier', 'auditor'], ['s3:PutObject', ...REMOVE], MANIFEST, CREATE)
  deny('state', 'verifier', 's3:PutObject', HEAD, SWAP); deny('state', 'verifier', 's3:PutObject', POLICY, CREATE); deny('state', 'auditor', 's3:PutObject', HEAD, SWAP)
  deny('data', 'verifier', 'kms:Decrypt', key('data'), context(PRODUCT))
  deny('content', ['verifier', 'auditor'], READ, RECORD)
  allow('data', 'auditor', 'kms:Decrypt', key('data'), context(PRODUCT)); allow('data', 'auditor', 'kms:Decrypt', key('data'), context(OTHER))
  deny('data', 'auditor', 'kms:Decrypt', key('data'), context('audit.example.com/else')); deny('data', 'auditor', 'kms:GenerateDataKey', key('data'), context(PRODUCT))

  allow('content', 'eraser', ['s3:GetObject', 's3:DeleteObject'], RECORD); allow('content', 'eraser', 's3:PutObject', RECORD, SWAP)
  allow('state', 'eraser', ['s3:GetObject', 's3:PutObject'], RECEIPT, CREATE)
  allow('state', 'eraser', 's3:GetObject', HOLD); allow('state', 'eraser', 's3:PutObject', HOLD, CREATE); deny('state', 'eraser', ['s3:PutObject', ...REMOVE], HOLD, SWAP)
  allow('state', 'eraser', 's3:PutObject', ORDER, CREATE); deny('state', 'eraser', ['s3:GetObject', ...REMOVE], ORDER); deny('state', 'eraser', 's3:PutObject', ORDER, SWAP); allow('state', 'sealer', 's3:GetObject', ORDER); deny('state', 'sealer', ['s3:PutObject', ...REMOVE], ORDER, CREATE)
  allow('content', 'eraser', LIST, bucket('content')); allow('state', 'eraser', LIST, bucket('state'))
  allow('evidence', 'eraser', 's3:PutObject', ENTRY, CREATE); allow('data', 'eraser', 'kms:GenerateDataKey', key('data'), context(PRODUCT))
  deny('content', 'eraser', 's3:PutObject', RECORD, CREATE); deny('evidence', 'eraser', [...READ, ...REMOVE], ENTRY, CREATE); deny('evidence', 'eraser', 's3:PutObject', MANIFEST, CREATE)
  deny('data', 'eraser', 'kms:Decrypt', key('data'), context(PRODUCT)); deny('data', 'eraser', 'kms:GenerateDataKey', key('data'), content(PRODUCT))
  deny('data', ['auditor', 'verifier', 'eraser', 'producer-main'], 'kms:Decrypt', key('data'), content(PRODUCT))
})

// ---- evidence bucket: what it refuses to callers whose own policy would let them do anything ----
const guards = (document, arn, object, writer, write) => {
  for (const resource of [arn, object]) {
    const action = resource === arn ? 's3:ListBucket' : 's3:PutObject', at = resource === arn ? {} : write
    allow(document, writer, action, resource, at)
    deny(document, writer, action, resource, { ...at, 'aws:SecureTransport': 'false' })
    deny(document, writer, action, resource, { ...at, 's3:TlsVersion': '1.1' })
    allow(document, writer, action, resource, { ...at, 's3:TlsVersion': '1.2' })
  }
  for (const action of SETTINGS) { allow(document, 'deploy', action, arn); deny(document, ['dba', ...EVERYBODY], action, arn) }
}
const encryption = (document, object, writer, write) => {
  const id = 's3:x-amz-server-side-encryption-aws-kms-key-id', algorithm = 's3:x-amz-server-side-encryption'
  allow(document, writer, 's3:PutObject', object, { ...write, [id]: key('storage') })
  deny(document, writer, 's3:PutObject', object, { ...write, [id]: key('data') })
  allow(document, writer, 's3:PutObject', object, { ...write, [algorithm]: 'aws:kms' })
  deny(document, writer, 's3:PutObject', object, { ...write, [algorithm]: 'AES256' })
  deny(document, writer, 's3:PutObject', object, { ...write, 's3:x-amz-server-side-encryption-customer-algorithm': 'AES256' })
}
on('plain', 'resource', () => {
  guards('evidence', bucket('evidence'), ENTRY, 'producer-main', CREATE)
  encryption('evidence', ENTRY, 'producer-main', CREATE)
  for (const name of ['evidence', 'content']) { allow(name, 'deploy', 's3:PutBucketObjectLockConfiguration', bucket(name)); deny(name, 'dba', 's3:PutBucketObjectLockConfiguration', bucket(name)) }
  allow('evidence', 'producer-other', 's3:PutObject', E('other/entries/x'), CREATE)
  allow('evidence', 'producer-main', 's3:PutObject', ENTRY, PART)
  deny('evidence', ['producer-main', 'sealer', 'deploy', 'dba'], 's3:PutObject', ENTRY, BLIND)
  deny('evidence', 'deploy', 's3:PutObject', E('elsewhere'), BLIND); allow('evidence', 'deploy', 's3:PutObject', E('elsewhere'), CREATE)
  deny('evidence', ['sealer', 'deploy', 'dba'], 's3:PutObject', ENTRY, CREATE)
  for (const object of [MANIFEST, CHECKPOINT, LOG_FILE]) { deny('evidence', ['producer-main', 'deploy', 'dba'], 's3:PutObject', object, CREATE); allow('evidence', 'sealer', 's3:PutObject', object, CREATE) }
  allow('evidence', 'deploy', [...REMOVE, ...LOCK], ENTRY); deny('evidence', ['dba', 'sealer', 'root'], [...REMOVE, ...LOCK], ENTRY)
})
on('setup', 'resource', () => { for (const object of [MANIFEST, CHECKPOINT, LOG_FILE]) { allow('evidence', ['deploy', 'sealer'], 's3:PutObject', object, CREATE); deny('evidence', 'dba', 's3:PutObject', object, CREATE) } })

// ---- content bucket ----
on('plain', 'resource', () => {
  guards('content', bucket('content'), RECORD, 'producer-main', CREATE)
  encryption('content', RECORD, 'producer-main', CREATE)
  allow('content', 'producer-main', 's3:PutObject', RECORD, PART); allow('content', 'eraser', 's3:PutObject', RECORD, SWAP)
  deny('content', ['producer-main', 'eraser', 'deploy'], 's3:PutObject', RECORD, BLIND); deny('content', ['producer-main', 'deploy', 'dba'], 's3:PutObject', RECORD, SWAP)
  allow('content', ['eraser', 'deploy'], 's3:DeleteObject', RECORD); deny('content', ['producer-main', 'dba'], 's3:DeleteObject', RECORD)
  allow('content', 'eraser', 's3:GetObject', RECORD); deny('content', ['auditor', 'deploy', 'dba'], 's3:GetObject', RECORD)
})
on('open', 'both', () => {
  allow('data', 'auditor', 'kms:Decrypt', key('data'), content(PRODUCT)); allow('data', 'auditor', 'kms:Decrypt', key('data'), context(PRODUCT)); deny('data', ['eraser', 'producer-main'], 'kms:Decrypt', key('data'), content(PRODUCT))
  allow('content', 'auditor', 's3:GetObject', RECORD); allow('content', 'auditor', 's3:ListBucket', bucket('content')); deny('content', 'auditor', 's3:DeleteObject', RECORD) })
on('open', 'resource', () => {
  for (const origin of [PRODUCT, OTHER]) allow('data', 'auditor', 'kms:Decrypt', key('data'), content(origin))
  deny('data', ['verifier', 'eraser', 'dba', 'producer-main'], 'kms:Decrypt', key('data'), content(PRODUCT)); deny('data', 'auditor', ['kms:Encrypt', 'kms:GenerateDataKey'], key('data'), content(PRODUCT)); deny('data', 'auditor', 'kms:Decrypt', key('data'), content('else'))
  deny('data', 'auditor', 'kms:Decrypt', key('data'), { ...context(PRODUCT), 'kms:EncryptionContext:dayseal-kind': 'else' })
})
on('open', 'resource', () => { allow('content', ['auditor', 'eraser'], 's3:GetObject', RECORD); deny('content', 'dba', 's3:GetObject', RECORD) })

// ---- state bucket, at home and in another account ----
const state = (admin, strangers) => {
  for (const [object, writer] of [[HEAD, 'sealer'], [INDEX, 'sealer'], [MEMORY, 'verifier'], [REPORT, 'verifier'], [RECEIPT, 'eraser'], [HOLD, 'eraser'], [ORDER, 'eraser']]) {
    if (object === HOLD || object === ORDER) allow('state', admin, 's3:PutObject', object, SWAP); else allow('state', [writer, admin], 's3:PutObject', object, SWAP)
    allow('state', writer, 's3:PutObject', object, CREATE)
    deny('state', ['auditor', ...strangers], 's3:PutObject', object, SWAP)
  }
  deny('state', ['eraser', admin], 's3:PutObject', HOLD, BLIND); deny('state', ['eraser', admin], 's3:PutObject', ORDER, BLIND)
  for (const object of [HEAD, MEMORY]) { deny('state', object === HEAD ? ['sealer', admin] : ['verifier', admin], 's3:PutObject', object, BLIND); allow('state', admin, 's3:PutObject', object, PART) }
  allow('state', 'verifier', 's3:PutObject', REPORT, BLIND)
  allow('state', admin, 's3:PutObject', POLICY, BLIND); deny('state', ['sealer', 'verifier', 'eraser', ...strangers], 's3:PutObject', POLICY, BLIND)
  allow('state', admin, REMOVE, HEAD); deny('state', ['sealer', 'verifier', 'eraser', ...strangers], REMOVE, HEAD)
  for (const action of SETTINGS) { allow('state', admin, action, bucket('state')); deny('state', ['sealer', ...strangers], action, bucket('state')) }
  for (const [action, resource, at] of [['s3:ListBucket', bucket('state'), {}], ['s3:PutObject', HEAD, SWAP]]) {
    allow('state', 'sealer', action, resource, at); deny('state', 'sealer', action, resource, { ...at, 'aws:SecureTransport': 'false' }); deny('state', 'sealer', action, resource, { ...at, 's3:TlsVersion': '1.1' })
  }
  allow('state', ['sealer', 'verifier', 'auditor', 'eraser'], READ, HEAD); allow('state', ['sealer', 'verifier', 'auditor', 'eraser'], LIST, bucket('state'))
}
on('plain', 'resource', () => state('deploy', ['dba']))
on('foreign', 'resource', () => {
  state('keeper', ['dba', 'deploy', 'stranger'])
  // The log account's administrators: not even a look, after setup.
  deny('state', ['dba', 'deploy', 'producer-main', 'scheduler'], READ, HEAD); deny('state', ['dba', 'deploy'], LIST, bucket('state'))
  deny('state', 'auditor', 's3:PutObject', S('main/anything'), BLIND); allow('state', 'sealer', 's3:PutObject', S('main/anything'), BLIND)
  deny('state', 'sealer', ['s3:PutObjectTagging', 's3:PutObjectAcl', 's3:GetObjectTagging'], HEAD); deny('state', 'sealer', 's3:GetBucketPolicy', bucket('state'))
})

// ---- keys: the key's policy alone ----
on('plain', 'resource', () => {
  for (const name of ['data', 'storage', 'operations', 'signing']) {
    allow(name, ['deploy', 'root'], ADMINISTER, key(name)); deny(name, 'dba', [...DESTROY, 'kms:CreateGrant'], key(name)); deny(name, 'deploy', 'kms:CreateGrant', key(name))
    allow(name, 'dba', ['kms:DescribeKey', 'kms:CancelKeyDeletion'], key(name))
  }
  for (const [who, origin] of [['producer-main', PRODUCT], ['producer-other', OTHER]]) allow('data', who, 'kms:GenerateDataKey', key('data'), context(origin))
  deny('data', 'producer-main', 'kms:GenerateDataKey', key('data'), context(OTHER)); deny('data', 'producer-other', 'kms:GenerateDataKey', key('data'), context(PRODUCT))
  for (const origin of [PRODUCT, OTHER]) allow('data', 'eraser', 'kms:GenerateDataKey', key('data'), context(origin)); deny('data', 'eraser', 'kms:GenerateDataKey', key('data'), context('else')); deny('data', 'eraser', 'kms:GenerateDataKey', key('data'), content(PRODUCT)); deny('data', 'auditor', 'kms:Decrypt', key('data'), content(PRODUCT))
  deny('data', ['sealer', 'auditor', 'deploy', 'dba', 'root'], 'kms:GenerateDataKey', key('data'), context(PRODUCT))
  for (const origin of [PRODUCT, OTHER]) allow('data', 'auditor', 'kms:Decrypt', key('data'), context(origin))
  deny('data', 'auditor', 'kms:Decrypt', key('data'), context('else')); deny('data', 'auditor', 'kms:Encrypt', key('data'), context(PRODUCT))
  deny('data', 'producer-other', 'kms:Decrypt', key('data'), context(OTHER))
  deny('data', ['producer-main', 'sealer', 'verifier', 'eraser', 'deploy', 'dba', 'root'], 'kms:Decrypt', key('data'), context(PRODUCT))
  allow('storage', ['producer-main', 'producer-other', 'sealer', 'eraser'], 'kms:GenerateDataKey', key('storage'), via('s3'))
  deny('storage', ['verifier', 'auditor', 'deploy', 'dba'], 'kms:GenerateDataKey', key('storage'), via('s3')); deny('storage', ['sealer'], 'kms:GenerateDataKey', key('storage'))
  allow('storage', ['sealer', 'verifier', 'auditor', 'eraser'], 'kms:Decrypt', key('storage'), via('s3'))
  deny('storage', ['producer-main', 'deploy', 'dba'], 'kms:Decrypt', key('storage'), via('s3')); deny('storage', 'auditor', 'kms:Decrypt', key('storage')); deny('storage', 'sealer', 'kms:Encrypt', key('storage'), via('s3'))
  allow('signing', 'sealer', 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_SHA_512' }); deny('signing', 'sealer', 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_PH_SHA_512' })
  deny('signing', ['verifier', 'deploy', 'dba', 'root'], 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_SHA_512' }); deny('signing', 'sealer', 'kms:Verify', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_SHA_512' })
  deny('log-secret', ['producer-other', 'auditor', 'deploy', 'dba'], 'secretsmanager:GetSecretValue', `arn:aws:secretsmanager:${R}:secret:dayseal/main/log-secret-AbCdEf`)
  allow('log-secret', 'producer-main', ['secretsmanager:GetSecretValue'], `arn:aws:secretsmanager:${R}:secret:dayseal/main/log-secret-AbCdEf`)
  allow('log-secret', 'deploy', 'secretsmanager:PutSecretValue', `arn:aws:secretsmanager:${R}:secret:dayseal/main/log-secret-AbCdEf`)

  const here = { 'aws:SourceAccount': '111122223333' }, there = { 'aws:SourceAccount': '999988887777' }, logs = group => ({ 'kms:EncryptionContext:aws:logs:arn': `arn:aws:logs:${R}:log-group:${group}` })
  allow('operations', 'cloudwatch.amazonaws.com', ['kms:Decrypt', 'kms:GenerateDataKey'], key('operations'), here); deny('operations', 'cloudwatch.amazonaws.com', ['kms:Decrypt', 'kms:GenerateDataKey'], key('operations'), there)
  deny('operations', 'cloudwatch.amazonaws.com', 'kms:Encrypt', key('operations'), here)
  const logsActions = ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncryptFrom', 'kms:GenerateDataKey', 'kms:DescribeKey']
  allow('operations', 'logs.eu-west-1.amazonaws.com', logsActions, key('operations'), logs('/aws/lambda/dayseal-seal')); deny('operations', 'logs.eu-west-1.amazonaws.com', [...logsActions, 'kms:CreateAlias'], key('operations'), logs('/aws/lambda/else'))
  deny('operations', 'logs.eu-west-1.amazonaws.com', 'kms:CreateAlias', key('operations'), logs('/aws/lambda/dayseal-seal'))
  for (const service of ['sns', 'sqs']) allow('operations', ['verifier', 'scheduler', 'sealer'], ['kms:Decrypt', 'kms:GenerateDataKey'], key('operations'), via(service))
  deny('operations', 'dba', ['kms:Decrypt', 'kms:GenerateDataKey'], key('operations'), via('sqs')); deny('operations', 'verifier', ['kms:Decrypt', 'kms:GenerateDataKey'], key('operations'), via('s3')); deny('operations', 'verifier', 'kms:Encrypt', key('operations'), via('sns'))
  allow('operations', 'deploy', 'kms:Decrypt', key('operations'), via('sqs')); deny('operations', 'deploy', 'kms:Decrypt', key('operations'), via('sns')); deny('operations', 'deploy', ['kms:GenerateDataKey', 'kms:Encrypt'], key('operations'), via('sqs'))

  const topic = `arn:aws:sns:${R}:dayseal-findings`, queue = `arn:aws:sqs:${R}:dayseal-failed`
  allow('topic', 'cloudwatch.amazonaws.com', 'sns:Publish', topic, here); deny('topic', 'cloudwatch.amazonaws.com', 'sns:Publish', topic, there); deny('topic', 'cloudwatch.amazonaws.com', 'sns:Subscribe', topic, here)
  allow('topic', 'verifier', 'sns:Publish', topic); deny('topic', 'verifier', 'sns:Publish', topic, { 'aws:SecureTransport': 'false' })
  allow('queue', 'scheduler', 'sqs:SendMessage', queue); deny('queue', 'scheduler', ['sqs:SendMessage', 'sqs:ReceiveMessage'], queue, { 'aws:SecureTransport': 'false' })
})
on('setup', 'resource', () => {
  allow('signing', ['deploy', 'sealer'], 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_SHA_512' }); deny('signing', 'dba', 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_SHA_512' })
  for (const origin of [PRODUCT, OTHER]) { allow('data', 'deploy', 'kms:GenerateDataKey', key('data'), context(origin)); deny('data', 'dba', 'kms:GenerateDataKey', key('data'), context(origin)) }
  deny('data', 'deploy', 'kms:GenerateDataKey', key('data'), context('else')); deny('data', 'deploy', ['kms:Decrypt', 'kms:Encrypt'], key('data'), context(PRODUCT))
  deny('signing', ['deploy', 'sealer'], 'kms:Sign', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_PH_SHA_512' }); deny('signing', 'sealer', 'kms:Verify', key('signing'), { 'kms:SigningAlgorithm': 'ED25519_SHA_512' })
  allow('storage', ['deploy', 'producer-main', 'producer-other', 'sealer', 'eraser'], 'kms:GenerateDataKey', key('storage'), via('s3')); allow('storage', ['deploy', 'sealer', 'verifier', 'auditor', 'eraser'], 'kms:Decrypt', key('storage'), via('s3'))
  deny('storage', 'dba', ['kms:GenerateDataKey', 'kms:Decrypt'], key('storage'), via('s3')); deny('storage', 'deploy', ['kms:GenerateDataKey', 'kms:Decrypt'], key('storage')); deny('storage', 'deploy', 'kms:Encrypt', key('storage'), via('s3'))
})
const SIGNING_SECRET = `arn:aws:secretsmanager:${R}:secret:dayseal/signing-key-AbCdEf`
on('open', 'resource', () => {
  allow('data', ['verifier', 'auditor'], 'kms:Decrypt', key('data'), context(PRODUCT)); deny('data', 'dba', 'kms:Decrypt', key('data'), context(PRODUCT))
  allow('data', 'verifier', 'kms:Decrypt', key('data'), context(OTHER)); deny('data', 'verifier', 'kms:Decrypt', key('data'), context('else')); deny('data', 'verifier', 'kms:Encrypt', key('data'), context(PRODUCT))
  allow('signing-secret', 'sealer', 'secretsmanager:GetSecretValue', SIGNING_SECRET); deny('signing-secret', ['producer-main', 'verifier', 'auditor', 'deploy', 'dba'], 'secretsmanager:GetSecretValue', SIGNING_SECRET)
})

// ---- roles: their own policy alone, before resources that leave all to them ----
const ELSE_OBJECT = 'arn:aws:s3:::else/main/entries/x', ELSE_KEY = key('else')
on('plain', 'identity', () => {
  const p = 'producer-main'
  allow(undefined, p, 's3:PutObject', ENTRY, CREATE); allow(undefined, p, 's3:PutObject', RECORD, CREATE)
  for (const object of [ENTRY, RECORD]) { deny(undefined, p, 's3:PutObject', object, BLIND); deny(undefined, p, 's3:PutObject', object, SWAP); deny(undefined, p, [...READ, ...REMOVE], object, CREATE) }
  for (const object of [E('other/entries/x'), MANIFEST, C('other/content/x'), HEAD, ELSE_OBJECT]) deny(undefined, p, 's3:PutObject', object, CREATE)
  allow(undefined, p, 'kms:GenerateDataKey', key('data'), context(PRODUCT)); deny(undefined, p, 'kms:GenerateDataKey', key('data'), context(OTHER)); deny(undefined, p, 'kms:GenerateDataKey', ELSE_KEY, context(PRODUCT)); deny(undefined, p, 'kms:Decrypt', key('data'), context(PRODUCT))
  allow(undefined, p, 'kms:GenerateDataKey', key('storage'), via('s3')); deny(undefined, p, 'kms:GenerateDataKey', key('storage'), via('sns')); deny(undefined, p, 'kms:GenerateDataKey', ELSE_KEY, via('s3')); deny(undefined, p, 'kms:Decrypt', key('storage'), via('s3'))
  allow(undefined, p, 'secretsmanager:GetSecretValue', `arn:aws:secretsmanager:${R}:secret:dayseal/main/log-secret-AbCdEf`); deny(undefined, p, 'secretsmanager:PutSecretValue', `arn:aws:secretsmanager:${R}:secret:dayseal/main/log-secret-AbCdEf`)
  deny(undefined, p, 'secretsmanager:GetSecretValue', `arn:aws:secretsmanager:${R}:secret:dayseal/other/log-secret-AbCdEf`); deny(undefined, p, 'secretsmanager:GetSecretValue', SIGNING_SECRET)
  deny(undefined, p, ['logs:PutLogEvents'], `arn:aws:logs:${R}:log-group:/aws/lambda/dayseal-example:log-stream:x`)

  // what sealer, verifier and auditor share
  for (const r of ['sealer', 'verifier', 'auditor']) {
    allow(undefined, r, READ, ENTRY); deny(undefined, r, READ, ELSE_OBJECT); deny(undefined, r, READ, RECORD); deny(undefined, r, [...REMOVE, 's3:PutObjectTagging'], ENTRY)
    for (const name of ['evidence', 'state']) allow(undefined, r, LIST, bucket(name))
    deny(undefined, r, [...LIST, ...SETTINGS], 'arn:aws:s3:::else'); deny(undefined, r, SETTINGS, bucket('evidence')); deny(undefined, r, SETTINGS, bucket('state'))
    allow(undefined, r, 'kms:Decrypt', key('storage'), via('s3')); deny(undefined, r, 'kms:Decrypt', key('storage'), via('sns')); deny(undefined, r, 'kms:Decrypt', ELSE_KEY, via('s3')); deny(undefined, r, ['kms:ScheduleKeyDeletion', 'kms:Encrypt'], key('storage'), via('s3'))
    deny(undefined, r, 's3:PutObject', ENTRY, CREATE); deny(undefined, r, REMOVE, HEAD); deny(undefined, r, ['kms:ScheduleKeyDeletion'], key('data'), context(PRODUCT)); deny(undefined, r, ['kms:ScheduleKeyDeletion'], key('signing'))
  }
  for (const [r, name] of [['sealer', 'seal'], ['verifier', 'verify']]) {
    const lines = which => `arn:aws:logs:${R}:log-group:/aws/lambda/dayseal-${which}:log-stream:x`
    allow(undefined, r, ['logs:CreateLogStream', 'logs:PutLogEvents'], lines(name)); deny(undefined, r, ['logs:PutLogEvents'], lines('else')); deny(undefined, r, ['logs:DeleteLogStream'], lines(name))
  }
  for (const r of ['sealer', 'verifier', 'scheduler']) {
    allow(undefined, r, 'sqs:SendMessage', `arn:aws:sqs:${R}:dayseal-failed`); deny(undefined, r, 'sqs:SendMessage', `arn:aws:sqs:${R}:else`); deny(undefined, r, 'sqs:ReceiveMessage', `arn:aws:sqs:${R}:dayseal-failed`)
    allow(undefined, r, ['kms:GenerateDataKey', 'kms:Decrypt'], key('operations'), via('sqs')); deny(undefined, r, 'kms:Decrypt', key('operations')); deny(undefined, r, 'kms:Decrypt', ELSE_KEY, via('sqs')); deny(undefined, r, 'kms:Encrypt', key('operations'), via('sqs'))
  }

  for (const log of ['main', 'other']) {
    for (const path of ['manifests/x', 'checkpoints/x']) { allow(undefined, 'sealer', 's3:PutObject', E(`${log}/${path}`), CREATE); deny(undefined, 'sealer', 's3:PutObject', E(`${log}/${path}`), BLIND) }
    for (const place of ['heads', 'index']) allow(undefined, 'sealer', READ, S(`${log}/${place}/x`)); for (const place of ['heads', 'index']) allow(undefined, 'sealer', 's3:PutObject', S(`${log}/${place}/x`), SWAP)
    for (const place of ['verifier', 'reports']) allow(undefined, 'verifier', 's3:PutObject', S(`${log}/${place}/x`), SWAP)
    allow(undefined, 'eraser', ['s3:GetObject', 's3:PutObject'], S(`${log}/erasures/x`), CREATE)
    allow(undefined, 'eraser', ['s3:GetObject', 's3:PutObject'], S(`${log}/holds/x`), CREATE); deny(undefined, 'eraser', 's3:PutObject', S(`${log}/holds/x`), SWAP)
    allow(undefined, 'eraser', 's3:PutObject', S(`${log}/removals/x`), CREATE); deny(undefined, 'eraser', 's3:PutObject', S(`${log}/removals/x`), SWAP); allow(undefined, 'sealer', 's3:GetObject', S(`${log}/removals/x`)); deny(undefined, 'sealer', 's3:GetObjectVersion', S(`${log}/removals/x`))
    allow(undefined, 'eraser', 's3:PutObject', E(`${log}/entries/x`), CREATE); deny(undefined, 'eraser', 's3:PutObject', E(`${log}/entries/x`), BLIND); deny(undefined, 'eraser', 's3:PutObject', E(`${log}/manifests/x`), CREATE)
  }
  deny(undefined, 'sealer', READ, MEMORY); for (const object of [POLICY, MEMORY, REPORT, ELSE_OBJECT, E('x')]) deny(undefined, 'sealer', 's3:PutObject', object, CREATE)
  deny(undefined, 'sealer', ['s3:PutObjectTagging', 's3:DeleteObject'], MANIFEST, CREATE); deny(undefined, 'sealer', 's3:PutObjectTagging', HEAD)
  allow(undefined, 'sealer', 'kms:GenerateDataKey', key('storage'), via('s3')); deny(undefined, 'sealer', 'kms:GenerateDataKey', key('storage')); deny(undefined, 'sealer', 'kms:GenerateDataKey', ELSE_KEY, via('s3'))
  allow(undefined, 'sealer', ['kms:Sign', 'kms:GetPublicKey', 'kms:DescribeKey'], key('signing')); deny(undefined, 'sealer', ['kms:Sign'], ELSE_KEY)

  allow(undefined, 'verifier', READ, HEAD); for (const object of [HEAD, POLICY, INDEX, ELSE_OBJECT]) deny(undefined, 'verifier', 's3:PutObject', object, SWAP)
  deny(undefined, 'verifier', 's3:PutObjectTagging', MEMORY); deny(undefined, 'verifier', 'kms:Decrypt', key('data'), context(PRODUCT)); deny(undefined, 'verifier', 'kms:Sign', key('signing'))
  allow(undefined, 'verifier', 'sns:Publish', `arn:aws:sns:${R}:dayseal-findings`); deny(undefined, 'verifier', 'sns:Publish', `arn:aws:sns:${R}:else`); deny(undefined, 'verifier', 'sns:Unsubscribe', `arn:aws:sns:${R}:dayseal-findings`); deny(undefined, 'verifier', 'sns:DeleteTopic', `arn:aws:sns:${R}:dayseal-findings`)
  allow(undefined, 'verifier', ['kms:GenerateDataKey', 'kms:Decrypt'], key('operations'), via('sns')); deny(undefined, 'verifier', ['kms:Decrypt'], ELSE_KEY, via('sns')); deny(undefined, 'verifier', 'kms:Encrypt', key('operations'), via('sns'))

  allow(undefined, 'auditor', READ, HEAD); deny(undefined, 'auditor', 'kms:Decrypt', key('data'), content(PRODUCT)); allow(undefined, 'auditor', 'kms:Decrypt', key('data'), context(PRODUCT)); allow(undefined, 'auditor', 'kms:Decrypt', key('data'), context(OTHER)); deny(undefined, 'auditor', 'kms:Decrypt', key('data'), context('else')); deny(undefined, 'auditor', 'kms:Decrypt', ELSE_KEY, context(PRODUCT)); deny(undefined, 'auditor', 'kms:GenerateDataKey', key('data'), context(PRODUCT))
  const settings = ['s3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration', 's3:GetLifecycleConfiguration', 's3:GetBucketPolicy', 's3:GetEncryptionConfiguration', 's3:GetBucketPublicAccessBlock', 's3:GetBucketOwnershipControls', 's3:GetReplicationConfiguration', 's3:GetBucketLocation', 's3:GetBucketLogging']
  for (const name of ['evidence', 'content', 'state']) allow(undefined, 'auditor', settings, bucket(name)); deny(undefined, 'auditor', settings, 'arn:aws:s3:::else'); deny(undefined, 'auditor', [...SETTINGS, 's3:ListBucket'], bucket('content'))
  for (const name of ['data', 'storage', 'signing']) { allow(undefined, 'auditor', ['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListGrants'], key(name)) }
  deny(undefined, 'auditor', 'kms:GetKeyPolicy', ELSE_KEY); allow(undefined, 'auditor', 'kms:GetPublicKey', key('signing')); deny(undefined, 'auditor', ['kms:GetPublicKey'], ELSE_KEY); deny(undefined, 'auditor', 'kms:Sign', key('signing'))
  for (const [action, mine, not, change] of [
    ['scheduler:GetSchedule', `arn:aws:scheduler:${R}:schedule/dayseal/seal-main`, `arn:aws:scheduler:${R}:schedule/else/x`, 'scheduler:DeleteSchedule'],
    ['lambda:GetFunctionConfiguration', `arn:aws:lambda:${R}:function:dayseal-seal`, `arn:aws:lambda:${R}:function:else`, 'lambda:UpdateFunctionCode'],
    ['sqs:GetQueueUrl', `arn:aws:sqs:${R}:dayseal-failed`, `arn:aws:sqs:${R}:else`, 'sqs:DeleteQueue'],
    ['sqs:GetQueueAttributes', `arn:aws:sqs:${R}:dayseal-failed`, `arn:aws:sqs:${R}:else`, 'sqs:PurgeQueue'],
  ]) { allow(undefined, 'auditor', action, mine); deny(undefined, 'auditor', action, not); deny(undefined, 'auditor', change, mine) }
  allow(undefined, 'auditor', ['cloudwatch:DescribeAlarms'], `arn:aws:cloudwatch:${R}:alarm:dayseal-x`); allow(undefined, 'auditor', ['cloudwatch:GetMetricData'], '*'); deny(undefined, 'auditor', 'cloudwatch:DeleteAlarms', `arn:aws:cloudwatch:${R}:alarm:dayseal-x`)

  const e = 'eraser'
  allow(undefined, e, ['s3:GetObject', 's3:DeleteObject'], RECORD); allow(undefined, e, 's3:PutObject', RECORD, SWAP); deny(undefined, e, 's3:PutObject', RECORD, CREATE); allow(undefined, e, LIST, bucket('content')); allow(undefined, e, LIST, bucket('state')); deny(undefined, e, LIST, bucket('evidence'))
  deny(undefined, e, ['s3:ListBucket', ...SETTINGS], 'arn:aws:s3:::else'); for (const name of ['content', 'state', 'evidence']) deny(undefined, e, SETTINGS, bucket(name)); deny(undefined, e, ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], ELSE_OBJECT, SWAP); deny(undefined, e, ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], ENTRY, SWAP); deny(undefined, e, ['s3:PutObjectTagging'], RECORD, SWAP)
  for (const origin of [PRODUCT, OTHER]) allow(undefined, e, 'kms:GenerateDataKey', key('data'), context(origin)); deny(undefined, e, 'kms:GenerateDataKey', key('data'), context('else')); deny(undefined, e, 'kms:GenerateDataKey', key('data'), content(PRODUCT)); deny(undefined, e, 'kms:Encrypt', key('data'), context(PRODUCT)); deny(undefined, e, 'kms:GenerateDataKey', ELSE_KEY, context(PRODUCT)); deny(undefined, e, 's3:DeleteObject', HOLD); deny(undefined, e, ['s3:GetObject', 's3:PutObject'], HEAD, SWAP); deny(undefined, e, 's3:DeleteObject', RECEIPT)
  allow(undefined, e, ['kms:Decrypt', 'kms:GenerateDataKey'], key('storage'), via('s3')); deny(undefined, e, ['kms:Decrypt', 'kms:GenerateDataKey'], key('storage')); deny(undefined, e, ['kms:Decrypt', 'kms:GenerateDataKey'], ELSE_KEY, via('s3')); deny(undefined, e, 'kms:Encrypt', key('storage'), via('s3')); deny(undefined, e, 'kms:Decrypt', key('data'), context(PRODUCT))

  for (const name of ['seal', 'verify']) { allow(undefined, 'scheduler', 'lambda:InvokeFunction', `arn:aws:lambda:${R}:function:dayseal-${name}`); deny(undefined, 'scheduler', 'lambda:UpdateFunctionCode', `arn:aws:lambda:${R}:function:dayseal-${name}`) }
  deny(undefined, 'scheduler', 'lambda:InvokeFunction', `arn:aws:lambda:${R}:function:else`)
})
// While a key takes over, the sealer signs with both, be either a key or a secret.
const NEXT_SECRET = `arn:aws:secretsmanager:${R}:secret:next-AbCdEf`
on('open', 'identity', () => {
  allow(undefined, 'sealer', ['kms:Sign', 'kms:GetPublicKey', 'kms:DescribeKey'], key('next')); deny(undefined, 'sealer', ['kms:Verify', 'kms:ScheduleKeyDeletion'], key('next'))
  allow(undefined, 'auditor', ['kms:GetPublicKey', 'kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListGrants'], key('next'))
  deny(undefined, 'auditor', 'kms:GetPublicKey', ELSE_KEY); deny(undefined, ['verifier', 'auditor', 'producer-main', 'eraser', 'scheduler'], 'kms:Sign', key('next'))
})
on('setup', 'identity', () => {
  allow(undefined, 'sealer', 'secretsmanager:GetSecretValue', NEXT_SECRET); deny(undefined, 'sealer', 'secretsmanager:PutSecretValue', NEXT_SECRET); allow(undefined, 'sealer', 'kms:Sign', key('signing'))
  deny(undefined, 'sealer', 'secretsmanager:GetSecretValue', `arn:aws:secretsmanager:${R}:secret:else-AbCdEf`); deny(undefined, ['verifier', 'auditor', 'producer-main', 'eraser', 'scheduler'], 'secretsmanager:GetSecretValue', NEXT_SECRET)
})
on('open', 'identity', () => {
  for (const origin of [PRODUCT, OTHER]) allow(undefined, 'auditor', 'kms:Decrypt', key('data'), content(origin))
  deny(undefined, 'auditor', 'kms:Decrypt', key('data'), content('else')); deny(undefined, 'auditor', 'kms:Decrypt', ELSE_KEY, content(PRODUCT)); deny(undefined, 'auditor', 'kms:Encrypt', key('data'), content(PRODUCT))
  deny(undefined, 'auditor', 'kms:Decrypt', key('data'), { ...context(PRODUCT), 'kms:EncryptionContext:dayseal-kind': 'else' }); deny(undefined, 'verifier', 'kms:Decrypt', key('data'), content(PRODUCT))
  allow(undefined, 'verifier', 'kms:Decrypt', key('data'), context(OTHER)); deny(undefined, 'verifier', 'kms:Decrypt', key('data'), context('else')); deny(undefined, 'verifier', 'kms:Decrypt', ELSE_KEY, context(PRODUCT)); deny(undefined, 'verifier', 'kms:Encrypt', key('data'), context(PRODUCT))
  const described = ['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListGrants']
  for (const name of ['data', 'storage']) { allow(undefined, 'auditor', described, key(name)); deny(undefined, 'auditor', 'kms:ScheduleKeyDeletion', key(name)) }
  deny(undefined, 'auditor', described, ELSE_KEY); deny(undefined, 'auditor', ['s3:DeleteObject', 's3:PutObject'], RECORD, CREATE); deny(undefined, 'auditor', 's3:GetObject', ELSE_OBJECT); deny(undefined, 'auditor', 's3:ListBucket', 'arn:aws:s3:::else'); deny(undefined, 'auditor', SETTINGS, bucket('content'))
  deny(undefined, 'sealer', 'secretsmanager:PutSecretValue', SIGNING_SECRET); deny(undefined, 'producer-main', 'logs:PutLogEvents', `arn:aws:logs:${R}:log-group:/aws/lambda/else:log-stream:x`); deny(undefined, 'producer-main', 'logs:DeleteLogStream', `arn:aws:logs:${R}:log-group:/aws/lambda/dayseal-example:log-stream:x`)
  allow(undefined, 'verifier', 'kms:Decrypt', key('data'), context(PRODUCT)); allow(undefined, 'sealer', 'secretsmanager:GetSecretValue', SIGNING_SECRET); deny(undefined, ['verifier', 'auditor', 'producer-main', 'eraser'], 'secretsmanager:GetSecretValue', SIGNING_SECRET); deny(undefined, 'sealer', 'kms:Sign', ELSE_KEY)
  deny(undefined, 'sealer', 'secretsmanager:GetSecretValue', `arn:aws:secretsmanager:${R}:secret:else-AbCdEf`); allow(undefined, 'auditor', 's3:GetObject', RECORD); allow(undefined, 'auditor', 's3:ListBucket', bucket('content'))
  allow(undefined, 'producer-main', ['logs:PutLogEvents', 'logs:CreateLogStream'], `arn:aws:logs:${R}:log-group:/aws/lambda/dayseal-example:log-stream:x`); deny(undefined, 'producer-other', 'logs:PutLogEvents', `arn:aws:logs:${R}:log-group:/aws/lambda/dayseal-example:log-stream:x`)
})
