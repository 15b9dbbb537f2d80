# The examples plan, with nothing real behind them.
mock_provider "aws" {}

mock_provider "aws" {
  alias = "state"
}

run "small" {
  command = plan
  module {
    source = "./examples/small"
  }
  variables {
    deploying_role_arn = "arn:aws:iam::111122223333:role/deploy"
    origin             = "audit.example.com/acme/prod"
    first_day          = "2026-11-21"
    zips               = "./tests/zips"
    alarm_email        = "oncall@example.com"
  }
  assert {
    condition     = output.dayseal.roots.main.evidence == "s3://dayseal-evidence-111122223333-eu-west-1/main"
    error_message = "the small example has one log in this account"
  }
}

run "production" {
  command = plan
  module {
    source = "./examples/production"
  }
  variables {
    log_account   = { id = "111122223333", role_arn = "arn:aws:iam::111122223333:role/deploy" }
    state_account = { id = "999988887777", role_arn = "arn:aws:iam::999988887777:role/keeper" }
    auditors      = ["arn:aws:iam::444455556666:role/audit"]
    erasers       = ["arn:aws:iam::111122223333:role/privacy"]
    producers     = { clinic = ["arn:aws:iam::111122223333:role/app"], billing = ["lambda.amazonaws.com"] }
    artifacts     = { bucket = "artifacts", prefix = "v1/", versions = { seal = "a", verify = "b" } }
    alarm_emails  = ["oncall@example.com"]
  }
  assert {
    condition     = output.dayseal.roots.clinic.state == "s3://dayseal-state-999988887777-eu-west-1/clinic" && output.dayseal.retention.days == 2192
    error_message = "the state lies in the second account, six years of evidence in the first"
  }
}
