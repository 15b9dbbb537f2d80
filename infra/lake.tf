# Tables over exports, if asked for. What is exported is a copy that nothing here protects: the bucket is the caller's.

module "athena" {
  source = "./athena"
  count  = var.lake == null ? 0 : 1
  lake   = var.lake
}
