# The profiles, and every rule that compares two settings. Source of each number: README.md, "Retention".
locals {
  profiles = {
    soc2        = { floor = 366, hot = 90, mode = "GOVERNANCE" }
    pci         = { floor = 366, hot = 90, mode = "COMPLIANCE" }
    three-years = { floor = 1096, hot = 90, mode = "COMPLIANCE" }
    hipaa       = { floor = 2192, hot = 90, mode = "COMPLIANCE" }
    seven-years = { floor = 2557, hot = 90, mode = "COMPLIANCE" }
    ai-act      = { floor = 184, hot = 184, mode = "GOVERNANCE" }
    sec         = { floor = 2192, hot = 731, mode = "COMPLIANCE" }
  }
  profile = local.profiles[var.retention_profile]

  retention_days = coalesce(var.retention_days, local.profile.floor)
  lock_mode      = coalesce(var.lock_mode, local.profile.mode)
  expiry_days    = coalesce(var.expiry_days, local.retention_days + var.expiry_margin_days)
  # Manifests and checkpoints outlive what they list by a year, so that a remembered head can be linked.
  chain_expiry_days = local.expiry_days + 366

  # Ceiling of the content plane: it holds what people may ask to have erased.
  content_ceiling_days = 180
  # These need a restore before they can be read: not "immediately available".
  cold_classes = ["GLACIER", "DEEP_ARCHIVE"]
}

# Preconditions rather than variable validations: these compare several variables, which OpenTofu 1.8 refuses in a validation.
resource "terraform_data" "retention" {
  input = { days = local.retention_days, mode = local.lock_mode, expiry = local.expiry_days }
  lifecycle {
    precondition {
      condition     = local.retention_days >= local.profile.floor
      error_message = "retention_days is ${local.retention_days}; profile ${var.retention_profile} asks for ${local.profile.floor} at least. Raise retention_days or choose another profile."
    }
    precondition {
      condition     = var.retention_profile != "sec" || local.lock_mode == "COMPLIANCE"
      error_message = "Profile sec (17 CFR 240.17a-4, WORM) asks for lock_mode COMPLIANCE; found ${local.lock_mode}."
    }
    precondition {
      condition     = local.expiry_days >= local.retention_days + var.expiry_margin_days
      error_message = "expiry_days is ${local.expiry_days}; the lock ends after ${local.retention_days} days and the margin is ${var.expiry_margin_days}: at least ${local.retention_days + var.expiry_margin_days} is needed, or a locked object hides behind a delete marker."
    }
    precondition {
      condition     = var.content_days <= local.content_ceiling_days
      error_message = "content_days is ${var.content_days}; content lives ${local.content_ceiling_days} days at most. What must be kept longer belongs in the evidence, pseudonymised."
    }
    precondition {
      condition     = var.cold_storage == null ? true : !contains(local.cold_classes, var.cold_storage.class) || var.cold_storage.days >= local.profile.hot
      error_message = "cold_storage moves entries to ${try(var.cold_storage.class, "-")} after ${try(var.cold_storage.days, 0)} days; profile ${var.retention_profile} keeps ${local.profile.hot} days readable at once. Use GLACIER_IR or move later."
    }
    precondition {
      condition     = var.cold_storage == null ? true : var.cold_storage.days < local.expiry_days
      error_message = "cold_storage.days is ${try(var.cold_storage.days, 0)}, not before expiry at ${local.expiry_days} days."
    }
  }
}
