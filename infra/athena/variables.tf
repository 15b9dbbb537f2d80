variable "lake" {
  description = "Where exports lie, and what they were made with; the fields are described in the main module."
  type = object({
    location  = string
    first_day = string
    database  = optional(string, "dayseal")
    source    = optional(string, "dayseal")
    regions   = optional(list(string), ["local"])
    accounts  = optional(list(string), ["external"])
  })
  validation {
    condition     = can(regex("^s3://[a-z0-9.-]{3,63}(/[A-Za-z0-9_.=-]+)*$", var.lake.location))
    error_message = "lake.location must be s3://bucket or s3://bucket/prefix, without a slash at the end."
  }
  validation {
    condition     = can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.lake.first_day))
    error_message = "lake.first_day must be YYYY-MM-DD: Athena projects the days from there on."
  }
  validation {
    condition     = can(regex("^[a-z0-9_]{1,64}$", var.lake.database))
    error_message = "lake.database must be 1 to 64 of a-z, 0-9 and _."
  }
  validation {
    condition     = can(regex("^[a-z0-9_-]{1,64}$", var.lake.source))
    error_message = "lake.source must be what --source of the export was: 1 to 64 of a-z, 0-9, _ and -."
  }
  validation {
    condition     = alltrue([for name in concat(var.lake.regions, var.lake.accounts) : can(regex("^[A-Za-z0-9_.-]{1,64}$", name))]) && min(length(var.lake.regions), length(var.lake.accounts)) > 0
    error_message = "lake.regions and lake.accounts must name at least one each: what --region and --account of the exports were."
  }
}
