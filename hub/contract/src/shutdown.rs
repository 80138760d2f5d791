//! Stopping: one trigger, many listeners.
//!
//! Built on a watch channel: a listener that starts to wait after the trigger was pulled still
//! sees it, so no wake-up can be lost. Dropping the trigger counts as pulling it.

use tokio::sync::watch;

/// Held by whoever decides to stop.
#[derive(Debug)]
pub struct ShutdownTrigger {
    sender: watch::Sender<bool>,
}

/// Held by whoever must stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown {
    receiver: watch::Receiver<bool>,
}

impl Shutdown {
    /// A trigger and its first listener.
    pub fn pair() -> (ShutdownTrigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (ShutdownTrigger { sender }, Self { receiver })
    }

    /// Returns once the trigger has been pulled or dropped.
    pub async fn wait(&self) {
        let mut receiver = self.receiver.clone();
        // An error means that the trigger is gone, which stops us as well.
        let _ = receiver.wait_for(|stopped| *stopped).await;
    }

    /// Whether the trigger has been pulled or dropped.
    pub fn is_triggered(&self) -> bool {
        *self.receiver.borrow() || self.receiver.has_changed().is_err()
    }
}

impl ShutdownTrigger {
    /// Tells every listener to stop.
    pub fn pull(&self) {
        self.sender.send_replace(true);
    }

    /// Another listener.
    pub fn listener(&self) -> Shutdown {
        Shutdown {
            receiver: self.sender.subscribe(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Shutdown;

    #[tokio::test]
    async fn late_listener_and_dropped_trigger_both_stop() {
        let (trigger, listener) = Shutdown::pair();
        assert!(!listener.is_triggered());
        trigger.pull();
        trigger.listener().wait().await;
        assert!(listener.is_triggered());
        let (trigger, listener) = Shutdown::pair();
        drop(trigger);
        listener.wait().await;
        assert!(listener.is_triggered());
    }
}
