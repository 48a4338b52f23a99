//! The service: requests are answered, and a worker delivers what they asked for, until it is told to
//! stop.

use std::future::{Future, IntoFuture, poll_fn};
use std::net::Ipv4Addr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use airlock::BoxError;
use airlock::tokio::wait_for_flushes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::cli::Cli;
use crate::outbox::Outbox;
use crate::store::Store;
use crate::web::{self, Shop};
use crate::{stop, tasks};

/// How long requests and tasks may go on once the service is told to stop.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) async fn run(cli: &Cli, store: Store, outbox: Outbox) -> Result<(), BoxError> {
    // Many who are killed with a task in their hands make many attempts, and none of them is the task's fault.
    let worker = airlock::worker()
        .state(outbox.clone())
        .serving(tasks::all())
        .concurrency(4)
        .max_attempts(20)
        .timeout(Duration::from_secs(30))
        .grace(GRACE)
        .build()?;
    let listener = listen(cli.port).await?;
    let (token, made_up) = match &cli.admin_token {
        Some(token) => (token.clone(), false),
        None => (uuid::Uuid::new_v4().simple().to_string(), true),
    };
    // Signals are heard from the first poll on, and whoever reads that it is open may stop it.
    let mut asked = pin!(stop::asked());
    if poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx).is_ready())).await {
        return Ok(());
    }
    println!("the shop is open: http://{}", listener.local_addr()?);
    if made_up {
        println!("the admin token: {token}");
    }
    println!("Ctrl-C stops; data and mails are in {}", cli.data.display());

    let stopping = watch::Sender::new(false);
    let lost_after = Duration::from_secs(cli.lost_after);
    let (jobs, worker_stops) = (store.jobs().clone(), stopped(&stopping));
    let mut working =
        tokio::spawn(async move { jobs.serve(&worker, lost_after, worker_stops).await });

    let (admin_token, hosts) = (token.into(), cli.hosts.clone().into());
    let app = web::app(Shop { store: store.clone(), outbox, admin_token, hosts });
    let serving = stopping.clone();
    let server = axum::serve(listener, app).with_graceful_shutdown(stopped(&serving));
    let mut server = pin!(server.into_future());
    tokio::select! {
        () = &mut asked => {}
        ended = &mut server => ended?,
        ended = &mut working => {
            return Err(match ended? {
                Ok(counts) => format!("the worker has ended: {counts}").into(),
                Err(error) => error.into(),
            });
        }
    }
    // Nobody is let in any more; what they have asked for and no worker has begun waits in the queue.
    stopping.send_replace(true);
    let answered = async {
        let ended = server.await;
        // Those of requests whose clients have gone are no part of any response.
        wait_for_flushes().await;
        ended
    };
    if timeout(GRACE, answered).await.is_err() {
        eprintln!("some requests did not finish in time");
    }
    println!("{}", working.await??);
    store.close().await;
    Ok(())
}

async fn listen(port: u16) -> Result<TcpListener, BoxError> {
    let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listening.map_err(|error| {
        let next = "choose another `--port`, or 0 for any that is free";
        format!("can't listen on 127.0.0.1:{port}: {error}: {next}").into()
    })
}

/// Returns once the service is told to stop.
fn stopped(stopping: &watch::Sender<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut stopping = stopping.subscribe();
    async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    }
}
