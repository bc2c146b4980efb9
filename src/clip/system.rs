//! The desktop's clipboard: X11, Wayland, macOS.
//!
//! It may hang (a forwarded display that is gone), and on Linux its content lives only as long as whoever set it; so
//! one thread owns it for as long as the console runs, and nobody waits for it longer than a second.

use std::sync::mpsc;
use std::time::Duration;

/// How long the desktop may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// A text to set, and where to say how it went.
type Request = (String, mpsc::Sender<Result<(), String>>);

/// The desktop's clipboard, opened when it is first used.
#[derive(Default)]
pub(super) struct Desktop {
    thread: Option<mpsc::Sender<Request>>,
    /// An answer that did not come in time; until it comes nothing else is asked.
    late: Option<mpsc::Receiver<Result<(), String>>>,
}

impl Desktop {
    /// Sets the clipboard.
    ///
    /// # Errors
    /// Why it was not set, as far as is known.
    pub(super) fn set(&mut self, text: &str) -> Result<String, String> {
        let silent = || "the desktop's clipboard does not answer".to_owned();
        if let Some(late) = &self.late {
            if matches!(late.try_recv(), Err(mpsc::TryRecvError::Empty)) {
                return Err(silent());
            }
            self.late = None;
        }
        let thread = self.thread.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel::<Request>();
            std::thread::spawn(move || serve(&receiver));
            sender
        });
        let (answer, answered) = mpsc::channel();
        if thread.send((text.to_owned(), answer)).is_err() {
            self.thread = None;
            return Err("the desktop's clipboard is gone".to_owned());
        }
        match answered.recv_timeout(PATIENCE) {
            Ok(Ok(())) => Ok("in the desktop's clipboard while cadge runs".to_owned()),
            Ok(Err(why)) => Err(format!("the desktop's clipboard: {why}")),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                self.thread = None;
                Err("the desktop's clipboard is gone".to_owned())
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                self.late = Some(answered);
                Err(silent())
            }
        }
    }
}

#[cfg(feature = "desktop-clipboard")]
fn serve(requests: &mpsc::Receiver<Request>) {
    let mut clipboard = None;
    while let Ok((text, answer)) = requests.recv() {
        let went = match &mut clipboard {
            Some(open) => set(open, text),
            None => arboard::Clipboard::new()
                .map_err(|error| error.to_string())
                .and_then(|new| set(clipboard.insert(new), text)),
        };
        if went.is_err() {
            clipboard = None;
        }
        let _ = answer.send(went);
    }
}

#[cfg(feature = "desktop-clipboard")]
fn set(clipboard: &mut arboard::Clipboard, text: String) -> Result<(), String> {
    clipboard.set_text(text).map_err(|error| error.to_string())
}

#[cfg(not(feature = "desktop-clipboard"))]
fn serve(requests: &mpsc::Receiver<Request>) {
    while let Ok((_, answer)) = requests.recv() {
        let _ = answer.send(Err("this build leaves it out".to_owned()));
    }
}
