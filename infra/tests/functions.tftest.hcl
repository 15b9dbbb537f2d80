# The contract of docs/functions.md: names, environment, schedules, what becomes of failures.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "functions" {
  command = plan
  variables {
    logs = {
      main  = { origin = "audit.example.com/acme/prod", first_day = "2026-11-21" }
      other = { origin = "audit.example.com/acme/other", first_day = "2026-11-22" }
    }
    late_days     = 2
    grace_minutes = 30
    verify_level  = "entries"
    rehash_days   = 14
    example_log   = "main"
    # The change of key goes on while the rest of the configuration is as always.
    next_signing_key = "arn:aws:kms:eu-west-1:111122223333:key/next"
    artifacts        = { bucket = "artifacts", prefix = "v1/", versions = { seal = "abc" } }
    seal_schedule    = "cron(10 0 * * ? *)"
  }

  assert {
    condition = jsondecode(output.function_config) == {
      v                = 1
      evidence         = "s3://dayseal-evidence-111122223333-eu-west-1"
      state            = "s3://dayseal-state-111122223333-eu-west-1"
      signing_key      = "arn:aws:kms:eu-west-1:111122223333:key/signing"
      wrapping_key     = "arn:aws:kms:eu-west-1:111122223333:key/data"
      retention_days   = 366
      late_days        = 2
      grace_minutes    = 30
      topic            = "arn:aws:sns:eu-west-1:111122223333:dayseal-findings"
      level            = "entries"
      rehash_days      = 14
      next_signing_key = "arn:aws:kms:eu-west-1:111122223333:key/next"
      logs = {
        main  = { origin = "audit.example.com/acme/prod", first_day = "2026-11-21" }
        other = { origin = "audit.example.com/acme/other", first_day = "2026-11-22" }
      }
    }
    error_message = "DAYSEAL_LOGS must be what docs/functions.md says, and nothing more"
  }
  assert {
    condition     = alltrue([for name in ["seal", "verify"] : aws_lambda_function.functions[name].environment[0].variables == tomap({ DAYSEAL_LOGS = output.function_config, RUST_LOG = "info" })])
    error_message = "seal and verify have the configuration in their environment"
  }
  assert {
    condition = jsondecode(aws_lambda_function.functions["example"].environment[0].variables.DAYSEAL_LOGS) == {
      v            = 1
      evidence     = "s3://dayseal-evidence-111122223333-eu-west-1"
      state        = "s3://dayseal-state-111122223333-eu-west-1"
      wrapping_key = "arn:aws:kms:eu-west-1:111122223333:key/data"
      logs         = { main = { origin = "audit.example.com/acme/prod", first_day = "2026-11-21" } }
    }
    error_message = "a producer is told neither the signing key nor other logs"
  }
  assert {
    condition = jsonencode({ for name, function in aws_lambda_function.functions : name => [function.function_name, function.runtime, function.handler, one(function.architectures), function.timeout, function.reserved_concurrent_executions, function.s3_key, function.s3_object_version] }) == jsonencode({
      seal    = ["dayseal-seal", "provided.al2023", "bootstrap", "arm64", 900, 2, "v1/dayseal-seal-arm64.zip", "abc"]
      verify  = ["dayseal-verify", "provided.al2023", "bootstrap", "arm64", 900, 2, "v1/dayseal-verify-arm64.zip", null]
      example = ["dayseal-example", "provided.al2023", "bootstrap", "arm64", 60, -1, "v1/dayseal-example-arm64.zip", null]
    })
    error_message = "names, runtime, limits and zips of the functions"
  }
  assert {
    condition     = { for name, group in aws_cloudwatch_log_group.functions : name => "${group.name} ${group.retention_in_days} ${group.kms_key_id}" } == { for name in ["seal", "verify", "example"] : name => "/aws/lambda/dayseal-${name} 400 arn:aws:kms:eu-west-1:111122223333:key/operations" }
    error_message = "log groups, encrypted"
  }
  assert {
    condition = { for name, run in aws_scheduler_schedule.runs : name => [run.schedule_expression, run.schedule_expression_timezone, run.state, run.target[0].input] } == {
      seal-main    = ["cron(10 0 * * ? *)", "UTC", "ENABLED", "{\"log\":\"main\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"]
      seal-other   = ["cron(10 0 * * ? *)", "UTC", "ENABLED", "{\"log\":\"other\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"]
      verify-main  = ["rate(6 hours)", "UTC", "ENABLED", "{\"log\":\"main\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"]
      verify-other = ["rate(6 hours)", "UTC", "ENABLED", "{\"log\":\"other\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"]
    }
    error_message = "one schedule for each log and function, placeholder unescaped"
  }
  assert {
    condition     = alltrue([for run in aws_scheduler_schedule.runs : run.target[0].dead_letter_config[0].arn == "arn:aws:sqs:eu-west-1:111122223333:dayseal-failed" && run.target[0].retry_policy[0].maximum_retry_attempts == 8 && run.target[0].retry_policy[0].maximum_event_age_in_seconds == 21600])
    error_message = "a run that Scheduler cannot hand over is tried again and kept"
  }
  assert {
    condition     = { for name, config in aws_lambda_function_event_invoke_config.functions : name => [config.maximum_retry_attempts, config.destination_config[0].on_failure[0].destination] } == { for name in ["seal", "verify"] : name => [2, "arn:aws:sqs:eu-west-1:111122223333:dayseal-failed"] }
    error_message = "a run that fails is tried again by Lambda and kept"
  }
  assert {
    condition     = aws_sqs_queue.failed.name == "dayseal-failed" && aws_sqs_queue.failed.kms_master_key_id == "arn:aws:kms:eu-west-1:111122223333:key/operations" && aws_sqs_queue.failed.message_retention_seconds == 1209600
    error_message = "the queue keeps 14 days, encrypted"
  }
}

