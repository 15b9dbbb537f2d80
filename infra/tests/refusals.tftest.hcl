# What a caller may not ask for. One run refuses several variables, each for one reason.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "no_log" {
  command = plan
  variables {
    logs                     = {}
    account_id               = "12"
    region                   = "europe"
    name                     = "dayseal-of-a-long-name"
    retention_admin_role_arn = "arn:aws:iam::111122223333:role/*"
    producers                = { main = ["*"] }
    auditor_principals       = ["arn:aws:iam::111122223333:role/*"]
    eraser_principals        = ["*"]
    signing_key              = "arn:aws:kms:eu-west-1:111122223333:alias/x"
    next_signing_key         = "kms"
    artifacts                = {}
  }
  expect_failures = [var.logs, var.account_id, var.region, var.name, var.retention_admin_role_arn, var.producers, var.auditor_principals, var.eraser_principals, var.signing_key, var.next_signing_key, var.artifacts]
}

run "log_named_policies" {
  command = plan
  variables {
    logs                     = { policies = { origin = "a.example/b", first_day = "2026-11-21" } }
    late_days                = 32
    grace_minutes            = 1441
    architecture             = "arm46"
    reserved_concurrency     = 0
    seal_schedule            = "cron(10 0 * * *)"
    verify_schedule          = "rate(6)"
    verify_level             = "all"
    rehash_days              = 0
    function_log_days        = 100
    name                     = "d"
    retention_admin_role_arn = "arn:aws:iam::111122223333:user/eve"
    next_signing_key         = "arn:aws:kms:eu-west-1:111122223333:alias/x"
    artifacts                = { bucket = "b", directory = "." }
  }
  expect_failures = [var.logs, var.late_days, var.grace_minutes, var.architecture, var.reserved_concurrency, var.seal_schedule, var.verify_schedule, var.verify_level, var.rehash_days, var.function_log_days, var.name, var.retention_admin_role_arn, var.next_signing_key, var.artifacts]
}

run "log_with_a_slash" {
  command = plan
  variables {
    logs          = { "a/b" = { origin = "a.example/b", first_day = "2026-11-21" } }
    producers     = { main = ["arn:aws:iam::111122223333:role/*"] }
    seal_schedule = "hourly"
  }
  expect_failures = [var.logs, var.producers, var.seal_schedule]
}

run "log_with_a_long_name" {
  command = plan
  variables {
    logs                 = { "abcdefghijklmnopqrstuvwxyz0123456" = { origin = "a.example/b", first_day = "2026-11-21" } }
    late_days            = -1
    reserved_concurrency = 1.5
  }
  expect_failures = [var.logs, var.late_days, var.reserved_concurrency]
}

run "origin_with_a_dot_first" {
  command = plan
  variables {
    logs = { a = { origin = ".example/b", first_day = "2026-11-21" } }
  }
  expect_failures = [var.logs]
}

run "origin_with_a_space" {
  command = plan
  variables {
    logs = { a = { origin = "a b", first_day = "2026-11-21" } }
  }
  expect_failures = [var.logs]
}

run "origin_too_long" {
  command = plan
  variables {
    logs = { a = { origin = join("", [for i in range(129) : "a"]), first_day = "2026-11-21" } }
  }
  expect_failures = [var.logs]
}

run "one_origin_twice" {
  command = plan
  variables {
    logs = { a = { origin = "x", first_day = "2026-11-21" }, b = { origin = "x", first_day = "2026-11-21" } }
  }
  expect_failures = [var.logs]
}

run "first_day_that_is_none" {
  command = plan
  variables {
    logs = { a = { origin = "a.example/b", first_day = "2026-02-30" } }
  }
  expect_failures = [var.logs]
}

run "first_day_with_a_time" {
  command = plan
  variables {
    logs = { a = { origin = "a.example/b", first_day = "2026-11-21T00:00:00Z" } }
  }
  expect_failures = [var.logs]
}

run "too_many_logs" {
  command = plan
  variables {
    logs = { for n in range(21) : "log-${n}" => { origin = "x/${n}", first_day = "2026-11-21" } }
  }
  expect_failures = [var.logs]
}

run "producer_of_no_log" {
  command = plan
  variables {
    producers = { other = ["arn:aws:iam::111122223333:role/app"] }
  }
  expect_failures = [aws_iam_role_policy.roles]
}

run "zips_that_are_not_there" {
  command = plan
  variables {
    artifacts = { directory = "./tests" }
  }
  expect_failures = [aws_lambda_function.functions]
}

run "environment_too_long" {
  command = plan
  variables {
    logs = { for n in range(20) : "a-log-with-rather-a-long-name-${n}" => { origin = "audit.example.com/${join("", [for i in range(107) : "a"])}/${n}", first_day = "2026-11-21" } }
  }
  expect_failures = [aws_lambda_function.functions]
}
