terraform {
  required_version = ">= 1.8.0, < 2.0.0"
}
