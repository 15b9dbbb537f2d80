locals {
  # Statements that both buckets of this account begin with.
  bucket_guards = { for bucket, arn in { evidence = local.evidence_arn, content = local.content_arn } : bucket => [
    {
      Sid       = "DenyInsecureTransport", Effect = "Deny", Principal = "*", Action = "s3:*"
      Resource  = [arn, "${arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    },
    {
      Sid       = "DenyOldTls", Effect = "Deny", Principal = "*", Action = "s3:*"
      Resource  = [arn, "${arn}/*"]
      Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
    },
    {
      # No header: the bucket's default, which is the storage key. Another key named in the request: refused.
      Sid      = "DenyOtherEncryptionKey", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
      Resource = "${arn}/*"
      Condition = {
        Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
        StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.storage.arn }
      }
    },
    {
      Sid       = "DenyOtherEncryption", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
      Resource  = "${arn}/*"
      Condition = { Null = { "s3:x-amz-server-side-encryption" = "false" }, StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" } }
    },
    {
      Sid       = "DenyCallersOwnKey", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
      Resource  = "${arn}/*"
      Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
    },
    {
      Sid       = "DenySettings", Effect = "Deny", Principal = "*"
      Action    = local.setting_actions
      Resource  = arn
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = var.retention_admin_role_arn } }
    },
  ] }

  setting_actions = [
    "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:PutBucketObjectLockConfiguration",
    "s3:PutEncryptionConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls", "s3:PutReplicationConfiguration", "s3:DeleteBucket",
  ]

  # It grants nothing; it binds administrators too.
  evidence_bucket_policy = {
    Version = "2012-10-17"
    Statement = concat(local.bucket_guards.evidence, [
      {
        # S3 sets ObjectCreationOperation to false for the parts of a multipart upload, which carry no condition.
        Sid       = "DenyUnconditionalCreate", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource  = "${local.evidence_arn}/*"
        Condition = { Null = { "s3:if-none-match" = "true" }, Bool = { "s3:ObjectCreationOperation" = "true" } }
      },
      {
        # A delete marker would let a key be created again; a longer or lifted lock would break the schedule.
        Sid       = "DenyRemoval", Effect = "Deny", Principal = "*"
        Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention", "s3:PutObjectLegalHold"]
        Resource  = "${local.evidence_arn}/*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = var.retention_admin_role_arn } }
      },
      {
        # A squatted number or a planted manifest stops a log, so not even an administrator may put one.
        Sid       = "DenyOthersEntries", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource  = "${local.evidence_arn}/*/entries/*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = concat(values(local.producer_arns), [local.eraser_arn]) } }
      },
      {
        Sid       = "DenyOthersChain", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource  = ["${local.evidence_arn}/*/manifests/*", "${local.evidence_arn}/*/checkpoints/*", "${local.evidence_arn}/*/log.json"]
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = concat([local.sealer_arn], local.founders) } }
      },
    ])
  }
}
