//! An HTTP server that answers from a script, and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use dayseal_store::{S3Config, S3Store};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// One answer of the script.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status, headers, body, with a matching Content-Length unless the headers have one.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Reads the request, never answers.
    Hang,
    /// Reads the request and closes the connection.
    Close,
    /// Claims the whole body and closes in its middle.
    Cut(Vec<(&'static str, String)>, String),
}

impl Reply {
    pub(crate) fn ok(headers: &[(&'static str, &str)]) -> Self {
        Self::Answer(200, own(headers), String::new())
    }

    pub(crate) fn body(headers: &[(&'static str, &str)], body: &str) -> Self {
        Self::Answer(200, own(headers), body.into())
    }

    pub(crate) fn cut(headers: &[(&'static str, &str)], body: &str) -> Self {
        Self::Cut(own(headers), body.into())
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>scripted</Message></Error>"
        );
        Self::Answer(status, own(&[("x-amz-request-id", "REQ1")]), body)
    }

    /// An answer to HEAD: no body.
    pub(crate) fn bare(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }
}

fn own(headers: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

/// What the server was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// `PUT /bucket/key?query`.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// All values of a header, joined as HTTP joins them: a header sent twice shows.
    pub(crate) fn header(&self, name: &str) -> String {
        let values = self.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
        values.collect::<Vec<_>>().join(",")
    }
}

/// Serves its script once, one answer for each request; then closes connections.
pub(crate) struct Server {
    endpoint: String,
    seen: Arc<Mutex<Vec<Request>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script.into_iter()));
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { endpoint, seen, task }
    }

    /// Requests so far, oldest first.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A store on this server that gives up an attempt after 300 ms and everything after `deadline`.
    pub(crate) async fn store(&self, deadline: Duration) -> S3Store {
        self.connect(S3Config { check_versioning: false, deadline, ..S3Config::new("bucket") })
            .await
    }

    /// A store that begins by asking whether versions are kept.
    pub(crate) async fn store_that_asks(&self) -> S3Store {
        self.connect(S3Config::new("bucket")).await
    }

    async fn connect(&self, config: S3Config) -> S3Store {
        let keys = Credentials::new("id", "secret", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .build();
        let config = S3Config {
            prefix: "root".into(),
            endpoint: Some(self.endpoint.clone()),
            path_style: true,
            expected_owner: Some("111122223333".into()),
            attempt_timeout: Duration::from_millis(300),
            ..config
        };
        S3Store::connect_with(config, &sdk).await.unwrap()
    }
}

async fn serve(
    stream: TcpStream,
    script: Arc<Mutex<std::vec::IntoIter<Reply>>>,
    seen: Arc<Mutex<Vec<Request>>>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        seen.lock().unwrap().push(request);
        let reply = script.lock().unwrap().next();
        let (status, headers, body, cut) = match reply {
            Some(Reply::Answer(status, headers, body)) => (status, headers, body, false),
            Some(Reply::Cut(headers, body)) => (200, headers, body, true),
            Some(Reply::Hang) => std::future::pending().await,
            Some(Reply::Close) | None => return,
        };
        let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
        if !headers.iter().any(|(name, _)| *name == "content-length") {
            head += &format!("content-length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let body = if cut { &body[..body.len() / 2] } else { &body };
        let sent = stream.write_all(format!("{head}\r\n{body}").as_bytes()).await;
        if sent.is_err() || cut {
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut request = Request::default();
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    request.line = line.strip_suffix(" HTTP/1.1\r\n")?.to_owned();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await.ok()?;
    Some(request)
}
