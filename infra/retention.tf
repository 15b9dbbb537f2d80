variable "retention" {
  description = "Profile and, where they differ from it, days, lock mode, expiry, life of content, cold storage of entries. README.md, \"Retention\"."
  type = object({
    profile            = string                                              # soc2, pci, three-years, hipaa, seven-years, ai-act or sec
    days               = optional(number)                                    # kept and locked; the profile's floor
    lock_mode          = optional(string)                                    # COMPLIANCE or GOVERNANCE; the profile's
    expiry_margin_days = optional(number, 7)                                 # from the lock's end to expiry, at least
    expiry_days        = optional(number)                                    # age at expiry of entries; days and margin
    content_days       = optional(number, 30)                                # a ceiling of 180
    cold_storage       = optional(object({ days = number, class = string })) # null keeps entries in Standard
  })
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

module "retention" {
  source    = "./retention"
  retention = var.retention
}
