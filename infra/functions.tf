# The contract of the functions is docs/functions.md.
locals {
  # The fields that every deployment gives, and those that it may leave to the functions' defaults.
  config = jsonencode(merge(
    {
      v              = 1
      evidence       = "s3://${local.evidence_bucket}"
      state          = "s3://${local.state_bucket}"
      signing_key    = local.signing_key_arn
      wrapping_key   = aws_kms_key.data.arn
      retention_days = module.retention.days
      late_days      = var.late_days
      grace_minutes  = var.grace_minutes
      topic          = local.topic_arn
      level          = var.verify_level
      rehash_days    = var.rehash_days
      logs           = var.logs
    },
    { for field in ["next_signing_key"] : field => var.next_signing_key if var.next_signing_key != null },
  ))

  functions = merge(
    {
      seal   = { role = "sealer", memory = var.memory.seal, timeout = 900, config = local.config }
      verify = { role = "verifier", memory = var.memory.verify, timeout = 900, config = local.config }
    },
    { for function in ["example"] : function => {
      role = "producer-${var.example_log}", memory = var.memory.example, timeout = 60
      # A producer of one log knows of no other.
      config = jsonencode({ v = 1, evidence = "s3://${local.evidence_bucket}", state = "s3://${local.state_bucket}", wrapping_key = aws_kms_key.data.arn, logs = { for log, value in var.logs : log => value if log == var.example_log } })
    } if var.example_log != null },
  )
  environments = { for name, function in local.functions : name => { DAYSEAL_LOGS = function.config, RUST_LOG = "info" } }
  zips         = { for name in keys(local.functions) : name => "dayseal-${name}-${var.architecture}.zip" }
  local_zips   = { for name, zip in local.zips : name => "${var.artifacts.directory}/${zip}" if var.artifacts.directory != null }

  concurrency = coalesce(var.reserved_concurrency, length(var.logs))
}

resource "aws_cloudwatch_log_group" "functions" {
  for_each          = local.functions
  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.function_log_days
  kms_key_id        = aws_kms_key.operations.arn
}

resource "aws_lambda_function" "functions" {
  for_each                       = local.functions
  function_name                  = "${var.name}-${each.key}"
  role                           = aws_iam_role.roles[each.value.role].arn
  runtime                        = "provided.al2023"
  handler                        = "bootstrap"
  architectures                  = [var.architecture]
  memory_size                    = each.value.memory
  timeout                        = each.value.timeout
  reserved_concurrent_executions = each.key == "example" ? -1 : local.concurrency

  filename          = lookup(local.local_zips, each.key, null)
  source_code_hash  = try(filebase64sha256(local.local_zips[each.key]), null)
  s3_bucket         = var.artifacts.bucket
  s3_key            = var.artifacts.bucket == null ? null : "${var.artifacts.prefix}${local.zips[each.key]}"
  s3_object_version = lookup(var.artifacts.versions, each.key, null)

  environment {
    variables = local.environments[each.key]
  }

  lifecycle {
    precondition {
      condition     = var.artifacts.directory == null ? true : fileexists(local.local_zips[each.key])
      error_message = "No ${local.zips[each.key]} in ${coalesce(var.artifacts.directory, "-")}: build or download it, or set artifacts to a bucket."
    }
    precondition {
      condition     = sum([for name, value in local.environments[each.key] : length(name) + length(value)]) < 4096
      error_message = "The environment of ${var.name}-${each.key} has ${sum([for name, value in local.environments[each.key] : length(name) + length(value)])} characters; Lambda takes 4096 bytes. Use the module again for some of the logs."
    }
  }
  depends_on = [aws_cloudwatch_log_group.functions, aws_iam_role_policy.roles]
}

# Scheduler hands a run over and is done; it is Lambda that tries a failed run again and gives it up.
resource "aws_lambda_function_event_invoke_config" "functions" {
  for_each                     = { for name, function in local.functions : name => function if name != "example" }
  function_name                = aws_lambda_function.functions[each.key].function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
  destination_config {
    on_failure { destination = aws_sqs_queue.failed.arn }
  }
}
