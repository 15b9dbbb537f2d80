# Heads and the verifier's memory are overwritten, so there is no lock; versions show each head there ever was and bring one back.
resource "aws_s3_bucket" "state" {
  bucket = var.bucket
  lifecycle { prevent_destroy = true }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.id
  rule {
    id     = "replaced"
    status = "Enabled"
    filter { prefix = "" }
    noncurrent_version_expiration { noncurrent_days = var.report_days }
  }
  dynamic "rule" {
    for_each = toset([for pair in setproduct(var.logs, ["index", "reports"]) : join("/", pair)])
    content {
      id     = replace(rule.key, "/", "-")
      status = "Enabled"
      filter { prefix = "${rule.key}/" }
      expiration { days = var.report_days }
    }
  }
  rule {
    id     = "housekeeping"
    status = "Enabled"
    filter { prefix = "" }
    expiration { expired_object_delete_marker = true }
    abort_incomplete_multipart_upload { days_after_initiation = 1 }
  }
  depends_on = [aws_s3_bucket_versioning.state]
}

# S3's own keys: a head is public by nature, and it must not depend on a key in the account that it judges.
resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id
  rule { object_ownership = "BucketOwnerEnforced" }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id
  policy = jsonencode(local.policy)
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.state,
    aws_s3_bucket_ownership_controls.state,
    aws_s3_bucket_public_access_block.state,
    aws_s3_bucket_server_side_encryption_configuration.state,
  ]
}

output "bucket" {
  description = "Name of the state bucket."
  value       = aws_s3_bucket.state.id
}
