# Every profile with its numbers and both sides of each floor; then every other refusal. No provider is needed.

run "soc2" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", cold_storage = { days = 90, class = "DEEP_ARCHIVE" } }
  }
  assert {
    condition     = output.days == 366 && output.lock_mode == "GOVERNANCE"
    error_message = "soc2: 366 days in GOVERNANCE mode"
  }
  assert {
    condition     = output.expiry_days == 373 && output.chain_expiry_days == 739
    error_message = "soc2: entries expire a week after the lock, the chain a year later"
  }
}

run "soc2_at_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", days = 366 }
  }
  assert {
    condition     = output.days == 366
    error_message = "the wish must hold"
  }
}

run "soc2_below_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", days = 365 }
  }
  expect_failures = [terraform_data.rules]
}

run "soc2_cold_inside_its_hot_days" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", cold_storage = { days = 89, class = "GLACIER" } }
  }
  expect_failures = [terraform_data.rules]
}

run "pci" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "pci", cold_storage = { days = 90, class = "DEEP_ARCHIVE" } }
  }
  assert {
    condition     = output.days == 366 && output.lock_mode == "COMPLIANCE"
    error_message = "pci: 366 days in COMPLIANCE mode"
  }
  assert {
    condition     = output.expiry_days == 373 && output.chain_expiry_days == 739
    error_message = "pci: entries expire a week after the lock, the chain a year later"
  }
}

run "pci_at_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "pci", days = 366 }
  }
  assert {
    condition     = output.days == 366
    error_message = "the wish must hold"
  }
}

run "pci_below_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "pci", days = 365 }
  }
  expect_failures = [terraform_data.rules]
}

run "pci_cold_inside_its_hot_days" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "pci", cold_storage = { days = 89, class = "GLACIER" } }
  }
  expect_failures = [terraform_data.rules]
}

run "three_years" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "three-years", cold_storage = { days = 90, class = "DEEP_ARCHIVE" } }
  }
  assert {
    condition     = output.days == 1096 && output.lock_mode == "COMPLIANCE"
    error_message = "three-years: 1096 days in COMPLIANCE mode"
  }
  assert {
    condition     = output.expiry_days == 1103 && output.chain_expiry_days == 1469
    error_message = "three-years: entries expire a week after the lock, the chain a year later"
  }
}

run "three_years_at_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "three-years", days = 1096 }
  }
  assert {
    condition     = output.days == 1096
    error_message = "the wish must hold"
  }
}

run "three_years_below_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "three-years", days = 1095 }
  }
  expect_failures = [terraform_data.rules]
}

run "three_years_cold_inside_its_hot_days" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "three-years", cold_storage = { days = 89, class = "GLACIER" } }
  }
  expect_failures = [terraform_data.rules]
}

run "hipaa" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "hipaa", cold_storage = { days = 90, class = "DEEP_ARCHIVE" } }
  }
  assert {
    condition     = output.days == 2192 && output.lock_mode == "COMPLIANCE"
    error_message = "hipaa: 2192 days in COMPLIANCE mode"
  }
  assert {
    condition     = output.expiry_days == 2199 && output.chain_expiry_days == 2565
    error_message = "hipaa: entries expire a week after the lock, the chain a year later"
  }
}

run "hipaa_at_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "hipaa", days = 2192 }
  }
  assert {
    condition     = output.days == 2192
    error_message = "the wish must hold"
  }
}

run "hipaa_below_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "hipaa", days = 2191 }
  }
  expect_failures = [terraform_data.rules]
}

run "hipaa_cold_inside_its_hot_days" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "hipaa", cold_storage = { days = 89, class = "GLACIER" } }
  }
  expect_failures = [terraform_data.rules]
}

run "seven_years" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "seven-years", cold_storage = { days = 90, class = "DEEP_ARCHIVE" } }
  }
  assert {
    condition     = output.days == 2557 && output.lock_mode == "COMPLIANCE"
    error_message = "seven-years: 2557 days in COMPLIANCE mode"
  }
  assert {
    condition     = output.expiry_days == 2564 && output.chain_expiry_days == 2930
    error_message = "seven-years: entries expire a week after the lock, the chain a year later"
  }
}

run "seven_years_at_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "seven-years", days = 2557 }
  }
  assert {
    condition     = output.days == 2557
    error_message = "the wish must hold"
  }
}

run "seven_years_below_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "seven-years", days = 2556 }
  }
  expect_failures = [terraform_data.rules]
}

