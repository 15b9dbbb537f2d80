variable "retention_profile" {
  description = "soc2, pci, three-years, hipaa, seven-years, ai-act or sec: floor, hot days and lock mode (retention.tf)."
  type        = string
  validation {
    condition     = contains(["soc2", "pci", "three-years", "hipaa", "seven-years", "ai-act", "sec"], var.retention_profile)
    error_message = "retention_profile must be soc2, pci, three-years, hipaa, seven-years, ai-act or sec."
  }
}

variable "retention_days" {
  description = "Days that evidence is kept and locked; null takes the profile's floor."
  type        = number
  default     = null
  validation {
    condition     = var.retention_days == null ? true : floor(var.retention_days) == var.retention_days && var.retention_days >= 1 && var.retention_days <= 36500
    error_message = "retention_days must be a whole number of days, at most 36500."
  }
}

variable "lock_mode" {
  description = "Object Lock mode: COMPLIANCE (nobody can shorten, root included) or GOVERNANCE; null takes the profile's."
  type        = string
  default     = null
  validation {
    condition     = var.lock_mode == null ? true : contains(["COMPLIANCE", "GOVERNANCE"], var.lock_mode)
    error_message = "lock_mode must be COMPLIANCE or GOVERNANCE."
  }
}

variable "expiry_margin_days" {
  description = "Days between the lock's end and expiry, at least. An object that expires under its lock hides behind a delete marker."
  type        = number
  default     = 7
  validation {
    condition     = var.expiry_margin_days >= 2 && var.expiry_margin_days <= 90 && floor(var.expiry_margin_days) == var.expiry_margin_days
    error_message = "expiry_margin_days must be a whole number from 2 to 90: the lock ends by the minute, expiry counts in days from the next midnight."
  }
}

variable "expiry_days" {
  description = "Age in days at which entries expire; null takes retention and margin."
  type        = number
  default     = null
  validation {
    condition     = var.expiry_days == null ? true : floor(var.expiry_days) == var.expiry_days
    error_message = "expiry_days must be a whole number of days."
  }
}

variable "content_days" {
  description = "Days that content lives; a ceiling, not a floor: at most 180."
  type        = number
  default     = 30
  validation {
    condition     = var.content_days >= 1 && floor(var.content_days) == var.content_days
    error_message = "content_days must be a whole number from 1."
  }
}

variable "cold_storage" {
  description = "Age in days at which entries move to a cheaper storage class; null keeps them in Standard. Below 128 KB S3 moves nothing."
  type        = object({ days = number, class = string })
  default     = null
  validation {
    condition     = var.cold_storage == null ? true : contains(["STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"], var.cold_storage.class)
    error_message = "cold_storage.class must be STANDARD_IA, GLACIER_IR, GLACIER or DEEP_ARCHIVE."
  }
  validation {
    condition     = var.cold_storage == null ? true : var.cold_storage.days >= 30 && floor(var.cold_storage.days) == var.cold_storage.days
    error_message = "cold_storage.days must be a whole number from 30, S3's own bound for the cheaper classes."
  }
}

variable "late_days" {
  description = "Days after its own in which a late batch is still sealed."
  type        = number
  default     = 3
  validation {
    condition     = var.late_days >= 0 && var.late_days <= 31 && floor(var.late_days) == var.late_days
    error_message = "late_days must be a whole number from 0 to 31."
  }
}

variable "grace_minutes" {
  description = "Minutes after midnight UTC before a day is sealed."
  type        = number
  default     = 60
  validation {
    condition     = var.grace_minutes >= 0 && var.grace_minutes <= 1440 && floor(var.grace_minutes) == var.grace_minutes
    error_message = "grace_minutes must be a whole number from 0 to 1440."
  }
}
