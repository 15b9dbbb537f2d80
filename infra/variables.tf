# What a deployment is: place, logs, people, keys, functions, alarms. Times are in retention.tf.

variable "account_id" {
  description = "Account to deploy into, 12 digits. Given, not asked for, so that names and policies are known in the plan."
  type        = string
  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id must be 12 digits."
  }
}

variable "region" {
  description = "Region of the provider given to this module."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region's name, such as eu-west-1."
  }
}

variable "name" {
  description = "Prefix of every name made here; one per deployment in an account."
  type        = string
  default     = "dayseal"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 of a-z, 0-9 and -, starting with a letter: bucket names are made from it."
  }
}

variable "logs" {
  description = "The logs, by name: origin and first day (UTC, YYYY-MM-DD). Each has its own prefix, producer role, log secret and schedules."
  type        = map(object({ origin = string, first_day = string }))
  validation {
    condition     = length(var.logs) >= 1 && length(var.logs) <= 20
    error_message = "logs must name 1 to 20 logs: the functions' environment holds 4 KB. For more, use the module again."
  }
  validation {
    condition     = alltrue([for name in keys(var.logs) : can(regex("^[a-z0-9-]{1,32}$", name)) && name != "policies"])
    error_message = "A log's name must be 1 to 32 of a-z, 0-9 and -, and not \"policies\"."
  }
  validation {
    condition = alltrue([for log in values(var.logs) :
      can(regex("^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$", log.origin)) && length(log.origin) <= 128
    ])
    error_message = "An origin must be segments of A-Z a-z 0-9 . _ - joined by /, none starting with a dot, 128 bytes at most."
  }
  validation {
    condition     = length(distinct([for log in values(var.logs) : log.origin])) == length(var.logs)
    error_message = "Two logs have one origin: each log needs its own."
  }
  validation {
    condition = alltrue([for log in values(var.logs) :
      can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", log.first_day)) && can(formatdate("YYYY", "${log.first_day}T00:00:00Z"))
    ])
    error_message = "first_day must be a day that exists, as YYYY-MM-DD."
  }
}

variable "setup" {
  description = "True for the first apply only: the retention admin may sign and store the first checkpoint (`dayseal init`), schedules rest, alarms stay quiet."
  type        = bool
  default     = false
}

# ---- people and machines ----

variable "retention_admin_role_arn" {
  description = "The one role that may change retention and key policies and delete before time. It must be the role that runs this apply: with another, the next apply is refused."
  type        = string
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$", var.retention_admin_role_arn))
    error_message = "retention_admin_role_arn must be one full role ARN, without a wildcard."
  }
}

variable "producers" {
  description = "Who may assume each log's producer role: log name to IAM ARNs, or to a service such as lambda.amazonaws.com."
  type        = map(list(string))
  default     = {}
  validation {
    condition = alltrue([for principal in flatten(values(var.producers)) :
      can(regex("^(arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/-]+)|[a-z-]+\\.amazonaws\\.com)$", principal))
    ])
    error_message = "producers must hold full IAM ARNs or services, without a wildcard."
  }
}

variable "auditor_principals" {
  description = "IAM ARNs that may assume the auditor role."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for arn in var.auditor_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/-]+)$", arn))])
    error_message = "auditor_principals must hold full IAM ARNs, without a wildcard."
  }
}

variable "eraser_principals" {
  description = "IAM ARNs that may assume the eraser role."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for arn in var.eraser_principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/-]+)$", arn))])
    error_message = "eraser_principals must hold full IAM ARNs, without a wildcard."
  }
}

variable "require_mfa" {
  description = "Auditor and eraser need a session with MFA. False where an identity provider checks it, since such sessions do not say so."
  type        = bool
  default     = true
}

variable "auditor_reads_content" {
  description = "Auditors may also read the content bucket (prompts, outputs, addresses)."
  type        = bool
  default     = false
}

# ---- keys ----

variable "signing_key" {
  description = "\"kms\" makes an Ed25519 key in KMS, \"secret\" an empty Secrets Manager secret for a key file; or the ARN of such a key or secret made elsewhere."
  type        = string
  default     = "kms"
  validation {
    condition     = can(regex("^(kms|secret|arn:aws[a-z-]*:(kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+))$", var.signing_key))
    error_message = "signing_key must be \"kms\", \"secret\", or the full ARN of a KMS key (no alias) or of a Secrets Manager secret."
  }
}

