locals {
  arn = "arn:${var.partition}:s3:::${var.bucket}"
  # Only a role of another account needs to be let in here; at home its own policy does.
  foreign = var.log_account_id != var.account_id

  admins = var.admin_role_arns
  write_places = {
    heads    = { arns = [var.roles.sealer], conditional = true }
    verifier = { arns = [var.roles.verifier], conditional = true }
    reports  = { arns = [var.roles.verifier], conditional = false }
    index    = { arns = [var.roles.sealer], conditional = false }
    erasures = { arns = [var.roles.eraser], conditional = false }
    holds    = { arns = [var.roles.eraser], conditional = true }
    removals = { arns = [var.roles.eraser], conditional = true }
  }

  policy = {
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "DenyInsecureTransport", Effect = "Deny", Principal = "*", Action = "s3:*"
          Resource  = [local.arn, "${local.arn}/*"]
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          Sid       = "DenyOldTls", Effect = "Deny", Principal = "*", Action = "s3:*"
          Resource  = [local.arn, "${local.arn}/*"]
          Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
        },
        {
          # A head or a memory that is put back without a look at the present one is a rollback.
          Sid       = "DenyBlindSwap", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
          Resource  = [for place in sort(keys(local.write_places)) : "${local.arn}/*/${place}/*" if local.write_places[place].conditional]
          Condition = { Null = { "s3:if-none-match" = "true", "s3:if-match" = "true" }, Bool = { "s3:ObjectCreationOperation" = "true" } }
        },
        {
          Sid       = "DenyDelete", Effect = "Deny", Principal = "*"
          Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
          Resource  = "${local.arn}/*"
          Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.admins } }
        },
        {
          # What the auditor trusts: neither function, nor anybody else, may write it.
          Sid       = "DenyPolicyWrites", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
          Resource  = "${local.arn}/policies/*"
          Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.admins } }
        },
        {
          Sid       = "DenySettings", Effect = "Deny", Principal = "*"
          Action    = local.setting_actions
          Resource  = local.arn
          Condition = { ArnNotEquals = { "aws:PrincipalArn" = local.admins } }
        },
      ],
      [for place in sort(keys(local.write_places)) : {
        Sid       = "Deny${title(place)}Writes", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource  = "${local.arn}/*/${place}/*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = concat(local.admins, local.write_places[place].arns) } }
      }],
      # The whole account as principal, narrowed by the role: a role that is made again keeps its right, one not yet made refuses no apply.
      [for statement in [
        {
          Sid       = "LetRolesRead", Effect = "Allow", Principal = { AWS = "arn:${var.partition}:iam::${var.log_account_id}:root" }
          Action    = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource  = "${local.arn}/*"
          Condition = { ArnEquals = { "aws:PrincipalArn" = concat(values(var.roles), local.admins) } }
        },
        {
          Sid       = "LetRolesWrite", Effect = "Allow", Principal = { AWS = "arn:${var.partition}:iam::${var.log_account_id}:root" }
          Action    = ["s3:PutObject"]
          Resource  = "${local.arn}/*"
          Condition = { ArnEquals = { "aws:PrincipalArn" = concat([var.roles.sealer, var.roles.verifier, var.roles.eraser], local.admins) } }
        },
        {
          Sid       = "LetRolesList", Effect = "Allow", Principal = { AWS = "arn:${var.partition}:iam::${var.log_account_id}:root" }
          Action    = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketVersioning"]
          Resource  = local.arn
          Condition = { ArnEquals = { "aws:PrincipalArn" = concat(values(var.roles), local.admins) } }
        },
      ] : statement if local.foreign],
    )
  }

  setting_actions = [
    "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration", "s3:PutEncryptionConfiguration",
    "s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls", "s3:PutReplicationConfiguration", "s3:DeleteBucket",
  ]
}