run "defaults" {
  command = plan
  assert {
    condition     = jsondecode(output.function_config).level == "objects" && !contains(keys(jsondecode(output.function_config)), "next_signing_key")
    error_message = "the verifier opens nothing unless asked to, and no key takes over"
  }
  assert {
    condition     = keys(aws_lambda_function.functions) == ["seal", "verify"] && alltrue([for function in aws_lambda_function.functions : function.reserved_concurrent_executions == 1])
    error_message = "two functions, one run at a time for one log"
  }
  assert {
    condition     = { for name, run in aws_scheduler_schedule.runs : name => run.schedule_expression } == { seal-main = "rate(1 hour)", verify-main = "rate(6 hours)" }
    error_message = "sealed hourly, verified four times a day"
  }
}

run "setup_and_local_zips" {
  command = plan
  variables {
    setup                = true
    architecture         = "x86_64"
    artifacts            = { directory = "./tests/zips" }
    reserved_concurrency = -1
    signing_key          = "secret"
  }
  assert {
    condition     = alltrue([for run in aws_scheduler_schedule.runs : run.state == "DISABLED"]) && alltrue([for alarm in aws_cloudwatch_metric_alarm.logs : !alarm.actions_enabled])
    error_message = "before the first checkpoint nothing runs and nothing alarms"
  }
  assert {
    condition     = jsonencode({ for name, function in aws_lambda_function.functions : name => [one(function.architectures), function.filename, function.source_code_hash, function.s3_key, function.reserved_concurrent_executions] }) == jsonencode({ for name in ["seal", "verify"] : name => ["x86_64", "./tests/zips/dayseal-${name}-x86_64.zip", filebase64sha256("./tests/zips/dayseal-${name}-x86_64.zip"), null, -1] })
    error_message = "zips by path, changed when their bytes change"
  }
  assert {
    condition     = jsondecode(output.function_config).signing_key == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:dayseal/signing-key-AbCdEf"
    error_message = "the signing key may be a secret"
  }
}

run "key_made_elsewhere" {
  command = plan
  variables {
    signing_key = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
  }
  assert {
    condition     = jsondecode(output.function_config).signing_key == var.signing_key && length(aws_cloudformation_stack.signing_key) == 0 && length(aws_secretsmanager_secret.signing_key) == 0
    error_message = "no second signing key is made"
  }
}

run "signing_key" {
  command = plan
  assert {
    condition = (
      jsondecode(output.signing_key_policies.kms) == jsondecode(aws_cloudformation_stack.signing_key[0].template_body).Resources.Key.Properties.KeyPolicy
      && jsondecode(output.signing_key_policies.secret).Statement[0].Condition.ArnNotEquals["aws:PrincipalArn"] == ["arn:aws:iam::111122223333:role/dayseal-sealer"]
    )
    error_message = "the next key is guarded as this one is"
  }
  assert {
    condition     = jsondecode(aws_cloudformation_stack.signing_key[0].template_body).Resources.Key.Properties.KeySpec == "ECC_NIST_EDWARDS25519" && jsondecode(aws_cloudformation_stack.signing_key[0].template_body).Resources.Key.Properties.KeyUsage == "SIGN_VERIFY"
    error_message = "Ed25519, to sign"
  }
  assert {
    condition     = jsondecode(aws_cloudformation_stack.signing_key[0].template_body).Resources.Key.DeletionPolicy == "Retain" && jsondecode(aws_cloudformation_stack.signing_key[0].template_body).Resources.Key.UpdateReplacePolicy == "Retain"
    error_message = "the stack may go, the key stays"
  }
}