run "seven_years_cold_inside_its_hot_days" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "seven-years", cold_storage = { days = 89, class = "GLACIER" } }
  }
  expect_failures = [terraform_data.rules]
}

run "ai_act" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "ai-act", cold_storage = { days = 184, class = "DEEP_ARCHIVE" } }
  }
  assert {
    condition     = output.days == 184 && output.lock_mode == "GOVERNANCE"
    error_message = "ai-act: 184 days in GOVERNANCE mode"
  }
  assert {
    condition     = output.expiry_days == 191 && output.chain_expiry_days == 557
    error_message = "ai-act: entries expire a week after the lock, the chain a year later"
  }
}

run "ai_act_at_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "ai-act", days = 184 }
  }
  assert {
    condition     = output.days == 184
    error_message = "the wish must hold"
  }
}

run "ai_act_below_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "ai-act", days = 183 }
  }
  expect_failures = [terraform_data.rules]
}

run "ai_act_cold_inside_its_hot_days" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "ai-act", cold_storage = { days = 183, class = "GLACIER" } }
  }
  expect_failures = [terraform_data.rules]
}

run "sec" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "sec", cold_storage = { days = 731, class = "DEEP_ARCHIVE" } }
  }
  assert {
    condition     = output.days == 2192 && output.lock_mode == "COMPLIANCE"
    error_message = "sec: 2192 days in COMPLIANCE mode"
  }
  assert {
    condition     = output.expiry_days == 2199 && output.chain_expiry_days == 2565
    error_message = "sec: entries expire a week after the lock, the chain a year later"
  }
}

run "sec_at_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "sec", days = 2192 }
  }
  assert {
    condition     = output.days == 2192
    error_message = "the wish must hold"
  }
}

run "sec_below_its_floor" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "sec", days = 2191 }
  }
  expect_failures = [terraform_data.rules]
}

run "sec_cold_inside_its_hot_days" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "sec", cold_storage = { days = 730, class = "GLACIER" } }
  }
  expect_failures = [terraform_data.rules]
}

run "longer_and_stricter" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", days = 400, lock_mode = "COMPLIANCE", expiry_margin_days = 2, content_days = 180 }
  }
  assert {
    condition     = output.days == 400 && output.lock_mode == "COMPLIANCE" && output.expiry_days == 402 && output.content_days == 180
    error_message = "the wishes must hold"
  }
}

run "sec_in_governance_mode" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "sec", lock_mode = "GOVERNANCE" }
  }
  expect_failures = [terraform_data.rules]
}

run "expiry_inside_the_margin" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", expiry_days = 372 }
  }
  expect_failures = [terraform_data.rules]
}

run "expiry_at_the_margin" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", expiry_days = 373 }
  }
  assert {
    condition     = output.expiry_days == 373
    error_message = "the wish must hold"
  }
}

run "content_above_its_ceiling" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", content_days = 181 }
  }
  expect_failures = [terraform_data.rules]
}

run "instant_retrieval_is_not_cold" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "pci", cold_storage = { days = 30, class = "GLACIER_IR" } }
  }
  assert {
    condition     = output.cold_storage.days == 30
    error_message = "the wish must hold"
  }
}

run "deep_archive_is_cold" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "pci", cold_storage = { days = 30, class = "DEEP_ARCHIVE" } }
  }
  expect_failures = [terraform_data.rules]
}

run "cold_after_expiry" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", cold_storage = { days = 373, class = "GLACIER_IR" } }
  }
  expect_failures = [terraform_data.rules]
}

run "unknown_profile" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "sox" }
  }
  expect_failures = [var.retention]
}

run "half_a_day" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", days = 366.5 }
  }
  expect_failures = [var.retention]
}

run "beyond_a_century" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", days = 36501 }
  }
  expect_failures = [var.retention]
}

run "half_a_day_of_expiry" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", expiry_days = 400.5 }
  }
  expect_failures = [var.retention]
}

run "unknown_mode" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", lock_mode = "COMPLIANT" }
  }
  expect_failures = [var.retention]
}

run "margin_of_one_day" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", expiry_margin_days = 1 }
  }
  expect_failures = [var.retention]
}

run "content_of_no_day" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", content_days = 0 }
  }
  expect_failures = [var.retention]
}

run "unknown_class" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", cold_storage = { days = 400, class = "TAPE" } }
  }
  expect_failures = [var.retention]
}

run "cold_before_s3_allows" {
  command = plan
  module {
    source = "./retention"
  }
  variables {
    retention = { profile = "soc2", cold_storage = { days = 29, class = "GLACIER_IR" } }
  }
  expect_failures = [var.retention]
}
