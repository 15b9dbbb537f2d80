# State: heads, the verifier's memory, reports, policies. Here, or in another account (examples/production).
module "state" {
  source = "./state"
  count  = var.state_bucket == null ? 1 : 0

  bucket          = local.state_bucket
  partition       = local.partition
  account_id      = var.account_id
  log_account_id  = var.account_id
  admin_role_arns = [var.retention_admin_role_arn]
  roles           = local.state_roles
  logs            = keys(var.logs)
  report_days     = module.retention.expiry_days
}

locals {
  state_roles = {
    sealer   = local.sealer_arn
    verifier = local.verifier_arn
    auditor  = local.auditor_arn
    eraser   = local.eraser_arn
  }
}
