# Three buckets, three regimes.
mock_provider "aws" {
  source = "./tests/mocks"
}

run "buckets" {
  command = plan
  variables {
    retention = { profile = "hipaa", content_days = 14, cold_storage = { days = 120, class = "GLACIER" } }
  }

  # evidence
  assert {
    condition     = aws_s3_bucket.evidence.object_lock_enabled && one(aws_s3_bucket_versioning.evidence.versioning_configuration[*].status) == "Enabled"
    error_message = "evidence: versioned and lockable"
  }
  assert {
    condition     = aws_s3_bucket_object_lock_configuration.evidence.rule[0].default_retention[0].days == 2192 && aws_s3_bucket_object_lock_configuration.evidence.rule[0].default_retention[0].mode == "COMPLIANCE"
    error_message = "evidence: the profile's lock"
  }
  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.evidence.rule : rule.id => [rule.filter[0].prefix, rule.expiration[0].days, one(rule.noncurrent_version_expiration[*].noncurrent_days), rule.status] if rule.id != "housekeeping" } == {
      main-entries     = ["main/entries/", 2199, 7, "Enabled"]
      main-manifests   = ["main/manifests/", 2565, 7, "Enabled"]
      main-checkpoints = ["main/checkpoints/2", 2565, 7, "Enabled"]
    }
    error_message = "evidence: each prefix expires, versions behind markers too; log.json and checkpoints/first never"
  }
  assert {
    condition     = { for rule in aws_s3_bucket_lifecycle_configuration.evidence.rule : rule.id => [for move in rule.transition : "${move.days} ${move.storage_class}"] if length(rule.transition) > 0 } == { main-entries = ["120 GLACIER"] }
    error_message = "evidence: entries alone move to a colder class"
  }
  assert {
    condition     = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.evidence.rule : [rule.filter[0].prefix, rule.expiration[0].expired_object_delete_marker, rule.abort_incomplete_multipart_upload[0].days_after_initiation, rule.status] if rule.id == "housekeeping"]) == jsonencode([["", true, 1, "Enabled"]])
    error_message = "evidence: markers with nothing behind them and unfinished uploads go, in the whole bucket"
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.evidence.rule : alltrue([for filter in rule.filter : length(filter.tag) == 0 && length(filter.and) == 0])])
    error_message = "evidence: no rule by tag, since tags of a locked object can be changed"
  }

  # content
  assert {
    condition     = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.content.rule : [rule.expiration[0].days, rule.filter[0].prefix, rule.abort_incomplete_multipart_upload[0].days_after_initiation, rule.status]]) == jsonencode([[14, "", 1, "Enabled"]])
    error_message = "content: all of it expires, soon"
  }

  # both
  assert {
    condition = alltrue([for bucket in [aws_s3_bucket_server_side_encryption_configuration.evidence, aws_s3_bucket_server_side_encryption_configuration.content] : [for rule in bucket.rule :
      [rule.bucket_key_enabled, rule.apply_server_side_encryption_by_default[0].sse_algorithm, rule.apply_server_side_encryption_by_default[0].kms_master_key_id]
    ] == [[true, "aws:kms", "arn:aws:kms:eu-west-1:111122223333:key/storage"]]])
    error_message = "SSE-KMS with the storage key, bucket key on"
  }
  assert {
    condition     = alltrue([for block in [aws_s3_bucket_public_access_block.evidence, aws_s3_bucket_public_access_block.content] : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "no public access"
  }
  assert {
    condition     = alltrue([for controls in [aws_s3_bucket_ownership_controls.evidence, aws_s3_bucket_ownership_controls.content] : controls.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "the bucket's owner owns every object"
  }
  assert {
    condition     = alltrue([for policy in [aws_s3_bucket_policy.evidence.policy, aws_s3_bucket_policy.content.policy] : alltrue([for statement in jsondecode(policy).Statement : statement.Effect == "Deny"])])
    error_message = "a bucket's policy grants nothing"
  }
  assert {
    condition     = length(aws_s3_bucket_policy.evidence.policy) < 20480
    error_message = "a bucket's policy has 20 KB at most"
  }
  assert {
    condition     = alltrue([for key in [aws_kms_key.data, aws_kms_key.storage, aws_kms_key.operations] : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "keys rotate, and can be called back for 30 days"
  }
}

run "state" {
  command = plan
  module {
    source = "./state"
  }
  variables {
    bucket          = "dayseal-state"
    log_account_id  = "111122223333"
    admin_role_arns = ["arn:aws:iam::111122223333:role/deploy"]
    roles           = { sealer = "arn:aws:iam::111122223333:role/s", verifier = "arn:aws:iam::111122223333:role/v", auditor = "arn:aws:iam::111122223333:role/a", eraser = "arn:aws:iam::111122223333:role/e" }
    logs            = ["main"]
  }
  assert {
    condition     = one(aws_s3_bucket_versioning.state.versioning_configuration[*].status) == "Enabled"
    error_message = "state: versions show every head there was"
  }
  assert {
    condition = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.state.rule : [rule.id, rule.filter[0].prefix, rule.status, startswith(rule.id, "main-") ? [rule.expiration[0].days] : rule.noncurrent_version_expiration[*].noncurrent_days, length(rule.expiration)]]) == jsonencode([
      ["replaced", "", "Enabled", [400], 0], ["main-index", "main/index/", "Enabled", [400], 1], ["main-reports", "main/reports/", "Enabled", [400], 1], ["housekeeping", "", "Enabled", [], 1],
    ])
    error_message = "state: reports, indexes and replaced versions go; no head, memory, policy or receipt expires"
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.state.rule[*].apply_server_side_encryption_by_default[0].sse_algorithm) == "AES256"
    error_message = "state: the head depends on no key"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.state.block_public_acls && aws_s3_bucket_public_access_block.state.block_public_policy && aws_s3_bucket_public_access_block.state.ignore_public_acls && aws_s3_bucket_public_access_block.state.restrict_public_buckets && aws_s3_bucket_ownership_controls.state.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "state: closed to the public, and owned by its owner"
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_s3_bucket_policy.state.policy).Statement : statement.Effect == "Deny"])
    error_message = "state: at home its policy grants nothing"
  }
}

