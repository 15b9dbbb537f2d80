output "evidence_bucket" {
  description = "Bucket of the evidence roots."
  value       = aws_s3_bucket.evidence.id
}

output "content_bucket" {
  description = "Bucket of the content roots."
  value       = aws_s3_bucket.content.id
}

output "state_bucket" {
  description = "Bucket of the state roots."
  value       = local.state_bucket
}

output "roots" {
  description = "The three roots of each log, and where the auditor's policy belongs."
  value = { for log in keys(var.logs) : log => {
    evidence = "s3://${local.evidence_bucket}/${log}"
    content  = "s3://${local.content_bucket}/${log}"
    state    = "s3://${local.state_bucket}/${log}"
    policy   = "s3://${local.state_bucket}/policies/${log}"
  } }
}

output "data_key_arn" {
  description = "KMS key that wraps data keys: `wrapping_key`."
  value       = aws_kms_key.data.arn
}

output "storage_key_arn" {
  description = "KMS key of SSE-KMS for evidence and content."
  value       = aws_kms_key.storage.arn
}

output "signing_key_arn" {
  description = "KMS key, or secret, that signs: `signing_key`."
  value       = local.signing_key_arn
}

output "signing_key_policies" {
  description = "What a signing key that is made elsewhere needs, now or as the next one: `kms`, the key policy; `secret`, the secret's resource policy."
  value       = { kms = jsonencode(local.signing_key_policy), secret = jsonencode(local.signing_secret_policy) }
}

output "log_secret_arns" {
  description = "Log secret of each log; empty until somebody puts a value."
  value       = { for log, secret in aws_secretsmanager_secret.log : log => secret.arn }
}

output "role_arns" {
  description = "Roles: producer-<log>, sealer, verifier, auditor, eraser, scheduler."
  value       = { for name, role in aws_iam_role.roles : name => role.arn }
}

output "state_roles" {
  description = "Input `roles` of the module state/ in another account."
  value       = local.state_roles
}

output "function_names" {
  description = "Functions: seal, verify and, if asked for, example."
  value       = { for name, function in aws_lambda_function.functions : name => function.function_name }
}

output "function_config" {
  description = "DAYSEAL_LOGS of seal and verify."
  value       = local.config
}

output "topic_arn" {
  description = "Topic of alarms and findings."
  value       = aws_sns_topic.findings.arn
}

output "failed_queue_url" {
  description = "Runs that were given up."
  value       = aws_sqs_queue.failed.id
}

output "retention" {
  description = "Days that are locked, mode, and age at expiry of entries, of the chain and of content."
  value       = module.retention
}

output "lake_tables" {
  description = "Names of the tables over exports by OCSF class; none if `lake` is null."
  value       = one(module.athena[*].tables)
}
