# The profiles, and every rule that compares two settings. Needs no provider. Where the numbers come from: ../README.md, "Retention".
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
  name    = var.retention.profile
  profile = local.profiles[local.name]
  margin  = var.retention.expiry_margin_days
  cold    = var.retention.cold_storage

  days        = coalesce(var.retention.days, local.profile.floor)
  lock_mode   = coalesce(var.retention.lock_mode, local.profile.mode)
  expiry_days = coalesce(var.retention.expiry_days, local.days + local.margin)

  # Ceiling of the content plane: it holds what people may ask to have erased.
  content_ceiling = 180
  # These need a restore before they can be read: not "immediately available".
  cold_classes = ["GLACIER", "DEEP_ARCHIVE"]
}

# Preconditions, not validations: a validation sees neither the table above nor, in OpenTofu 1.8, anything but its own variable.
resource "terraform_data" "rules" {
  input = { days = local.days, lock_mode = local.lock_mode, expiry_days = local.expiry_days }
  lifecycle {
    precondition {
      condition     = local.days >= local.profile.floor
      error_message = "retention.days is ${local.days}; profile ${local.name} asks for ${local.profile.floor} at least. Keep longer or choose another profile."
    }
    precondition {
      condition     = local.name != "sec" || local.lock_mode == "COMPLIANCE"
      error_message = "Profile sec (17 CFR 240.17a-4, WORM) asks for retention.lock_mode COMPLIANCE; found ${local.lock_mode}."
    }
    precondition {
      condition     = local.expiry_days >= local.days + local.margin
      error_message = "retention.expiry_days is ${local.expiry_days}; the lock lasts ${local.days} days and the margin is ${local.margin}: ${local.days + local.margin} at least, or a locked object hides behind a delete marker."
    }
    precondition {
      condition     = var.retention.content_days <= local.content_ceiling
      error_message = "retention.content_days is ${var.retention.content_days}; content lives ${local.content_ceiling} days at most. What must be kept longer belongs in the evidence, pseudonymised."
    }
    precondition {
      condition     = local.cold == null ? true : !contains(local.cold_classes, local.cold.class) || local.cold.days >= local.profile.hot
      error_message = "retention.cold_storage moves entries to ${try(local.cold.class, "-")} after ${try(local.cold.days, 0)} days; profile ${local.name} keeps ${local.profile.hot} days readable at once. Move later, or use GLACIER_IR."
    }
    precondition {
      condition     = local.cold == null ? true : local.cold.days < local.expiry_days
      error_message = "retention.cold_storage.days is ${try(local.cold.days, 0)}, not before expiry at ${local.expiry_days} days."
    }
  }
}

output "days" {
  description = "Days that evidence is kept and locked."
  value       = local.days
}

output "lock_mode" {
  description = "Object Lock mode."
  value       = local.lock_mode
}

output "expiry_days" {
  description = "Age in days at which entries expire."
  value       = local.expiry_days
}

output "chain_expiry_days" {
  description = "The same of manifests and checkpoints: they outlive what they list by a year, so that a remembered head can be linked."
  value       = local.expiry_days + 366
}

output "content_days" {
  description = "Age in days at which content expires."
  value       = var.retention.content_days
}

output "cold_storage" {
  description = "When entries move to which class, or null."
  value       = local.cold
}
