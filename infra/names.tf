# Names and ARNs are known in the plan, so whole policies can be read and tested without applying anything.
locals {
  partition = startswith(var.region, "cn-") ? "aws-cn" : startswith(var.region, "us-gov-") ? "aws-us-gov" : "aws"
  root_arn  = "arn:${local.partition}:iam::${var.account_id}:root"
  role_base = "arn:${local.partition}:iam::${var.account_id}:role/${var.name}"

  evidence_bucket = "${var.name}-evidence-${var.account_id}-${var.region}"
  content_bucket  = "${var.name}-content-${var.account_id}-${var.region}"
  state_bucket    = coalesce(var.state_bucket, "${var.name}-state-${var.account_id}-${var.region}")

  evidence_arn = "arn:${local.partition}:s3:::${local.evidence_bucket}"
  content_arn  = "arn:${local.partition}:s3:::${local.content_bucket}"
  state_arn    = "arn:${local.partition}:s3:::${local.state_bucket}"

  producer_roles = { for log in keys(var.logs) : log => "producer-${log}" }
  producer_arns  = { for log, role in local.producer_roles : log => "${local.role_base}-${role}" }
  sealer_arn     = "${local.role_base}-sealer"
  verifier_arn   = "${local.role_base}-verifier"
  auditor_arn    = "${local.role_base}-auditor"
  eraser_arn     = "${local.role_base}-eraser"

  # Who may write what `dayseal init` writes: nobody once setup is over.
  founders = [for arn in [var.retention_admin_role_arn] : arn if var.setup]

  # Secrets Manager ends an ARN with six characters of its own.
  log_secret_arns = { for log in keys(var.logs) : log => "arn:${local.partition}:secretsmanager:${var.region}:${var.account_id}:secret:${var.name}/${log}/log-secret-??????" }

  function_base = "arn:${local.partition}:lambda:${var.region}:${var.account_id}:function:${var.name}"
  topic_name    = "${var.name}-findings"
  topic_arn     = "arn:${local.partition}:sns:${var.region}:${var.account_id}:${local.topic_name}"
  queue_name    = "${var.name}-failed"
  queue_arn     = "arn:${local.partition}:sqs:${var.region}:${var.account_id}:${local.queue_name}"
}
