# Two accounts: the log's, and one whose administrators are other people, for the state. Who can change the
# evidence then cannot put back an older head. Two logs; HIPAA; zips by S3 version.
terraform {
  required_version = ">= 1.8.0, < 2.0.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

variable "region" { type = string }
variable "log_account" {
  description = "Account of evidence, keys and functions, and the role that is assumed there."
  type        = object({ id = string, role_arn = string })
}
variable "state_account" {
  description = "Account of the state, and the role that is assumed there."
  type        = object({ id = string, role_arn = string })
}
variable "auditors" { type = list(string) }
variable "erasers" { type = list(string) }
variable "producers" { type = map(list(string)) }
variable "artifacts" {
  type = object({ bucket = string, prefix = string, versions = map(string) })
}
variable "alarm_emails" { type = list(string) }
variable "setup" {
  description = "True for the first apply; false after `dayseal init` of both logs."
  type        = bool
  default     = false
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.log_account.id]
  assume_role { role_arn = var.log_account.role_arn }
  default_tags { tags = { app = "dayseal" } }
}

provider "aws" {
  alias               = "state"
  region              = var.region
  allowed_account_ids = [var.state_account.id]
  assume_role { role_arn = var.state_account.role_arn }
  default_tags { tags = { app = "dayseal" } }
}

locals {
  state_bucket = "dayseal-state-${var.state_account.id}-${var.region}"
  logs = {
    clinic  = { origin = "audit.example.com/clinic/prod", first_day = "2026-12-01" }
    billing = { origin = "audit.example.com/billing/prod", first_day = "2026-12-01" }
  }
}

module "dayseal" {
  source = "../.."

  account_id               = var.log_account.id
  region                   = var.region
  logs                     = local.logs
  retention                = { profile = "hipaa", cold_storage = { days = 90, class = "GLACIER_IR" } }
  retention_admin_role_arn = var.log_account.role_arn
  producers                = var.producers
  auditor_principals       = var.auditors
  eraser_principals        = var.erasers
  artifacts                = var.artifacts
  alarm_emails             = var.alarm_emails
  state_bucket             = local.state_bucket
  setup                    = var.setup
}

module "state" {
  source    = "../../state"
  providers = { aws = aws.state }

  bucket         = local.state_bucket
  account_id     = var.state_account.id
  log_account_id = var.log_account.id
  # The log account's admin writes first heads and policies during setup, and nothing after it.
  admin_role_arns = concat([var.state_account.role_arn], var.setup ? [var.log_account.role_arn] : [])
  roles           = module.dayseal.state_roles
  logs            = keys(local.logs)
  report_days     = module.dayseal.retention.expiry_days
}

output "dayseal" { value = module.dayseal }
