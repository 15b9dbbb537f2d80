locals {
  content_bucket_policy = {
    Version = "2012-10-17"
    Statement = concat(local.bucket_guards.content, [
      {
        # Producers create; the eraser replaces a record with a smaller one. Nobody overwrites blindly.
        Sid       = "DenyUnconditionalPut", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource  = "${local.content_arn}/*"
        Condition = { Null = { "s3:if-none-match" = "true", "s3:if-match" = "true" }, Bool = { "s3:ObjectCreationOperation" = "true" } }
      },
      {
        Sid       = "DenyOverwrite", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource  = "${local.content_arn}/*"
        Condition = { Null = { "s3:if-match" = "false" }, ArnNotEquals = { "aws:PrincipalArn" = local.eraser_arn } }
      },
      {
        Sid       = "DenyDelete", Effect = "Deny", Principal = "*", Action = "s3:DeleteObject"
        Resource  = "${local.content_arn}/*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = [local.eraser_arn, var.retention_admin_role_arn] } }
      },
      {
        Sid       = "DenyOthersRead", Effect = "Deny", Principal = "*", Action = "s3:GetObject"
        Resource  = "${local.content_arn}/*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = concat([local.eraser_arn], [for arn in [local.auditor_arn] : arn if var.auditor_reads_content]) } }
      },
    ])
  }
}
