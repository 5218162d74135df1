use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::metrics::Metrics;

/// When the system has no file descriptor left, for instance: others must close first.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// A connection that keeps its place among those allowed.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

/// Listens, and keeps count of those connected.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    places: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Listener {
    pub(crate) fn new(socket: TcpListener, connections_max: usize, metrics: Arc<Metrics>) -> Self {
        let places = Arc::new(Semaphore::new(connections_max));
        Self {
            socket,
            places,
            metrics,
        }
    }

    /// The next connection. Above the limit a connection is closed at once: its client hears
    /// so and can go elsewhere, where one that is left waiting could not.
    async fn next(&mut self) -> (Connection, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                        self.metrics.connection_refused();
                        tracing::warn!(%peer, "connection refused: all places are taken");
                        continue;
                    };
                    // Small answers should not wait for more to send with them; where the
                    // socket cannot do that it still works.
                    let _ = stream.set_nodelay(true);
                    let connection = Connection {
                        stream,
                        _place: place,
                    };
                    return (connection, peer);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_ERROR).await;
                }
            }
        }
    }

    /// Until the receiver is gone.
    pub(crate) async fn feed(mut self, accepted: mpsc::Sender<io::Result<Connection>>) {
        loop {
            let connection = tokio::select! {
                () = accepted.closed() => return,
                (connection, _) = self.next() => connection,
            };
            if accepted.send(Ok(connection)).await.is_err() {
                return;
            }
        }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        self.next().await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
