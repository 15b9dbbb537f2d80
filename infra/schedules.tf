# One schedule for each log and function: the trouble of one log is not the trouble of another.
locals {
  runs = merge([for log in keys(var.logs) : {
    "seal-${log}"   = { log = log, function = "seal", expression = var.seal_schedule }
    "verify-${log}" = { log = log, function = "verify", expression = var.verify_schedule }
  }]...)
}

resource "aws_scheduler_schedule_group" "runs" {
  name = var.name
}

resource "aws_scheduler_schedule" "runs" {
  for_each                     = local.runs
  name                         = each.key
  group_name                   = aws_scheduler_schedule_group.runs.name
  schedule_expression          = each.value.expression
  schedule_expression_timezone = "UTC"
  state                        = var.setup ? "DISABLED" : "ENABLED"
  flexible_time_window { mode = "OFF" }
  target {
    arn      = aws_lambda_function.functions[each.value.function].arn
    role_arn = aws_iam_role.roles["scheduler"].arn
    # Text, since jsonencode would write the placeholder's < and > as \u003c and \u003e.
    input = "{\"log\":\"${each.value.log}\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"
    retry_policy {
      maximum_retry_attempts       = 8
      maximum_event_age_in_seconds = 21600
    }
    dead_letter_config { arn = aws_sqs_queue.failed.arn }
  }
  depends_on = [aws_iam_role_policy.roles]
}

# What Scheduler could not hand over, and what Lambda gave up.
resource "aws_sqs_queue" "failed" {
  name                      = local.queue_name
  kms_master_key_id         = aws_kms_key.operations.arn
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_policy" "failed" {
  queue_url = aws_sqs_queue.failed.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyInsecureTransport", Effect = "Deny", Principal = "*", Action = "sqs:*", Resource = local.queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
