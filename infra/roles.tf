# Six kinds of role. The seventh, the retention admin, is the role that applies this: it exists before.
locals {
  # Policies are text here, since roles differ in shape and a map's values may not.
  role_policies = merge(
    { for log, role in local.producer_roles : role => jsonencode(local.producer_policies[log]) },
    {
      sealer    = jsonencode(local.sealer_policy)
      verifier  = jsonencode(local.verifier_policy)
      auditor   = jsonencode(local.auditor_policy)
      eraser    = jsonencode(local.eraser_policy)
      scheduler = jsonencode(local.scheduler_policy)
    },
  )

  role_trusts = merge(
    { for log, role in local.producer_roles : role => { principals = local.producer_principals[log], condition = {} } },
    {
      sealer    = { principals = ["lambda.amazonaws.com"], condition = {} }
      verifier  = { principals = ["lambda.amazonaws.com"], condition = {} }
      auditor   = { principals = var.auditor_principals, condition = local.with_mfa }
      eraser    = { principals = var.eraser_principals, condition = local.with_mfa }
      scheduler = { principals = ["scheduler.amazonaws.com"], condition = { StringEquals = { "aws:SourceAccount" = var.account_id } } }
    },
  )
  producer_principals = { for log in keys(var.logs) : log => distinct(concat(
    lookup(var.producers, log, []), [for service in ["lambda.amazonaws.com"] : service if var.example_log == log],
  )) }
  with_mfa = { for operator in ["Bool"] : operator => { "aws:MultiFactorAuthPresent" = "true" } if var.require_mfa }

  trust_statements = { for role, trust in local.role_trusts : role => merge(
    {
      # A role that nobody is named for is denied to everybody: a policy without principals is none.
      Effect = length(trust.principals) == 0 ? "Deny" : "Allow"
      Action = "sts:AssumeRole"
      Principal = length(trust.principals) == 0 ? { AWS = ["*"] } : { for kind, principals in {
        AWS     = [for principal in trust.principals : principal if startswith(principal, "arn:")]
        Service = [for principal in trust.principals : principal if !startswith(principal, "arn:")]
      } : kind => principals if length(principals) > 0 }
    },
    { for key in ["Condition"] : key => trust.condition if length(trust.principals) > 0 && length(trust.condition) > 0 },
  ) }
}

resource "aws_iam_role" "roles" {
  for_each             = local.role_trusts
  name                 = "${var.name}-${each.key}"
  max_session_duration = 3600
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [local.trust_statements[each.key]] })
}

resource "aws_iam_role_policy" "roles" {
  for_each = local.role_trusts
  name     = each.key
  role     = aws_iam_role.roles[each.key].id
  policy   = local.role_policies[each.key]
  lifecycle {
    precondition {
      condition     = alltrue([for log in concat(keys(var.producers), compact([var.example_log])) : contains(keys(var.logs), log)])
      error_message = "producers or example_log names a log that logs does not have: ${join(", ", [for log in concat(keys(var.producers), compact([var.example_log])) : log if !contains(keys(var.logs), log)])}."
    }
  }
}
