variable "bucket" {
  description = "Name of the state bucket."
  type        = string
}

variable "partition" {
  description = "aws, aws-cn or aws-us-gov."
  type        = string
  default     = "aws"
}

variable "account_id" {
  description = "Account that owns this bucket: that of the provider given to this module."
  type        = string
}

variable "log_account_id" {
  description = "Account of the functions and roles."
  type        = string
}

variable "admin_role_arns" {
  description = "Roles that may change this bucket, write policies and the first heads, delete: the one that applies this module, and the one that runs `dayseal init`."
  type        = list(string)
  validation {
    condition     = length(var.admin_role_arns) >= 1 && alltrue([for arn in var.admin_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "admin_role_arns must hold at least one full role ARN, without a wildcard."
  }
}

variable "roles" {
  description = "Role ARNs of the deployment: output `state_roles` of the main module."
  type        = object({ sealer = string, verifier = string, auditor = string, eraser = string })
}

variable "logs" {
  description = "Names of the logs, whose reports and indexes expire."
  type        = list(string)
}

variable "report_days" {
  description = "Days that the verifier's reports and the days' indexes are kept: not longer than the evidence."
  type        = number
  default     = 400
}
