# One account, one log. Two minutes: ../../README.md.
terraform {
  required_version = ">= 1.8.0, < 2.0.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

variable "account_id" { type = string }
variable "region" { type = string }
variable "deploying_role_arn" { type = string }
variable "origin" { type = string }
variable "first_day" { type = string }
variable "zips" {
  description = "Directory with the functions' zips."
  type        = string
}
variable "alarm_email" { type = string }
variable "setup" {
  description = "True for the first apply; false after `dayseal init`."
  type        = bool
  default     = false
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]
  default_tags { tags = { app = "dayseal" } }
}

module "dayseal" {
  source = "../.."

  account_id               = var.account_id
  region                   = var.region
  logs                     = { main = { origin = var.origin, first_day = var.first_day } }
  retention                = { profile = "soc2" }
  retention_admin_role_arn = var.deploying_role_arn
  artifacts                = { directory = var.zips }
  alarm_emails             = [var.alarm_email]
  # A new account's limit is 10 runs at a time, too few to reserve some.
  reserved_concurrency = -1
  setup                = var.setup
}

output "dayseal" { value = module.dayseal }
