//! A log in a directory whose keys may be in KMS or Secrets Manager: a stub of both runs beside it.

use serde_json::Value;

use crate::support::{Done, ORIGIN, dayseal, event, run, time};
use stub::Stub;

#[path = "../../../keys/tests/aws/stub.rs"]
pub(crate) mod stub;

/// A directory, and the key services beside it.
pub(crate) struct Place {
    pub(crate) home: tempfile::TempDir,
    pub(crate) stub: Stub,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), stub: Stub::start() }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    /// Runs the command here, with credentials for the stub alone.
    pub(crate) fn feed(&self, now: &str, args: &[&str], input: &[u8]) -> Done {
        self.feed_as(Some("test"), now, args, input)
    }

    pub(crate) fn feed_as(
        &self,
        user: Option<&str>,
        now: &str,
        args: &[&str],
        input: &[u8],
    ) -> Done {
        let mut command = dayseal();
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.home.path())
            .args(args)
            .env("HOME", self.home.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", self.stub.endpoint())
            .env("DAYSEAL_NOW", now);
        if self.path("log/dayseal.toml").exists() {
            command.env("DAYSEAL_CONFIG", "log/dayseal.toml");
        }
        if let Some(user) = user {
            command.env("AWS_ACCESS_KEY_ID", user).env("AWS_SECRET_ACCESS_KEY", user);
        }
        run(&mut command, input)
    }

    pub(crate) fn at(&self, now: &str, args: &[&str]) -> Done {
        self.feed(now, args, b"")
    }

    pub(crate) fn init(&self, args: &[&str]) -> Done {
        let start = ["init", "log", "--origin", ORIGIN];
        self.at(&time(0, 8), &[&start, args].concat())
    }

    pub(crate) fn kms_log() -> (Self, String, String) {
        let place = Self::new();
        let (sign, data) = (place.stub.signing_key("sign"), place.stub.data_key("data"));
        let keys = ["--signing-key", &sign, "--wrapping-key", &data, "--json"];
        let made: Value = serde_json::from_str(&place.init(&keys).exits(0).out).unwrap();
        assert_eq!(made["keys"], Value::Null);
        assert_eq!(made["signing_key"], sign.as_str());
        assert_eq!(made["wrapping_keys"], serde_json::json!([data]));
        (place, sign, data)
    }

    /// Records and seals two days.
    pub(crate) fn fill(&self) {
        self.fill_day(0);
        self.fill_day(1);
    }

    /// Records and seals one day.
    pub(crate) fn fill_day(&self, n: u32) {
        let lines = [event(&format!("a{n}")), event(&format!("b{n}"))].concat();
        self.feed(&time(n, 14), &["record"], lines.as_bytes()).exits(0);
        self.at(&time(n + 1, 2), &["seal"]).exits(0);
    }

    pub(crate) fn verify(&self, args: &[&str]) -> Done {
        self.at(&time(2, 3), &[&["verify"], args].concat())
    }
}