variable "next_signing_key" {
  description = "ARN of the KMS key or Secrets Manager secret that takes over from signing_key (docs/rotation.md); null when no change is under way."
  type        = string
  default     = null
  validation {
    condition     = var.next_signing_key == null ? true : can(regex("^arn:aws[a-z-]*:(kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+)$", var.next_signing_key))
    error_message = "next_signing_key must be null, or the full ARN of a KMS key (no alias) or of a Secrets Manager secret."
  }
}

# ---- functions ----

variable "artifacts" {
  description = "Where the zips `dayseal-<function>-<arch>.zip` are: a local directory, or an S3 bucket with a key prefix and, by function, object versions."
  type = object({
    directory = optional(string)
    bucket    = optional(string)
    prefix    = optional(string, "")
    versions  = optional(map(string), {})
  })
  validation {
    condition     = (var.artifacts.directory == null) != (var.artifacts.bucket == null)
    error_message = "artifacts must name either directory or bucket, not both, not neither."
  }
}

variable "architecture" {
  description = "arm64 or x86_64; the zip of this architecture is taken."
  type        = string
  default     = "arm64"
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "memory" {
  description = "Memory of the functions in MB."
  type        = object({ seal = optional(number, 1024), verify = optional(number, 1024), example = optional(number, 256) })
  default     = {}
}

variable "reserved_concurrency" {
  description = "Runs of one function at a time. Null: one for each log. -1: not reserved, for accounts whose limit is too low to reserve."
  type        = number
  default     = null
  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency == -1 || (var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency)
    error_message = "reserved_concurrency must be null, -1 or a whole number from 1: with 0 nothing would ever be sealed."
  }
}

variable "seal_schedule" {
  description = "Scheduler expression, UTC."
  type        = string
  default     = "rate(1 hour)"
  validation {
    condition     = can(regex("^(rate\\([0-9]+ (minutes?|hours?|days?)\\)|cron\\((\\S+ ){5}\\S+\\))$", var.seal_schedule))
    error_message = "seal_schedule must be rate(<n> <unit>) or cron with six fields."
  }
}

variable "verify_schedule" {
  description = "Scheduler expression, UTC."
  type        = string
  default     = "rate(6 hours)"
  validation {
    condition     = can(regex("^(rate\\([0-9]+ (minutes?|hours?|days?)\\)|cron\\((\\S+ ){5}\\S+\\))$", var.verify_schedule))
    error_message = "verify_schedule must be rate(<n> <unit>) or cron with six fields."
  }
}

variable "verify_level" {
  description = "Level of the scheduled verification. Only at \"entries\" may the verifier decrypt."
  type        = string
  default     = "objects"
  validation {
    condition     = contains(["chain", "listing", "objects", "entries"], var.verify_level)
    error_message = "verify_level must be chain, listing, objects or entries."
  }
}

variable "rehash_days" {
  description = "Every kept day is hashed again at least once in this many days."
  type        = number
  default     = 30
  validation {
    condition     = var.rehash_days >= 1 && floor(var.rehash_days) == var.rehash_days
    error_message = "rehash_days must be a whole number from 1."
  }
}

variable "example_log" {
  description = "Log for which the example producer function is deployed; null for none."
  type        = string
  default     = null
}

# ---- alarms ----

variable "alarm_emails" {
  description = "Addresses that hear of alarms and findings; each must confirm."
  type        = list(string)
  default     = []
}

variable "late_limit" {
  description = "Late batches in a day above which an alarm sounds."
  type        = number
  default     = 100
}

variable "function_log_days" {
  description = "Days that the functions' own log lines are kept; a value that CloudWatch Logs knows."
  type        = number
  default     = 400
  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.function_log_days)
    error_message = "function_log_days must be one of CloudWatch Logs' own numbers, from 30: such as 90, 365, 400, 731, 2192."
  }
}

# ---- another account for the state ----

variable "state_bucket" {
  description = "Name of a bucket made by the module state/ with another account's provider; null makes it here."
  type        = string
  default     = null
}

# ---- exports ----

variable "lake" {
  description = "Glue tables for Athena over what `dayseal export --format parquet` wrote; null makes none. ../docs/export.md, \"Athena\"."
  type = object({
    location  = string                               # s3://bucket/prefix, the export's directory, in a bucket of the caller's
    first_day = string                               # the first eventDay, as YYYY-MM-DD
    database  = optional(string, "dayseal")          # of the Glue catalog
    source    = optional(string, "dayseal")          # --source of the exports
    regions   = optional(list(string), ["local"])    # each --region
    accounts  = optional(list(string), ["external"]) # each --account
  })
  default = null
}
