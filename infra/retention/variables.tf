variable "retention" {
  description = "How long things are kept; the fields are described in the main module."
  type = object({
    profile            = string
    days               = optional(number)
    lock_mode          = optional(string)
    expiry_margin_days = optional(number, 7)
    expiry_days        = optional(number)
    content_days       = optional(number, 30)
    cold_storage       = optional(object({ days = number, class = string }))
  })
  validation {
    condition     = contains(["soc2", "pci", "three-years", "hipaa", "seven-years", "ai-act", "sec"], var.retention.profile)
    error_message = "retention.profile must be soc2, pci, three-years, hipaa, seven-years, ai-act or sec."
  }
  validation {
    condition     = alltrue([for days in [var.retention.days, var.retention.expiry_days] : days == null ? true : floor(days) == days && days >= 1 && days <= 36500])
    error_message = "retention.days and retention.expiry_days must be whole numbers of days, at most 36500."
  }
  validation {
    condition     = var.retention.lock_mode == null ? true : contains(["COMPLIANCE", "GOVERNANCE"], var.retention.lock_mode)
    error_message = "retention.lock_mode must be COMPLIANCE (nobody can shorten it, root included) or GOVERNANCE."
  }
  validation {
    condition     = var.retention.expiry_margin_days >= 2 && var.retention.expiry_margin_days <= 90 && floor(var.retention.expiry_margin_days) == var.retention.expiry_margin_days
    error_message = "retention.expiry_margin_days must be a whole number from 2 to 90: the lock ends by the minute, expiry counts in days from the next midnight."
  }
  validation {
    condition     = var.retention.content_days >= 1 && floor(var.retention.content_days) == var.retention.content_days
    error_message = "retention.content_days must be a whole number from 1."
  }
  validation {
    condition     = var.retention.cold_storage == null ? true : contains(["STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"], var.retention.cold_storage.class)
    error_message = "retention.cold_storage.class must be STANDARD_IA, GLACIER_IR, GLACIER or DEEP_ARCHIVE."
  }
  validation {
    condition     = var.retention.cold_storage == null ? true : var.retention.cold_storage.days >= 30 && floor(var.retention.cold_storage.days) == var.retention.cold_storage.days
    error_message = "retention.cold_storage.days must be a whole number from 30, S3's own bound for the cheaper classes."
  }
}
