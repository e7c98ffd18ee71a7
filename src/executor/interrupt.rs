//! Being asked to stop.

use tokio::sync::watch;

/// Tells a run that a signal came; clones share it.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<Option<i32>>);

impl Interrupt {
    /// An interrupt, and the sender that triggers it with a signal's number.
    #[must_use]
    pub fn channel() -> (watch::Sender<Option<i32>>, Self) {
        let (sender, receiver) = watch::channel(None);
        (sender, Self(receiver))
    }

    /// An interrupt by whoever sends to this channel.
    #[must_use]
    pub const fn by(receiver: watch::Receiver<Option<i32>>) -> Self {
        Self(receiver)
    }

    /// The signal that came, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        *self.0.borrow()
    }

    /// Waits until a signal comes; for ever when nobody can send one.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(Option::is_some).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
