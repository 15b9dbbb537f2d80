//! A provider of this process on 127.0.0.1: it answers as it is told, in chunks cut as it is told.
#![allow(dead_code, reason = "shared by examples and tests that use parts of it")]
#![allow(clippy::unwrap_used, reason = "an example and tests end where they fail")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// By lower-case name.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What becomes of a connection after the body's last chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// The body ends as it should.
    End,
    /// The connection breaks.
    Cut,
    /// Nothing more comes until the client goes.
    Hold,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) chunks: Vec<Vec<u8>>,
    pub(crate) after: After,
}

impl Reply {
    /// An answer as one JSON document.
    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::of("application/json", vec![body.into()])
    }

    /// A stream of server-sent events, cut as given.
    pub(crate) fn sse(chunks: Vec<Vec<u8>>) -> Self {
        Self::of("text/event-stream", chunks)
    }

    /// A stream of AWS frames, cut as given.
    pub(crate) fn frames(chunks: Vec<Vec<u8>>) -> Self {
        Self::of("application/vnd.amazon.eventstream", chunks)
    }

    pub(crate) fn of(kind: &str, chunks: Vec<Vec<u8>>) -> Self {
        let headers = vec![("content-type", kind.to_owned())];
        Self { status: 200, headers, chunks, after: After::End }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn after(mut self, after: After) -> Self {
        self.after = after;
        self
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// The provider, until dropped.
pub(crate) struct Stub {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Stub {
    /// Starts on a free port.
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let handler: Arc<Handler> = Arc::new(handler);
        let (seen_too, stop_too) = (seen.clone(), stop.clone());
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop_too.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, seen) = (handler.clone(), seen_too.clone());
                // A client that goes away ends its own thread only.
                std::thread::spawn(move || drop(serve(&stream, &*handler, &seen)));
            }
        });
        Self { address, seen, stop, accepting: Some(accepting) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes `incoming`.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

fn serve(
    mut stream: &TcpStream,
    handler: &Handler,
    seen: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let request = read(stream)?;
    let reply = handler(&request);
    seen.lock().unwrap().push(request);

    write!(stream, "HTTP/1.1 {} Stub\r\nconnection: close\r\n", reply.status)?;
    for (name, value) in &reply.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    let known = reply.headers.iter().any(|(name, _)| *name == "content-length");
    write!(stream, "{}\r\n", if known { "" } else { "transfer-encoding: chunked\r\n" })?;
    // An empty chunk would be the end of the body.
    for chunk in reply.chunks.iter().filter(|chunk| !chunk.is_empty()) {
        if known {
            stream.write_all(chunk)?;
        } else {
            write!(stream, "{:x}\r\n", chunk.len())?;
            stream.write_all(chunk)?;
            write!(stream, "\r\n")?;
        }
        stream.flush()?;
    }
    match reply.after {
        After::End if known => {}
        After::End => write!(stream, "0\r\n\r\n")?,
        After::Cut => {}
        // Ends when the client closes its side.
        After::Hold => drop(stream.read(&mut [0; 1])?),
    }
    stream.shutdown(std::net::Shutdown::Both)
}

fn read(stream: &TcpStream) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    if headers.contains_key("transfer-encoding") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            let mut chunk = vec![0; length + 2];
            reader.read_exact(&mut chunk)?;
            body.extend_from_slice(&chunk[..length]);
            if length == 0 {
                break;
            }
        }
    } else {
        body = vec![0; headers.get("content-length").map_or(0, |n| n.parse().unwrap())];
        reader.read_exact(&mut body)?;
    }
    Ok(Request { method, target, headers, body })
}
