# Keys and queue get their identifiers from AWS; here they are known in the plan, so that whole policies and the functions' configuration can be read.
override_resource {
  target          = aws_kms_key.data
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-west-1:111122223333:key/data", key_id = "data" }
}
override_resource {
  target          = aws_kms_key.storage
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-west-1:111122223333:key/storage", key_id = "storage" }
}
override_resource {
  target          = aws_kms_key.operations
  override_during = plan
  values          = { arn = "arn:aws:kms:eu-west-1:111122223333:key/operations", key_id = "operations" }
}
override_resource {
  target          = aws_cloudformation_stack.signing_key
  override_during = plan
  values          = { outputs = { Arn = "arn:aws:kms:eu-west-1:111122223333:key/signing" } }
}
override_resource {
  target          = aws_secretsmanager_secret.signing_key
  override_during = plan
  values          = { arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:dayseal/signing-key-AbCdEf" }
}
override_resource {
  target          = aws_sns_topic.findings
  override_during = plan
  values          = { arn = "arn:aws:sns:eu-west-1:111122223333:dayseal-findings" }
}
override_resource {
  target          = aws_sqs_queue.failed
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-west-1:111122223333:dayseal-failed" }
}
