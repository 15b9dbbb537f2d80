# What the policy matrix reads: whole policies of four deployments (tests/policies/).
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  logs = {
    main  = { origin = "audit.example.com/acme/prod", first_day = "2026-11-21" }
    other = { origin = "audit.example.com/acme/other", first_day = "2026-11-21" }
  }
}

run "plain" {
  command = plan
}

run "open" {
  command = plan
  variables {
    verify_level          = "entries"
    auditor_reads_content = true
    signing_key           = "secret"
    next_signing_key      = "arn:aws:kms:eu-west-1:111122223333:key/next"
    example_log           = "main"
  }
}

run "setup" {
  command = plan
  variables {
    setup            = true
    next_signing_key = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:next-AbCdEf"
  }
}

run "foreign" {
  command = plan
  module {
    source = "./state"
  }
  variables {
    account_id      = "999988887777"
    logs            = ["main", "other"]
    bucket          = "dayseal-state-111122223333-eu-west-1"
    log_account_id  = "111122223333"
    admin_role_arns = ["arn:aws:iam::999988887777:role/keeper"]
    roles = {
      sealer   = "arn:aws:iam::111122223333:role/dayseal-sealer"
      verifier = "arn:aws:iam::111122223333:role/dayseal-verifier"
      auditor  = "arn:aws:iam::111122223333:role/dayseal-auditor"
      eraser   = "arn:aws:iam::111122223333:role/dayseal-eraser"
    }
  }
}
