# Four symmetric-or-signing keys, four circles: data (entries), storage (S3 at rest), operations (topic, queue, function logs), signing (signing_key.tf).
# The key's policy is the whole truth: an administrator's `kms:*` neither encrypts, decrypts nor signs, and nobody may make a grant past it.
locals {
  key_administration = {
    Sid = "Administration", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
    Action = [
      "kms:Describe*", "kms:Get*", "kms:List*", "kms:PutKeyPolicy", "kms:EnableKey", "kms:DisableKey", "kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:RotateKeyOnDemand",
      "kms:UpdateKeyDescription", "kms:TagResource", "kms:UntagResource", "kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion",
    ]
  }
  # Root stays: if the retention admin role is lost, the key must not be lost with it.
  key_guard = {
    Sid       = "DenyDestruction", Effect = "Deny", Principal = "*", Resource = "*"
    Action    = ["kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "kms:DisableKeyRotation"]
    Condition = { ArnNotEquals = { "aws:PrincipalArn" = [var.retention_admin_role_arn, local.root_arn] } }
  }

  data_key_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [local.key_administration, local.key_guard],
      # A producer makes keys for its own log's entries and cannot open any.
      [for log in sort(keys(var.logs)) : {
        Sid       = "Producer${replace(title(replace(log, "-", " ")), " ", "")}", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:GenerateDataKey"
        Condition = { ArnEquals = { "aws:PrincipalArn" = local.producer_arns[log] }, StringEquals = { "kms:EncryptionContext:dayseal-origin" = var.logs[log].origin } }
      }],
      # The eraser records what it does, and opens nothing.
      [{
        Sid       = "Eraser", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:GenerateDataKey"
        Condition = merge({ ArnEquals = { "aws:PrincipalArn" = local.eraser_arn }, StringEquals = { "kms:EncryptionContext:dayseal-origin" = local.origins } }, local.entries_only)
      }],
      # `dayseal init` tries the key before it writes anything.
      [for arn in local.founders : {
        Sid       = "Setup", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:GenerateDataKey"
        Condition = { ArnEquals = { "aws:PrincipalArn" = arn }, StringEquals = { "kms:EncryptionContext:dayseal-origin" = local.origins } }
      }],
      [{
        Sid       = "Readers", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:Decrypt"
        Condition = merge({ ArnEquals = { "aws:PrincipalArn" = local.reader_arns }, StringEquals = { "kms:EncryptionContext:dayseal-origin" = local.origins } }, local.entries_only)
      }],
      [for arn in [local.auditor_arn] : {
        Sid       = "ContentReaders", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:Decrypt"
        Condition = { ArnEquals = { "aws:PrincipalArn" = arn }, StringEquals = merge({ "kms:EncryptionContext:dayseal-origin" = local.origins }, local.content_only) }
      } if var.auditor_reads_content],
    )
  }
  origins     = sort([for log in values(var.logs) : log.origin])
  reader_arns = concat([local.auditor_arn], [for arn in [local.verifier_arn] : arn if var.verify_level == "entries"])

  storage_key_policy = {
    Version = "2012-10-17"
    Statement = [
      local.key_administration,
      local.key_guard,
      {
        Sid       = "WritersThroughS3", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:GenerateDataKey"
        Condition = { ArnEquals = { "aws:PrincipalArn" = concat(values(local.producer_arns), [local.sealer_arn, local.eraser_arn], local.founders) }, StringEquals = { "kms:ViaService" = local.via_s3 } }
      },
      {
        Sid       = "ReadersThroughS3", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:Decrypt"
        Condition = { ArnEquals = { "aws:PrincipalArn" = concat([local.sealer_arn, local.verifier_arn, local.auditor_arn, local.eraser_arn], local.founders) }, StringEquals = { "kms:ViaService" = local.via_s3 } }
      },
    ]
  }
  via_s3 = "s3.${var.region}.amazonaws.com"

  operations_key_policy = {
    Version = "2012-10-17"
    Statement = [
      local.key_administration,
      local.key_guard,
      {
        # Not alias/aws/sns: CloudWatch may not use that one, and drops its alarms without a word.
        Sid       = "Alarms", Effect = "Allow", Principal = { Service = "cloudwatch.amazonaws.com" }, Resource = "*"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      },
      {
        Sid       = "FunctionLogs", Effect = "Allow", Principal = { Service = "logs.${var.region}.amazonaws.com" }, Resource = "*"
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/lambda/${var.name}-*" } }
      },
      {
        Sid       = "Messages", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Condition = { ArnLike = { "aws:PrincipalArn" = "${local.role_base}-*" }, StringEquals = { "kms:ViaService" = ["sns.${var.region}.amazonaws.com", "sqs.${var.region}.amazonaws.com"] } }
      },
      {
        # Whoever empties the dead-letter queue.
        Sid       = "QueueReader", Effect = "Allow", Principal = { AWS = local.root_arn }, Resource = "*"
        Action    = "kms:Decrypt"
        Condition = { ArnEquals = { "aws:PrincipalArn" = var.retention_admin_role_arn }, StringEquals = { "kms:ViaService" = "sqs.${var.region}.amazonaws.com" } }
      },
    ]
  }
}

resource "aws_kms_key" "data" {
  description             = "${var.name}: wraps the data keys of entries"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.data_key_policy)
  lifecycle { prevent_destroy = true }
}

resource "aws_kms_key" "storage" {
  description             = "${var.name}: evidence and content at rest in S3"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.storage_key_policy)
  lifecycle { prevent_destroy = true }
}

resource "aws_kms_key" "operations" {
  description             = "${var.name}: topic, queue, function logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = jsonencode(local.operations_key_policy)
}

resource "aws_kms_alias" "keys" {
  for_each      = { data = aws_kms_key.data.key_id, storage = aws_kms_key.storage.key_id, operations = aws_kms_key.operations.key_id }
  name          = "alias/${var.name}-${each.key}"
  target_key_id = each.value
}
