# Evidence: write-once. Versioned, locked, expired only after the lock's end.
resource "aws_s3_bucket" "evidence" {
  bucket              = local.evidence_bucket
  object_lock_enabled = true
  lifecycle { prevent_destroy = true }
  depends_on = [module.retention]
}

resource "aws_s3_bucket_versioning" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_object_lock_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  rule {
    default_retention {
      mode = module.retention.lock_mode
      days = module.retention.days
    }
  }
  depends_on = [aws_s3_bucket_versioning.evidence]
}

locals {
  # `checkpoints/first` and `log.json` never expire: the chain begins with them. Days begin with a 2 until the year 3000.
  expiries = merge([for log in keys(var.logs) : {
    "${log}-entries"     = { prefix = "${log}/entries/", days = module.retention.expiry_days, cold = module.retention.cold_storage }
    "${log}-manifests"   = { prefix = "${log}/manifests/", days = module.retention.chain_expiry_days, cold = null }
    "${log}-checkpoints" = { prefix = "${log}/checkpoints/2", days = module.retention.chain_expiry_days, cold = null }
  }]...)
}

# On a versioned bucket expiration only puts a marker; the versions behind it and the marker itself need rules of their own.
resource "aws_s3_bucket_lifecycle_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  dynamic "rule" {
    for_each = local.expiries
    content {
      id     = rule.key
      status = "Enabled"
      filter { prefix = rule.value.prefix }
      expiration { days = rule.value.days }
      noncurrent_version_expiration { noncurrent_days = 7 }
      dynamic "transition" {
        for_each = rule.value.cold == null ? [] : [rule.value.cold]
        content {
          days          = transition.value.days
          storage_class = transition.value.class
        }
      }
    }
  }
  rule {
    id     = "housekeeping"
    status = "Enabled"
    filter { prefix = "" }
    expiration { expired_object_delete_marker = true }
    abort_incomplete_multipart_upload { days_after_initiation = 1 }
  }
  depends_on = [aws_s3_bucket_versioning.evidence]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.storage.arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  rule { object_ownership = "BucketOwnerEnforced" }
}

resource "aws_s3_bucket_public_access_block" "evidence" {
  bucket                  = aws_s3_bucket.evidence.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Last: from here on only the retention admin changes the settings above.
resource "aws_s3_bucket_policy" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  policy = jsonencode(local.evidence_bucket_policy)
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.evidence,
    aws_s3_bucket_object_lock_configuration.evidence,
    aws_s3_bucket_ownership_controls.evidence,
    aws_s3_bucket_public_access_block.evidence,
    aws_s3_bucket_server_side_encryption_configuration.evidence,
  ]
}
