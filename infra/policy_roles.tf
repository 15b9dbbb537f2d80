# What each role may do. A closed list: tests/roles.tftest.hcl names every action, so a new one is added on purpose.
locals {
  read_objects  = ["s3:GetObject", "s3:GetObjectVersion"]
  list_bucket   = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketVersioning"]
  write_storage = { Sid = "StorageKeyForWrites", Effect = "Allow", Action = "kms:GenerateDataKey", Resource = aws_kms_key.storage.arn, Condition = { StringEquals = { "kms:ViaService" = local.via_s3 } } }
  read_storage  = { Sid = "StorageKeyForReads", Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.storage.arn, Condition = { StringEquals = { "kms:ViaService" = local.via_s3 } } }
  read_evidence = [
    { Sid = "ReadEvidence", Effect = "Allow", Action = local.read_objects, Resource = "${local.evidence_arn}/*" },
    { Sid = "ListEvidence", Effect = "Allow", Action = local.list_bucket, Resource = local.evidence_arn },
    local.read_storage,
  ]
  open_entries = {
    Sid       = "OpenEntries", Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.data.arn
    Condition = merge({ StringEquals = { "kms:EncryptionContext:dayseal-origin" = local.origins } }, local.entries_only)
  }
  # Content keys are wrapped by the same key in a context of one pair more.
  entries_only = { Null = { "kms:EncryptionContext:dayseal-kind" = "true" } }
  content_only = { "kms:EncryptionContext:dayseal-kind" = "content" }
  open_content = {
    Sid       = "OpenContent", Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.data.arn
    Condition = { StringEquals = merge({ "kms:EncryptionContext:dayseal-origin" = local.origins }, local.content_only) }
  }
  # Lambda sends there what failed for good.
  report_failures = [
    { Sid = "ReportFailures", Effect = "Allow", Action = "sqs:SendMessage", Resource = local.queue_arn },
    { Sid = "EncryptFailures", Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = aws_kms_key.operations.arn, Condition = { StringEquals = { "kms:ViaService" = "sqs.${var.region}.amazonaws.com" } } },
  ]
  log_lines = { for function in ["seal", "verify", "example"] : function => {
    Sid      = "LogLines", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = "arn:${local.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/lambda/${var.name}-${function}:*"
  } }

  producer_policies = { for log in keys(var.logs) : log => {
    Version = "2012-10-17"
    Statement = concat(
      [
        { Sid = "CreateEntries", Effect = "Allow", Action = "s3:PutObject", Resource = "${local.evidence_arn}/${log}/entries/*", Condition = { Null = { "s3:if-none-match" = "false" } } },
        { Sid = "CreateContent", Effect = "Allow", Action = "s3:PutObject", Resource = "${local.content_arn}/${log}/content/*", Condition = { Null = { "s3:if-none-match" = "false" } } },
        {
          Sid       = "MakeDataKeys", Effect = "Allow", Action = "kms:GenerateDataKey", Resource = aws_kms_key.data.arn
          Condition = { StringEquals = { "kms:EncryptionContext:dayseal-origin" = var.logs[log].origin } }
        },
        { Sid = "ReadLogSecret", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = local.log_secret_arns[log] },
        local.write_storage,
      ],
      [for statement in [local.log_lines.example] : statement if var.example_log == log],
    )
  } }

  sealer_policy = {
    Version = "2012-10-17"
    Statement = concat(
      local.read_evidence,
      [
        {
          Sid       = "WriteChain", Effect = "Allow", Action = "s3:PutObject"
          Resource  = flatten([for log in sort(keys(var.logs)) : ["${local.evidence_arn}/${log}/manifests/*", "${local.evidence_arn}/${log}/checkpoints/*"]])
          Condition = { Null = { "s3:if-none-match" = "false" } }
        },
        { Sid = "ReadHeads", Effect = "Allow", Action = local.read_objects, Resource = flatten([for log in sort(keys(var.logs)) : ["${local.state_arn}/${log}/heads/*", "${local.state_arn}/${log}/index/*"]]) },
        { Sid = "ReadRemovals", Effect = "Allow", Action = "s3:GetObject", Resource = [for log in sort(keys(var.logs)) : "${local.state_arn}/${log}/removals/*"] },
        { Sid = "MoveHeads", Effect = "Allow", Action = "s3:PutObject", Resource = flatten([for log in sort(keys(var.logs)) : ["${local.state_arn}/${log}/heads/*", "${local.state_arn}/${log}/index/*"]]) },
        { Sid = "ListState", Effect = "Allow", Action = local.list_bucket, Resource = local.state_arn },
        local.write_storage,
        local.log_lines.seal,
      ],
      local.report_failures,
      [for statement in [
        { Sid = "Sign", Effect = "Allow", Action = ["kms:Sign", "kms:GetPublicKey", "kms:DescribeKey"], Resource = local.signing_kms_arns },
      ] : statement if length(local.signing_kms_arns) > 0],
      [for statement in [
        { Sid = "ReadSigningSeed", Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = local.signing_secret_arns },
      ] : statement if length(local.signing_secret_arns) > 0],
    )
  }

  verifier_policy = {
    Version = "2012-10-17"
    Statement = concat(
      local.read_evidence,
      [
        { Sid = "ReadState", Effect = "Allow", Action = local.read_objects, Resource = "${local.state_arn}/*" },
        { Sid = "ListState", Effect = "Allow", Action = local.list_bucket, Resource = local.state_arn },
        { Sid = "RememberAndReport", Effect = "Allow", Action = "s3:PutObject", Resource = flatten([for log in sort(keys(var.logs)) : ["${local.state_arn}/${log}/verifier/*", "${local.state_arn}/${log}/reports/*"]]) },
        { Sid = "TellFindings", Effect = "Allow", Action = "sns:Publish", Resource = local.topic_arn },
        { Sid = "EncryptFindings", Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = aws_kms_key.operations.arn, Condition = { StringEquals = { "kms:ViaService" = "sns.${var.region}.amazonaws.com" } } },
        local.log_lines.verify,
      ],
      local.report_failures,
      [for statement in [local.open_entries] : statement if var.verify_level == "entries"],
    )
  }

  auditor_policy = {
    Version = "2012-10-17"
    Statement = concat(
      local.read_evidence,
      [
        local.open_entries,
        { Sid = "ReadState", Effect = "Allow", Action = local.read_objects, Resource = "${local.state_arn}/*" },
        { Sid = "ListState", Effect = "Allow", Action = local.list_bucket, Resource = local.state_arn },
        # How the deployment is set, to compare with what it promises.
        { Sid = "ReadBucketSettings", Effect = "Allow", Action = local.bucket_settings, Resource = [local.evidence_arn, local.content_arn, local.state_arn] },
        {
          Sid      = "ReadKeySettings", Effect = "Allow", Action = ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants"]
          Resource = concat([aws_kms_key.data.arn, aws_kms_key.storage.arn], local.signing_kms_arns)
        },
        {
          Sid      = "ReadOperations", Effect = "Allow", Action = ["scheduler:GetSchedule", "lambda:GetFunctionConfiguration", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"]
          Resource = ["arn:${local.partition}:scheduler:${var.region}:${var.account_id}:schedule/${var.name}/*", "${local.function_base}-*", local.queue_arn]
        },
        # CloudWatch knows no narrower resource for metrics.
        { Sid = "ReadMetrics", Effect = "Allow", Action = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"], Resource = "*" },
      ],
      [for statement in [
        { Sid = "ReadSigningPublicKey", Effect = "Allow", Action = "kms:GetPublicKey", Resource = local.signing_kms_arns },
      ] : statement if length(local.signing_kms_arns) > 0],
      [for statement in [
        { Sid = "ReadContent", Effect = "Allow", Action = "s3:GetObject", Resource = "${local.content_arn}/*" },
        { Sid = "ListContent", Effect = "Allow", Action = "s3:ListBucket", Resource = local.content_arn },
        local.open_content,
      ] : statement if var.auditor_reads_content],
    )
  }
  bucket_settings = [
    "s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration", "s3:GetLifecycleConfiguration", "s3:GetBucketPolicy", "s3:GetEncryptionConfiguration",
    "s3:GetBucketPublicAccessBlock", "s3:GetBucketOwnershipControls", "s3:GetReplicationConfiguration", "s3:GetBucketLocation",
    "s3:GetBucketLogging",
  ]

  # It drops frames without opening them: no right to decrypt. It records what it does as a producer records.
  eraser_policy = {
    Version = "2012-10-17"
    Statement = [
      { Sid = "EraseContent", Effect = "Allow", Action = ["s3:GetObject", "s3:DeleteObject"], Resource = "${local.content_arn}/*" },
      { Sid = "ReplaceContent", Effect = "Allow", Action = "s3:PutObject", Resource = "${local.content_arn}/*", Condition = { Null = { "s3:if-match" = "false" } } },
      # Versions are listed to see that there are none.
      { Sid = "ListContent", Effect = "Allow", Action = local.list_bucket, Resource = local.content_arn },
      { Sid = "KeepReceipts", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = [for log in sort(keys(var.logs)) : "${local.state_arn}/${log}/erasures/*"] },
      { Sid = "ReadHolds", Effect = "Allow", Action = "s3:GetObject", Resource = [for log in sort(keys(var.logs)) : "${local.state_arn}/${log}/holds/*"] },
      # What counts in a hold is the officer's signature.
      { Sid = "PlaceHolds", Effect = "Allow", Action = "s3:PutObject", Resource = [for log in sort(keys(var.logs)) : "${local.state_arn}/${log}/holds/*"], Condition = { Null = { "s3:if-none-match" = "false" } } },
      { Sid = "PlaceRemovals", Effect = "Allow", Action = "s3:PutObject", Resource = [for log in sort(keys(var.logs)) : "${local.state_arn}/${log}/removals/*"], Condition = { Null = { "s3:if-none-match" = "false" } } },
      { Sid = "ListState", Effect = "Allow", Action = local.list_bucket, Resource = local.state_arn },
      { Sid = "CreateEntries", Effect = "Allow", Action = "s3:PutObject", Resource = [for log in sort(keys(var.logs)) : "${local.evidence_arn}/${log}/entries/*"], Condition = { Null = { "s3:if-none-match" = "false" } } },
      {
        Sid       = "MakeDataKeys", Effect = "Allow", Action = "kms:GenerateDataKey", Resource = aws_kms_key.data.arn
        Condition = merge({ StringEquals = { "kms:EncryptionContext:dayseal-origin" = local.origins } }, local.entries_only)
      },
      local.read_storage,
      local.write_storage,
    ]
  }

  scheduler_policy = {
    Version = "2012-10-17"
    Statement = concat(
      [{ Sid = "Invoke", Effect = "Allow", Action = "lambda:InvokeFunction", Resource = ["${local.function_base}-seal", "${local.function_base}-verify"] }],
      local.report_failures,
    )
  }
}
