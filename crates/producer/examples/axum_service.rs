//! An axum service whose requests are recorded. It listens on a free port, asks itself a few things,
//! and stops.

#[path = "support/home.rs"]
mod home;

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Path, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{delete, get};
use axum::{Extension, Router};
use dayseal::http::AuditLayer;
use dayseal::{Actor, AuditLog, NotStarted, Resource};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// Who is logged in, as authentication leaves it.
#[derive(Clone)]
struct Login(String);

/// Stands in for real authentication. Outside of the audit layer, so that it can be seen there.
async fn authenticate(mut request: Request, next: Next) -> Response {
    let user = request.headers().get("x-user").and_then(|user| user.to_str().ok());
    if let Some(user) = user.map(str::to_owned) {
        request.extensions_mut().insert(Login(user));
    }
    next.run(request).await
}

/// An audited operation inside a request: it does not run if it cannot be recorded.
async fn delete_video(
    Extension(log): Extension<AuditLog>,
    login: Option<Extension<Login>>,
    Path(id): Path<String>,
) -> StatusCode {
    if login.is_none() {
        return StatusCode::UNAUTHORIZED;
    }
    let deleted = log
        .audited("delete_video")
        .kind("data.deleted")
        .resource(Resource::new("video").id(id))
        .run(async { Ok::<_, NotStarted>(StatusCode::NO_CONTENT) });
    deleted.await.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

fn service(log: &AuditLog) -> Router {
    let audit = AuditLayer::new(log.clone())
        .actor(|request| request.extensions.get::<Login>().map(|login| Actor::user(&login.0)))
        .route(|request| request.extensions.get::<MatchedPath>().map(|path| path.as_str().into()))
        .peer(|request| request.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.ip()))
        .skip(|request| request.uri.path() == "/health");
    Router::new()
        .route("/videos/{id}", get(async |Path(id): Path<String>| format!("video {id}\n")))
        .route("/videos/{id}", delete(delete_video))
        .route("/health", get(|| async {}))
        .layer(Extension(log.clone()))
        .layer(audit)
        .layer(from_fn(authenticate))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let home = home::Home::from_args()?;
    let log = home.log("video-api")?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = service(&log).into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serve = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(serve.into_future());

    for (method, path, user) in [
        ("GET", "/videos/17?token=not-recorded", Some("u-17")),
        ("DELETE", "/videos/17", Some("u-17")),
        ("DELETE", "/videos/18", None),
        ("GET", "/nothing-here", None),
        ("GET", "/health", None),
    ] {
        println!("{method} {path}: {}", ask(address, method, path, user).await?);
    }

    let _ = stop.send(());
    server.await??; // first the requests end,
    log.close().await?; // then the log
    home.print().await;
    Ok(())
}

async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    user: Option<&str>,
) -> Result<StatusCode, Box<dyn std::error::Error>> {
    let stream = TokioIo::new(TcpStream::connect(address).await?);
    let (mut client, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    if let Some(user) = user {
        request = request.header("x-user", user);
    }
    let response = client.send_request(request.body(Body::empty())?).await?;
    let status = response.status();
    axum::body::to_bytes(Body::new(response.into_body()), 65_536).await?;
    drop(client);
    connection.await??;
    Ok(status)
}