run "wildcard_admin_of_the_state" {
  command = plan
  module {
    source = "./state"
  }
  variables {
    bucket          = "dayseal-state"
    log_account_id  = "111122223333"
    admin_role_arns = ["arn:aws:iam::111122223333:role/*"]
    roles           = { sealer = "s", verifier = "v", auditor = "a", eraser = "e" }
    logs            = ["main"]
  }
  expect_failures = [var.admin_role_arns]
}

# tests/rgw has a Ceph RGW execute the rules: fewer days until expiry there, nothing else.
run "rules_that_are_executed" {
  command = plan
  assert {
    condition = { for rule in jsondecode(file(fileexists("./tests/rgw-rules.json") ? "./tests/rgw-rules.json" : "../tests/rgw/rules.json")).Rules : rule.ID => jsonencode({
      status    = rule.Status
      filter    = rule.Filter
      expires   = try(rule.Expiration.Days, 0) > 0
      marker    = try(rule.Expiration.ExpiredObjectDeleteMarker, false)
      versions  = try(rule.NoncurrentVersionExpiration.NoncurrentDays, 0)
      abort     = try(rule.AbortIncompleteMultipartUpload.DaysAfterInitiation, 0)
      otherwise = setsubtract(concat(keys(rule), keys(try(rule.NoncurrentVersionExpiration, {}))), ["ID", "Status", "Filter", "Expiration", "NoncurrentVersionExpiration", "NoncurrentDays", "AbortIncompleteMultipartUpload"])
      }) } == { for rule in aws_s3_bucket_lifecycle_configuration.evidence.rule : rule.id => jsonencode({
      status    = rule.status
      filter    = { Prefix = rule.filter[0].prefix }
      expires   = rule.id == "housekeeping" ? false : rule.expiration[0].days > 0 # the other of the two is not known in a plan
      marker    = rule.id == "housekeeping" ? rule.expiration[0].expired_object_delete_marker : false
      versions  = try(coalesce(rule.noncurrent_version_expiration[0].noncurrent_days), 0)
      abort     = try(coalesce(rule.abort_incomplete_multipart_upload[0].days_after_initiation), 0)
      otherwise = toset([for move in rule.transition : "Transitions"])
    }) }
    error_message = "tests/rgw/rules.json and these rules have parted: what is executed there is not what is deployed"
  }
}
