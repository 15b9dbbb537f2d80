# Content: what may have to be erased. No versions and no lock, so that deleting deletes; a short life of its own.
resource "aws_s3_bucket" "content" {
  bucket     = local.content_bucket
  depends_on = [module.retention]
}

resource "aws_s3_bucket_lifecycle_configuration" "content" {
  bucket = aws_s3_bucket.content.id
  rule {
    id     = "expire"
    status = "Enabled"
    filter { prefix = "" }
    expiration { days = module.retention.content_days }
    abort_incomplete_multipart_upload { days_after_initiation = 1 }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "content" {
  bucket = aws_s3_bucket.content.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.storage.arn
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "content" {
  bucket = aws_s3_bucket.content.id
  rule { object_ownership = "BucketOwnerEnforced" }
}

resource "aws_s3_bucket_public_access_block" "content" {
  bucket                  = aws_s3_bucket.content.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "content" {
  bucket = aws_s3_bucket.content.id
  policy = jsonencode(local.content_bucket_policy)
  depends_on = [
    aws_s3_bucket_lifecycle_configuration.content,
    aws_s3_bucket_ownership_controls.content,
    aws_s3_bucket_public_access_block.content,
    aws_s3_bucket_server_side_encryption_configuration.content,
  ]
}
