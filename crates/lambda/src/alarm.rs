//! Telling people: an SNS message.

use aws_config::SdkConfig;

use crate::FunctionError;
use crate::error::chain;

/// Longest subject SNS takes, in characters.
const MAX_SUBJECT: usize = 100;

/// A message about a log that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// One line.
    pub subject: String,
    /// JSON; no contents of entries.
    pub body: String,
}

/// An SNS topic.
#[derive(Clone, Debug)]
pub struct Topic {
    arn: String,
    client: aws_sdk_sns::Client,
}

impl Topic {
    /// The topic with this ARN. Sends no request.
    pub fn new(arn: &str, sdk: &SdkConfig) -> Self {
        Self { arn: arn.to_owned(), client: aws_sdk_sns::Client::new(sdk) }
    }

    /// Publishes a message.
    ///
    /// # Errors
    /// [`FunctionError::Store`]: then the invocation fails, and its alarm speaks instead.
    pub async fn publish(&self, alarm: &Alarm) -> Result<(), FunctionError> {
        let subject: String = alarm.subject.chars().take(MAX_SUBJECT).collect();
        let request = self.client.publish().topic_arn(&self.arn);
        match request.subject(subject).message(&alarm.body).send().await {
            Ok(_) => Ok(()),
            Err(e) => {
                Err(FunctionError::Store(format!("sns:Publish to {}: {}", self.arn, chain(&e))))
            }
        }
    }
}
