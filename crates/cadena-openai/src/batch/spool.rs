//! Bytes that are written once and sent as often as an upload is tried.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as IoErrorKind, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};
use cadena_http::{Body, HttpRequest, Upload};
use futures::stream::{self, StreamExt};

/// The limits of a spool.
#[derive(Clone, Debug)]
pub(super) struct SpoolLimits {
    /// How many bytes are held in memory.
    pub(super) memory: usize,
    /// Where the temporary file is made; the system's place if nothing is said.
    pub(super) dir: Option<PathBuf>,
}

/// Bytes in memory up to a limit, and beyond it in a temporary file that has no name.
///
/// Disk is read and written in place, as blocking on the page cache is short, and a thread pool would ask for a runtime.
#[derive(Debug)]
pub(super) struct Spool {
    limits: SpoolLimits,
    memory: Vec<u8>,
    file: Option<File>,
    length: u64,
}

impl Spool {
    pub(super) fn new(limits: SpoolLimits) -> Self {
        Self {
            limits,
            memory: Vec::new(),
            file: None,
            length: 0,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.memory.len() + bytes.len() > self.limits.memory {
            self.spill()?;
        }
        if bytes.len() > self.limits.memory {
            self.write_to_disk(bytes)?;
        } else {
            self.memory.extend_from_slice(bytes);
        }
        self.length = self.length.saturating_add(length_of(bytes));
        Ok(())
    }

    /// Makes the bytes the body of a request.
    pub(super) fn attach(mut self, request: HttpRequest) -> Result<HttpRequest> {
        if self.file.is_none() {
            return Ok(request.with_body(self.memory));
        }
        self.spill()?;
        let Some(file) = self.file else { return Ok(request) };
        let file = Arc::new(Mutex::new(file));
        let upload = Upload::new(self.length, move || read(Arc::clone(&file)));
        Ok(request.with_upload(upload))
    }

    fn spill(&mut self) -> Result<()> {
        let mut memory = std::mem::take(&mut self.memory);
        self.write_to_disk(&memory)?;
        memory.clear();
        self.memory = memory;
        Ok(())
    }

    fn write_to_disk(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let dir = self.limits.dir.clone().unwrap_or_else(std::env::temp_dir);
        let written = match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => nameless(&dir).and_then(|file| self.file.insert(file).write_all(bytes)),
        };
        written.map_err(|cause| {
            let dir = dir.display();
            let error = Error::new(
                ErrorKind::Config,
                format!("a temporary file in `{dir}` cannot be written"),
            );
            let hint = "name another place by `with_temp_dir`, or hold more in memory by `with_max_memory`";
            error.with_hint(hint).with_source(cause)
        })
    }
}

/// A new file that nobody else can read and that is gone when it is closed, also by a crash: its name is taken away at once.
fn nameless(dir: &std::path::Path) -> std::io::Result<File> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut options = OpenOptions::new();
    // An old name, or a link that somebody has laid there, is never followed.
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = dir.join(format!("cadena-batch-{}-{number}.tmp", std::process::id()));
        match options.open(&path) {
            Ok(file) => return std::fs::remove_file(&path).map(|()| file),
            Err(error) if error.kind() == IoErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// The bytes of a file from its beginning, in pieces.
fn read(file: Arc<Mutex<File>>) -> Body {
    const PIECE: usize = 64 << 10;
    stream::try_unfold(0, move |place: u64| {
        let piece = piece(&file, place, PIECE);
        async move {
            let piece = piece?;
            let next = place.saturating_add(length_of(&piece));
            Ok((!piece.is_empty()).then_some((piece, next)))
        }
    })
    .boxed()
}

fn piece(file: &Mutex<File>, place: u64, length: usize) -> Result<Bytes> {
    // Two tries of one upload never overlap, but one position for each reader costs nothing.
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    let mut piece = Vec::with_capacity(length);
    let read = file.seek(SeekFrom::Start(place)).and_then(|_| {
        Read::by_ref(&mut *file)
            .take(length_of_usize(length))
            .read_to_end(&mut piece)
    });
    match read {
        Ok(_) => Ok(piece.into()),
        Err(cause) => {
            Err(Error::new(ErrorKind::Config, "the temporary file of a batch cannot be read").with_source(cause))
        }
    }
}

fn length_of(bytes: &[u8]) -> u64 {
    length_of_usize(bytes.len())
}

fn length_of_usize(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use futures::executor::block_on;

    use super::*;

    fn spool(memory: usize) -> Spool {
        Spool::new(SpoolLimits { memory, dir: None })
    }

    #[test]
    fn what_fits_into_memory_touches_no_disk() {
        let mut spool = Spool::new(SpoolLimits {
            memory: 6,
            dir: Some("/no/such/folder".into()),
        });
        spool.write(b"abc").unwrap();
        spool.write(b"def").unwrap();
        let error = spool.write(b"g").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`with_max_memory`"), "{error}");
    }

    #[test]
    fn what_does_not_fit_comes_back_in_order_and_as_often_as_it_is_opened() {
        let text: Vec<u8> = (0..200_000).map(|n: u32| n.to_le_bytes()[0]).collect();
        for size in [1, 7, 1000, 150_000] {
            let mut spool = spool(1000);
            for part in text.chunks(size) {
                spool.write(part).unwrap();
                assert!(spool.memory.capacity() <= 2000);
            }
            let request = spool.attach(HttpRequest::post("http://h/")).unwrap();
            let upload = request.upload.unwrap();
            assert_eq!(upload.length(), 200_000);
            for _ in 0..2 {
                let parts: Vec<Bytes> = block_on(upload.open().try_collect()).unwrap();
                assert!(parts.iter().all(|part| part.len() <= 64 << 10));
                assert_eq!(parts.concat(), text, "{size}");
            }
        }
    }

    #[test]
    fn a_temporary_file_leaves_no_name() {
        let dir = std::env::temp_dir().join(format!("cadena-spool-test-{}", std::process::id()));
        std::fs::create_dir(&dir).unwrap();
        let mut spool = Spool::new(SpoolLimits {
            memory: 1,
            dir: Some(dir.clone()),
        });
        spool.write(b"abc").unwrap();
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
        std::fs::remove_dir(dir).unwrap();
    }
}
