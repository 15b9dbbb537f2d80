# A closed world: an action that a role gains must be named here, on purpose.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "actions" {
  command = plan
  assert {
    condition = { for role, policy in aws_iam_role_policy.roles : role => join(" ", sort(distinct(flatten([for statement in jsondecode(policy.policy).Statement : statement.Action])))) } == {
      producer-main = "kms:GenerateDataKey s3:PutObject secretsmanager:GetSecretValue"
      sealer        = "kms:Decrypt kms:DescribeKey kms:GenerateDataKey kms:GetPublicKey kms:Sign logs:CreateLogStream logs:PutLogEvents s3:GetBucketVersioning s3:GetObject s3:GetObjectVersion s3:ListBucket s3:ListBucketVersions s3:PutObject sqs:SendMessage"
      verifier      = "kms:Decrypt kms:GenerateDataKey logs:CreateLogStream logs:PutLogEvents s3:GetBucketVersioning s3:GetObject s3:GetObjectVersion s3:ListBucket s3:ListBucketVersions s3:PutObject sns:Publish sqs:SendMessage"
      auditor       = "cloudwatch:DescribeAlarms cloudwatch:GetMetricData kms:Decrypt kms:DescribeKey kms:GetKeyPolicy kms:GetKeyRotationStatus kms:GetPublicKey kms:ListGrants lambda:GetFunctionConfiguration s3:GetBucketLocation s3:GetBucketLogging s3:GetBucketObjectLockConfiguration s3:GetBucketOwnershipControls s3:GetBucketPolicy s3:GetBucketPublicAccessBlock s3:GetBucketVersioning s3:GetEncryptionConfiguration s3:GetLifecycleConfiguration s3:GetObject s3:GetObjectVersion s3:GetReplicationConfiguration s3:ListBucket s3:ListBucketVersions scheduler:GetSchedule sqs:GetQueueAttributes sqs:GetQueueUrl"
      eraser        = "kms:Decrypt kms:GenerateDataKey s3:DeleteObject s3:GetBucketVersioning s3:GetObject s3:ListBucket s3:ListBucketVersions s3:PutObject"
      scheduler     = "kms:Decrypt kms:GenerateDataKey lambda:InvokeFunction sqs:SendMessage"
    }
    error_message = "the closed list of actions"
  }
  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.roles : alltrue([for statement in jsondecode(policy.policy).Statement : statement.Resource != "*" || statement.Sid == "ReadMetrics"])])
    error_message = "only metrics are read on every resource"
  }
  assert {
    condition     = alltrue([for role in ["producer-main", "auditor", "eraser"] : jsondecode(aws_iam_role.roles[role].assume_role_policy).Statement[0].Effect == "Deny"])
    error_message = "a role that nobody is named for is nobody's"
  }
  assert {
    condition     = { for role in ["sealer", "verifier", "scheduler"] : role => jsondecode(aws_iam_role.roles[role].assume_role_policy).Statement[0].Principal.Service[0] } == { sealer = "lambda.amazonaws.com", verifier = "lambda.amazonaws.com", scheduler = "scheduler.amazonaws.com" }
    error_message = "who takes on the machines' roles"
  }
  assert {
    condition     = jsondecode(aws_iam_role.roles["scheduler"].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "Scheduler acts for this account alone"
  }
}

run "people" {
  command = plan
  variables {
    producers          = { main = ["arn:aws:iam::111122223333:role/app", "ecs-tasks.amazonaws.com"] }
    auditor_principals = ["arn:aws:iam::444455556666:role/audit"]
    eraser_principals  = ["arn:aws:iam::111122223333:role/privacy"]
    example_log        = "main"
  }
  assert {
    condition = jsondecode(aws_iam_role.roles["producer-main"].assume_role_policy).Statement == [{
      Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = ["arn:aws:iam::111122223333:role/app"], Service = ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"] }
    }]
    error_message = "producers are who was named, and Lambda for the example"
  }
  assert {
    condition = jsondecode(aws_iam_role.roles["auditor"].assume_role_policy).Statement == [{
      Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = ["arn:aws:iam::444455556666:role/audit"] }, Condition = { Bool = { "aws:MultiFactorAuthPresent" = "true" } }
    }]
    error_message = "auditors have MFA"
  }
  assert {
    condition     = jsondecode(aws_iam_role.roles["eraser"].assume_role_policy).Statement[0].Condition.Bool["aws:MultiFactorAuthPresent"] == "true"
    error_message = "erasers have MFA"
  }
  assert {
    condition     = alltrue([for role in aws_iam_role.roles : role.max_session_duration == 3600])
    error_message = "sessions end after an hour"
  }
}

run "mfa_by_the_identity_provider" {
  command = plan
  variables {
    auditor_principals = ["arn:aws:iam::111122223333:role/audit"]
    require_mfa        = false
  }
  assert {
    condition     = !contains(keys(jsondecode(aws_iam_role.roles["auditor"].assume_role_policy).Statement[0]), "Condition")
    error_message = "no condition that such a session cannot meet"
  }
}
